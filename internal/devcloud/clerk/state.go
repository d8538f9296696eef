package clerk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"souk/internal/devcloud/store"
)

// The kinds of objects in the store.
const (
	userKind     = "user"
	eventKind    = "event"
	settingsKind = "settings" // there is one, without an id
)

// keptEvents is how many events that are told stay in the log of an instance with a store.
const keptEvents = 2000

// settings are what an instance knows beside its users and events.
type settings struct {
	InstanceID    string
	WebhookSecret string
	Time          time.Time     // of the last change, by its clock
	Ahead         time.Duration // by how much its clock goes ahead of the one it follows
	Number        int64         // of the last event
	Faults        Faults
	FaultsSince   int64 // the last event before they were set
	Hold          bool
}

// Open is New with what a store has kept, and keeps in it what changes from now on. Of several processes that open it, one may change
// anything. The ids are not those of the seed.
func Open(ctx context.Context, from *store.Store, o Options) (*Instance, error) {
	i, err := New(o)
	if err != nil {
		return nil, err
	}
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // never fails
	i.store, i.ids = from, mathrand.New(mathrand.NewChaCha8(seed))
	if err := i.load(ctx); err != nil {
		return nil, err
	}
	if i.settings.InstanceID == "" {
		i.settings.InstanceID, i.settings.WebhookSecret = i.newID("ins_"), newSecret()
	}
	i.ID = i.settings.InstanceID
	return i, i.save(nil) // another process must find the same secret
}

// FindUser is the id of the living user in a store who has proved that the address is theirs; empty: there is none. It is for who
// does not open the instance.
func FindUser(ctx context.Context, in *store.Store, email string) (id string, err error) {
	err = in.Load(ctx, userKind, func(_ string, body []byte) error {
		var u User
		err := json.Unmarshal(body, &u)
		if err == nil && u.has(email) {
			id = u.ID
		}
		return err
	})
	return id, err
}

func newSecret() string {
	var key [32]byte
	_, _ = rand.Read(key[:])
	return "whsec_" + base64.StdEncoding.EncodeToString(key[:])
}

func (i *Instance) load(ctx context.Context) error {
	i.settings = settings{}
	read := func(kind string, each func(body []byte) error) error {
		return i.store.Load(ctx, kind, func(_ string, body []byte) error { return each(body) })
	}
	err := errors.Join(
		read(settingsKind, func(body []byte) error { return json.Unmarshal(body, &i.settings) }),
		read(userKind, func(body []byte) error {
			u := new(User)
			if err := json.Unmarshal(body, u); err != nil {
				return err
			}
			if len(u.Subscription.Items) == 0 {
				return fmt.Errorf("user %s has no item", u.ID)
			}
			for _, plan := range i.o.Plans {
				if plan.Default {
					u.Subscription.Items[0].PlanID = plan.ID
				}
			}
			i.users, i.byID[u.ID] = append(i.users, u), u
			return nil
		}),
		read(eventKind, func(body []byte) error {
			e := new(outgoing)
			i.events = append(i.events, e)
			return json.Unmarshal(body, e)
		}),
	)
	if err != nil {
		return err
	}
	i.saved = i.settings
	slices.SortFunc(i.users, func(a, b *User) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(i.events, func(a, b *outgoing) int { return cmp.Compare(a.Number, b.Number) })
	if kept := i.settings.Time; kept.After(i.now) || !kept.IsZero() && i.o.Now != nil {
		i.now = kept // what has fallen due since falls due with the next call
	}
	return nil
}

// change lets time pass, does what do does, and keeps it before the caller hears of it, if it failed half-way too.
func (i *Instance) change(do func() error) error {
	if i.within {
		i.follow()
		return do()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.follow()
	err := do()
	return errors.Join(err, i.save(nil))
}

// Together has several changes be one: nothing else happens to the instance meanwhile, and all of them are kept at once, with the
// objects that do gives; nil objects are forgotten. They are of kinds that are none of the instance's. do uses the instance that it is
// given, which is good for as long as it runs, and no other.
func (i *Instance) Together(do func(within *Instance) (also map[store.Key]any)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.follow()
	return i.save(do(&Instance{i.state, true}))
}

// changeUser is change of a living user.
func (i *Instance) changeUser(id string, do func(u *User) error) error {
	return i.change(func() error {
		u, err := i.living(id)
		if err != nil {
			return err
		}
		i.touched(id)
		return do(u)
	})
}

// lock is for who only reads. It also lets pass the time that the followed clock has gone on.
func (i *Instance) lock() (unlock func()) {
	if i.within {
		i.follow()
		return func() {}
	}
	i.mu.Lock()
	i.follow()
	if err := i.save(nil); err != nil {
		slog.Error("the stand-in for Clerk cannot be kept", "err", err)
	}
	return i.mu.Unlock
}

// touched has a user kept with the next save.
func (i *Instance) touched(userID string) {
	if i.store != nil && userID != "" {
		i.dirtyUsers[userID] = true
	}
}

// save keeps what changed, and what else is given, all of it or nothing; what changed and cannot be kept is tried again with the next.
func (i *Instance) save(also map[store.Key]any) error {
	if i.store == nil {
		return nil
	}
	i.forgetOld()
	now := i.settings
	now.Time = i.now
	if len(i.dirtyUsers) == 0 && len(i.dirtyEvents) == 0 && len(also) == 0 && now.sameButTime(i.saved) {
		return nil
	}
	changes := map[store.Key]any{{Kind: settingsKind}: now}
	maps.Copy(changes, also)
	for id := range i.dirtyUsers {
		changes[store.Key{Kind: userKind, ID: id}] = i.byID[id]
	}
	for id, e := range i.dirtyEvents {
		key := store.Key{Kind: eventKind, ID: id}
		if changes[key] = nil; e != nil { // a nil *outgoing would be no nil
			changes[key] = e
		}
	}
	if err := i.store.Save(context.Background(), changes); err != nil {
		return err
	}
	i.saved = now
	clear(i.dirtyUsers)
	clear(i.dirtyEvents)
	return nil
}

func (s settings) sameButTime(other settings) bool {
	s.Time = other.Time
	return s == other
}
