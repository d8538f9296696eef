package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"souk/internal/souktest"
)

func TestReadOnlyFieldsAreIgnoredAndUnknownOnesRefused(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		product := ana.Post("/api/seller/products/", `{"name":"Talk","product_type":"service"}`).Is(201).Object()
		path := fmt.Sprintf("/api/seller/products/%d/", product.ID())
		price := ana.Post(path+"prices/", `{"name":"One","amount_cents":100,"currency":"USD"}`).Is(201).Object()
		asset := ana.Post(path+"assets/", `{"title":"Slides","file_path":"talk/slides.pdf"}`).Is(201).Object()
		offer := ana.Do("PUT", path+"service-offer/", `{"session_minutes":30}`).Is(200).Object()
		objects := map[string]souktest.Object{
			path: ana.Get(path).Is(200).Object(), fmt.Sprintf("/api/seller/prices/%d/", price.ID()): price,
			fmt.Sprintf("/api/seller/assets/%d/", asset.ID()): asset, path + "service-offer/": offer,
		}
		for at, object := range objects {
			// The whole object, as it was read, may be sent back: it changes nothing.
			back := ana.Patch(at, object).Is(200).Object()
			delete(back, "updated_at")
			for name, value := range back {
				if fmt.Sprint(value) != fmt.Sprint(object[name]) && name != "prices" && name != "assets" && name != "service_offer" {
					t.Errorf("%s: %s is %v after sending back %v", at, name, value, object[name])
				}
			}
			got := ana.Patch(at, `{"id":999,"created_at":"2001-01-01T00:00:00Z","updated_at":null}`).Is(200).Object()
			if got.ID() != object.ID() || got["created_at"] != object["created_at"] {
				t.Errorf("%s: a read-only field was written: %v", at, got)
			}
			for _, name := range []string{"owner_id", "seller_id", "role", "price_cents", "used", "limit", "shown_price_id", "content_key", "status", "paid_at"} {
				if f := ana.Patch(at, `{"`+name+`":1}`).Field(); f != "body."+name {
					t.Errorf("%s %s: names %s", at, name, f)
				}
			}
		}
		for at, body := range map[string]string{
			"/api/seller/products/": `{"name":"x","owner_id":2}`,
			path + "prices/":        `{"name":"x","amount_cents":1,"currency":"USD","owner_id":2}`,
			path + "assets/":        `{"title":"x","file_path":"x","owner_id":2}`,
		} {
			if f := ana.Post(at, body).Field(); f != "body.owner_id" {
				t.Errorf("%s: names %s", at, f)
			}
		}
		if n := count(t, s, `SELECT (SELECT count(*) FROM products) + (SELECT count(*) FROM prices) + (SELECT count(*) FROM assets)`); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

func TestSellerCatalogRefusesBadFields(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		product := ana.Post("/api/seller/products/", `{"name":"Talk","product_type":"service"}`).Is(201).Object()
		path := fmt.Sprintf("/api/seller/products/%d/", product.ID())
		price := func(fields string) string { return `{"name":"p","amount_cents":1,"currency":"USD",` + fields + `}` }
		cases := []struct{ method, at, body, field string }{
			{"POST", "/api/seller/products/", `{}`, "body"},
			{"POST", "/api/seller/products/", `{"name":" "}`, "body.name"},
			{"POST", "/api/seller/products/", `{"name":"` + strings.Repeat("ä", 201) + `"}`, "body.name"},
			{"POST", "/api/seller/products/", `{"name":"a\u0000b"}`, "body.name"},
			{"POST", "/api/seller/products/", `{"name":"a","description":"` + strings.Repeat("a", 20001) + `"}`, "body.description"},
			{"POST", "/api/seller/products/", `{"name":"a","product_type":"book"}`, "body.product_type"},
			{"POST", "/api/seller/products/", `{"name":"a","active_price":1}`, "body.active_price"},
			{"POST", "/api/seller/products/", `{"name":"a","metadata":[]}`, "body.metadata"},
			{"POST", "/api/seller/products/", `{"name":"a","metadata":"x"}`, "body.metadata"},
			{"PATCH", path, `{"name":null}`, "body.name"},
			{"PATCH", path, `{"metadata":null}`, "body.metadata"},
			{"PATCH", path, `{"visibility":"hidden"}`, "body.visibility"},
			{"PATCH", path, `{"feature_keys":["` + strings.Repeat("a", 65) + `"]}`, "body.feature_keys"},
			{"PATCH", path, `{"feature_keys":[" "]}`, "body.feature_keys"},
			{"PATCH", path, `{"feature_keys":["a",null]}`, "body.feature_keys[1]"},
			{"PATCH", path, `{"feature_keys":` + manyKeys(51) + `}`, "body.feature_keys"},
			{"PATCH", path, `{"max_downloads":0}`, "body.max_downloads"},
			{"PATCH", path, `{"download_days":-1}`, "body.download_days"},
			{"PATCH", path, `{"download_days":1.5}`, "body.download_days"},
			{"PATCH", path, `{"active_price":99999}`, "body.active_price"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":1}`, "body"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":-1,"currency":"USD"}`, "body.amount_cents"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":100000000,"currency":"USD"}`, "body.amount_cents"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":9223372036854775808,"currency":"USD"}`, "body.amount_cents"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":1.5,"currency":"USD"}`, "body.amount_cents"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":"1","currency":"USD"}`, "body.amount_cents"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":null,"currency":"USD"}`, "body.amount_cents"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":1,"currency":"ABC"}`, "body.currency"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":1,"currency":"US"}`, "body.currency"},
			{"POST", path + "prices/", `{"name":"p","amount_cents":1,"currency":""}`, "body.currency"},
			{"POST", path + "prices/", price(`"billing_period":"weekly"`), "body.billing_period"},
			{"POST", path + "prices/", price(`"is_active":false,"is_default":true`), "body.is_default"},
			{"POST", path + "prices/", price(`"is_default":1`), "body.is_default"},
			{"POST", path + "assets/", `{"title":"a"}`, "body"},
			{"POST", path + "assets/", `{"title":"a","file_path":"a","file_size_bytes":-1}`, "body.file_size_bytes"},
			{"POST", path + "assets/", `{"title":"a","file_path":"a","checksum_sha256":"` + strings.Repeat("g", 64) + `"}`, "body.checksum_sha256"},
			{"POST", path + "assets/", `{"title":"a","file_path":"a","checksum_sha256":"abcd"}`, "body.checksum_sha256"},
			{"PUT", path + "service-offer/", `{"session_minutes":0}`, "body.session_minutes"},
			{"PUT", path + "service-offer/", `{"session_minutes":60,"delivery_days":0}`, "body.delivery_days"},
			{"PUT", path + "service-offer/", `{"session_minutes":60,"timezone":"Mars/Olympus"}`, "body.timezone"},
			{"PATCH", path + "service-offer/", `{"timezone":"Local"}`, "body.timezone"},
			{"PATCH", path + "service-offer/", `{"timezone":""}`, "body.timezone"},
			{"PATCH", path + "service-offer/", `{"timezone":"Factory"}`, "body.timezone"},
			{"PATCH", path + "service-offer/", `{"timezone":"posix/Europe/Berlin"}`, "body.timezone"},
			{"PATCH", path + "service-offer/", `{"timezone":"../../etc/passwd"}`, "body.timezone"},
			{"PUT", path + "service-offer/", `{"session_minutes":60,"revision_count":-1}`, "body.revision_count"},
			{"PUT", path + "service-offer/", `{}`, "body"},
		}
		for _, bad := range []string{
			"../../etc/passwd", "/etc/passwd", "a/../b", "..", ".", "a/./b", "a//b", "a/", `..\\a`, `a\\b`, `a\u0000b`, `a\nb`, `a\u007fb`, "%2e%2e/a", "a/%2E%2e/b",
			"a%2fb", "%252e", "http://a.example.test/x", "s3://a/b", "a/\u202egnp.exe", strings.Repeat("a", 256), strings.Repeat("é", 128), strings.Repeat("a", 301), "", " ",
		} {
			cases = append(cases, struct{ method, at, body, field string }{"POST", path + "assets/", `{"title":"a","file_path":"` + bad + `"}`, "body.file_path"})
		}
		for _, c := range cases {
			if got := ana.Do(c.method, c.at, c.body).Field(); got != c.field {
				t.Errorf("%s %.100s: names %s, want %s", c.method, c.body, got, c.field)
			}
		}
		ana.Post("/api/seller/products/", `{"name":"a","description":"`+strings.Repeat("a", 1<<20)+`"}`).Is(413)
		if n := count(t, s, `SELECT (SELECT count(*) FROM prices) + (SELECT count(*) FROM assets) + (SELECT count(*) FROM storage_key_owners)`); n != 0 {
			t.Errorf("%d rows were written", n)
		}
		for _, good := range []string{"a", "a/b.c", "a..b/c", ".hidden", "100% wool.pdf", "Größe/日本.zip", strings.Repeat("é", 127)} {
			ana.Post(path+"assets/", map[string]any{"title": "a", "file_path": good}).Is(201)
		}
	})
}

func manyKeys(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"k%d"`, i)
	}
	return "[" + strings.Join(keys, ",") + "]"
}

func TestTextIsStoredAsText(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		for _, name := range []string{
			`<img src=x onerror=alert(1)>`, `"><script>alert(1)</script>`, `javascript:alert(1)`, `'; DROP TABLE products; --`, "\u202egnp.exe", "𝒜 🎉 é", strings.Repeat("\ufdfa", 190),
		} {
			p := ana.Post("/api/seller/products/", map[string]any{"name": " " + name + "\n", "tagline": name[:min(len(name), 30)], "description": name, "visibility": "published"}).Is(201).Object()
			shown := s.Nobody().Get("/api/products/" + p.Text("slug") + "/").Is(200)
			if got := shown.Object(); got.Text("name") != name || got.Text("description") != name {
				t.Errorf("stored %q as %q", name, got.Text("name"))
			}
			if kind := shown.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
				t.Errorf("served as %s", kind)
			}
		}
	})
}

func TestDefaultsAndNulls(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		p := ana.Post("/api/seller/products/", `{"name":"Ship Faster","slug":" My Own Slug! "}`).Is(201).Object()
		if p.Text("slug") != "my-own-slug" || p.Text("product_type") != "digital" || p.Text("visibility") != "draft" || p.Int("max_downloads") != 5 ||
			p["download_days"] != nil || p["active_price"] != nil || p["service_offer"] != nil || fmt.Sprint(p["metadata"]) != "map[]" {
			t.Errorf("created %v", p)
		}
		path := fmt.Sprintf("/api/seller/products/%d/", p.ID())
		if p := ana.Patch(path, `{"max_downloads":null,"download_days":30,"metadata":{"a":[1,null]}}`).Is(200).Object(); p["max_downloads"] != nil || p.Int("download_days") != 30 ||
			p.Text("name") != "Ship Faster" || fmt.Sprint(p["metadata"]) != "map[a:[1 <nil>]]" {
			t.Errorf("changed %v", p)
		}
		if p := ana.Patch(path, `{"tagline":"t"}`).Is(200).Object(); p["max_downloads"] != nil || p.Int("download_days") != 30 || fmt.Sprint(p["metadata"]) != "map[a:[1 <nil>]]" {
			t.Errorf("a field that was left out changed: %v", p)
		}
		ana.Post("/api/seller/products/", `{"name":"x","slug":"my-own-slug"}`).Is(409)
		ana.Patch(path, `{"slug":"my-own-slug"}`).Is(200)
		ana.Get(path + "service-offer/").Is(404)
		ana.Do("PUT", path+"service-offer/", `{"session_minutes":30}`).Is(422)
		ana.Patch(path+"service-offer/", `{"session_minutes":30}`).Is(422)
		ana.Patch(path, `{"product_type":"service"}`).Is(200)
		ana.Get(path + "service-offer/").Is(404)
		ana.Do("PUT", path+"service-offer/", `{"session_minutes":30,"delivery_days":3,"revision_count":2,"onboarding_instructions":" Hi ","timezone":"Europe/Lisbon"}`).Is(200)
		if o := ana.Patch(path+"service-offer/", `{"delivery_days":null}`).Is(200).Object(); o["delivery_days"] != nil || o.Int("revision_count") != 2 ||
			o.Int("session_minutes") != 30 || o.Text("onboarding_instructions") != "Hi" || o.Text("timezone") != "Europe/Lisbon" {
			t.Errorf("patched offer %v", o)
		}
		if o := ana.Do("PUT", path+"service-offer/", `{"session_minutes":60}`).Is(200).Object(); o.Int("revision_count") != 0 || o.Text("onboarding_instructions") != "" || o.Text("timezone") != "UTC" {
			t.Errorf("replaced offer %v", o)
		}
	})
}

func TestWhatIsAnothersIsAbsent(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := ana.Post("/api/seller/products/", `{"name":"Talk","product_type":"service"}`).Is(201).Object()
		path := fmt.Sprintf("/api/seller/products/%d/", p.ID())
		price := ana.Post(path+"prices/", `{"name":"One","amount_cents":1,"currency":"USD","clerk_plan_id":"plan_1","clerk_price_id":"cp_1"}`).Is(201).Object()
		asset := ana.Post(path+"assets/", `{"title":"a","file_path":"shared/key.pdf"}`).Is(201).Object()
		ana.Do("PUT", path+"service-offer/", `{"session_minutes":30}`).Is(200)
		at := map[string]string{
			path: `{"name":"mine"}`, fmt.Sprintf("/api/seller/prices/%d/", price.ID()): `{"name":"mine"}`,
			fmt.Sprintf("/api/seller/assets/%d/", asset.ID()): `{"title":"mine"}`, path + "service-offer/": `{"session_minutes":60}`,
		}
		for address, body := range at {
			ben.Get(address).Is(404)
			ben.Patch(address, body).Is(404)
			s.Nobody().Get(address).Is(401)
			if !strings.HasSuffix(address, "service-offer/") {
				ben.Do("DELETE", address, nil).Is(404)
			}
		}
		ben.Get(path + "prices/").Is(404)
		ben.Get(path + "assets/").Is(404)
		ben.Post(path+"prices/", `{"name":"x","amount_cents":1,"currency":"USD"}`).Is(404)
		ben.Post(path+"assets/", `{"title":"x","file_path":"x"}`).Is(404)
		ben.Do("PUT", path+"service-offer/", `{"session_minutes":60}`).Is(404)
		if list := ben.Get("/api/seller/products/").Is(200).List(); len(list) != 0 {
			t.Errorf("ben lists %v", list)
		}

		// A price of another product cannot be shown, and a Clerk plan, a Clerk price and a storage key have one owner for good.
		other := ben.Post("/api/seller/products/", `{"name":"Talk"}`).Is(201).Object()
		if other.Text("slug") != "talk-2" {
			t.Errorf("slug %s", other.Text("slug"))
		}
		mine := fmt.Sprintf("/api/seller/products/%d/", other.ID())
		if f := ben.Patch(mine, fmt.Sprintf(`{"active_price":%d}`, price.ID())).Field(); f != "body.active_price" {
			t.Error(f)
		}
		ben.Post(mine+"prices/", `{"name":"x","amount_cents":1,"currency":"USD","clerk_plan_id":"plan_1"}`).Is(409)
		ben.Post(mine+"prices/", `{"name":"x","amount_cents":1,"currency":"USD","clerk_price_id":"cp_1"}`).Is(409)
		ana.Post(path+"prices/", `{"name":"Yearly","amount_cents":1,"currency":"USD","billing_period":"yearly","clerk_plan_id":"plan_1"}`).Is(201)
		ben.Post(mine+"assets/", `{"title":"x","file_path":"shared/key.pdf"}`).Is(409)
		ana.Do("DELETE", path, nil).Is(204)
		ana.Get(path).Is(404)
		ben.Post(mine+"assets/", `{"title":"x","file_path":"shared/key.pdf"}`).Is(409)
		ben.Post(mine+"prices/", `{"name":"x","amount_cents":1,"currency":"USD","clerk_plan_id":"plan_1"}`).Is(409)
		if n := count(t, s, `SELECT count(*) FROM prices`) + count(t, s, `SELECT count(*) FROM assets`); n != 0 {
			t.Errorf("%d rows are left or were written", n)
		}
	})
}

// order writes an order of the product at that price, as if it had been placed, with a grant of the asset.
func order(t *testing.T, s *souktest.Shop, product, price, asset int64) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO customers (id, profile_id, created_at, updated_at) SELECT 900, min(id), 1, 1 FROM profiles`,
		`INSERT INTO orders (id, public_id, customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, created_at, updated_at)
			SELECT 900, 'o', 900, min(id), 'pending_payment', 'USD', 1, 1, 'manual', 1, 1 FROM profiles`,
		fmt.Sprintf(`INSERT INTO order_items (id, order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
			billing_period, quantity, unit_amount_cents, total_amount_cents, created_at, updated_at)
			VALUES (900, 900, %d, %d, 's', 'digital', 'n', 'n', 'one_time', 1, 1, 1, 1, 1)`, product, price),
		fmt.Sprintf(`INSERT INTO download_grants (token, customer_id, asset_id, order_item_id, created_at, updated_at) VALUES ('t', 900, %d, 900, 1, 1)`, asset),
	} {
		if _, err := s.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatWasSoldIsKept(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		p := sell(t, ana, "Guide", 1900)
		path := fmt.Sprintf("/api/seller/products/%d/", p.ID())
		sold := p.Subs("prices")[0]
		unsold := ana.Post(path+"prices/", `{"name":"Cheap","amount_cents":5,"currency":"USD"}`).Is(201).Object()
		asset := ana.Post(path+"assets/", `{"title":"a","file_path":"guide.pdf"}`).Is(201).Object()
		order(t, s, p.ID(), sold.ID(), asset.ID())
		keyed := ana.With("Idempotency-Key", "unused") // on a DELETE the key means nothing
		keyed.Do("DELETE", fmt.Sprintf("/api/seller/prices/%d/", sold.ID()), nil).Is(204)
		if kept := ana.Get(fmt.Sprintf("/api/seller/prices/%d/", sold.ID())).Is(200).Object(); kept["is_active"] != false || kept["is_default"] != false {
			t.Errorf("a sold price after DELETE: %v", kept)
		}
		if shown := s.Nobody().Get("/api/products/guide/").Is(200).Object(); shown.Sub("active_price").ID() != unsold.ID() || len(shown.Subs("prices")) != 1 {
			t.Errorf("shown after DELETE: %v", shown)
		}
		ana.Do("DELETE", fmt.Sprintf("/api/seller/prices/%d/", unsold.ID()), nil).Is(204)
		ana.Get(fmt.Sprintf("/api/seller/prices/%d/", unsold.ID())).Is(404)
		ana.Do("DELETE", fmt.Sprintf("/api/seller/assets/%d/", asset.ID()), nil).Is(204)
		if kept := ana.Get(fmt.Sprintf("/api/seller/assets/%d/", asset.ID())).Is(200).Object(); kept["is_active"] != false {
			t.Errorf("a granted asset after DELETE: %v", kept)
		}
		for range 2 {
			ana.Do("DELETE", path, nil).Is(204)
		}
		if kept := ana.Get(path).Is(200).Object(); kept.Text("visibility") != "archived" || len(kept.Subs("prices")) != 1 || len(kept.Subs("assets")) != 1 {
			t.Errorf("a sold product after DELETE: %v", kept)
		}
		s.Nobody().Get("/api/products/guide/").Is(404)
	})
}

func TestOneDefaultPriceWhateverRaces(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		p := sell(t, ana, "Guide", 1900)
		path := fmt.Sprintf("/api/seller/products/%d/", p.ID())
		var prices []int64
		for i := range 8 {
			prices = append(prices, ana.Post(path+"prices/", fmt.Sprintf(`{"name":"p","amount_cents":%d,"currency":"USD"}`, i)).Is(201).Object().ID())
		}
		got := together(32, func(i int) *souktest.Answer {
			at := fmt.Sprintf("/api/seller/prices/%d/", prices[i%8])
			switch i % 4 {
			case 3:
				return ana.Post(path+"prices/", `{"name":"new","amount_cents":7,"currency":"USD","is_default":true}`)
			default:
				return ana.Patch(at, `{"is_default":true}`)
			}
		})
		if got[200] != 24 || got[201] != 8 {
			t.Errorf("statuses %v", got)
		}
		if n := count(t, s, `SELECT count(*) FROM prices WHERE is_default`); n != 1 {
			t.Errorf("%d defaults", n)
		}
		if n := count(t, s, `SELECT count(*) FROM products p JOIN prices r ON r.id = p.shown_price_id AND r.id = p.chosen_price_id
			WHERE r.is_default AND r.amount_cents = p.shown_price_cents`); n != 1 {
			t.Error("the default is not the price that is shown")
		}
	})
}

// However prices are switched on and off at once, what is shown is what the rules say of the end.
func TestTheShownPriceIsRightWhateverRaces(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		p := sell(t, ana, "Guide", 1900)
		path := fmt.Sprintf("/api/seller/products/%d/", p.ID())
		ids := []int64{p.Subs("prices")[0].ID()}
		for i := range 3 {
			ids = append(ids, ana.Post(path+"prices/", fmt.Sprintf(`{"name":"p","amount_cents":%d,"currency":"USD"}`, 100+i)).Is(201).Object().ID())
		}
		together(32, func(i int) *souktest.Answer {
			at := fmt.Sprintf("/api/seller/prices/%d/", ids[i%4])
			switch i / 4 % 4 {
			case 0:
				return ana.Patch(at, `{"is_active":false}`)
			case 1:
				return ana.Patch(at, fmt.Sprintf(`{"is_active":true,"amount_cents":%d}`, 50+i))
			case 2:
				return ana.Patch(at, `{"is_active":true,"is_default":true}`)
			default:
				return ana.Patch(path, fmt.Sprintf(`{"active_price":%d}`, ids[i%4])) // 422 while it is not active
			}
		})
		end := ana.Get(path).Is(200).Object()
		var want souktest.Object
		for _, price := range end.Subs("prices") {
			switch {
			case price["is_active"] != true:
			case want == nil, price.ID() == end.Int("active_price"):
				want = price
			case want.ID() == end.Int("active_price"), want["is_default"] == true:
			case price["is_default"] == true, price.Int("amount_cents") < want.Int("amount_cents"):
				want = price
			}
		}
		shown := s.Nobody().Get("/api/products/guide/").Is(200).Object().Sub("active_price")
		if shown.ID() != want.ID() || shown.Int("amount_cents") != want.Int("amount_cents") {
			t.Errorf("shown %v, want %v of %v", shown, want, end)
		}
		if n := count(t, s, `SELECT count(*) FROM products p LEFT JOIN prices r ON r.id = p.shown_price_id
			WHERE p.shown_price_cents <> coalesce(r.amount_cents, 9223372036854775807)`); n != 0 {
			t.Error("the amount for ordering is not that of the shown price")
		}
	})
}

func TestAKeyGoesToOneOfTwoSellers(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sellers := []*souktest.Client{s.As("ana@example.test"), s.As("ben@example.test")}
		var paths [2]string
		for i, c := range sellers {
			paths[i] = fmt.Sprintf("/api/seller/products/%d/", sell(t, c, "Guide", 1).ID())
		}
		for round := range 10 {
			for _, c := range []struct{ at, body string }{
				{"assets/", fmt.Sprintf(`{"title":"a","file_path":"keys/%d.pdf"}`, round)},
				{"prices/", fmt.Sprintf(`{"name":"p","amount_cents":1,"currency":"USD","clerk_plan_id":"plan_%d"}`, round)},
				{"prices/", fmt.Sprintf(`{"name":"p","amount_cents":1,"currency":"USD","clerk_price_id":"price_%d"}`, round)},
			} {
				got := together(2, func(i int) *souktest.Answer { return sellers[i].Post(paths[i]+c.at, c.body) })
				if got[http.StatusCreated] != 1 || got[http.StatusConflict] != 1 {
					t.Fatalf("%s: %v", c.body, got)
				}
			}
		}
	})
}

func TestSameNamesAtOnceGetSlugsOfTheirOwn(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		ana.Get("/api/seller/products/").Is(200)
		ben.Get("/api/seller/products/").Is(200)
		got := together(16, func(i int) *souktest.Answer {
			return []*souktest.Client{ana, ben}[i%2].Post("/api/seller/products/", `{"name":"Guide"}`)
		})
		if got[http.StatusCreated] != 16 {
			t.Errorf("statuses %v", got)
		}
		got = together(8, func(int) *souktest.Answer { return ana.Post("/api/seller/products/", `{"name":"x","slug":"mine"}`) })
		if got[http.StatusCreated] != 1 || got[http.StatusConflict] != 7 {
			t.Errorf("one slug, statuses %v", got)
		}
	})
}
