package notice_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/devcloud/mailbox"
	"souk/internal/devcloud/stripe"
	"souk/internal/notice"
	"souk/internal/souktest"
)

// since gives the mails that were sent since it was called last, as "recipient: subject", sorted, and by that line. Webhooks that wait
// come first.
func (w *world) since() (lines []string, by map[string]mailbox.Mail) {
	w.t.Helper()
	for range 2 { // what the jobs ask of Stripe causes webhooks
		if err := w.Stripe.Drain(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.Work()
	}
	by = map[string]mailbox.Mail{}
	mails := w.Mails()
	for _, m := range mails[w.seen:] {
		line := m.To + ": " + m.Subject
		lines, by[line] = append(lines, line), m
	}
	w.seen = len(mails)
	slices.Sort(lines)
	return lines, by
}

// told fails unless exactly these mails were sent since the last ones, and gives them.
func (w *world) told(want ...string) map[string]mailbox.Mail {
	w.t.Helper()
	lines, by := w.since()
	slices.Sort(want)
	if !slices.Equal(lines, want) {
		w.t.Fatalf("mailed\n %s\nwant\n %s", strings.Join(lines, "\n "), strings.Join(want, "\n "))
	}
	return by
}

// session opens an order's page to pay, and gives the session at Stripe's stand-in.
func (w *world) session(publicID string) string {
	w.t.Helper()
	to := w.Nobody().Get("/checkout/" + publicID + "/").Is(http.StatusSeeOther).Header.Get("Location")
	return to[strings.LastIndex(to, "/")+1:]
}

func (w *world) pay(session, card string) {
	w.t.Helper()
	if _, err := w.Stripe.Pay(w.t.Context(), session, card, ""); err != nil {
		w.t.Fatal(err)
	}
}

func TestMoneyThatMovesIsMailed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		product, price := w.product(souktest.Object{"feature_keys": []string{"notes"}}, 1000, "USD")
		w.asset(product, "The book")
		_, call := w.product(souktest.Object{"name": "An hour", "product_type": "service"}, 5000, "USD")
		id := w.buyer.Post("/api/account/orders/create/", souktest.Object{"items": []souktest.Object{
			{"price_id": price, "quantity": 3}, {"price_id": call, "quantity": 1}}}).Is(http.StatusCreated).Object().Sub("order").Text("public_id")
		w.told()
		session := w.session(id)
		w.pay(session, stripe.CardDeclined)
		w.told()
		w.pay(session, stripe.CardPays)
		bought := w.told("buyer@example.test: Your receipt for Field notes and 1 more", "seller@example.test: You sold Field notes and 1 more for 80.00 USD")
		w.has(bought["buyer@example.test: Your receipt for Field notes and 1 more"], "Your sessions: choose a time at "+w.URL+"/account/bookings")

		// The seller gives one line back, in part.
		sale := w.seller.Get("/api/seller/orders/" + id + "/").Is(http.StatusOK).Object()
		w.seller.Post("/api/seller/orders/"+id+"/refund/", souktest.Object{
			"items": []souktest.Object{{"order_item": sale.Subs("items")[0].ID(), "quantity": 2}}, "reason": "Not\r\nfinished"}).Is(http.StatusOK)
		by := w.told("buyer@example.test: Your refund of 20.00 USD")
		w.has(by["buyer@example.test: Your refund of 20.00 USD"], "20.00 USD of this order goes back to you, the way that you paid", "> Not\n> finished",
			"- 2 x Field notes (One)", "What else you ordered stays yours")

		// Somebody gives back an amount at Stripe: the seller hears of it, too.
		payment := w.Stripe.Payments()[0].ID
		if _, err := w.Stripe.Refund(t.Context(), payment, 500); err != nil {
			t.Fatal(err)
		}
		by = w.told("buyer@example.test: Your refund of 5.00 USD", "seller@example.test: 5.00 USD of an order went back to its buyer")
		w.has(by["buyer@example.test: Your refund of 5.00 USD"], "You keep what you ordered")

		dispute, err := w.Stripe.Dispute(t.Context(), payment, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		by = w.told("seller@example.test: A payment of 55.00 USD is disputed")
		w.has(by["seller@example.test: A payment of 55.00 USD is disputed"], "The bank's reason: fraudulent", "Order "+id)
		if err := w.Stripe.CloseDispute(t.Context(), dispute, "won"); err != nil {
			t.Fatal(err)
		}
		w.told("seller@example.test: You won the dispute about 55.00 USD")

		w.seller.Post("/api/seller/orders/"+id+"/refund/", nil).Is(http.StatusOK)
		by = w.told("buyer@example.test: Your refund of 55.00 USD")
		w.has(by["buyer@example.test: Your refund of 55.00 USD"], "With that the whole order is taken back")
	})
}

func TestPaymentsThatComeTooLateOrNeverAreMailed(t *testing.T) {
	w := in(t, souktest.New(t, dbtest.SQLite(t)))
	_, price := w.product(nil, 1000, "JPY")
	late := w.order(price, 1)
	session := w.session(late)
	w.buyer.Post("/api/account/orders/"+late+"/cancel/", nil).Is(http.StatusOK)
	w.pay(session, stripe.CardPays)
	by := w.told("buyer@example.test: Your payment of 1,000 JPY goes back to you", "seller@example.test: A payment of 1,000 JPY goes back to its buyer")
	w.has(by["buyer@example.test: Your payment of 1,000 JPY goes back to you"], "when the order below was canceled already")
	w.has(by["seller@example.test: A payment of 1,000 JPY goes back to its buyer"], "Nothing was handed over")

	slow := w.order(price, 2)
	session = w.session(slow)
	w.pay(session, stripe.BankFails)
	if err := w.Stripe.Settle(t.Context(), session, false); err != nil {
		t.Fatal(err)
	}
	by = w.told("buyer@example.test: Your payment for Field notes did not go through")
	w.has(by["buyer@example.test: Your payment for Field notes did not go through"], "Your payment of 2,000 JPY", "You can pay again, also in another way: "+w.URL+"/checkout/"+slow+"/")
}

// A refund of what was paid by hand is told with who pays it back.
func TestARefundByHandSaysSo(t *testing.T) {
	w := in(t, souktest.New(t, dbtest.SQLite(t)))
	w.seller.Get("/api/me/").Is(http.StatusOK)
	_, price := w.product(nil, 1000, "USD")
	id := w.order(price, 1)
	w.confirm(id)
	w.since()
	w.seller.Post("/api/seller/orders/"+id+"/refund/", nil).Is(http.StatusOK)
	by := w.told("buyer@example.test: Your refund of 10.00 USD")
	w.has(by["buyer@example.test: Your refund of 10.00 USD"], "The seller pays it back the way that you paid", "With that the whole order is taken back")
}

func TestBookingsAreMailedToTheOtherSide(t *testing.T) {
	eachClocked(t, func(t *testing.T, w *clocked) {
		product, price := w.product(souktest.Object{"name": "An hour", "product_type": "service"}, 0, "USD")
		offer := w.seller.Do(http.MethodPut, fmt.Sprintf("/api/seller/products/%d/service-offer/", product), souktest.Object{"session_minutes": 60}).Is(http.StatusOK).Object().ID()
		w.order(price, 2)
		w.since()
		item := w.buyer.Get("/api/account/orders/").Is(http.StatusOK).List()[0].Subs("items")[0].ID()
		at := w.now().Truncate(24 * time.Hour).Add((3*24 + 9) * time.Hour) // at nine, whatever time it is now: sessions over midnight read otherwise
		when := func(at time.Time) string {
			return at.Format("Monday, 2 January 2006, 15:04") + " to " + at.Add(time.Hour).Format("15:04 UTC")
		}
		book := func(body souktest.Object) int64 {
			t.Helper()
			return w.buyer.Post("/api/account/bookings/", body).Is(http.StatusCreated).Object().ID()
		}
		const asks = "seller@example.test: A booking of An hour waits for your answer"
		one := book(souktest.Object{"service_offer": offer, "order_item": item, "scheduled_start": at, "customer_notes": "First\nsecond"})
		by := w.told(asks)
		w.has(by[asks], "The Buyer asks for a session of An hour. It is paid.", "When: "+when(at), "> First\n> second", "buyer@example.test")
		if !strings.Contains(by[asks].Source, `Reply-To: "The Buyer" <buyer@example.test>`) {
			t.Errorf("answers go elsewhere: %s", by[asks].Source)
		}
		buyers, sellers := fmt.Sprintf("/api/account/bookings/%d/", one), fmt.Sprintf("/api/seller/bookings/%d/", one)
		w.at.Add(time.Second.Microseconds()) // so that each change is another one
		w.buyer.Patch(buyers, souktest.Object{"customer_notes": "other notes"}).Is(http.StatusOK)
		w.told()
		w.at.Add(time.Second.Microseconds())
		at = at.Add(time.Hour)
		w.buyer.Patch(buyers, souktest.Object{"scheduled_start": at}).Is(http.StatusOK)
		w.has(w.told(asks)[asks], "When: "+when(at))

		const confirmed, changed = "buyer@example.test: Your booking of An hour is confirmed", "buyer@example.test: Your booking of An hour has changed"
		w.seller.Patch(sellers, souktest.Object{"status": "confirmed"}).Is(http.StatusOK)
		w.has(w.told(confirmed)[confirmed], "When: "+when(at), "Where: the seller will tell you")
		w.at.Add(time.Second.Microseconds())
		w.seller.Patch(sellers, souktest.Object{"meeting_url": "https://meet.example.test/1", "internal_notes": "mine"}).Is(http.StatusOK)
		w.has(w.told(changed)[changed], "Where: https://meet.example.test/1")
		w.at.Add(time.Second.Microseconds())
		w.seller.Patch(sellers, souktest.Object{"internal_notes": "mine alone"}).Is(http.StatusOK)
		w.told()
		w.seller.Patch(sellers, souktest.Object{"status": "canceled"}).Is(http.StatusOK)
		const canceled = "buyer@example.test: Your booking of An hour was canceled"
		w.has(w.told(canceled)[canceled], "The seller canceled", when(at), "The session is still yours")

		two := book(souktest.Object{"service_offer": offer, "order_item": item, "scheduled_start": at})
		w.told(asks)
		w.buyer.Post(fmt.Sprintf("/api/account/bookings/%d/cancel/", two), nil).Is(http.StatusOK)
		const free = "seller@example.test: A booking of An hour was canceled"
		w.has(w.told(free)[free], "The Buyer canceled a session of An hour. Your time is free again.")

		question := book(souktest.Object{"service_offer": offer})
		w.has(w.told(asks)[asks], "It is not paid: this is a question.", "No time was named.")
		w.buyer.Post(fmt.Sprintf("/api/account/bookings/%d/cancel/", question), nil).Is(http.StatusOK)
		w.told(free)

		// What is overtaken before it could be mailed is not told.
		w.Mailbox.Refuse(1, 451)
		three := book(souktest.Object{"service_offer": offer, "order_item": item, "scheduled_start": at})
		w.told()
		w.seller.Patch(fmt.Sprintf("/api/seller/bookings/%d/", three), souktest.Object{"status": "confirmed"}).Is(http.StatusOK)
		w.told(confirmed)
		w.at.Add(time.Minute.Microseconds())
		w.told()

		// A refund cancels what has a time, and tells both; a session without one is in the refund's mail.
		w.seller.Post("/api/seller/orders/"+w.buyer.Get("/api/account/orders/").List()[0].Text("public_id")+"/refund/", nil).Is(http.StatusOK)
		by = w.told("buyer@example.test: Your order of An hour was taken back", canceled, free)
		w.has(by[canceled], "because what you paid for it was refunded")
		w.has(by[free], "because what was paid for it was refunded")
	})
}

func (w *world) upload(asset int64, content string) {
	w.t.Helper()
	w.seller.With("Content-Type", "application/octet-stream").Do(http.MethodPut, fmt.Sprintf("/api/seller/assets/%d/content/", asset), content).Is(http.StatusOK)
}

func TestBuyersHearOfNewFiles(t *testing.T) {
	eachClocked(t, func(t *testing.T, w *clocked) {
		product, price := w.product(souktest.Object{"max_downloads": 1}, 0, "USD")
		book := w.asset(product, "The book")
		w.upload(book, "first")
		w.at.Add(time.Second.Microseconds())
		w.order(price, 1)
		w.order(price, 1) // bought twice, told once
		w.since()
		w.Work()
		w.later(2 * time.Minute)
		w.told() // what was there when it was bought is no news

		const news = "buyer@example.test: New for you: The book"
		w.upload(book, "second")
		w.later(30 * time.Second)
		w.told() // others may follow
		w.upload(book, "second")
		w.later(time.Minute)
		w.has(w.told(news)[news], "- The book, of Field notes (1 download)", w.URL+"/account/downloads")
		w.later(10 * time.Minute)
		w.told()

		// Several at once are one mail; one that was replaced meanwhile is told as it is in the end.
		w.upload(book, "third, with a mistake")
		w.Work()
		w.upload(book, "third")
		w.seller.Patch(fmt.Sprintf("/api/seller/assets/%d/", book), souktest.Object{"version_label": "third edition"}).Is(http.StatusOK)
		w.upload(w.asset(product, "The index"), "words")
		hidden := w.asset(product, "Hidden")
		w.upload(hidden, "not yet")
		w.seller.Patch(fmt.Sprintf("/api/seller/assets/%d/", hidden), souktest.Object{"is_active": false}).Is(http.StatusOK)
		w.Work()
		w.later(2 * time.Minute)
		const both = "buyer@example.test: New for you: 2 files"
		w.has(w.told(both)[both], "- The book, third edition, of Field notes (1 download)", "- The index, of Field notes (1 download)")

		// Whoever has used up the downloads, or has the money back, is not told.
		for _, grant := range w.buyer.Get("/api/account/downloads/").List() {
			if grant.Text("asset_title") == "The book" {
				w.buyer.Post("/api/account/downloads/"+grant.Text("token")+"/access/", nil).Is(http.StatusOK)
			}
		}
		w.upload(book, "fourth")
		w.Work()
		w.later(2 * time.Minute)
		w.told()
		for _, o := range w.buyer.Get("/api/account/orders/").List() {
			w.seller.Post("/api/seller/orders/"+o.Text("public_id")+"/refund/", nil).Is(http.StatusOK)
		}
		w.since()
		w.upload(w.asset(product, "The map"), "roads")
		w.Work()
		w.later(2 * time.Minute)
		w.told()
	})
}

// Many past buyers are told in portions, each once.
func TestAllBuyersHearOfANewFile(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	product, price := w.product(nil, 0, "USD")
	book := w.asset(product, "The book")
	const buyers = 105 // 100 in one portion
	w.order(price, 1)
	w.exec(fmt.Sprintf(`
		INSERT INTO profiles (clerk_user_id, email, created_at, updated_at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT 'many' || i, 'many' || i || '@example.test', 1, 1 FROM n`, buyers-1))
	w.exec(`INSERT INTO customers (profile_id, created_at, updated_at) SELECT id, 1, 1 FROM profiles WHERE clerk_user_id LIKE 'many%'`)
	w.exec(`
		INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, paid_at, fulfilled_at, created_at, updated_at)
			SELECT 'many' || c.id, c.id, o.seller_id, o.status, o.currency, 0, 0, o.provider, o.paid_at, o.fulfilled_at, 1, 1
			FROM orders o, customers c JOIN profiles p ON p.id = c.profile_id WHERE p.clerk_user_id LIKE 'many%'`)
	w.exec(`
		INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot, billing_period, quantity,
				unit_amount_cents, total_amount_cents, created_at, updated_at)
			SELECT o.id, i.product_id, i.price_id, i.product_slug, i.product_type, i.product_name_snapshot, i.price_name_snapshot, i.billing_period, 1, 0, 0, 1, 1
			FROM order_items i, orders o WHERE o.public_id LIKE 'many%'`)
	w.exec(`
		INSERT INTO download_grants (token, customer_id, asset_id, order_item_id, created_at, updated_at)
			SELECT 'many' || i.id, o.customer_id, (SELECT id FROM assets), i.id, 1, 1 FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.public_id LIKE 'many%'`)
	w.upload(book, "first")
	w.Work()
	if n := w.count(`SELECT count(DISTINCT profile_id) FROM notices WHERE kind = $1`, notice.NewFile); n != buyers {
		t.Errorf("%d buyers are told, want %d", n, buyers)
	}
	if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'announce_file' AND state = 'completed'`); n != 2 {
		t.Errorf("told in %d portions", n)
	}
}
