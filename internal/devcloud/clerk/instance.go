// Package clerk is a stand-in for a Clerk instance with billing: its users and their subscriptions, the events that it sends, with
// all the faults of a network, and its Backend API. It is a stranger to the shop: it signs, writes and counts with code of its own,
// so that a mistake of the shop's reader is not repeated here.
//
// Its messages have the fields that Clerk documents. Where the documents contradict each other, each event follows one of them,
// see Dialect.
package clerk

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"souk/internal/devcloud/store"
	"souk/internal/loopback"
)

// Plan is what users subscribe to. Money is in US cents; Clerk bills in no other currency.
type Plan struct {
	ID, Slug    string
	Name        string
	Description string
	Monthly     int64 // a month; 0: not sold by the month
	Annual      int64 // a year; 0: not sold by the year
	TrialDays   int
	Features    []string // slugs
	Default     bool     // the free plan that everybody has who has no other
}

// Period is how often an item is charged.
type Period string

// The periods that Clerk has.
const (
	Month  Period = "month"
	Annual Period = "annual"
)

func (p Period) after(t time.Time) time.Time {
	if p == Annual {
		return t.AddDate(1, 0, 0)
	}
	return t.AddDate(0, 1, 0)
}

// Fee is what one period costs.
func (p Plan) Fee(period Period) int64 {
	if period == Annual {
		return p.Annual
	}
	return p.Monthly
}

// AnnualMonthly is what a month costs of a year, rounded to a cent.
func (p Plan) AnnualMonthly() int64 { return (p.Annual + 6) / 12 }

// Status is where an item or a subscription stands.
type Status string

// The states that Clerk documents. A subscription is never Upcoming.
const (
	Active     Status = "active"
	Canceled   Status = "canceled" // until the end of its period it still gives access
	Ended      Status = "ended"
	Upcoming   Status = "upcoming"
	PastDue    Status = "past_due"
	Incomplete Status = "incomplete" // its first payment has not succeeded
	Abandoned  Status = "abandoned"  // it was upcoming or incomplete and never started
)

// Item is one plan of a subscription. A zero time was never.
type Item struct {
	ID, PlanID   string
	Period       Period
	Status       Status
	FreeTrial    bool
	PeriodStart  time.Time // whole seconds
	PeriodEnd    time.Time // whole seconds; zero on the default plan
	CanceledAt   time.Time
	PastDueAt    time.Time
	EndedAt      time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	LifetimePaid int64 // cents

	Noticed bool      // the end of the trial was announced
	RetryAt time.Time // the next attempt while PastDue
	Retries int
}

// Subscription is what a user holds; each has exactly one from the start.
type Subscription struct {
	ID, PayerID   string
	Status        Status
	LatestPayment string
	ActiveAt      time.Time
	PastDueAt     time.Time
	EndedAt       time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Items         []*Item // oldest first; the first is that of the default plan
}

// Attempt is one attempt to charge a user.
type Attempt struct {
	ID, PaymentID, StatementID string
	Status                     string // pending, paid, failed
	ChargeType                 string // checkout, recurring
	ItemID                     string
	Amount, Credit             int64 // cents; Credit is what an old plan's rest took off
	PastDue                    int64 // of Amount, what was not paid of a plan before
	DeclineCode                string
	Card                       Card // that was charged
	CreatedAt, UpdatedAt       time.Time
	PaidAt, FailedAt           time.Time
}

// Card is what a user pays with.
type Card struct {
	ID, Brand, Last4 string
	Declines         bool // every charge
}

// anyCard is that of who has none on file.
var anyCard = Card{ID: "csrc_1", Brand: "visa", Last4: "4242"}

// Profile is what a user may change.
type Profile struct {
	Email, FirstName, LastName string    // Email is the primary address
	Others                     []Address // e-mail addresses
	Password                   string    // as whoever signs users in keeps it; empty: there is none
	PublicMetadata             map[string]any
}

func (p Profile) clone() Profile {
	p.Others, p.PublicMetadata = slices.Clone(p.Others), maps.Clone(p.PublicMetadata)
	return p
}

// Address is a further e-mail address of a user.
type Address struct {
	Email    string
	Verified bool
}

// User is a person with an account.
type User struct {
	ID string
	Profile
	Deleted              bool
	SignedInAt           time.Time // the last time; it is no change of the user
	CreatedAt, UpdatedAt time.Time
	Subscription         Subscription
	Attempts             []*Attempt
	Owed                 int64 // cents of plans that ended past due
	Card                 *Card // nil: one that is as good as any
	Fails                int   // so many of the next attempts to charge fail
}

// Event is a message of the instance, as it is sent.
type Event struct {
	ID     string // msg_…, the same in every delivery
	Type   string
	UserID string // whom it is about
	Body   []byte // JSON
	At     time.Time
}

// Options of a new instance.
type Options struct {
	Seed  uint64    // the same seed and the same calls give the same events, byte for byte
	Plans []Plan    // one of them is the default
	Start time.Time // when its clock starts; zero: the start of 22 November 2025
	// Now is a clock to follow. Without one, time passes by Advance alone.
	Now func() time.Time
	// Webhook is where Run sends the events to, on this machine; empty: nowhere.
	Webhook string
	// Pictures is the address under which there is a picture of each user, by id; empty: one that nobody answers.
	Pictures string
	// Dialect of all billing events; nil: each has its own, at random.
	Dialect *Dialect
	// Flat sends the older billing.subscription.* events instead of those of items and subscriptions.
	Flat bool
	// EqualTimes is the share of changes that leave an object's updated_at where it was. Otherwise each change raises it.
	EqualTimes float64
	// HideEnded leaves items that ended out of subscriptions, in events and in the Backend API. Clerk's documents do not say.
	HideEnded bool
}

// Instance is a Clerk instance, in memory or in a store. Safe for concurrent use.
type Instance struct {
	*state
	within bool // of Together, which holds the lock and saves
}

// state is what an instance knows, and the lock on it.
type state struct {
	ID string

	o     Options
	store *store.Store // nil: nothing is kept
	wake  chan struct{}

	mu       sync.Mutex
	settings settings
	now      time.Time // by which it bills
	users    []*User
	byID     map[string]*User
	events   []*outgoing     // oldest first
	busy     map[string]bool // the ids of the users to whose events an answer is awaited
	beat     chan struct{}   // closed when an event was sent
	ids      *rand.Rand
	style    *rand.Rand // which dialect, which times are equal

	saved       settings // what the store has; so that the rest differs:
	dirtyUsers  map[string]bool
	dirtyEvents map[string]*outgoing // by id; nil: it is forgotten

	deleted func() // told after a user was deleted; nil: nobody
}

// New makes an instance without users, which forgets everything when the program ends.
func New(o Options) (*Instance, error) {
	if err := checkPlans(o.Plans); err != nil {
		return nil, err
	}
	if o.Webhook != "" {
		if err := loopback.Check(o.Webhook); err != nil {
			return nil, err
		}
	}
	i := &Instance{state: &state{
		o: o, wake: make(chan struct{}, 1), now: cmp.Or(o.Start, time.Date(2025, 11, 22, 0, 0, 0, 0, time.UTC)), byID: map[string]*User{},
		busy: map[string]bool{}, beat: make(chan struct{}), dirtyUsers: map[string]bool{}, dirtyEvents: map[string]*outgoing{},
		ids: rand.New(rand.NewPCG(o.Seed, 1)), style: rand.New(rand.NewPCG(o.Seed, 2)),
	}}
	i.ID = i.newID("ins_")
	i.settings = settings{InstanceID: i.ID, WebhookSecret: newSecret()}
	return i, nil
}

// Plans are those it sells, and the default.
func (i *Instance) Plans() []Plan { return slices.Clone(i.o.Plans) }

// Time is what its clock says.
func (i *Instance) Time() time.Time {
	defer i.lock()()
	return i.now
}

// Events are all that there were so far, in order; of an instance with a store, those that it keeps.
func (i *Instance) Events() []Event {
	defer i.lock()()
	events := make([]Event, len(i.events))
	for n, e := range i.events {
		events[n] = e.Event
	}
	return events
}

// Users are the final truth, the deleted too, oldest first. What is returned is the caller's own.
func (i *Instance) Users() []User {
	defer i.lock()()
	users := make([]User, len(i.users))
	for n, u := range i.users {
		users[n] = u.clone()
	}
	return users
}

// User is a living one. What is returned is the caller's own.
func (i *Instance) User(id string) (User, bool) {
	defer i.lock()()
	u, err := i.living(id)
	if err != nil {
		return User{}, false
	}
	return u.clone(), true
}

// UserByEmail is the living user who has proved that the address is theirs, in whatever case it is written.
func (i *Instance) UserByEmail(email string) (User, bool) {
	defer i.lock()()
	for _, u := range i.users {
		if u.has(email) {
			return u.clone(), true
		}
	}
	return User{}, false
}

// has says whether a living user has proved that the address is theirs.
func (u *User) has(email string) bool {
	return !u.Deleted && (strings.EqualFold(u.Email, email) || slices.ContainsFunc(u.Others, func(a Address) bool {
		return a.Verified && strings.EqualFold(a.Email, email)
	}))
}

func (u *User) clone() User {
	c := *u
	c.Profile = u.Profile.clone()
	c.Subscription.Items = make([]*Item, len(u.Subscription.Items))
	for n, it := range u.Subscription.Items {
		copied := *it
		c.Subscription.Items[n] = &copied
	}
	if u.Card != nil {
		card := *u.Card
		c.Card = &card
	}
	c.Attempts = make([]*Attempt, len(u.Attempts))
	for n, a := range u.Attempts {
		copied := *a
		c.Attempts[n] = &copied
	}
	return c
}

// ErrUserExists refuses an id that somebody has, or had.
var ErrUserExists = errors.New("there is such a user already")

// CreateUser signs somebody up, with the default plan. An empty id makes a new one.
func (i *Instance) CreateUser(id string, p Profile) (created string, err error) {
	err = i.change(func() error {
		created, err = i.createUser(id, p)
		return err
	})
	return created, err
}

func (i *Instance) createUser(id string, p Profile) (string, error) {
	if id == "" {
		id = i.newID("user_")
	}
	if i.byID[id] != nil {
		return "", fmt.Errorf("user %s: %w", id, ErrUserExists)
	}
	u := &User{ID: id, Profile: p.clone()}
	i.touchUser(u)
	u.CreatedAt = u.UpdatedAt
	i.users, i.byID[id] = append(i.users, u), u
	i.emit("user.created", u.ID, i.userJSON(u))

	s := &u.Subscription
	s.ID, s.PayerID, s.Status = i.newID("csub_"), i.newID("cpayer_"), Active
	for _, plan := range i.o.Plans {
		if plan.Default {
			i.newItem(u, plan, Month, Active)
		}
	}
	i.touch(&s.UpdatedAt)
	s.CreatedAt, s.ActiveAt = s.UpdatedAt, s.UpdatedAt
	i.emitSubscription("created", u)
	return id, nil
}

// UpdateUser changes what change changes. A primary address that is replaced stays as a further one.
func (i *Instance) UpdateUser(id string, change func(*Profile)) error {
	return i.changeUser(id, func(u *User) error { return i.updateUser(u, change) })
}

func (i *Instance) updateUser(u *User, change func(*Profile)) error {
	p := u.Profile.clone()
	change(&p)
	if p.Email != u.Email {
		p.Others = slices.DeleteFunc(p.Others, func(a Address) bool { return a.Email == p.Email })
		if !slices.ContainsFunc(p.Others, func(a Address) bool { return a.Email == u.Email }) {
			p.Others = append(p.Others, Address{Email: u.Email})
		}
	}
	u.Profile = p
	i.touchUser(u)
	i.emit("user.updated", u.ID, i.userJSON(u))
	return nil
}

// DeleteUser ends what the user holds. What Clerk does with a paid subscription then is not documented.
func (i *Instance) DeleteUser(id string) error {
	err := i.changeUser(id, i.deleteUser)
	if err == nil && !i.within && i.deleted != nil {
		i.deleted()
	}
	return err
}

// AfterDeletion has tell called after each deletion that is not part of a Together. It is to be set before the instance is used.
func (i *Instance) AfterDeletion(tell func()) { i.deleted = tell }

func (i *Instance) deleteUser(u *User) error {
	u.Deleted = true
	i.touchUser(u)
	i.emit("user.deleted", u.ID, map[string]any{"object": "user", "id": u.ID, "deleted": true})
	for _, it := range u.Subscription.Items {
		switch it.Status {
		case Active, Canceled, PastDue:
			i.move(u, it, Ended)
		case Upcoming, Incomplete:
			i.move(u, it, Abandoned)
		}
	}
	i.changed(u)
	return nil
}

func (i *Instance) living(id string) (*User, error) {
	if u := i.byID[id]; u != nil && !u.Deleted {
		return u, nil
	}
	return nil, fmt.Errorf("there is no user %s", id)
}

func (i *Instance) plan(id string) (Plan, bool) {
	n := slices.IndexFunc(i.o.Plans, func(p Plan) bool { return p.ID == id })
	if n < 0 { // it was sold once
		return Plan{ID: id, Slug: id, Name: id}, false
	}
	return i.o.Plans[n], true
}

// touch sets an object's updated_at: no two changes have one millisecond, but for the share that the options ask for.
func (i *Instance) touch(at *time.Time) {
	i.now = i.now.Truncate(time.Millisecond).Add(time.Millisecond)
	if !at.IsZero() && i.o.EqualTimes > 0 && i.style.Float64() < i.o.EqualTimes {
		return
	}
	*at = i.now
}

// touchUser is touch of a user, whose times are real ones.
func (i *Instance) touchUser(u *User) {
	at := u.UpdatedAt
	if i.touch(&at); !at.Equal(u.UpdatedAt) {
		u.UpdatedAt = at.Add(-i.settings.Ahead)
	}
}

func (i *Instance) newID(prefix string) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	id := []byte(prefix)
	for range 24 {
		id = append(id, letters[i.ids.IntN(len(letters))])
	}
	return string(id)
}
