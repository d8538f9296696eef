package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/souktest"
)

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
		if checkout.Text("provider") != "stripe" || checkout.Text("checkout_url") != s.URL+"/checkout/"+o.Text("public_id")+"/" {
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
		got := ben.Get("/api/account/orders/" + o.Text("public_id") + "/").Is(200).Object()
		if kinds := got.Subs("timeline"); len(kinds) != 3 || kinds[0].Text("kind") != "created" || kinds[2].Text("kind") != "fulfilled" || got.Text("checkout_url") != "" {
			t.Errorf("what happened: %v", got)
		}
		for _, alone := range []string{"checkout_url", "refunds", "timeline"} {
			delete(got, alone)
		}
		if fmt.Sprint(got) != fmt.Sprint(o) {
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

func TestADownloadLimitIsExact(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, souktest.Object{"max_downloads": 3}, nil)
		asset := addFile(ana, p.product, "day")
		ana.With("Content-Type", "application/zip").Do("PUT", fmt.Sprintf("/api/seller/assets/%d/content/", asset), "bytes").Is(200)
		pay(ben, place(ben, p.price, 1))
		token := ben.Get("/api/account/downloads/").List()[0].Text("token")
		got := together(32, func(int) *souktest.Answer { return ben.Post(accessPath(token), nil) })
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
