package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

func sha256Base64(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// checkInvariants holds what must be true of all orders, whatever happened: each query counts the rows that break it.
func checkInvariants(t *testing.T, s *souktest.Shop) {
	t.Helper()
	for rule, query := range map[string]string{
		"I1 a total is the sum of its lines": `SELECT count(*) FROM orders o WHERE o.total_cents <> o.subtotal_cents + o.tax_cents OR o.subtotal_cents <>
			(SELECT coalesce(sum(i.unit_amount_cents * i.quantity), -1) FROM order_items i WHERE i.order_id = o.id)`,
		"I2 a paid order has one payment in full, an unpaid one none": `SELECT count(*) FROM orders o WHERE
			(SELECT count(*) FROM transactions x WHERE x.order_id = o.id AND x.status = 'succeeded' AND x.amount_cents = o.total_cents AND x.currency = o.currency)
			<> (CASE WHEN o.status IN ('paid', 'fulfilled') THEN 1 ELSE 0 END)`,
		"I2 and no other payment": `SELECT count(*) FROM transactions x JOIN orders o ON o.id = x.order_id
			WHERE x.status = 'succeeded' AND (x.amount_cents <> o.total_cents OR x.currency <> o.currency)`,
		"nobody sees a paid order that is not fulfilled": `SELECT count(*) FROM orders WHERE status = 'paid' OR (status = 'fulfilled' AND fulfilled_at IS NULL)`,
		"I3 a purchase entitlement has a paid order": `SELECT count(*) FROM entitlements e WHERE e.source_type = 'purchase' AND e.is_active AND NOT EXISTS
			(SELECT 1 FROM orders o WHERE o.public_id = e.source_reference AND o.status = 'fulfilled' AND o.customer_id = e.customer_id)`,
		"I3 a paid order of a product with one key has its entitlement": `SELECT count(*) FROM orders o JOIN order_items i ON i.order_id = o.id
			WHERE o.status = 'fulfilled' AND i.feature_keys <> '[]' AND NOT EXISTS (SELECT 1 FROM entitlements e
				WHERE e.source_reference = o.public_id AND e.customer_id = o.customer_id AND i.feature_keys LIKE '%"' || e.feature_key || '"%')`,
		"I3 a grant has a paid order of that buyer": `SELECT count(*) FROM download_grants g JOIN order_items i ON i.id = g.order_item_id
			JOIN orders o ON o.id = i.order_id WHERE o.status <> 'fulfilled' OR o.customer_id <> g.customer_id OR i.product_type <> 'digital'`,
		"I3 a buyer has each active file": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN assets a ON a.product_id = i.product_id
			WHERE o.status = 'fulfilled' AND i.product_type = 'digital' AND i.download_days IS NULL AND a.is_active
				AND NOT EXISTS (SELECT 1 FROM download_grants g WHERE g.order_item_id = i.id AND g.asset_id = a.id)`,
		"I3 a paid service has a session for each unit": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.product_type = 'service'
			AND (SELECT count(*) FROM bookings b WHERE b.order_item_id = i.id) <> (CASE WHEN o.status = 'fulfilled' THEN i.quantity ELSE 0 END)`,
		"I3 a paid recurring item has a subscription": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.billing_period <> 'one_time'
			AND (SELECT count(*) FROM subscriptions b WHERE b.order_item_id = i.id) <> (CASE WHEN o.status = 'fulfilled' THEN 1 ELSE 0 END)`,
		"I4 no more downloads than bought":    `SELECT count(*) FROM download_grants WHERE download_count < 0 OR download_count > max_downloads`,
		"I6 a step of an order happened once": `SELECT count(*) FROM (SELECT order_id FROM order_events GROUP BY order_id, kind HAVING count(*) > 1) twice`,
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

func TestADigitalProductFromCartToDownloads(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"feature_keys": []string{"AI Coach", "pro"}, "max_downloads": 2, "download_days": 30}, nil)
		addFile(ana, p.product, "day")
		addFile(ana, p.product, "night")

		created := ben.Post("/api/account/orders/create/", souktest.Object{"price_id": p.price, "quantity": 3, "notes": "  For my sister. "}).Is(201).Object()
		o := created.Sub("order")
		path := "/api/account/orders/" + o.Text("public_id") + "/"
		item := o.Subs("items")[0]
		if o.Text("status") != "pending_payment" || o.Text("currency") != "USD" || o.Int("subtotal_cents") != 5700 || o.Int("tax_cents") != 0 ||
			o.Int("total_cents") != 5700 || o.Text("notes") != "For my sister." || o["paid_at"] != nil || o["fulfilled_at"] != nil || len(o.Subs("items")) != 1 {
			t.Errorf("order %v", o)
		}
		if item.Int("product") != p.product || item.Int("price") != p.price || item.Int("quantity") != 3 || item.Int("unit_amount_cents") != 1900 ||
			item.Int("total_amount_cents") != 5700 || item.Text("product_name_snapshot") != "Field recordings" || item.Text("price_name_snapshot") != "Standard" ||
			item.Text("product_slug") != "field-recordings" || item.Text("product_type") != "digital" {
			t.Errorf("item %v", item)
		}
		checkout := created.Sub("checkout")
		if checkout.Text("provider") != "manual" || checkout.Text("checkout_url") != s.URL+"/checkout/"+o.Text("public_id")+"/" {
			t.Errorf("checkout %v", checkout)
		}
		if n := len(ben.Get("/api/account/downloads/").List()) + len(ben.Get("/api/account/entitlements/").List()); n != 0 {
			t.Errorf("%d things were given before payment", n)
		}

		paid := pay(ben, path)
		if paid["already_confirmed"] != false || paid.Sub("order").Text("status") != "fulfilled" || paid.Sub("order").Text("paid_at") == "" ||
			paid.Sub("order").Text("fulfilled_at") == "" {
			t.Errorf("paid %v", paid)
		}
		if again := pay(ben, path); again["already_confirmed"] != true || again.Sub("order").Text("status") != "fulfilled" {
			t.Errorf("again %v", again)
		}
		ben.Post(path+"cancel/", nil).Is(409)
		fulfilled, err := time.Parse(time.RFC3339, ben.Get(path).Is(200).Object().Text("fulfilled_at"))
		if err != nil {
			t.Fatal(err)
		}
		grants := ben.Get("/api/account/downloads/").Is(200).List()
		if len(grants) != 2 {
			t.Fatalf("%d grants, want 2", len(grants))
		}
		for _, g := range grants {
			if g.Int("max_downloads") != 6 || g.Int("download_count") != 0 || g["can_download"] != true || len(g.Text("token")) != 43 ||
				g.Text("expires_at") != fulfilled.AddDate(0, 0, 30).Format(time.RFC3339) || g.Int("order_item") != item.ID() ||
				g.Text("product_name") != "Field recordings" {
				t.Errorf("grant %v", g)
			}
		}
		var keys []string
		for _, e := range ben.Get("/api/account/entitlements/").Is(200).List() {
			keys = append(keys, e.Text("feature_key"))
			if e.Text("source_type") != "purchase" || e.Text("source_reference") != o.Text("public_id") || e["is_current"] != true {
				t.Errorf("entitlement %v", e)
			}
		}
		if slices.Sort(keys); strings.Join(keys, " ") != "ai_coach pro" {
			t.Errorf("entitlements %v", keys)
		}
		if f := ben.Get("/api/billing/features/?feature=AI_Coach").Is(200).Object(); f["enabled"] != true {
			t.Errorf("feature %v", f)
		}
		if tier := ben.Get("/api/profile/").Is(200).Object().Text("plan_tier"); tier != "pro" {
			t.Errorf("plan tier %s", tier)
		}
		sale := ana.Get("/api/seller/orders/" + o.Text("public_id") + "/").Is(200).Object()
		var steps []string
		for _, e := range sale.Subs("timeline") {
			steps = append(steps, e.Text("kind")+" "+e.Text("actor"))
		}
		if sale.Sub("buyer").Text("email") != "ben@example.test" || strings.Join(steps, ", ") != "created buyer, paid manual, fulfilled system" {
			t.Errorf("sale %v, %v", sale.Sub("buyer"), steps)
		}
		checkInvariants(t, s)
	})
}

func TestEntitlementsThatEndedAreShownOnRequest(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"feature_keys": []string{"pro", "coach", "later", "off"}}, nil)
		pay(ben, place(ben, p.price, 1))
		now := time.Now()
		for key, change := range map[string]string{"coach": "ends_at = $1", "later": "starts_at = $1 + 3600000000", "off": "is_active = FALSE, updated_at = $1"} {
			if _, err := s.DB.Exec(t.Context(), `UPDATE entitlements SET `+change+` WHERE feature_key = $2`, now, key); err != nil {
				t.Fatal(err)
			}
		}
		if list := ben.Get("/api/account/entitlements/").Is(200).List(); len(list) != 1 || list[0].Text("feature_key") != "pro" {
			t.Errorf("current: %v", list)
		}
		all := ben.Get("/api/account/entitlements/?current=false").Is(200).List()
		if len(all) != 4 {
			t.Errorf("all: %v", all)
		}
		for _, e := range all {
			if e["is_current"] != (e.Text("feature_key") == "pro") {
				t.Errorf("is_current of %v", e)
			}
		}
		if f := ben.Get("/api/billing/features/").Is(200).Object(); fmt.Sprint(f["enabled_features"]) != "[pro]" {
			t.Errorf("features %v", f)
		}
	})
}

func TestAnOrderOfZeroIsFulfilledAtOnce(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, nil, souktest.Object{"amount_cents": 0})
		addFile(ana, p.product, "day")
		o := ben.Post("/api/account/orders/create/", souktest.Object{"price_id": p.price}).Is(201).Object().Sub("order")
		if o.Text("status") != "fulfilled" || o.Text("paid_at") == "" || o.Text("fulfilled_at") == "" {
			t.Errorf("order %v", o)
		}
		if n := len(ben.Get("/api/account/downloads/").List()); n != 1 {
			t.Errorf("%d grants", n)
		}
		if got := ben.Get("/api/account/orders/" + o.Text("public_id") + "/").Is(200).Object(); fmt.Sprint(got) != fmt.Sprint(o) {
			t.Errorf("read again: %v, created: %v", got, o)
		}
		checkInvariants(t, s)
	})
}

func TestSubscriptions(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"name": "A sound a week"}, souktest.Object{"name": "Monthly", "billing_period": "monthly", "amount_cents": 900, "clerk_plan_id": "cplan_1"})
		first, second := place(ben, p.price, 1), place(ben, p.price, 1) // both wait
		pay(ben, first)
		list := ben.Get("/api/account/subscriptions/").Is(200).List()
		if len(list) != 1 {
			t.Fatalf("subscriptions %v", list)
		}
		sub := list[0]
		start, _ := time.Parse(time.RFC3339, sub.Text("current_period_start"))
		end, _ := time.Parse(time.RFC3339, sub.Text("current_period_end"))
		if sub.Text("status") != "active" || sub.Int("product") != p.product || sub.Text("product_name") != "A sound a week" || sub.Int("price") != p.price ||
			sub.Sub("price_summary").Text("amount") != "9.00" || sub["cancel_at_period_end"] != false || end.Sub(start) < 28*24*time.Hour || end.Sub(start) > 31*24*time.Hour {
			t.Errorf("subscription %v", sub)
		}
		for name, answer := range map[string]*souktest.Answer{
			"a further order":    ben.Post("/api/account/orders/create/", souktest.Object{"price_id": p.price}),
			"the one that waits": ben.Post(second+"confirm/", `{"provider":"manual"}`),
		} {
			if code := answer.Is(409).Object().Text("code"); code != "already_subscribed" {
				t.Errorf("%s: %s", name, code)
			}
		}
		if status := ben.Get(second).Is(200).Object().Text("status"); status != "pending_payment" {
			t.Errorf("the second order is %s", status)
		}
		checkInvariants(t, s)
	})
}

func TestAServiceGivesASessionForEachUnit(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"product_type": "service"}, nil)
		ana.Do("PUT", fmt.Sprintf("/api/seller/products/%d/service-offer/", p.product), `{"session_minutes":45}`)
		addFile(ana, p.product, "handout")
		pay(ben, place(ben, p.price, 2))
		if n := len(ben.Get("/api/account/bookings/").Is(200).List()); n != 2 {
			t.Errorf("%d bookings", n)
		}
		if n := len(ben.Get("/api/account/downloads/").Is(200).List()); n != 0 {
			t.Errorf("%d grants of a service", n)
		}
		checkInvariants(t, s)
	})
}

func TestWhatWasBoughtSurvivesLaterChanges(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"feature_keys": []string{"pro"}, "max_downloads": 2, "download_days": 10}, nil)
		addFile(ana, p.product, "day")
		path := place(ben, p.price, 1)
		before := ben.Get(path).Is(200)
		product := fmt.Sprintf("/api/seller/products/%d/", p.product)
		ana.Patch(product, `{"name":"Other","slug":"other","feature_keys":["less"],"max_downloads":1,"download_days":1,"visibility":"draft"}`).Is(200)
		ana.Patch(fmt.Sprintf("/api/seller/prices/%d/", p.price), `{"name":"Dear","amount_cents":9900,"is_active":false}`).Is(200)
		ana.Do("DELETE", product, nil).Is(204)
		if after := ben.Get(path).Is(200); string(after.Body) != string(before.Body) {
			t.Errorf("the order became %s, was %s", after.Body, before.Body)
		}
		pay(ben, path)
		g := ben.Get("/api/account/downloads/").List()[0]
		if g.Int("max_downloads") != 2 || g.Text("product_name") != "Field recordings" {
			t.Errorf("grant %v", g)
		}
		if e := ben.Get("/api/account/entitlements/").List()[0]; e.Text("feature_key") != "pro" {
			t.Errorf("entitlement %v", e)
		}
		if n := count(t, s, `SELECT amount_cents FROM transactions`); n != 1900 {
			t.Errorf("%d cents were paid", n)
		}
		checkInvariants(t, s)
	})
}

func TestCartsThatAreRefused(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, cem, ben := s.As("ana@example.test"), s.As("cem@example.test"), s.As("ben@example.test")
		usd := offer(ana, nil, nil)
		eur := offer(ana, nil, souktest.Object{"currency": "EUR"})
		dear := offer(ana, nil, souktest.Object{"amount_cents": 99_999_999})
		monthly := offer(ana, nil, souktest.Object{"billing_period": "monthly"})
		cems := offer(cem, nil, nil)
		draft := offer(ana, souktest.Object{"visibility": "draft"}, nil)
		archived := offer(ana, souktest.Object{"visibility": "archived"}, nil)
		inactive := offer(ana, nil, souktest.Object{"is_active": false})

		one := func(price int64, more string) string { return fmt.Sprintf(`{"price_id":%d%s}`, price, more) }
		two := func(a, b int64) string { return fmt.Sprintf(`{"items":[{"price_id":%d},{"price_id":%d}]}`, a, b) }
		for body, field := range map[string]string{
			`{}`:                            "body.price_id",
			`{"price_id":null}`:             "body.price_id",
			`{"price_id":"1"}`:              "body.price_id",
			`{"price_id":0}`:                "body.price_id",
			`{"items":[]}`:                  "body.items",
			`{"items":null}`:                "body.items",
			`{"items":[{"quantity":1}]}`:    "body.items[0]",
			`{"quantity":1}`:                "body.price_id",
			one(usd.price, `,"quantity":0`): "body.quantity", one(usd.price, `,"quantity":-1`): "body.quantity",
			one(usd.price, `,"quantity":1.5`): "body.quantity", one(usd.price, `,"quantity":"1"`): "body.quantity",
			one(usd.price, `,"quantity":null`): "body.quantity", one(usd.price, `,"quantity":1e3`): "body.quantity",
			one(usd.price, `,"quantity":100`): "body.quantity", one(usd.price, `,"quantity":9223372036854775807`): "body.quantity",
			one(usd.price, `,"price_cents":1`): "body.price_cents", one(usd.price, `,"owner_id":1`): "body.owner_id",
			one(usd.price, `,"role":"admin"`): "body.role", one(usd.price, `,"used":1`): "body.used", one(usd.price, `,"limit":9`): "body.limit",
			one(usd.price, `,"items":[{"price_id":1}]`):                                 "body.items",
			one(usd.price, `,"notes":"`+strings.Repeat("n", 5001)+`"`):                  "body.notes",
			fmt.Sprintf(`{"items":[{"price_id":%d}],"quantity":2}`, usd.price):          "body.quantity",
			fmt.Sprintf(`{"items":[{"price_id":%d,"unit_amount_cents":1}]}`, usd.price): "body.items[0].unit_amount_cents",
			one(dear.price, `,"quantity":99`):                                           "body.items",
			two(dear.price, usd.price):                                                  "body.items",
			two(usd.price, eur.price):                                                   "body.items[1].price_id",
			two(usd.price, cems.price):                                                  "body.items[1].price_id",
			two(usd.price, monthly.price):                                               "body.items[1].price_id",
			one(monthly.price, `,"quantity":2`):                                         "body.quantity",
			`{"items":[` + lines(usd.price, 101) + `]}`:                                 "body.items",
			fmt.Sprintf(`{"items":[{"price_id":%d,"quantity":60},{"price_id":%[1]d,"quantity":60}]}`, usd.price): "body.items[1].quantity",
		} {
			if got := ben.Post("/api/account/orders/create/", body).Field(); got != field {
				t.Errorf("%s: names %s, want %s", body, got, field)
			}
		}
		ben.Post("/api/account/orders/create/", one(usd.price, `,"quantity":1,"quantity":2`)).Is(400)
		for name, price := range map[string]int64{"draft": draft.price, "archived": archived.price, "inactive": inactive.price, "unknown": 999999, "huge": 1 << 62} {
			if a := ben.Post("/api/account/orders/create/", one(price, "")); a.Status != 404 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		ben.Post("/api/account/orders/create/", two(usd.price, draft.price)).Is(404)
		if code := ana.Post("/api/account/orders/create/", one(usd.price, "")).Is(409).Object().Text("code"); code != "own_product" {
			t.Error(code)
		}
		s.Nobody().Post("/api/account/orders/create/", one(usd.price, "")).Is(401)
		if n := count(t, s, `SELECT count(*) FROM orders`); n != 0 {
			t.Errorf("%d orders were written", n)
		}

		// What is read-only is ignored, and what is allowed passes.
		o := ben.Post("/api/account/orders/create/", one(usd.price, `,"quantity":99,"id":77,"status":"fulfilled","paid_at":"2020-01-01T00:00:00Z","total_cents":1`)).
			Is(201).Object().Sub("order")
		if o.Text("status") != "pending_payment" || o.Int("total_cents") != 99*1900 || o["paid_at"] != nil || o.ID() == 77 {
			t.Errorf("order %v", o)
		}
		ben.Post("/api/account/orders/create/", one(dear.price, "")).Is(201)
		merged := ben.Post("/api/account/orders/create/", two(usd.price, usd.price)).Is(201).Object().Sub("order")
		if len(merged.Subs("items")) != 1 || merged.Subs("items")[0].Int("quantity") != 2 {
			t.Errorf("the same price twice: %v", merged)
		}
		checkInvariants(t, s)
	})
}

// lines are n lines of a cart.
func lines(price int64, n int) string {
	return strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`{"price_id":%d},`, price), n), ",")
}

func TestOrdersAreTheirOwnersAlone(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben, cem := s.As("ana@example.test"), s.As("ben@example.test"), s.As("cem@example.test")
		p := offer(ana, souktest.Object{"feature_keys": []string{"pro"}}, nil)
		addFile(ana, p.product, "day")
		path := place(ben, p.price, 1)
		id := strings.TrimSuffix(strings.TrimPrefix(path, "/api/account/orders/"), "/")
		const unknown = "00000000-0000-4000-8000-000000000000"
		for _, odd := range []string{unknown, "x", "%00", "%27", strings.ToUpper(id), "{" + id + "}", strings.Repeat("a", 100)} {
			cem.Get("/api/account/orders/" + odd + "/").Is(404)
			ben.Post("/api/account/orders/"+odd+"/cancel/", nil).Is(404)
			ana.Get("/api/seller/orders/" + odd + "/").Is(404)
		}
		for _, who := range []*souktest.Client{cem, ana} { // ana sells it, and is not its buyer
			missing := who.Get("/api/account/orders/" + unknown + "/").Is(404)
			if foreign := who.Get(path).Is(404); foreign.Object().Text("detail") != missing.Object().Text("detail") {
				t.Error("someone else's order answers otherwise than an unknown one")
			}
			who.Post(path+"confirm/", `{"provider":"manual"}`).Is(404)
			who.Post(path+"cancel/", nil).Is(404)
		}
		seller := "/api/seller/orders/" + id + "/"
		for _, who := range []*souktest.Client{ben, cem} {
			who.Get(seller).Is(404)
			who.Post(seller+"mark-paid/", `{"note":"x"}`).Is(404)
			who.Post(seller+"refund/", `{"reason":"x"}`).Is(404)
			if n := len(who.Get("/api/seller/orders/").Is(200).List()); n != 0 {
				t.Errorf("%d foreign sales are listed", n)
			}
		}
		ana.Post(seller+"mark-paid/", `{"note":"by transfer"}`).Is(503)
		ana.Post(seller+"refund/", nil).Is(503)
		pay(ben, path)
		for _, list := range []string{"orders", "downloads", "entitlements", "subscriptions"} {
			if n := len(cem.Get("/api/account/" + list + "/").Is(200).List()); n != 0 {
				t.Errorf("%d foreign %s are listed", n, list)
			}
		}
		token := ben.Get("/api/account/downloads/").List()[0].Text("token")
		cem.Post("/api/account/downloads/"+token+"/access/", nil).Is(404)
		s.Nobody().Get(path).Is(401)
		checkInvariants(t, s)
	})
}

func TestConfirmationByHandNeedsItsSecret(t *testing.T) {
	const secret = "a secret of twenty-four bytes"
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ben := s.As("ben@example.test")
		path := place(ben, offer(s.As("ana@example.test"), nil, nil).price, 1)
		for _, wrong := range []string{"", "x", secret + "x", secret[1:]} {
			if code := ben.With("X-Order-Confirm-Secret", wrong).Post(path+"confirm/", `{"provider":"manual"}`).Is(403).Object().Text("code"); code != "confirm_secret" {
				t.Error(code)
			}
		}
		ben.With("X-Order-Confirm-Secret", secret).Post(path+"confirm/", `{"provider":"manual"}`).Is(200)
	}, "ORDER_CONFIRM_SHARED_SECRET="+secret)
}

func TestConfirmationByHandIsOffByDefault(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ben := s.As("ben@example.test")
		path := place(ben, offer(s.As("ana@example.test"), nil, nil).price, 1)
		if code := ben.Post(path+"confirm/", `{"provider":"manual"}`).Is(403).Object().Text("code"); code != "manual_confirmation_off" {
			t.Error(code)
		}
		checkInvariants(t, s)
	}, "ORDER_CONFIRM_ALLOW_MANUAL=false")
}

func TestConfirmationsThatAreRefused(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ben := s.As("ben@example.test")
		p := offer(s.As("ana@example.test"), nil, nil)
		path := place(ben, p.price, 1)
		for _, body := range []any{nil, `{}`, `{"provider":"clerk"}`, `{"provider":"stripe","external_id":"cs_1"}`} {
			if code := ben.Post(path+"confirm/", body).Is(503).Object().Text("code"); code != "provider_not_configured" {
				t.Error(code)
			}
		}
		for body, field := range map[string]string{
			`{"provider":"cash"}`:                                                    "body.provider",
			`{"provider":"manual","external_id":7}`:                                  "body.external_id",
			`{"provider":"manual","raw_payload":[]}`:                                 "body.raw_payload",
			`{"provider":"manual","status":"fulfilled"}`:                             "body.status",
			`{"provider":"manual","external_id":"` + strings.Repeat("x", 256) + `"}`: "body.external_id",
		} {
			if got := ben.Post(path+"confirm/", body).Field(); got != field {
				t.Errorf("%s: names %s, want %s", body, got, field)
			}
		}
		if status := ben.Get(path).Object().Text("status"); status != "pending_payment" {
			t.Errorf("the order is %s", status)
		}

		o := ben.Post(path+"confirm/", `{"provider":"manual","external_id":" t-1 ","raw_payload":{"a":[1,"x"]}}`).Is(200).Object().Sub("order")
		if o.Text("external_reference") != "t-1" {
			t.Errorf("order %v", o)
		}
		other := place(ben, p.price, 1)
		if code := ben.Post(other+"confirm/", `{"provider":"manual","external_id":"t-1"}`).Is(409).Object().Text("code"); code != "external_id_used" {
			t.Error(code)
		}
		if status := ben.Get(other).Object().Text("status"); status != "pending_payment" {
			t.Errorf("the other order is %s", status)
		}
		if status := ben.Post(other+"cancel/", nil).Is(200).Object().Text("status"); status != "canceled" {
			t.Errorf("canceled: %s", status)
		}
		ben.Post(other+"cancel/", nil).Is(409)
		ben.Post(other+"confirm/", `{"provider":"manual"}`).Is(409)
		checkInvariants(t, s)
	})
}

func TestAnOrderIsFulfilledOnceHoweverManyConfirm(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"feature_keys": []string{"pro"}}, nil)
		addFile(ana, p.product, "day")
		service := offer(ana, souktest.Object{"product_type": "service"}, nil)
		created := ben.Post("/api/account/orders/create/", fmt.Sprintf(`{"items":[{"price_id":%d},{"price_id":%d,"quantity":2}]}`, p.price, service.price)).Is(201)
		path := "/api/account/orders/" + created.Object().Sub("order").Text("public_id") + "/"
		first := make([]bool, 32)
		atOnce(32, func(i int) {
			a := ben.Post(path+"confirm/", `{"provider":"manual"}`)
			if a.Status != 200 {
				t.Errorf("confirm: %d %s", a.Status, a.Body)
				return
			}
			first[i] = a.Object()["already_confirmed"] == false
		})
		if n := strings.Count(fmt.Sprint(first), "true"); n != 1 {
			t.Errorf("%d confirmed, want 1", n)
		}
		if n := count(t, s, `SELECT count(*) FROM download_grants`); n != 1 {
			t.Errorf("%d grants", n)
		}
		checkInvariants(t, s)
	})
}

func TestConfirmAgainstCancel(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"feature_keys": []string{"pro"}}, nil)
		addFile(ana, p.product, "day")
		for range 10 {
			path := place(ben, p.price, 1)
			answers := make([]*souktest.Answer, 8)
			atOnce(8, func(i int) {
				if i%2 == 0 {
					answers[i] = ben.Post(path+"confirm/", `{"provider":"manual"}`)
				} else {
					answers[i] = ben.Post(path+"cancel/", nil)
				}
			})
			status := ben.Get(path).Is(200).Object().Text("status")
			for i, a := range answers {
				want := map[bool]int{true: http.StatusOK, false: http.StatusConflict}
				if i%2 == 0 && a.Status != want[status == "fulfilled"] {
					t.Errorf("order %s, confirm answers %d", status, a.Status)
				}
				if i%2 == 1 && a.Status == http.StatusOK && status != "canceled" {
					t.Errorf("order %s, yet cancel answers 200", status)
				}
			}
			if status != "fulfilled" && status != "canceled" {
				t.Errorf("order %s", status)
			}
		}
		checkInvariants(t, s)
	})
}

func TestADownloadLimitIsExact(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"max_downloads": 3}, nil)
		asset := addFile(ana, p.product, "day")
		ana.With("Content-Type", "application/zip").Do("PUT", fmt.Sprintf("/api/seller/assets/%d/content/", asset), "bytes").Is(200)
		pay(ben, place(ben, p.price, 1))
		token := ben.Get("/api/account/downloads/").List()[0].Text("token")
		statuses := make([]int, 32)
		atOnce(32, func(i int) { statuses[i] = ben.Post("/api/account/downloads/"+token+"/access/", nil).Status })
		got := map[int]int{}
		for _, status := range statuses {
			got[status]++
		}
		if got[200] != 3 || got[403] != 29 {
			t.Errorf("answers %v, want 3 times 200 and 29 times 403", got)
		}
		if g := ben.Get("/api/account/downloads/").List()[0]; g.Int("download_count") != 3 || g["can_download"] != false {
			t.Errorf("grant %v", g)
		}
		checkInvariants(t, s)
	})
}

func TestDownloadsThatEnded(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"max_downloads": nil, "download_days": 1}, nil)
		addFile(ana, p.product, "day")
		pay(ben, place(ben, p.price, 1))
		g := ben.Get("/api/account/downloads/").List()[0]
		if g["max_downloads"] != nil {
			t.Errorf("grant %v", g)
		}
		access := "/api/account/downloads/" + g.Text("token") + "/access/"
		for code, change := range map[string]string{"download_expired": "expires_at = $1", "download_inactive": "is_active = FALSE, updated_at = $1"} {
			if _, err := s.DB.Exec(t.Context(), `UPDATE download_grants SET `+change, time.Now()); err != nil {
				t.Fatal(err)
			}
			if got := ben.Post(access, nil).Is(403).Object().Text("code"); got != code {
				t.Errorf("%s, want %s", got, code)
			}
			if _, err := s.DB.Exec(t.Context(), `UPDATE download_grants SET expires_at = NULL, is_active = TRUE`); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, s, `SELECT download_count FROM download_grants`); n != 0 {
			t.Errorf("%d downloads were counted", n)
		}
	})
}

func TestAFileThatIsAddedLaterReachesPastBuyers(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben, cem, dan := s.As("ana@example.test"), s.As("ben@example.test"), s.As("cem@example.test"), s.As("dan@example.test")
		p := offer(ana, souktest.Object{"max_downloads": 2, "download_days": 10}, nil)
		addFile(ana, p.product, "day")
		pay(ben, place(ben, p.price, 3))
		pay(cem, place(cem, p.price, 1))
		place(dan, p.price, 1) // not paid
		// cem bought long ago
		if _, err := s.DB.Exec(t.Context(), `UPDATE orders SET fulfilled_at = fulfilled_at - 864000000000 WHERE customer_id =
			(SELECT c.id FROM customers c WHERE c.billing_email = 'cem@example.test')`); err != nil {
			t.Fatal(err)
		}
		late := addFile(ana, p.product, "night")
		for who, want := range map[*souktest.Client]int{ben: 2, cem: 1, dan: 0} {
			if n := len(who.Get("/api/account/downloads/").Is(200).List()); n != want {
				t.Errorf("%d grants, want %d", n, want)
			}
		}
		if g := ben.Get("/api/account/downloads/").List()[0]; g.Int("asset") != late || g.Int("max_downloads") != 6 {
			t.Errorf("the new grant is %v", g)
		}
		asset := fmt.Sprintf("/api/seller/assets/%d/", late)
		ana.Patch(asset, `{"is_active":false}`).Is(200)
		ana.Patch(asset, `{"is_active":true}`).Is(200)
		if n := len(ben.Get("/api/account/downloads/").List()); n != 2 {
			t.Errorf("%d grants after it was off and on", n)
		}
		checkInvariants(t, s)
	})
}

func TestAFileThatIsAddedReachesVeryManyBuyers(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, nil, nil)
		pay(ben, place(ben, p.price, 1))
		const columns = `order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot, billing_period,
			quantity, unit_amount_cents, total_amount_cents, created_at, updated_at`
		if _, err := s.DB.Exec(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1204)
			INSERT INTO order_items (`+columns+`) SELECT `+columns+` FROM order_items CROSS JOIN n`); err != nil {
			t.Fatal(err)
		}
		addFile(ana, p.product, "day")
		if n := count(t, s, `SELECT count(DISTINCT token) FROM download_grants`); n != 1205 {
			t.Errorf("%d grants, want 1205", n)
		}
		seen := 0
		for path := "/api/account/downloads/?limit=200"; path != ""; {
			page := ben.Get(path).Is(200)
			seen += len(page.List())
			path = page.Next()
		}
		if seen != 1205 {
			t.Errorf("the pages have %d grants", seen)
		}
	})
}

func TestAFileThatIsAddedWhileOrdersArePaidReachesAll(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		p := offer(ana, nil, nil)
		var buyers []*souktest.Client
		var paths []string
		for i := range 12 {
			buyer := s.As(fmt.Sprintf("buyer-%d@example.test", i))
			buyers, paths = append(buyers, buyer), append(paths, place(buyer, p.price, 1))
		}
		atOnce(18, func(i int) {
			if i < 12 {
				buyers[i].Post(paths[i]+"confirm/", `{"provider":"manual"}`)
			} else {
				addFile(ana, p.product, fmt.Sprintf("file-%d", i))
			}
		})
		if n := count(t, s, `SELECT count(*) FROM download_grants`); n != 12*6 {
			t.Errorf("%d grants, want %d", n, 12*6)
		}
		checkInvariants(t, s)
	})
}

func TestAnOrderWithAnIdempotencyKeyIsMadeOnce(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p, free := offer(ana, nil, nil), offer(ana, nil, souktest.Object{"amount_cents": 0})
		addFile(ana, free.product, "day")
		const keys, sends = 50, 8
		bodies := make([][]string, keys)
		for k := range keys {
			bodies[k] = make([]string, sends)
		}
		atOnce(keys*sends/10, func(w int) {
			for n := w; n < keys*sends; n += keys * sends / 10 {
				k, price := n/sends, p.price
				if k%5 == 0 {
					price = free.price
				}
				keyed := ben.With("Idempotency-Key", fmt.Sprintf("order-%d", k))
				a := keyed.Post("/api/account/orders/create/", souktest.Object{"price_id": price, "quantity": 1 + k%3})
				for a.Status == http.StatusConflict {
					a = keyed.Post("/api/account/orders/create/", souktest.Object{"price_id": price, "quantity": 1 + k%3})
				}
				if a.Status != http.StatusCreated {
					t.Errorf("key %d: %d %s", k, a.Status, a.Body)
				}
				bodies[k][n%sends] = string(a.Body)
			}
		})
		for k, answers := range bodies {
			if slices.Sort(answers); answers[0] != answers[sends-1] {
				t.Errorf("key %d has answers %s and %s", k, answers[0], answers[sends-1])
			}
		}
		if n := count(t, s, `SELECT count(*) FROM orders`); n != keys {
			t.Errorf("%d orders, want %d", n, keys)
		}
		if f := ben.With("Idempotency-Key", "order-1").Post("/api/account/orders/create/", souktest.Object{"price_id": p.price, "quantity": 9}).Field(); f != "header.Idempotency-Key" {
			t.Error(f)
		}
		checkInvariants(t, s)
	})
}

func TestSellersFindTheirOrders(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		sounds, maps := offer(ana, nil, nil), offer(ana, souktest.Object{"name": "Maps"}, nil)
		pay(ben, place(ben, sounds.price, 1))
		place(ben, sounds.price, 1)
		place(ben, maps.price, 1)
		for query, want := range map[string]int{
			"": 3, "?status=fulfilled": 1, "?status=pending_payment": 2, "?status=refunded": 0, fmt.Sprintf("?product=%d", maps.product): 1,
			fmt.Sprintf("?product=%d&status=fulfilled", sounds.product): 1, "?product=9223372036854775807": 0,
		} {
			if list := ana.Get("/api/seller/orders/" + query).Is(200).List(); len(list) != want {
				t.Errorf("%s: %d orders, want %d", query, len(list), want)
			}
		}
		seen := 0
		for path := fmt.Sprintf("/api/seller/orders/?limit=1&product=%d", sounds.product); path != ""; {
			page := ana.Get(path).Is(200)
			seen += len(page.List())
			path = page.Next()
		}
		if seen != 2 {
			t.Errorf("the pages of a filtered list have %d orders, want 2", seen)
		}
		for query, field := range map[string]string{"?status=x": "query.status", "?product=0": "query.product", "?owner=1": "query.owner"} {
			if got := ana.Get("/api/seller/orders/" + query).Field(); got != field {
				t.Errorf("%s: names %s, want %s", query, got, field)
			}
		}
	})
}

func TestTheCheckoutPageTellsNothingOfTheBuyer(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"name": "<b>Secret</b>"}, souktest.Object{"currency": "KWD", "amount_cents": 1500})
		created := ben.Post("/api/account/orders/create/", souktest.Object{"price_id": p.price, "notes": "<img onerror=x>"}).Is(201).Object()
		address := created.Sub("checkout").Text("checkout_url")
		nobody := s.Nobody()
		page := nobody.Get(address).Is(200)
		text := string(page.Body)
		if !strings.Contains(text, "waits for payment") || !strings.Contains(text, "1.500 KWD") || strings.Contains(text, "ben@") ||
			strings.Contains(text, "Secret") || strings.Contains(text, "onerror") || strings.Contains(text, "<script") {
			t.Errorf("page %s", text)
		}
		style := text[strings.Index(text, "<style>")+len("<style>") : strings.Index(text, "</style>")]
		policy := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "'sha256-"+sha256Base64(style)+"'") || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			t.Errorf("policy %s of style %q", policy, style)
		}
		pay(ben, "/api/account/orders/"+created.Sub("order").Text("public_id")+"/")
		if text := string(nobody.Get(address).Is(200).Body); !strings.Contains(text, "is paid") {
			t.Errorf("page %s", text)
		}
		for _, unknown := range []string{"00000000-0000-4000-8000-000000000000", "x", "%00"} {
			nobody.Get("/checkout/" + unknown + "/").Is(404)
		}
		nobody.Get(strings.TrimSuffix(strings.TrimPrefix(address, s.URL), "/")).Is(308)
	})
}
