package api_test

import (
	"fmt"
	"sync"
	"testing"

	"souk/internal/db"
	"souk/internal/souktest"
)

// stall is a product that can be bought.
type stall struct{ product, price int64 }

// offer puts up a published product with one price. The fields overwrite the defaults: a digital product for 19.00 USD.
func offer(seller *souktest.Client, product, price souktest.Object) stall {
	with := func(defaults, more souktest.Object) souktest.Object {
		for name, value := range more {
			defaults[name] = value
		}
		return defaults
	}
	p := seller.Post("/api/seller/products/", with(souktest.Object{"name": "Field recordings", "visibility": "published"}, product)).Is(201).Object()
	r := seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", p.ID()),
		with(souktest.Object{"name": "Standard", "amount_cents": 1900, "currency": "USD"}, price)).Is(201).Object()
	return stall{p.ID(), r.ID()}
}

// addFile adds the record of a file to a product.
func addFile(seller *souktest.Client, product int64, title string) int64 {
	return seller.Post(fmt.Sprintf("/api/seller/products/%d/assets/", product),
		souktest.Object{"title": title, "file_path": fmt.Sprintf("%d/%s.zip", product, title)}).Is(201).Object().ID()
}

// place orders n of a price, and gives the path of the order.
func place(buyer *souktest.Client, price, n int64) string {
	created := buyer.Post("/api/account/orders/create/", souktest.Object{"price_id": price, "quantity": n}).Is(201).Object()
	return "/api/account/orders/" + created.Sub("order").Text("public_id") + "/"
}

func pay(buyer *souktest.Client, path string) souktest.Object {
	return buyer.Post(path+"confirm/", `{"provider":"manual"}`).Is(200).Object()
}

// atOnce calls fn n times at once.
func atOnce(n int, fn func(i int)) {
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() { <-start; fn(i) })
	}
	close(start)
	done.Wait()
}

// together sends n requests at once, and counts the answers by status.
func together(n int, send func(i int) *souktest.Answer) map[int]int {
	answers := make([]*souktest.Answer, n)
	atOnce(n, func(i int) { answers[i] = send(i) })
	statuses := map[int]int{}
	for _, a := range answers {
		statuses[a.Status]++
	}
	return statuses
}

func count(t *testing.T, s *souktest.Shop, query string, args ...any) int64 {
	t.Helper()
	n, err := db.One(t.Context(), s.DB, db.Value[int64], query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// stands is true of an item i of an order o whose buyer may use what it gave.
const stands = `o.status = 'fulfilled' AND o.paused_at IS NULL AND i.refunded_quantity < i.quantity`

// checkInvariants holds what must be true of all orders, whatever happened: each query counts the rows that break it.
func checkInvariants(t *testing.T, s *souktest.Shop) {
	t.Helper()
	for rule, query := range map[string]string{
		"I1 a total is the sum of its lines": `SELECT count(*) FROM orders o WHERE o.total_cents <> o.subtotal_cents + o.tax_cents OR o.subtotal_cents <>
			(SELECT coalesce(sum(i.unit_amount_cents * i.quantity), -1) FROM order_items i WHERE i.order_id = o.id)`,
		"I2 a paid order has one payment in full, an unpaid one none": `SELECT count(*) FROM orders o WHERE
			(SELECT count(*) FROM transactions x WHERE x.order_id = o.id AND x.status = 'succeeded' AND NOT x.extra AND x.amount_cents = o.total_cents AND x.currency = o.currency)
			<> (CASE WHEN o.status IN ('paid', 'fulfilled') THEN 1 ELSE 0 END)`,
		"I2 and no other payment": `SELECT count(*) FROM transactions x JOIN orders o ON o.id = x.order_id
			WHERE x.status = 'succeeded' AND NOT x.extra AND (x.amount_cents <> o.total_cents OR x.currency <> o.currency)`,
		"nobody sees a paid order that is not fulfilled": `SELECT count(*) FROM orders WHERE status = 'paid' OR (status = 'fulfilled' AND fulfilled_at IS NULL)`,
		"I3 a purchase entitlement has a paid order": `SELECT count(*) FROM entitlements e WHERE e.source_type = 'purchase' AND e.is_active AND NOT EXISTS
			(SELECT 1 FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.public_id = e.source_reference AND o.customer_id = e.customer_id
				AND ` + stands + ` AND i.feature_keys LIKE '%"' || e.feature_key || '"%')`,
		"I3 a paid order of a product with one key has its entitlement": `SELECT count(*) FROM orders o JOIN order_items i ON i.order_id = o.id
			WHERE ` + stands + ` AND i.feature_keys <> '[]' AND NOT EXISTS (SELECT 1 FROM entitlements e
				WHERE (e.is_active OR i.billing_period <> 'one_time') AND e.source_reference = o.public_id AND e.customer_id = o.customer_id AND i.feature_keys LIKE '%"' || e.feature_key || '"%')`,
		"I3 a grant has a paid order of that buyer": `SELECT count(*) FROM download_grants g JOIN order_items i ON i.id = g.order_item_id
			JOIN orders o ON o.id = i.order_id WHERE g.is_active <> (` + stands + `) OR o.customer_id <> g.customer_id OR i.product_type <> 'digital'`,
		"I3 a buyer has each active file": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN assets a ON a.product_id = i.product_id
			WHERE ` + stands + ` AND i.product_type = 'digital' AND i.download_days IS NULL AND a.is_active
				AND NOT EXISTS (SELECT 1 FROM download_grants g WHERE g.order_item_id = i.id AND g.asset_id = a.id)`,
		"I3 a paid service has a session for each unit": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.product_type = 'service'
			AND (SELECT count(*) FROM bookings b WHERE b.order_item_id = i.id) <> (CASE WHEN o.status IN ('fulfilled', 'refunded') THEN i.quantity ELSE 0 END)`,
		"I3 no more sessions than stand": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.product_type = 'service'
			AND EXISTS (SELECT 1 FROM bookings b WHERE b.order_item_id = i.id AND b.status IN ('requested', 'confirmed'))
			AND (SELECT count(*) FROM bookings b WHERE b.order_item_id = i.id AND b.status <> 'canceled')
				> (CASE WHEN o.status = 'fulfilled' THEN i.quantity - i.refunded_quantity ELSE 0 END)`,
		"I3 a paid recurring item has a subscription": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.billing_period <> 'one_time'
			AND (SELECT count(*) FROM subscriptions b WHERE b.order_item_id = i.id) <> (CASE WHEN o.status IN ('fulfilled', 'refunded') THEN 1 ELSE 0 END)`,
		"I4 no more downloads than bought": `SELECT count(*) FROM download_grants WHERE download_count < 0 OR download_count > max_downloads`,
		"I6 a step of an order happened once": `SELECT count(*) FROM (SELECT order_id FROM order_events
			WHERE kind IN ('created', 'paid', 'fulfilled', 'canceled') GROUP BY order_id, kind HAVING count(*) > 1) twice`,
		"I6 the timeline tells the status": `SELECT count(*) FROM orders o WHERE o.status IN ('fulfilled', 'canceled')
			AND NOT EXISTS (SELECT 1 FROM order_events e WHERE e.order_id = o.id AND e.kind = o.status)`,
		"I8 an order's products are its seller's": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
			JOIN prices r ON r.id = i.price_id WHERE p.seller_id <> o.seller_id OR r.product_id <> p.id`,
		"I8 a session is its order's": `SELECT count(*) FROM bookings b JOIN order_items i ON i.id = b.order_item_id JOIN orders o ON o.id = i.order_id
			WHERE b.customer_id <> o.customer_id OR b.seller_id <> o.seller_id`,
		"I8 a subscription is its order's": `SELECT count(*) FROM subscriptions b JOIN order_items i ON i.id = b.order_item_id JOIN orders o ON o.id = i.order_id
			WHERE b.customer_id <> o.customer_id OR b.product_id <> i.product_id`,
	} {
		if n := count(t, s, query); n != 0 {
			t.Errorf("%s: broken %d times", rule, n)
		}
	}
}
