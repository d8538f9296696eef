package stripe_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	stripego "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"souk/internal/devcloud/stripe"
)

// clock is a time that only a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// shop is a receiver of webhooks beside a stand-in that the real client talks to.
type shop struct {
	*stripe.Stripe
	*clock
	t       *testing.T
	options stripe.Options
	api     *stripego.Client

	mu     sync.Mutex
	got    []stripego.Event
	status []int // of the next answers to webhooks; then 200
	site   http.Handler
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, clock: &clock{at: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}}
	receiver := httptest.NewServer(http.HandlerFunc(s.receive))
	t.Cleanup(receiver.Close)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.site
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	s.options = stripe.Options{Path: filepath.Join(t.TempDir(), "stripe.db"), Origin: site.URL, Webhooks: []string{receiver.URL}, Now: s.Now}
	s.reopen()
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// reopen is a restart.
func (s *shop) reopen() {
	s.t.Helper()
	if s.Stripe != nil {
		if err := s.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
	standIn, err := stripe.Open(s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.Stripe, s.site = standIn, standIn.Handler()
	s.mu.Unlock()
	s.api = s.client(standIn.SecretKey())
}

func (s *shop) client(key string) *stripego.Client {
	backend := stripego.NewBackendsWithConfig(&stripego.BackendConfig{
		URL: stripego.String(s.options.Origin), EnableTelemetry: stripego.Bool(false), MaxNetworkRetries: stripego.Int64(0),
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull},
	})
	return stripego.NewClient(key, stripego.WithBackends(backend))
}

func (s *shop) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	event, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), s.WebhookSecret(), webhook.ConstructEventOptions{IgnoreTolerance: true})
	if err != nil {
		s.t.Errorf("a webhook that the real library refuses: %v\n%s", err, body)
	}
	if len(s.status) > 0 {
		status := s.status[0]
		s.status = s.status[1:]
		if status/100 != 2 {
			w.WriteHeader(status)
			return
		}
	}
	s.got = append(s.got, event)
}

// told drains, and gives the types of the events that came since the last time.
func (s *shop) told() (types []string) {
	s.t.Helper()
	if err := s.Drain(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.got {
		types = append(types, string(e.Type))
	}
	s.got = nil
	return types
}

func sessionParams() *stripego.CheckoutSessionCreateParams {
	meta := map[string]string{"order": "42"}
	return &stripego.CheckoutSessionCreateParams{
		Mode: stripego.String("payment"), ClientReferenceID: stripego.String("order-42"), Metadata: meta, CustomerEmail: stripego.String("buyer@example.test"),
		PaymentIntentData: &stripego.CheckoutSessionCreatePaymentIntentDataParams{Metadata: meta},
		SuccessURL:        stripego.String("http://127.0.0.1:1/done?session={CHECKOUT_SESSION_ID}"), CancelURL: stripego.String("http://127.0.0.1:1/canceled"),
		LineItems: []*stripego.CheckoutSessionCreateLineItemParams{{
			Quantity: stripego.Int64(2),
			PriceData: &stripego.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripego.String("eur"), UnitAmount: stripego.Int64(1250),
				ProductData: &stripego.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripego.String("Ship Faster")},
			},
		}},
	}
}

func (s *shop) session(change ...func(*stripego.CheckoutSessionCreateParams)) *stripego.CheckoutSession {
	s.t.Helper()
	params := sessionParams()
	for _, c := range change {
		c(params)
	}
	session, err := s.api.V1CheckoutSessions.Create(s.t.Context(), params)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// paid is a session that was paid, with its payment.
func (s *shop) paid(card string) *stripego.CheckoutSession {
	s.t.Helper()
	session := s.session()
	if _, err := s.Pay(s.t.Context(), session.ID, card, ""); err != nil {
		s.t.Fatal(err)
	}
	return s.look(session.ID)
}

// look retrieves a session with its payment.
func (s *shop) look(id string) *stripego.CheckoutSession {
	s.t.Helper()
	params := &stripego.CheckoutSessionRetrieveParams{}
	params.AddExpand("payment_intent.latest_charge")
	session, err := s.api.V1CheckoutSessions.Retrieve(s.t.Context(), id, params)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// refusal is the error of Stripe's that a call failed with.
func refusal(t *testing.T, err error) *stripego.Error {
	t.Helper()
	var e *stripego.Error
	if !errors.As(err, &e) {
		t.Fatalf("not refused by Stripe: %v", err)
	}
	return e
}
