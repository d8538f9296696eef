package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/devcloud/stripe"
	"souk/internal/souktest"
)

// stall is a shop with products that cost something, and a buyer.
type stall struct {
	*souktest.Shop
	t           *testing.T
	seller, ben *souktest.Client
	prices      map[string]int64
}

func newStall(t *testing.T, s *souktest.Shop) *stall {
	t.Helper()
	st := &stall{Shop: s, t: t, seller: s.As("seller@example.test").For(t), ben: s.As("ben@example.test").For(t), prices: map[string]int64{}}
	for _, p := range []struct {
		name, kind, currency string
		cents                int64
	}{{"book", "digital", "USD", 1900}, {"course", "digital", "USD", 4900}, {"call", "service", "USD", 9000}, {"manga", "digital", "JPY", 800}, {"oud", "digital", "KWD", 12340}} {
		product := st.seller.Post("/api/seller/products/", souktest.Object{
			"name": p.name, "product_type": p.kind, "visibility": "published", "feature_keys": []string{p.name},
		}).Is(201).Object().ID()
		st.prices[p.name] = st.seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product), souktest.Object{
			"name": "Standard", "amount_cents": p.cents, "currency": p.currency, "billing_period": "one_time",
		}).Is(201).Object().ID()
		if p.kind == "digital" {
			asset := st.seller.Post(fmt.Sprintf("/api/seller/products/%d/assets/", product), souktest.Object{"title": "File", "file_path": p.name + "/file.txt"}).Is(201).Object().ID()
			st.seller.With("Content-Type", "text/plain").Do("PUT", fmt.Sprintf("/api/seller/assets/%d/content/", asset), p.name).Is(200)
		}
	}
	return st
}

// order has ben order quantities of products by name, and gives the order's id.
func (st *stall) order(lines map[string]int64) string {
	st.t.Helper()
	items := []souktest.Object{}
	for name, quantity := range lines {
		items = append(items, souktest.Object{"price_id": st.prices[name], "quantity": quantity})
	}
	made := st.ben.Post("/api/account/orders/create/", souktest.Object{"items": items}).Is(201).Object()
	if provider := made.Sub("checkout").Text("provider"); provider != "stripe" {
		st.t.Fatalf("the order is paid by %s", provider)
	}
	return made.Sub("order").Text("public_id")
}

// session opens the order's page and gives the session that it leads to.
func (st *stall) session(publicID string) string {
	st.t.Helper()
	to := st.Nobody().For(st.t).Get("/checkout/" + publicID + "/").Is(303).Header.Get("Location")
	id := to[strings.LastIndex(to, "/")+1:]
	if !strings.HasPrefix(id, "cs_test_") {
		st.t.Fatalf("the checkout leads to %s", to)
	}
	return id
}

// pay pays a session, and delivers the webhooks.
func (st *stall) pay(session, card string) stripe.Result {
	st.t.Helper()
	result, err := st.Stripe.Pay(st.t.Context(), session, card, "")
	if err != nil {
		st.t.Fatal(err)
	}
	st.deliver()
	return result
}

func (st *stall) deliver() {
	st.t.Helper()
	if err := st.Stripe.Drain(st.t.Context()); err != nil {
		st.t.Fatal(err)
	}
}

func (st *stall) status(publicID string) string {
	st.t.Helper()
	return st.ben.Get("/api/account/orders/" + publicID + "/").Is(200).Object().Text("status")
}

// A webhook that is late or lost does not keep a buyer waiting: whoever comes back from the provider's page has it asked.
func TestABuyerWhoComesBackHasStripeAsked(t *testing.T) {
	ahead := time.Duration(0) // the provider is not asked twice in two seconds
	s := souktest.NewAt(t, dbtest.SQLite(t), func() time.Time { return time.Now().Add(ahead) })
	st := newStall(t, s)
	id := st.order(map[string]int64{"book": 1})
	attempt := func(want, status string) {
		t.Helper()
		ahead += 3 * time.Second
		got := s.Nobody().For(t).Get("/api/checkout/" + id + "/").Is(200).Object()
		if got.Text("attempt") != want || got.Text("status") != status || (got.Text("checkout_url") == "") == (status == "pending_payment") {
			t.Errorf("the checkout is %v, want %s %s", got, want, status)
		}
	}
	attempt("none", "pending_payment")
	session := st.session(id)
	attempt("open", "pending_payment")
	if _, err := st.Stripe.Pay(t.Context(), session, stripe.BankPays, ""); err != nil { // and no webhook
		t.Fatal(err)
	}
	attempt("processing", "pending_payment")
	st.Stripe.FailNext("/v1/checkout/sessions", 2, 500) // the client library tries twice
	if err := st.Stripe.Settle(t.Context(), session, true); err != nil {
		t.Fatal(err)
	}
	attempt("processing", "pending_payment") // the provider does not answer
	attempt("paid", "fulfilled")
}

func TestAnOrderIsPaidAtStripeAndRefunded(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		id := st.order(map[string]int64{"book": 2, "call": 2})
		session := st.session(id)
		if again := st.session(id); again != session {
			t.Errorf("a second visit leads to %s, not to %s", again, session)
		}
		if r := st.pay(session, stripe.CardDeclined); r != stripe.Declined || st.status(id) != "pending_payment" {
			t.Errorf("a declined card: %s, the order is %s", r, st.status(id))
		}
		if r := st.pay(session, stripe.CardPays); r != stripe.Succeeded || st.status(id) != "fulfilled" {
			t.Fatalf("a good card: %s, the order is %s", r, st.status(id))
		}
		downloads := st.ben.Get("/api/account/downloads/").List()
		if len(downloads) != 1 || downloads[0]["can_download"] != true {
			t.Fatalf("downloads: %v", downloads)
		}
		sale := st.seller.Get("/api/seller/orders/" + id + "/").Is(200).Object()
		item := sale.Subs("items")[0]
		if item.Text("product_name_snapshot") != "book" {
			item = sale.Subs("items")[1]
		}
		st.seller.Post("/api/seller/orders/"+id+"/refund/", souktest.Object{"items": []souktest.Object{{"order_item": item.ID(), "quantity": 2}}, "reason": "did not open"}).Is(200)
		if st.ben.Get("/api/account/downloads/").List()[0]["can_download"] != true {
			t.Error("the download is closed before the money is back")
		}
		st.Work()
		st.deliver()
		if got := st.ben.Get("/api/account/downloads/").List()[0]["can_download"]; got != false {
			t.Error("the download of a refunded line is open")
		}
		if st.status(id) != "fulfilled" || len(st.ben.Get("/api/account/bookings/").List()) != 2 {
			t.Errorf("after a refund of one line the order is %s", st.status(id))
		}
		st.seller.Post("/api/seller/orders/"+id+"/refund/", nil).Is(200)
		st.seller.Post("/api/seller/orders/"+id+"/refund/", nil).Is(200)
		st.Work()
		st.deliver()
		if st.status(id) != "refunded" {
			t.Errorf("after a refund of the rest the order is %s", st.status(id))
		}
		for _, b := range st.ben.Get("/api/account/bookings/").List() {
			if b.Text("status") != "canceled" {
				t.Errorf("a booking of a refunded order is %s", b.Text("status"))
			}
		}
		if n := len(st.ben.Get("/api/account/entitlements/").List()); n != 0 {
			t.Errorf("%d entitlements of a refunded order", n)
		}
		var kinds []string
		for _, e := range st.seller.Get("/api/seller/orders/" + id + "/").Object().Subs("timeline") {
			kinds = append(kinds, e.Text("kind"))
		}
		if got := strings.Join(kinds, " "); got != "created checkout_opened paid fulfilled refund_requested refunded refund_requested refunded" {
			t.Errorf("the timeline: %s", got)
		}
	})
}
