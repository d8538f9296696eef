package app_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/devcloud/stripe"
	"souk/internal/souktest"
)

// asked is a request that the shop made to Stripe.
type asked struct{ method, path, query, body string }

// kind is what requests have in common that differ in their values alone.
func (a asked) kind() string {
	form, _ := url.ParseQuery(a.query + "&" + a.body)
	var names []string
	for name := range form {
		names = append(names, regexp.MustCompile(`\[\d+\]`).ReplaceAllString(name, "[]"))
	}
	slices.Sort(names)
	return a.method + " " + stripeID.ReplaceAllString(a.path, "/{id}") + " " + strings.Join(slices.Compact(names), " ")
}

var stripeID = regexp.MustCompile(`/(cs_test|pi|ch|re|du)_[A-Za-z0-9]+`)

// TestWhatTheShopAsksOfStripeIsInStripesSchema has a shop do all that it does with Stripe, and stripe-mock, which knows the schema,
// judge what it sent.
func TestWhatTheShopAsksOfStripeIsInStripesSchema(t *testing.T) {
	mock := souktest.NewStripeMock(t)
	provider := souktest.New(t, dbtest.SQLite(t)).Stripe
	var mu sync.Mutex
	seen := map[string]asked{}
	standIn := provider.Handler()
	ear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		a := asked{r.Method, r.URL.Path, r.URL.RawQuery, string(body)}
		mu.Lock()
		seen[a.kind()] = a
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		standIn.ServeHTTP(w, r)
	}))
	t.Cleanup(ear.Close)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	for _, tax := range []string{"true", "false"} {
		ahead.Store(0)
		if err := provider.RefundsArePending(t.Context(), tax == "true"); err != nil {
			t.Fatal(err)
		}
		s := souktest.NewAt(t, dbtest.SQLite(t), now, "STRIPE_SECRET_KEY="+provider.SecretKey(), "STRIPE_WEBHOOK_SECRET="+provider.WebhookSecret(),
			"STRIPE_API_URL="+ear.URL, "STRIPE_AUTOMATIC_TAX="+tax)
		st := newStall(t, s)
		pay := func(id, card string) {
			if _, err := provider.Pay(t.Context(), st.session(id), card, ""); err != nil {
				t.Fatal(err)
			}
			st.ben.Post("/api/account/orders/"+id+"/confirm/", `{"provider":"stripe"}`)
		}
		kept, part, whole, slow := st.order(map[string]int64{"book": 2, "call": 1}), st.order(map[string]int64{"course": 1}), st.order(map[string]int64{"manga": 2}), st.order(map[string]int64{"oud": 1})
		pay(kept, stripe.CardPays)
		pay(part, stripe.CardPays)
		pay(whole, stripe.CardPays)
		pay(slow, stripe.BankPays)
		left := st.order(map[string]int64{"book": 1})
		st.session(left)
		st.ben.Post("/api/account/orders/"+left+"/cancel/", nil).Is(200)
		st.seller.Post("/api/seller/orders/"+part+"/refund/", `{"amount_cents":500,"reason":"late"}`).Is(200)
		st.seller.Post("/api/seller/orders/"+whole+"/refund/", nil).Is(200)
		s.Work()
		for _, p := range provider.Payments() { // of a debit that is refunded elsewhere, the shop hears first that its charge is
			if p.Status != "processing" {
				continue
			}
			if err := provider.Settle(t.Context(), p.Session, true); err != nil {
				t.Fatal(err)
			}
			st.ben.Post("/api/account/orders/"+slow+"/confirm/", `{"provider":"stripe"}`).Is(200)
			if _, err := provider.Refund(t.Context(), p.ID, 10); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range provider.Payments() {
			if p.Status == "succeeded" && p.Refunded == 0 && !p.Disputed {
				if _, err := provider.Dispute(t.Context(), p.ID, 0, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, e := range provider.Events() {
			if e.Type == "charge.refunded" {
				s.Nobody().For(t).With("Stripe-Signature", provider.Sign(e.Body, time.Now())).Post("/api/webhooks/stripe/", e.Body)
			}
		}
		s.Work()
		for range 3 { // what stays open is asked about by itself, once it is too old for the lists
			if tally, err := s.ReconcileStripe(t.Context()); err != nil || !tally.Complete {
				t.Fatalf("the reconciliation: %+v, %v", tally, err)
			}
			ahead.Add(int64(3 * time.Hour))
		}
	}
	for kind, a := range seen {
		target := mock + a.path
		if a.query != "" {
			target += "?" + a.query
		}
		r, err := http.NewRequestWithContext(t.Context(), a.method, target, strings.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer sk_test_123")
		if a.method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s %v", kind, res.StatusCode, answer, err)
		}
	}
	for _, begin := range []string{
		"POST /v1/checkout/sessions automatic_tax", "POST /v1/checkout/sessions cancel_url", "POST /v1/checkout/sessions/{id}/expire", "GET /v1/checkout/sessions/{id}",
		"GET /v1/checkout/sessions created", "POST /v1/refunds", "GET /v1/refunds created", "GET /v1/refunds limit payment_intent", "GET /v1/refunds/{id}",
		"GET /v1/disputes created", "GET /v1/disputes/{id}",
	} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(kind string) bool { return strings.HasPrefix(kind, begin) }) {
			t.Errorf("the shop never sent %s", begin)
		}
	}
}
