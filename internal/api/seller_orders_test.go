package api_test

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/souktest"
)

const sales = "/api/seller/orders/"

// publicID is that of the order at path.
func publicID(path string) string {
	return strings.TrimSuffix(strings.TrimPrefix(path, "/api/account/orders/"), "/")
}

// table reads a CSV answer: each row by the names of the first.
func table(t *testing.T, a *souktest.Answer) (rows []map[string]string) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(string(a.Is(200).Body)))
	all, err := r.ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%v: %.300s", err, a.Body)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func execute(t *testing.T, s *souktest.Shop, statement string, args ...any) {
	t.Helper()
	if _, err := s.DB.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func TestARefundTakesBackWhatWasBought(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		guide := offer(ana, souktest.Object{"feature_keys": []string{"read"}}, nil)
		file := addFile(ana, guide.product, "guide")
		ana.Do("PUT", fmt.Sprintf("/api/seller/assets/%d/content/", file), "the guide").Is(200)
		hour := offer(ana, souktest.Object{"name": "Hour", "product_type": "service", "feature_keys": []string{"ask"}}, nil)
		created := ben.Post("/api/account/orders/create/", souktest.Object{"items": []souktest.Object{
			{"price_id": guide.price, "quantity": 2}, {"price_id": hour.price, "quantity": 3},
		}}).Is(201).Object().Sub("order")
		id, items := created.Text("public_id"), created.Subs("items")
		pay(ben, "/api/account/orders/"+id+"/")
		token := ben.Get("/api/account/downloads/").List()[0].Text("token")
		address := ben.Post(accessPath(token), nil).Is(200).Object().Text("download_url")
		features := func() (keys []string) {
			for _, e := range ben.Get("/api/account/entitlements/").Is(200).List() {
				keys = append(keys, e.Text("feature_key"))
			}
			slices.Sort(keys)
			return keys
		}
		refund := func(item souktest.Object, units int) souktest.Object {
			body := souktest.Object{"reason": "Not needed.", "items": []souktest.Object{{"order_item": item.ID(), "quantity": units}}}
			return ana.Post(sales+id+"/refund/", body).Is(200).Object()
		}

		sale := refund(items[1], 2)
		if sale.Text("status") != "fulfilled" || sale.Int("refunded_cents") != 3800 || sale.Subs("items")[1].Int("refunded_quantity") != 2 || sale["needs_attention"] != false {
			t.Errorf("after two of three hours: %v", sale)
		}
		if r := sale.Subs("refunds"); len(r) != 1 || r[0].Text("status") != "succeeded" || r[0].Int("amount_cents") != 3800 || r[0].Text("currency") != "USD" ||
			r[0].Text("reason") != "Not needed." || r[0].Text("actor") != "seller" || r[0].Subs("items")[0].Int("order_item") != items[1].ID() ||
			r[0].Subs("items")[0].Int("quantity") != 2 {
			t.Errorf("refunds %v", r)
		}
		if p := sale.Subs("payments"); len(p) != 1 || p[0].Text("provider") != "manual" || p[0].Text("external_id") != id || p[0].Text("status") != "succeeded" ||
			p[0].Int("amount_cents") != 9500 || p[0]["extra"] != false {
			t.Errorf("payments %v", p)
		}
		var kinds []string
		for _, e := range sale.Subs("timeline") {
			kinds = append(kinds, e.Text("kind"))
		}
		if !slices.Equal(kinds, []string{"created", "paid", "fulfilled", "refund_requested", "refunded"}) {
			t.Errorf("timeline %v", kinds)
		}
		statuses := map[string]int{}
		for _, b := range ben.Get("/api/account/bookings/").List() {
			statuses[b.Text("status")]++
		}
		if statuses["canceled"] != 2 || statuses["requested"] != 1 || !slices.Equal(features(), []string{"ask", "read"}) {
			t.Errorf("after two of three hours: %v, %v", statuses, features())
		}
		checkInvariants(t, s)

		refund(items[0], 2)
		if code := ben.Post(accessPath(token), nil).Is(403).Object().Text("code"); code != "download_inactive" {
			t.Errorf("the download: %s", code)
		}
		s.Nobody().Get(address).Is(403)
		if g := ben.Get("/api/account/downloads/").List()[0]; g["is_active"] != false || g["can_download"] != false || g.Int("download_count") != 1 {
			t.Errorf("the download: %v", g)
		}
		if !slices.Equal(features(), []string{"ask"}) {
			t.Errorf("after the guides: %v", features())
		}
		checkInvariants(t, s)

		whole := ana.Post(sales+id+"/refund/", `{}`).Is(200).Object()
		mine := ben.Get("/api/account/orders/" + id + "/").Is(200).Object()
		if whole.Text("status") != "refunded" || mine.Text("status") != "refunded" || mine.Int("refunded_cents") != 9500 || len(features()) != 0 {
			t.Errorf("after all of it: %v, %v", mine, features())
		}
		if mine.Subs("items")[0].Int("refunded_quantity") != 2 || mine["provider"] != nil || mine["buyer"] != nil || mine["payments"] != nil {
			t.Errorf("the buyer sees %v", mine)
		}
		if given := mine.Subs("refunds"); len(given) != 3 || given[0].Text("reason") != "Not needed." || given[0]["actor"] != nil || given[2].Int("amount_cents") != 1900 {
			t.Errorf("the buyer sees the refunds %v", given)
		}
		checkInvariants(t, s)
	})
}

func TestSellersFilterTheirOrders(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, other := s.As("ana@example.test"), s.As("other@example.test")
		sounds, maps, theirs := offer(ana, nil, nil), offer(ana, souktest.Object{"name": "Maps"}, nil), offer(other, nil, nil)
		ben, cem := s.As("ben_1@example.test"), s.As("cem@example.test")
		first, second, third := place(ben, sounds.price, 1), place(ben, maps.price, 2), place(cem, sounds.price, 1)
		place(ben, theirs.price, 1)
		for path, days := range map[string]int{first: 3, second: 2, third: 1} {
			execute(t, s, `UPDATE orders SET created_at = $2 WHERE public_id = $1`, publicID(path), time.Date(2026, 11, 10-days, 12, 0, 0, 0, time.UTC))
		}
		pay(ben, first)
		execute(t, s, `UPDATE orders SET provider = 'manual'`)
		execute(t, s, `UPDATE orders SET provider = 'stripe', external_reference = 'pi_9' WHERE public_id = $1`, publicID(third))
		name := map[string]string{publicID(first): "1", publicID(second): "2", publicID(third): "3"}
		id := func(path string) int64 { return ana.Get(sales + publicID(path) + "/").Object().ID() }
		for query, want := range map[string]string{
			"": "321", "status=fulfilled": "1", fmt.Sprintf("product=%d", maps.product): "2", "provider=stripe": "3", "provider=manual": "21",
			"search=ben_1": "21", "search=BEN_1%40EXAMPLE": "21", "search=ben%251": "", "search=cem%40": "3", "search=_em": "", "search=%5C": "", "search=%27": "",
			"search=" + publicID(second): "2", "search=" + strings.ToUpper(publicID(second)[:13]): "2", "search=" + publicID(second)[:7]: "", "search=" + publicID(second)[1:]: "",
			fmt.Sprintf("search=%d", id(third)): "3", "search=pi_9": "3", "search=pi_": "", "search=+cem+": "3", "search=%C3%A4": "",
			"created_after=2026-11-08T12:00:00Z": "32", "created_after=2026-11-08T12:00:00.000001Z": "3", "created_before=2026-11-08T12:00:00Z": "1",
			"created_after=2026-11-08T14:00:00%2B02:00&created_before=2026-11-09T12:00:00Z": "2", "created_after=2027-01-01T00:00:00Z": "",
			"needs_attention=true": "", "needs_attention=false": "321", "search=ben&status=pending_payment": "2",
		} {
			got, rows := "", ""
			for _, o := range ana.Get(sales + "?" + query).Is(200).List() {
				got += name[o.Text("public_id")]
			}
			for _, row := range table(t, ana.Get(sales+"?format=csv&"+query)) {
				rows += name[row["public_id"]]
			}
			if got != want || rows != want {
				t.Errorf("%s: orders %q, in the table %q, want %q", query, got, rows, want)
			}
		}
		for query, field := range map[string]string{
			"provider=paypal": "query.provider", "search=" + strings.Repeat("x", 201): "query.search", "search=a%00b": "query.search", "search=%FF": "query.search",
			"created_after=yesterday": "query.created_after", "created_before=2026-11-08": "query.created_before", "format=xml": "query.format",
			"needs_attention=maybe": "query.needs_attention", "format=csv&search=a%00b": "query.search", "format=csv&cursor=x": "query.cursor",
		} {
			if got := ana.Get(sales + "?" + query).Field(); got != field {
				t.Errorf("%s: names %s, want %s", query, got, field)
			}
		}
		seen := ""
		for path := sales + "?limit=1&search=ben&created_after=2026-11-01T00:00:00Z&needs_attention=false"; path != ""; {
			page := ana.Get(path).Is(200)
			seen += name[page.List()[0].Text("public_id")]
			path = page.Next()
		}
		if seen != "21" {
			t.Errorf("the pages have %s", seen)
		}
		if page := ana.Get(sales + "?limit=1&search=ben").Is(200); !strings.HasPrefix(page.Header.Get("Content-Type"), "application/json") {
			t.Errorf("type %s", page.Header.Get("Content-Type"))
		} else {
			ana.Get(strings.Replace(page.Next(), "search=ben", "search=cem", 1)).Is(422) // a cursor is of its own list
		}
	})
}

func TestDisputesAndFailedRefundsNeedAttention(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, nil, nil)
		path := place(ben, p.price, 1)
		pay(ben, path)
		pay(ben, place(ben, p.price, 1))
		id := publicID(path)
		about := func(what string, want bool) souktest.Object {
			t.Helper()
			sale := ana.Get(sales + id + "/").Is(200).Object()
			if list := ana.Get(sales + "?needs_attention=true").Is(200).List(); sale["needs_attention"] != want || len(list) != map[bool]int{true: 1}[want] {
				t.Errorf("%s: %v, %d orders in the list", what, sale["needs_attention"], len(list))
			}
			return sale
		}
		const of = `(SELECT id FROM orders WHERE public_id = $1), (SELECT x.id FROM transactions x JOIN orders o ON o.id = x.order_id WHERE o.public_id = $1)`
		execute(t, s, `INSERT INTO disputes (order_id, transaction_id, external_id, status, reason, amount_cents, currency, open, created_at, updated_at)
			VALUES (`+of+`, 'dp_1', 'needs_response', 'fraudulent', 1900, 'USD', TRUE, 1, 2)`, id)
		sale := about("with an open dispute", true)
		if d := sale.Subs("disputes"); len(d) != 1 || d[0].Text("status") != "needs_response" || d[0].Text("reason") != "fraudulent" || d[0].Int("amount_cents") != 1900 ||
			d[0]["open"] != true || d[0]["lost"] != false || d[0]["closed_at"] != nil || d[0].Text("created_at") != "1970-01-01T00:00:00Z" {
			t.Errorf("disputes %v", d)
		}
		execute(t, s, `UPDATE disputes SET open = FALSE`)
		about("with a question of the bank's", true)
		execute(t, s, `UPDATE disputes SET closed_at = 3`)
		about("after it was won", false)
		for n, status := range []string{"failed", "succeeded", "canceled"} {
			execute(t, s, `INSERT INTO refunds (order_id, transaction_id, key, status, amount_cents, currency, actor, failure, created_at, updated_at)
				VALUES (`+of+`, $2, $3, 5, 'USD', 'system', 'lost_or_stolen_card', 1, 1)`, id, fmt.Sprint(n), status)
			sale := about("with a refund that is "+status, status != "succeeded")
			if r := sale.Subs("refunds"); len(r) != n+1 || r[n].Text("failure") != "lost_or_stolen_card" || len(r[n].Subs("items")) != 0 {
				t.Errorf("refunds %v", r)
			}
		}
	})
}

func TestOrdersAsATable(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		ben.Patch("/api/account/customer/", souktest.Object{"full_name": `=HYPERLINK("http://x.example.test","a")`}).Is(200)
		usd := offer(ana, souktest.Object{"name": `Field "recordings", night; =1+1`}, nil)
		jpy := offer(ana, souktest.Object{"name": "Käfer"}, souktest.Object{"currency": "JPY", "amount_cents": 1250})
		kwd := offer(ana, souktest.Object{"name": "@home"}, souktest.Object{"currency": "KWD", "amount_cents": 1250, "name": "+1"})
		notes := "-2\r\nsecond line"
		o := ben.Post("/api/account/orders/create/", souktest.Object{"price_id": usd.price, "quantity": 2, "notes": notes}).Is(201).Object().Sub("order")
		paid := pay(ben, "/api/account/orders/"+o.Text("public_id")+"/").Sub("order")
		ana.Post(sales+o.Text("public_id")+"/refund/", `{"amount_cents":5}`).Is(200)
		place(ben, jpy.price, 1)
		place(ben, kwd.price, 1)

		a := ana.With("Accept", "text/csv").Get(sales)
		rows := table(t, a)
		if a.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || !regexp.MustCompile(`^attachment; filename="orders-\d{4}-\d\d-\d\d\.csv"$`).MatchString(a.Header.Get("Content-Disposition")) ||
			a.Next() != "" || !strings.HasSuffix(string(a.Body), "\"\r\n") {
			t.Errorf("header %v", a.Header)
		}
		if len(rows) != 3 {
			t.Fatalf("%d rows: %s", len(rows), a.Body)
		}
		for name, want := range map[string]string{
			"public_id": o.Text("public_id"), "status": "fulfilled", "provider": "stripe", "created_at": paid.Text("created_at"), "paid_at": paid.Text("paid_at"),
			"canceled_at": "", "buyer_name": `'=HYPERLINK("http://x.example.test","a")`, "buyer_email": "ben@example.test",
			"items": `2 × Field "recordings", night; =1+1 (Standard)`, "units": "2", "refunded_units": "0", "currency": "USD", "subtotal": "38.00", "tax": "0.00",
			"total": "38.00", "refunded": "0.05", "notes": "'" + strings.ReplaceAll(notes, "\r\n", "\n"), // as the reader gives it
		} {
			if rows[2][name] != want {
				t.Errorf("%s is %q, want %q", name, rows[2][name], want)
			}
		}
		if rows[0]["total"] != "1.250" || rows[0]["currency"] != "KWD" || rows[0]["items"] != "1 × @home (+1)" || rows[1]["total"] != "1250" || rows[1]["items"] != "1 × Käfer (Standard)" {
			t.Errorf("rows %v", rows[:2])
		}
		for accept, csv := range map[string]bool{
			"text/csv, application/json;q=0.9": true, "text/csv;q=0.5, application/json": false, "*/*": false, "application/json": false,
			"text/html, */*;q=0.8": false, "nonsense": false,
		} {
			if got := strings.HasPrefix(ana.With("Accept", accept).Get(sales).Is(200).Header.Get("Content-Type"), "text/csv"); got != csv {
				t.Errorf("Accept %s: a table is %t", accept, got)
			}
		}
		ana.With("Accept", "text/csv").Get(sales + "?format=json").Is(200).List()
		if p := ana.With("Accept", "text/csv").Get(sales + "?status=x").Is(422); !strings.HasPrefix(p.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("a fault is %s", p.Header.Get("Content-Type"))
		}
		if rows := table(t, ben.Get(sales+"?format=csv")); len(rows) != 0 { // ben sells nothing
			t.Errorf("rows %v", rows)
		}
	})
}

func TestATableOfVeryManyOrdersSaysThatThereAreMore(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := offer(ana, nil, nil)
		oldest := publicID(place(ben, p.price, 1))
		const columns = `customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, created_at, updated_at`
		more := func(n, first int) {
			execute(t, s, `WITH RECURSIVE n (i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $3) INSERT INTO orders (public_id, `+columns+`)
				SELECT 'order-' || i, `+columns+` FROM orders CROSS JOIN n WHERE public_id = $1`, oldest, first, first+n-1)
		}
		more(19_999, 1)
		whole := ana.Get(sales + "?format=csv").Is(200)
		if rows := table(t, whole); len(rows) != 20_000 || rows[19_999]["public_id"] != oldest || whole.Next() != "" || strings.Contains(whole.Header.Get("Content-Disposition"), "part") {
			t.Fatalf("%d rows, header %v", len(rows), whole.Header)
		}
		more(700, 20_000)
		first := ana.Get(sales + "?format=csv&provider=stripe").Is(200)
		rows := table(t, first)
		if len(rows) != 20_000 || rows[0]["public_id"] != "order-20699" || !strings.Contains(first.Header.Get("Content-Disposition"), "-part.csv") || !strings.Contains(first.Next(), "format=csv") {
			t.Fatalf("%d rows from %v, header %v", len(rows), rows[0], first.Header)
		}
		rest := ana.Get(first.Next()).Is(200)
		rows = append(rows, table(t, rest)...)
		seen := map[string]bool{}
		for _, row := range rows {
			seen[row["public_id"]] = true
		}
		if len(rows) != 20_700 || len(seen) != 20_700 || rows[20_699]["public_id"] != oldest || rest.Next() != "" || !strings.Contains(rest.Header.Get("Content-Disposition"), "-part.csv") {
			t.Errorf("%d rows of %d orders, header %v", len(rows), len(seen), rest.Header)
		}
	})
}
