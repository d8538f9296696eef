package devcloud

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/store"
)

// BackendPrefix is the path under which the stand-in's Backend API lies; /v1 follows. It is not that of the Frontend API, because
// the two have paths in common.
const BackendPrefix = Prefix + "/api"

// instanceFile is where the stand-in keeps its users, what they hold, and who is signed in.
const instanceFile = "clerk.db"

// Backend is the stand-in for Clerk itself, and its Backend API. Whom the issuer knows is a user of it.
type Backend struct {
	Instance  *clerk.Instance
	SecretKey string // made up, and kept
	store     *store.Store
	people    *people
	api       *clerk.API

	mu    sync.Mutex
	known int // of people, those who are users
}

// dialect is that of the specification, with the times that it leaves out and Clerk's own types and guides have: without them a shop
// has to ask when something was canceled.
var dialect = &clerk.Dialect{ItemTimes: true}

// OpenBackend opens the Backend API beside an issuer, with what it keeps under dir: its plans are those of plans.json, which is made with the
// plans given. Its events go to webhook.
func OpenBackend(ctx context.Context, dir string, issuer *Issuer, plans []clerk.Plan, webhook string, now func() time.Time) (*Backend, error) {
	b, err := openBackend(ctx, dir, issuer, plans, webhook, now)
	if err != nil {
		return nil, fmt.Errorf("the stand-in for Clerk: %w", err)
	}
	return b, nil
}

func openBackend(ctx context.Context, dir string, issuer *Issuer, plans []clerk.Plan, webhook string, now func() time.Time) (*Backend, error) {
	key, err := keep(filepath.Join(dir, "secret_key"), func() ([]byte, error) {
		var random [32]byte
		_, _ = rand.Read(random[:]) // never fails
		return []byte("sk_test_" + base64.RawURLEncoding.EncodeToString(random[:])), nil
	})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "plans.json")
	text, err := keep(path, func() ([]byte, error) { return clerk.WritePlans(plans), nil })
	if err != nil {
		return nil, err
	}
	if plans, err = clerk.ReadPlans(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	file, err := store.Open(ctx, filepath.Join(dir, instanceFile))
	if err != nil {
		return nil, err
	}
	instance, err := clerk.Open(ctx, file, clerk.Options{
		Plans: plans, Start: now(), Now: now, Dialect: dialect, Webhook: webhook, Pictures: issuer.Picture(""),
	})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	issuer.instance = instance
	return &Backend{
		Instance: instance, SecretKey: string(key), store: file, people: issuer.people, api: clerk.NewAPI(instance, string(key), issuer.keys()),
	}, nil
}

// Close closes the file. Run must have ended.
func (b *Backend) Close() error { return b.store.Close() }

// lookForPeople is how often Run looks for those whom another process made known.
const lookForPeople = 250 * time.Millisecond

// Run makes users of who comes, and sends the instance's events, until ctx ends.
func (b *Backend) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return b.Instance.Run(ctx) })
	work.Go(func() error {
		tick := time.NewTicker(lookForPeople)
		defer tick.Stop()
		for told := ""; ; {
			if err := b.Admit(); err != nil && err.Error() != told {
				told = err.Error()
				slog.ErrorContext(ctx, "the stand-in for Clerk cannot read its people", "err", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
	return work.Wait()
}

// Handler serves the Backend API under BackendPrefix, to this machine only.
func (b *Backend) Handler() http.Handler {
	return Local(http.StripPrefix(BackendPrefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := b.Admit(); err != nil {
			slog.ErrorContext(r.Context(), "the stand-in for Clerk cannot read its people", "err", err)
		}
		b.api.ServeHTTP(w, r)
	})))
}

// Admit makes users of the people who came since the last request.
func (b *Backend) Admit() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, err := b.people.list()
	for ; b.known < len(all); b.known++ {
		p := all[b.known]
		if _, there := b.Instance.UserByEmail(p.Email); there {
			continue // who has signed up as well
		}
		_, err := b.Instance.CreateUser(UserID(p.Email), clerk.Profile{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName})
		if err != nil && !errors.Is(err, clerk.ErrUserExists) { // one who has changed the address, or is gone
			return err
		}
	}
	return err
}
