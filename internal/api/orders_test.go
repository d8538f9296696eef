package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"souk/internal/souktest"
)

func sha256Base64(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
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
		ana.Post(seller+"refund/", nil).Is(409)
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
		for _, body := range []any{nil, `{}`, `{"provider":"clerk"}`} { // Clerk, or its stand-in, knows of no payment
			refused := ben.Post(path+"confirm/", body).Is(409).Object()
			if refused.Text("code") != "payment_pending" || refused["pending_verification"] != true {
				t.Error(refused)
			}
		}
		if code := ben.Post(path+"confirm/", `{"provider":"stripe","external_id":"cs_1"}`).Is(409).Object().Text("code"); code != "payment_pending" {
			t.Error(code)
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
		p := offer(ana, souktest.Object{"name": "<b>Secret</b>"}, souktest.Object{"currency": "KWD", "amount_cents": 1500, "billing_period": "monthly"})
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
		id := created.Sub("order").Text("public_id")
		state := func() souktest.Object { return nobody.Get("/api/checkout/" + id + "/").Is(200).Object() }
		want := souktest.Object{
			"public_id": id, "status": "pending_payment", "provider": "manual", "currency": "KWD", "total_cents": 1500.0, "amount": "1.500", "attempt": "none",
			"checkout_url": address,
		}
		if got := state(); !maps.Equal(got, want) { // and nothing else
			t.Errorf("the state %v, want %v", got, want)
		}
		pay(ben, "/api/account/orders/"+id+"/")
		if got := state(); got.Text("status") != "fulfilled" || got.Text("checkout_url") != "" {
			t.Errorf("the state of a paid order: %v", got)
		}
		if text := string(nobody.Get(address).Is(200).Body); !strings.Contains(text, "is paid") {
			t.Errorf("page %s", text)
		}
		for _, unknown := range []string{"00000000-0000-4000-8000-000000000000", "x", "%00"} {
			nobody.Get("/checkout/" + unknown + "/").Is(404)
			nobody.Get("/api/checkout/" + unknown + "/").Is(404)
		}
		nobody.Get(strings.TrimSuffix(strings.TrimPrefix(address, s.URL), "/")).Is(308)
	})
}
