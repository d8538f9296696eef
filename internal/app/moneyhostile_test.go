package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/app"
	"souk/internal/config"
	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/devcloud/stripe"
	"souk/internal/souktest"
)

// webhook sends a body to a shop, signed.
func (st *stall) webhook(body []byte) *souktest.Answer {
	st.t.Helper()
	return st.Nobody().For(st.t).With("Stripe-Signature", st.Stripe.Sign(body, time.Now())).Post("/api/webhooks/stripe/", body)
}

// held pays a session and gives the event of a type that tells of it, which is not sent.
func (st *stall) held(session, eventType string) []byte {
	st.t.Helper()
	if err := st.Stripe.Hold(st.t.Context(), true); err != nil {
		st.t.Fatal(err)
	}
	if _, err := st.Stripe.Pay(st.t.Context(), session, stripe.CardPays, ""); err != nil {
		st.t.Fatal(err)
	}
	return st.event(eventType)
}

// event is the newest event of a type.
func (st *stall) event(eventType string) []byte {
	st.t.Helper()
	for _, e := range st.Stripe.Events() {
		if e.Type == eventType {
			return e.Body
		}
	}
	st.t.Fatalf("there is no event %s", eventType)
	return nil
}

// edited is a body with other values; names are paths, as data.object.id.
func edited(t *testing.T, body []byte, values map[string]any) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	for path, value := range values {
		at := event
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		at[names[len(names)-1]] = value
	}
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (st *stall) count(query string, args ...any) int64 {
	st.t.Helper()
	n, err := db.One(st.t.Context(), st.DB, db.Value[int64], query, args...)
	if err != nil {
		st.t.Fatal(err)
	}
	return n
}

// given is how much buyers have.
func (st *stall) given() int64 {
	st.t.Helper()
	return st.count(`SELECT (SELECT count(*) FROM download_grants WHERE is_active) + (SELECT count(*) FROM entitlements WHERE is_active)`)
}

func TestHostileStripeWebhooks(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		id := st.order(map[string]int64{"book": 1})
		good := st.held(st.session(id), "checkout.session.completed")
		nothing := func(what string) {
			t.Helper()
			if st.status(id) != "pending_payment" || st.given() != 0 {
				t.Fatalf("%s: the order is %s", what, st.status(id))
			}
		}
		kept := func(status string) int64 {
			return st.count(`SELECT count(*) FROM webhook_events WHERE provider = 'stripe' AND status = $1`, status)
		}

		post := func(signature string, body []byte) *souktest.Answer {
			return s.Nobody().For(t).With("Stripe-Signature", signature).Post("/api/webhooks/stripe/", body)
		}
		for name, signature := range map[string]string{
			"none": "", "of an old time": st.Stripe.Sign(good, time.Now().Add(-301*time.Second)), "of a time to come": st.Stripe.Sign(good, time.Now().Add(301*time.Second)),
			"of another body": st.Stripe.Sign([]byte(`{}`), time.Now()), "v0": strings.Replace(st.Stripe.Sign(good, time.Now()), "v1=", "v0=", 1),
		} {
			if code := post(signature, good).Is(400).Object().Text("code"); code != "webhook_signature" {
				t.Errorf("a signature %s: %s", name, code)
			}
		}
		if n := st.count(`SELECT count(*) FROM webhook_events`); n != 0 {
			t.Errorf("%d events without a signature are kept", n)
		}
		nothing("a wrong signature")

		object := map[string]any{}
		for name, c := range map[string]struct {
			body   []byte
			status int
			answer string
		}{
			"an unknown type":        {edited(t, good, map[string]any{"id": "evt_type", "type": "climate.order.created"}), 200, "ignored"},
			"live mode":              {edited(t, good, map[string]any{"id": "evt_live", "livemode": true}), 200, "ignored"},
			"no object":              {edited(t, good, map[string]any{"id": "evt_none", "data": object}), 200, "ignored"},
			"an object of a list":    {edited(t, good, map[string]any{"id": "evt_list", "data.object": []any{}}), 200, "ignored"},
			"one cent less":          {edited(t, good, map[string]any{"id": "evt_less", "data.object.amount_total": 1899, "data.object.payment_intent": "pi_less"}), 200, "ignored"},
			"less asked for":         {edited(t, good, map[string]any{"id": "evt_ask", "data.object.amount_total": 1, "data.object.amount_subtotal": 1, "data.object.payment_intent": "pi_ask"}), 200, "ignored"},
			"another currency":       {edited(t, good, map[string]any{"id": "evt_eur", "data.object.currency": "eur", "data.object.payment_intent": "pi_eur"}), 200, "ignored"},
			"a negative tax":         {edited(t, good, map[string]any{"id": "evt_tax", "data.object.total_details": map[string]any{"amount_tax": -100}, "data.object.payment_intent": "pi_tax"}), 200, "ignored"},
			"two orders":             {edited(t, good, map[string]any{"id": "evt_two", "data.object.client_reference_id": "another"}), 200, "ignored"},
			"an order of nobody's":   {edited(t, good, map[string]any{"id": "evt_order", "data.object.client_reference_id": unknownOrder, "data.object.metadata.souk_order": unknownOrder}), 200, "deferred"},
			"not of this shop":       {edited(t, good, map[string]any{"id": "evt_other", "data.object.client_reference_id": nil, "data.object.metadata": object}), 200, "ignored"},
			"not paid":               {edited(t, good, map[string]any{"id": "evt_unpaid", "data.object.payment_status": "unpaid", "data.object.status": "open"}), 200, "processed"},
			"paid without a payment": {edited(t, good, map[string]any{"id": "evt_nopi", "data.object.payment_intent": nil}), 200, "ignored"},
			"an unknown payment's refund": {[]byte(`{"id":"evt_re","type":"refund.updated","livemode":false,"data":{"object":{"id":"re_1","object":"refund","amount":100,
				"currency":"usd","status":"succeeded","payment_intent":"pi_unknown"}}}`), 200, "deferred"},
			"an id of spaces": {edited(t, good, map[string]any{"id": "evt 1"}), 400, ""},
			"no id":           {edited(t, good, map[string]any{"id": nil}), 400, ""},
			"a list":          {[]byte(`[]`), 400, ""},
			"very deep":       {[]byte(`{"id":"evt_deep","type":"x","a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`), 400, ""},
			"very large":      {[]byte(`{"id":"evt_large","type":"x","a":"` + strings.Repeat("x", 513<<10) + `"}`), 413, ""},
		} {
			answer := st.webhook(c.body)
			if answer.Status != c.status || c.answer != "" && answer.Object().Text("status") != c.answer {
				t.Errorf("%s: %d %s, want %d %s", name, answer.Status, answer.Body, c.status, c.answer)
			}
			nothing(name)
		}
		if n := kept("review"); n < 7 {
			t.Errorf("%d events are kept for review", n)
		}
		if n := st.count(`SELECT count(*) FROM order_events WHERE kind = 'payment_mismatch'`); n != 4 {
			t.Errorf("the timeline tells %d times of a payment that does not match", n)
		}

		if list := st.seller.Get("/api/seller/orders/?needs_attention=true").Is(200).List(); len(list) != 1 || list[0]["needs_attention"] != true {
			t.Errorf("the seller's list of what needs them: %v", list)
		}
		version := edited(t, good, map[string]any{"id": "evt_version", "api_version": "2019-01-01"})
		if got := st.webhook(version).Is(200).Object().Text("status"); got != "processed" || st.status(id) != "fulfilled" {
			t.Errorf("an event of an old version: %s, the order is %s", got, st.status(id))
		}
		before := st.given()
		for name, body := range map[string][]byte{"the same object under a new id": edited(t, good, map[string]any{"id": "evt_new"}), "again": version, "with fewer webhooks pending": edited(t, version, map[string]any{"pending_webhooks": 0})} {
			want := "duplicate"
			if name == "the same object under a new id" {
				want = "processed"
			}
			if got := st.webhook(body).Is(200).Object().Text("status"); got != want || st.given() != before {
				t.Errorf("%s: %s", name, got)
			}
		}
		if got := st.webhook(edited(t, version, map[string]any{"data.object.amount_total": 1})).Is(200).Object().Text("status"); got != "ignored" {
			t.Errorf("another body under the same id: %s", got)
		}
		if n := st.count(`SELECT count(*) FROM transactions WHERE status = 'succeeded' AND NOT extra`); n != 1 {
			t.Errorf("%d payments", n)
		}
	})
}

const unknownOrder = "00000000-0000-4000-8000-000000000000"

func TestARefundThatIsToldBeforeItsPayment(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		id := st.order(map[string]int64{"book": 1})
		session := st.session(id)
		paid := st.held(session, "checkout.session.completed")
		if _, err := st.Stripe.Refund(t.Context(), st.Stripe.Payments()[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"refund.created", "charge.refunded"} {
			if got := st.webhook(st.event(kind)).Is(200).Object().Text("status"); got != "deferred" {
				t.Errorf("%s: %s", kind, got)
			}
		}
		st.webhook(paid).Is(200)
		s.Work()
		if st.status(id) != "refunded" || st.given() != 0 {
			t.Errorf("the order is %s", st.status(id))
		}
		if n := st.count(`SELECT count(*) FROM refunds`); n != 1 {
			t.Errorf("%d refunds, want 1", n)
		}
	})
}

func TestAChargeThatTellsOfARefundAlone(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	st := newStall(t, s)
	id := st.order(map[string]int64{"book": 2})
	st.webhook(st.held(st.session(id), "checkout.session.completed")).Is(200)
	for _, amount := range []int64{1000, 2800} {
		if _, err := st.Stripe.Refund(t.Context(), st.Stripe.Payments()[0].ID, amount); err != nil {
			t.Fatal(err)
		}
		st.webhook(st.event("charge.refunded")).Is(200)
	}
	if st.status(id) != "refunded" {
		t.Fatalf("the order is %s", st.status(id))
	}
	for _, e := range st.Stripe.Events() { // their names come late
		st.webhook(e.Body).Is(200)
	}
	if n := st.count(`SELECT coalesce(sum(amount_cents), 0) FROM refunds WHERE status = 'succeeded'`); n != 3800 {
		t.Errorf("refunds of %d, want 3800", n)
	}
	if n := st.count(`SELECT refunded_cents FROM orders`); n != 3800 {
		t.Errorf("the order counts %d as refunded, want 3800", n)
	}
}

func TestConfirmationsThatProveNothing(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	st := newStall(t, s)
	cheap, dear := st.order(map[string]int64{"book": 1}), st.order(map[string]int64{"call": 1})
	paid, unpaid := st.session(cheap), st.session(dear)
	_ = st.held(paid, "checkout.session.completed")
	for _, external := range []string{paid, "cs_test_invented", unpaid, "", "pi_1", "../../v1/refunds"} {
		refused := st.ben.Post("/api/account/orders/"+dear+"/confirm/", souktest.Object{"provider": "stripe", "external_id": external}).Is(409).Object()
		if refused["pending_verification"] != true {
			t.Errorf("%q: %v", external, refused)
		}
	}
	st.As("cem@example.test").Post("/api/account/orders/"+cheap+"/confirm/", souktest.Object{"provider": "stripe", "external_id": paid}).Is(404)
	confirmed := st.ben.Post("/api/account/orders/"+cheap+"/confirm/", souktest.Object{"provider": "stripe", "external_id": paid}).Is(200).Object()
	if confirmed["already_confirmed"] != false || confirmed.Sub("order").Text("status") != "fulfilled" {
		t.Errorf("confirmed: %v", confirmed)
	}
	again := st.ben.Post("/api/account/orders/"+cheap+"/confirm/", `{}`).Is(200).Object()
	if again["already_confirmed"] != true || st.status(dear) != "pending_payment" {
		t.Errorf("again: %v", again)
	}
	if field := st.ben.Post("/api/account/orders/create/", souktest.Object{"price_id": st.prices["book"], "success_url": "https://evil.test"}).Field(); field != "body.success_url" {
		t.Errorf("success_url: %s", field)
	}
}

func TestWhatIsPaidTooLateOrTwiceGoesBack(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		late, twice := st.order(map[string]int64{"book": 1}), st.order(map[string]int64{"book": 1})
		first, second := st.session(late), st.session(twice)
		st.ben.Post("/api/account/orders/"+late+"/cancel/", nil).Is(200)
		st.seller.Post("/api/seller/orders/"+twice+"/mark-paid/", `{"note":"in cash"}`).Is(200)
		for _, session := range []string{first, second} { // before the shop could close the pages
			if r := st.pay(session, stripe.CardPays); r != stripe.Succeeded {
				t.Fatal(r)
			}
		}
		s.Work()
		st.deliver()
		if st.status(late) != "canceled" || st.status(twice) != "fulfilled" {
			t.Errorf("the orders are %s and %s", st.status(late), st.status(twice))
		}
		for _, p := range st.Stripe.Payments() {
			if p.Refunded != p.Amount {
				t.Errorf("%d of %d went back", p.Refunded, p.Amount)
			}
		}
		if n := st.count(`SELECT count(*) FROM transactions WHERE extra AND status = 'refunded'`); n != 2 {
			t.Errorf("%d of the 2 payments that were not needed are recorded as refunded", n)
		}
		for id, kinds := range map[string][]string{late: {"late_payment", "extra_refunded"}, twice: {"double_payment", "extra_refunded"}} {
			told := []string{}
			for _, e := range st.seller.Get("/api/seller/orders/" + id + "/").Is(200).Object().Subs("timeline") {
				told = append(told, e.Text("kind"))
			}
			for _, kind := range kinds {
				if !slices.Contains(told, kind) {
					t.Errorf("the timeline of %s does not tell of %s: %v", id, kind, told)
				}
			}
		}
	})
}

func TestADisputeWithholdsWhatWasBought(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		id := st.order(map[string]int64{"book": 1})
		st.pay(st.session(id), stripe.CardPays)
		download := "/api/account/downloads/" + st.ben.Get("/api/account/downloads/").List()[0].Text("token") + "/access/"
		access := func(when string, status int, features int) {
			t.Helper()
			if got := st.ben.Post(download, nil).Status; got != status {
				t.Errorf("%s a download answers %d, want %d", when, got, status)
			}
			if got := len(st.ben.Get("/api/account/entitlements/").List()); got != features {
				t.Errorf("%s there are %d features, want %d", when, got, features)
			}
		}
		payment := st.Stripe.Payments()[0].ID
		dispute := func(inquiry bool) string {
			t.Helper()
			d, err := st.Stripe.Dispute(t.Context(), payment, 0, inquiry)
			if err != nil {
				t.Fatal(err)
			}
			st.deliver()
			return d
		}
		decide := func(d, how string) {
			t.Helper()
			if err := st.Stripe.CloseDispute(t.Context(), d, how); err != nil {
				t.Fatal(err)
			}
			st.deliver()
		}
		access("before any dispute", 200, 1)
		inquiry := dispute(true)
		access("during an inquiry", 200, 1)
		decide(inquiry, "warning_closed")
		access("after an inquiry", 200, 1)
		won := dispute(false)
		opened := st.event("charge.dispute.created")
		access("during a dispute", 403, 0)
		decide(won, "won")
		access("after it was won", 200, 1)
		st.webhook(edited(t, opened, map[string]any{"id": "evt_late"})).Is(200)
		access("after a late word of its beginning", 200, 1)
		lost := dispute(false)
		decide(lost, "lost")
		access("after it was lost", 403, 0)
		if st.status(id) != "refunded" {
			t.Errorf("the order is %s", st.status(id))
		}
		st.As("cem@example.test").Post(download, nil).Is(404)
	})
}

func TestAnOrderThatIsNotToBePaidAnyMoreClosesItsPage(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	st := newStall(t, s)
	canceled, byHand := st.order(map[string]int64{"book": 1}), st.order(map[string]int64{"book": 1})
	st.session(canceled)
	st.session(byHand)
	st.ben.Post("/api/account/orders/"+canceled+"/cancel/", nil).Is(200)
	st.seller.Post("/api/seller/orders/"+byHand+"/mark-paid/", nil).Is(200)
	s.Work()
	for _, c := range st.Stripe.Sessions() {
		if c.Status != "expired" {
			t.Errorf("the session of %s is %s", c.Metadata["souk_order"], c.Status)
		}
	}
	st.deliver()
	if st.status(canceled) != "canceled" || st.status(byHand) != "fulfilled" {
		t.Errorf("the orders are %s and %s", st.status(canceled), st.status(byHand))
	}
	for _, id := range []string{canceled, byHand} {
		if page := string(s.Nobody().Get("/checkout/" + id + "/").Is(200).Body); strings.Contains(page, "waits for payment") {
			t.Errorf("the page of a closed order: %s", page)
		}
	}
}

func TestAMethodThatTakesDays(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	st := newStall(t, s)
	works, fails := st.order(map[string]int64{"book": 1}), st.order(map[string]int64{"course": 1})
	good, bad := st.session(works), st.session(fails)
	st.pay(good, stripe.BankPays)
	st.pay(bad, stripe.BankFails)
	if page := string(s.Nobody().Get("/checkout/" + works + "/").Is(200).Body); !strings.Contains(page, "on its way") {
		t.Errorf("the page of an order whose payment is underway: %s", page)
	}
	if st.given() != 0 {
		t.Error("something is given before the money is there")
	}
	if err := st.Stripe.Settle(t.Context(), good, true); err != nil {
		t.Fatal(err)
	}
	if err := st.Stripe.Settle(t.Context(), bad, false); err != nil {
		t.Fatal(err)
	}
	st.deliver()
	if st.status(works) != "fulfilled" || st.status(fails) != "pending_payment" {
		t.Errorf("the orders are %s and %s", st.status(works), st.status(fails))
	}
	if again := st.session(fails); again == bad {
		t.Error("the page of a payment that failed leads to the same session")
	}
	for _, p := range st.Stripe.Payments() {
		if p.Status == "succeeded" {
			if _, err := st.Stripe.Refund(t.Context(), p.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	st.webhook(st.event("charge.refunded")).Is(200)
	s.Work()
	if st.status(works) != "fulfilled" || st.given() == 0 {
		t.Errorf("a refund to a bank that is underway: the order is %s", st.status(works))
	}
	if err := st.Stripe.SettleRefund(t.Context(), st.Stripe.Refunds()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	st.deliver()
	if st.status(works) != "refunded" || st.given() != 0 {
		t.Errorf("a refund to a bank that worked: the order is %s", st.status(works))
	}
}

func TestTheSellerChangesThePriceWhileSomebodyPays(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	st := newStall(t, s)
	id := st.order(map[string]int64{"book": 1})
	session := st.session(id)
	st.seller.Patch(fmt.Sprintf("/api/seller/prices/%d/", st.prices["book"]), `{"amount_cents":9900}`).Is(200)
	product := st.ben.Get("/api/account/orders/" + id + "/").Is(200).Object().Subs("items")[0].Int("product")
	st.seller.Patch(fmt.Sprintf("/api/seller/products/%d/", product), `{"visibility":"archived"}`).Is(200)
	st.pay(session, stripe.CardPays)
	if p := st.Stripe.Payments()[0]; st.status(id) != "fulfilled" || p.Amount != 1900 {
		t.Errorf("the order is %s, %d was paid", st.status(id), p.Amount)
	}
}

func TestCurrenciesAndTax(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t), "STRIPE_AUTOMATIC_TAX=true")
	st := newStall(t, s)
	for name, want := range map[string]struct{ subtotal, tax int64 }{"manga": {1600, 304}, "oud": {24680, 4680}, "book": {3800, 722}} {
		id := st.order(map[string]int64{name: 2})
		st.pay(st.session(id), stripe.CardPays)
		o := st.ben.Get("/api/account/orders/" + id + "/").Is(200).Object()
		if o.Text("status") != "fulfilled" || o.Int("subtotal_cents") != want.subtotal || o.Int("tax_cents") != want.tax || o.Int("total_cents") != want.subtotal+want.tax {
			t.Errorf("%s: %s, %d + %d = %d", name, o.Text("status"), o.Int("subtotal_cents"), o.Int("tax_cents"), o.Int("total_cents"))
		}
		item := o.Subs("items")[0].ID()
		st.seller.Post("/api/seller/orders/"+id+"/refund/", souktest.Object{"items": []souktest.Object{{"order_item": item, "quantity": 1}}}).Is(200)
		s.Work()
		st.deliver()
		if n := st.count(`SELECT refunded_cents FROM orders WHERE public_id = $1`, id); n != (want.subtotal+want.tax)/2/10*10 && n != (want.subtotal+want.tax)/2 {
			t.Errorf("%s: %d of %d went back for one of two", name, n, want.subtotal+want.tax)
		}
	}
	product := st.seller.Post("/api/seller/products/", `{"name":"Fils","visibility":"published"}`).Is(201).Object().ID()
	price := st.seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product), `{"name":"P","amount_cents":12345,"currency":"KWD"}`).Is(201).Object().ID()
	if field := st.ben.Post("/api/account/orders/create/", souktest.Object{"price_id": price}).Field(); field != "body.price_id" {
		t.Errorf("an amount that no card can pay: %s", field)
	}
}

func TestALostAnswerMakesNoSecondSession(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		id := st.order(map[string]int64{"book": 1})
		st.Stripe.FailNext("/v1/checkout/sessions", 2, 0) // the client library tries twice
		s.Nobody().For(t).Get("/checkout/" + id + "/").Is(502)
		var seen sync.Map
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 16 {
			all.Go(func() {
				<-start
				if a := s.Nobody().For(t).Get("/checkout/" + id + "/"); a.Status == http.StatusSeeOther {
					seen.Store(a.Header.Get("Location"), true)
				} else if a.Status != http.StatusBadGateway { // another visit is asking Stripe just now
					t.Errorf("a visit: %d", a.Status)
				}
			})
		}
		close(start)
		all.Wait()
		places := 0
		seen.Range(func(any, any) bool { places++; return true })
		if n := len(st.Stripe.Sessions()); n != 1 || places > 1 {
			t.Errorf("%d sessions, visits led to %d places", n, places)
		}
		if st.pay(st.session(id), stripe.CardPays); st.status(id) != "fulfilled" {
			t.Errorf("the order is %s", st.status(id))
		}
	})
}

// whenFree asks again while the database is too busy to answer in time, as Stripe and browsers do: on a slow machine, under the race
// detector, many at once are more than it takes.
func whenFree(ask func() *souktest.Answer) (a *souktest.Answer) {
	for range 5 {
		if a = ask(); a.Status != 503 {
			break
		}
	}
	return a
}

// TestOrdersAreFulfilledOnce has two instances told of each payment three times, asked three times, and reconciled, all at once.
func TestOrdersAreFulfilledOnce(t *testing.T) {
	run := func(t *testing.T, first, second *souktest.Shop, orders int) {
		st := newStall(t, first)
		if err := st.Stripe.Hold(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		shops := []*souktest.Shop{first, second}
		ids := make([]string, orders)
		for n := range ids {
			ids[n] = st.order(map[string]int64{"book": 1, "call": 1})
			if _, err := st.Stripe.Pay(t.Context(), st.session(ids[n]), stripe.CardPays, ""); err != nil {
				t.Fatal(err)
			}
		}
		events := map[string][]byte{}
		for _, e := range st.Stripe.Events() {
			for _, id := range ids {
				if e.Type == "checkout.session.completed" && strings.Contains(string(e.Body), id) {
					events[id] = e.Body
				}
			}
		}
		for some := range slices.Chunk(ids, 10) {
			var all sync.WaitGroup
			start := make(chan struct{})
			for _, id := range some {
				for n := range 3 {
					all.Go(func() {
						<-start
						shop := shops[n%2]
						body := edited(t, events[id], map[string]any{"id": fmt.Sprintf("evt_%s_%d", id, n/2)}) // one twice, one anew
						a := whenFree(func() *souktest.Answer {
							return shop.Nobody().For(t).With("Stripe-Signature", st.Stripe.Sign(body, time.Now())).Post("/api/webhooks/stripe/", body)
						})
						if a.Status != 200 {
							t.Errorf("a webhook: %d %s", a.Status, a.Body)
						}
					})
					all.Go(func() {
						<-start
						client := shops[(n+1)%2].Nobody().For(t).With("Authorization", st.ben.Header("Authorization"))
						a := whenFree(func() *souktest.Answer {
							return client.Post("/api/account/orders/"+id+"/confirm/", `{"provider":"stripe"}`)
						})
						if a.Status != 200 {
							t.Errorf("a confirmation: %d %s", a.Status, a.Body)
						}
					})
				}
			}
			all.Go(func() {
				<-start
				if _, err := second.ReconcileStripe(t.Context()); err != nil {
					t.Errorf("the reconciliation: %v", err)
				}
			})
			close(start)
			all.Wait()
		}
		for query, want := range map[string]int64{
			`SELECT count(*) FROM orders WHERE status = 'fulfilled'`:          int64(orders),
			`SELECT count(*) FROM order_events WHERE kind = 'fulfilled'`:      int64(orders),
			`SELECT count(*) FROM transactions WHERE status = 'succeeded'`:    int64(orders),
			`SELECT count(*) FROM download_grants`:                            int64(orders),
			`SELECT count(*) FROM bookings`:                                   int64(orders),
			`SELECT count(*) FROM entitlements`:                               int64(2 * orders),
			`SELECT count(*) FROM notices WHERE kind = 'receipt'`:             int64(orders),
			`SELECT count(*) FROM refunds`:                                    0,
			`SELECT count(*) FROM webhook_events WHERE status <> 'processed'`: 0,
		} {
			if n := st.count(query); n != want {
				t.Errorf("%s: %d, want %d", query, n, want)
			}
		}
		for rule, query := range moneyRules {
			if n := st.count(query); n != 0 {
				t.Errorf("%s: broken %d times", rule, n)
			}
		}
	}
	second := func(t *testing.T, url string, first *souktest.Shop) *souktest.Shop {
		return souktest.New(t, url, "SECRET_KEY="+first.Config.SecretKey.Reveal(), "STRIPE_SECRET_KEY="+first.Stripe.SecretKey(),
			"STRIPE_WEBHOOK_SECRET="+first.Stripe.WebhookSecret(), "STRIPE_API_URL="+first.URL,
			"CLERK_JWKS_URL="+first.URL+"/__clerk/.well-known/jwks.json", "CLERK_JWT_ISSUER="+first.Issuer.URL)
	}
	t.Run("sqlite", func(t *testing.T) {
		orders := 40
		if testing.Short() {
			orders = 10
		}
		s := souktest.New(t, dbtest.SQLite(t))
		run(t, s, s, orders)
	})
	t.Run("postgres", func(t *testing.T) {
		orders := 200
		if testing.Short() {
			orders = 20
		}
		url := dbtest.Postgres(t, dbtest.Empty, "")
		s := souktest.New(t, url)
		run(t, s, second(t, url, s), orders)
	})
}

func TestASigningSecretOfStripeThatIsNoneIsAFaultOfTheConfiguration(t *testing.T) {
	for _, secret := range []string{"whsec_", "whsec_short", "an entirely different text", "whsec_0123456789abcdefghijklmn,whsec_"} {
		cfg, err := config.Load([]string{"STRIPE_SECRET_KEY=sk_test_0123456789abcdefghijklmn", "STRIPE_WEBHOOK_SECRET=" + secret, "DATA_DIR=" + t.TempDir()}, "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := app.New(t.Context(), cfg, app.Options{})
		if err == nil {
			_ = a.Close()
		}
		if fault := new(config.Fault); !errors.As(err, fault) || !strings.Contains(err.Error(), "STRIPE_WEBHOOK_SECRET") || strings.Contains(err.Error(), "short") {
			t.Errorf("%q: %v", secret, err)
		}
	}
}

// What is decided long after it was told of is found by asking, when the webhook is lost.
func TestReconciliationFindsWhatWasDecidedLater(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())).UTC().Truncate(time.Microsecond) }
	s := souktest.NewAt(t, dbtest.SQLite(t), now)
	st := newStall(t, s)
	buy := func(card string) (id, session string) {
		id = st.order(map[string]int64{"book": 1})
		session = st.session(id)
		st.pay(session, card)
		return id, session
	}
	disputed, _ := buy(stripe.CardPays)
	dispute, err := st.Stripe.Dispute(t.Context(), st.Stripe.Payments()[0].ID, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	refunded, _ := buy(stripe.CardPays)
	if err := st.Stripe.RefundsArePending(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	st.seller.Post("/api/seller/orders/"+refunded+"/refund/", nil).Is(200)
	s.Work()
	st.deliver()
	unvisited := st.order(map[string]int64{"book": 1})
	forgotten := st.session(unvisited)
	reconcile := func() {
		t.Helper()
		if tally, err := s.ReconcileStripe(t.Context()); err != nil || !tally.Complete {
			t.Fatalf("%+v, %v", tally, err)
		}
	}
	ahead.Store(int64(20 * time.Hour)) // beyond what is asked for anew, and before the session expires
	reconcile()
	if err := st.Stripe.Hold(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	status := func(id string) string {
		t.Helper()
		status, err := db.One(t.Context(), st.DB, db.Value[string], `SELECT status FROM orders WHERE public_id = $1`, id)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	if status(refunded) != "fulfilled" || status(disputed) != "fulfilled" {
		t.Fatalf("before anything is decided the orders are %s and %s", status(refunded), status(disputed))
	}
	if err := errors.Join(st.Stripe.CloseDispute(t.Context(), dispute, "lost"), st.Stripe.SettleRefund(t.Context(), st.Stripe.Refunds()[0].ID, true)); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Stripe.Pay(t.Context(), forgotten, stripe.CardPays, ""); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(2 * time.Minute))
	reconcile()
	if status(refunded) != "refunded" || status(disputed) != "refunded" || status(unvisited) != "fulfilled" {
		t.Errorf("the orders are %s, %s and %s", status(refunded), status(disputed), status(unvisited))
	}
}

// Whoever hears first of a payment that does not match, somebody must come to look at it.
func TestAPaymentThatDoesNotMatchIsKeptForReviewUntilItIsBack(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		st := newStall(t, s)
		id := st.order(map[string]int64{"book": 1})
		body := st.held(st.session(id), "checkout.session.completed")
		if _, err := st.DB.Exec(t.Context(), `UPDATE orders SET subtotal_cents = 1800, total_cents = 1800 WHERE public_id = $1`, id); err != nil {
			t.Fatal(err)
		}
		reconciled := func(refused int) {
			t.Helper()
			tally, err := s.ReconcileStripe(t.Context())
			if err != nil || !tally.Complete || tally.Unrepaired() != refused || tally.Drifted() != 0 {
				t.Errorf("the reconciliation says %+v, %v; want %d to look at", tally, err, refused)
			}
		}
		confirm := func() {
			t.Helper()
			if code := st.ben.Post("/api/account/orders/"+id+"/confirm/", `{"provider": "stripe"}`).Is(409).Object().Text("code"); code != "payment_pending" {
				t.Error(code)
			}
		}
		confirm()
		reconciled(1)
		if answer := st.webhook(body).Is(200).Object().Text("status"); answer != "ignored" {
			t.Errorf("the webhook is %s", answer)
		}
		events, err := s.Webhooks(t.Context(), "review", 10)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events are in review, %v", len(events), err)
		}
		if status, err := s.ReplayWebhook(t.Context(), events[0].ID); err != nil || status != "ignored" {
			t.Errorf("while the money is here the event is %s, %v", status, err)
		}
		if _, err := st.Stripe.Refund(t.Context(), st.Stripe.Payments()[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		st.webhook(st.event("refund.created")).Is(200)
		if status, err := s.ReplayWebhook(t.Context(), events[0].ID); err != nil || status != "processed" {
			t.Errorf("after the money went back the event is %s, %v", status, err)
		}
		reconciled(0)
		if n := st.count(`SELECT count(*) FROM transactions`); n != 1 || st.status(id) != "pending_payment" || st.given() != 0 {
			t.Errorf("%d payments are written down, the order is %s and gave %d", n, st.status(id), st.given())
		}
	})
}

// A database that is restored from a backup knows nothing of the orders that were made since.
func TestAPaymentForAnOrderThatIsLostIsTold(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	st := newStall(t, s)
	id := st.order(map[string]int64{"book": 1})
	st.held(st.session(id), "checkout.session.completed")
	if _, err := st.DB.Exec(t.Context(), `UPDATE orders SET public_id = '5f1c9f0e-0000-4000-8000-000000000000' WHERE public_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if tally, err := s.ReconcileStripe(t.Context()); err != nil || tally.Unrepaired() != 1 || tally.Drifted() != 0 {
		t.Errorf("%+v, %v", tally, err)
	}
}
