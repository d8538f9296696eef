// Package stripe is a stranger for development: a small Stripe that the real client library talks to, with a page to pay on, a page
// to make things happen, and signed webhooks that can be lost, doubled and late. It imports no domain, as Stripe does not, and
// knows nothing of orders.
package stripe

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"souk/internal/devcloud/store"
	"souk/internal/loopback"
)

// APIVersion is the version of Stripe's API whose objects the stand-in answers with.
const APIVersion = "2026-03-25.dahlia"

// Where the shop's own listener serves the stand-in. The API lies where Stripe has it, since its client libraries take an origin alone.
const (
	Prefix    = "/__stripe" // of the pages
	APIPrefix = "/v1"
)

// Options are what the stand-in needs.
type Options struct {
	Path     string   // of the SQLite file; empty: nothing is kept
	Origin   string   // under which the pages are seen
	Webhooks []string // URLs on this machine; each webhook goes to one of them
	Now      func() time.Time
	// Country is the buyers' who do not say where they are, for the tax. Empty: DE.
	Country string
}

// Stripe is the stand-in. Safe for concurrent use.
type Stripe struct {
	o      Options
	client *http.Client
	wake   chan struct{}

	running sync.Map // the idempotency keys of the requests that run

	mu     sync.Mutex
	state  *state
	by     asker        // who causes what is changed now
	file   *store.Store // nil: nothing is kept
	broken []Breakage
}

// Open opens the stand-in with what it knew when it was closed.
func Open(o Options) (*Stripe, error) {
	if err := loopback.Check(o.Webhooks...); err != nil {
		return nil, err
	}
	s := &Stripe{o: o, state: newState(), wake: make(chan struct{}, 1), client: loopback.Client(16)}
	if o.Path != "" {
		var err error
		if s.file, err = store.Open(context.Background(), o.Path); err != nil {
			return nil, err
		}
		if err := s.state.load(context.Background(), s.file); err != nil {
			return nil, errors.Join(err, s.file.Close())
		}
	}
	if s.state.Settings.SecretKey == "" {
		set := s.state.Settings
		set.SecretKey, set.WebhookSecret = "sk_test_"+rand.Text(), "whsec_"+rand.Text()+rand.Text()[:6]
		s.state.put(set)
		if err := s.save(context.Background()); err != nil { // another process must find the same keys
			return nil, err
		}
	}
	return s, nil
}

// Close ends what Open opened. Run must have ended.
func (s *Stripe) Close() error {
	s.client.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// SecretKey is the key that the API takes.
func (s *Stripe) SecretKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Settings.SecretKey
}

// WebhookSecret is what webhooks are signed with.
func (s *Stripe) WebhookSecret() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Settings.WebhookSecret
}

// change runs do with the state held, after what the clock has brought, and keeps what it changed.
func (s *Stripe) change(ctx context.Context, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	err := do()
	if saved := s.save(context.WithoutCancel(ctx)); saved != nil {
		slog.ErrorContext(ctx, "the stand-in for Stripe cannot be kept", "err", saved)
		if err == nil {
			err = saved
		}
	}
	return err
}

// wakeUp has Run look for events that are due.
func (s *Stripe) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// tick does what the time asks for: sessions expire, payments that take long settle.
func (s *Stripe) tick() {
	now := unix(s.o.Now())
	for _, c := range s.state.Sessions {
		if c.Status == "open" && c.Expires <= now {
			s.expire(c)
		}
	}
	for _, p := range s.state.Intents {
		if p.Status == "processing" && p.SettleAt > 0 && p.SettleAt <= now {
			s.settle(p, p.SettleOK)
		}
	}
	for _, r := range s.state.Refunds {
		if r.SettleAt > 0 && r.SettleAt <= now {
			s.settleRefund(r, r.SettleOK)
		}
	}
	for key, k := range s.state.Keys {
		if k.Created+keyLife < now {
			delete(s.state.Keys, key)
		}
	}
}

// Handler serves the API, the page to pay on and the page of controls.
func (s *Stripe) Handler() http.Handler {
	mux := http.NewServeMux()
	s.apiRoutes(mux)
	s.pageRoutes(mux)
	return mux
}
