package order

import (
	"context"
	"slices"
	"testing"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
)

func TestAnOrderServiceNeedsItsParts(t *testing.T) {
	whole := Deps{
		Fulfill:    func(context.Context, *db.Tx, PaidOrder) error { return nil },
		Follow:     func(context.Context, *db.Tx, Order) error { return nil },
		Subscribed: func(context.Context, db.Q, int64, int64) (bool, error) { return false, nil },
		Arrived:    func(context.Context, *db.Tx, string) error { return nil },
	}
	if _, err := New(whole); err != nil {
		t.Error(err)
	}
	for name, without := range map[string]func(*Deps){
		"Fulfill": func(d *Deps) { d.Fulfill = nil }, "Follow": func(d *Deps) { d.Follow = nil },
		"Subscribed": func(d *Deps) { d.Subscribed = nil }, "Arrived": func(d *Deps) { d.Arrived = nil },
	} {
		d := whole
		without(&d)
		if _, err := New(d); err == nil {
			t.Errorf("made without %s", name)
		}
	}
}

func TestTheArrowsOfAnOrder(t *testing.T) {
	all := []Status{Draft, PendingPayment, Paid, Fulfilled, Canceled, Refunded}
	exist := []string{
		"draft pending_payment", "draft canceled", "pending_payment paid", "pending_payment canceled",
		"paid fulfilled", "paid refunded", "fulfilled refunded",
	}
	for _, from := range all {
		for _, to := range all {
			if want := slices.Contains(exist, string(from+" "+to)); from.may(to) != want {
				t.Errorf("%s to %s: %t, want %t", from, to, from.may(to), want)
			}
		}
	}
}

func TestWhereAnOrderIsPaid(t *testing.T) {
	s := &Service{Deps{PublicURL: "https://shop.example.test", ClerkPlans: true, Now: time.Now}}
	offer := func(period, plan string, cents int64) []catalog.Offer {
		return []catalog.Offer{{Price: catalog.Price{BillingPeriod: period, ClerkPlanID: plan, AmountCents: cents, Currency: "USD"}}}
	}
	for _, c := range []struct {
		offers   []catalog.Offer
		provider string
	}{
		{offer(catalog.OneTime, "", 900), Manual},
		{offer(catalog.Monthly, "", 900), Manual},
		{offer(catalog.Monthly, "cplan_1", 0), Manual},
		{offer(catalog.Monthly, "cplan 1&2", 900), Clerk},
	} {
		o, err := s.draw(Cart{Lines: []Line{{Quantity: 1}}}, c.offers, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := s.CheckoutURL(o)
		want := "https://shop.example.test/checkout/" + o.PublicID + "/"
		if c.provider == Clerk {
			want = "https://shop.example.test/pricing?plan=cplan+1%262"
		}
		if o.Provider != c.provider || got != want {
			t.Errorf("%+v: %s %s", c.offers[0].Price, o.Provider, got)
		}
	}
}

func TestAnOrderBeyondTheLargestTotalIsRefused(t *testing.T) {
	s := &Service{Deps{Now: time.Now}}
	for _, cents := range []int64{1_010_102, 1 << 62} {
		offers := []catalog.Offer{{Price: catalog.Price{AmountCents: cents}}}
		if o, err := s.draw(Cart{Lines: []Line{{Quantity: 99}}}, offers, 1); err == nil {
			t.Errorf("99 times %d passed as %d", cents, o.TotalCents)
		}
	}
	if o, err := s.draw(Cart{Lines: []Line{{Quantity: 99}}}, []catalog.Offer{{Price: catalog.Price{AmountCents: 1_010_101}}}, 1); err != nil || o.TotalCents != 99_999_999 {
		t.Errorf("99,999,999: %d, %v", o.TotalCents, err)
	}
}
