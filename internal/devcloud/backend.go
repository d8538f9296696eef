package devcloud

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"souk/internal/devcloud/clerk"
)

// BackendPrefix is the path under which the stand-in's Backend API lies; /v1 follows. It is not that of the Frontend API, because
// the two have paths in common.
const BackendPrefix = Prefix + "/api"

// Backend is the Backend API of the stand-in for Clerk. Its users are those whom the issuer knows; the plans that they hold live in
// memory.
type Backend struct {
	Instance  *clerk.Instance
	SecretKey string // made up, and kept
	people    *people
	api       http.Handler

	mu    sync.Mutex
	known int // of people, those who are users
}

// OpenBackend opens the Backend API beside an issuer, with the secret key under dir, which it makes when there is none.
func OpenBackend(dir string, issuer *Issuer, now func() time.Time) (*Backend, error) {
	key, err := keep(filepath.Join(dir, "secret_key"), func() ([]byte, error) {
		var random [32]byte
		_, _ = rand.Read(random[:]) // never fails
		return []byte("sk_test_" + base64.RawURLEncoding.EncodeToString(random[:])), nil
	})
	if err != nil {
		return nil, fmt.Errorf("the stand-in for Clerk: %w", err)
	}
	instance, err := clerk.New(clerk.Options{Plans: clerk.SamplePlans(), Start: now(), Now: now, Dialect: &clerk.Dialect{}})
	if err != nil {
		return nil, fmt.Errorf("the stand-in for Clerk: %w", err)
	}
	return &Backend{
		Instance: instance, SecretKey: string(key), people: issuer.people, api: clerk.NewAPI(instance, string(key), issuer.keys()),
	}, nil
}

// Handler serves the Backend API under BackendPrefix, to this machine only.
func (b *Backend) Handler() http.Handler {
	return Local(http.StripPrefix(BackendPrefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := b.admit(); err != nil {
			slog.ErrorContext(r.Context(), "the stand-in for Clerk cannot read its people", "err", err)
		}
		b.api.ServeHTTP(w, r)
	})))
}

// admit makes users of the people who came since the last request.
func (b *Backend) admit() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, err := b.people.list()
	for ; b.known < len(all); b.known++ {
		p := all[b.known]
		if _, err := b.Instance.CreateUser(UserID(p.Email), clerk.Profile{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName}); err != nil {
			return err
		}
	}
	return err
}
