package api_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"souk/internal/souktest"
)

// listed is what the model of the public list knows of a product.
type listed struct {
	id, created, cents int64 // cents is 0 without a price
	name, kind, text   string
}

var lower = strings.NewReplacer("ß", "ss", "ẞ", "ss")

func folded(s string) string { return lower.Replace(strings.ToLower(s)) }

// stock puts up n published products that are alike in name, price and time, and some drafts, and gives the model of them.
func stock(t *testing.T, s *souktest.Shop, n int) []listed {
	t.Helper()
	ana := s.As("ana@example.test")
	names := []string{"Ärger", "ÄRGER", "ärger", "Straße", "STRASSE", "Zebra", "zebra", "100% wool", "a_b", "a!b", `back\slash`, "日本", "Éclair", "eclair"}
	tags := []string{"", "loud AND quiet", "50%", "Größe", "a-b"}
	draw := rand.New(rand.NewPCG(1, 2))
	var model []listed
	for i := range n {
		p := listed{name: names[draw.IntN(len(names))], kind: []string{"digital", "digital", "service"}[draw.IntN(3)]}
		tag, about := tags[draw.IntN(len(tags))], names[draw.IntN(len(names))]
		visibility := "published"
		if i%9 == 8 {
			visibility = []string{"draft", "archived"}[i%2]
		}
		made := ana.Post("/api/seller/products/", map[string]any{
			"name": p.name, "tagline": tag, "description": about, "product_type": p.kind, "visibility": visibility,
		}).Is(201).Object()
		p.id, p.text = made.ID(), folded(p.name+"\n"+tag+"\n"+about)
		if i%5 != 4 {
			p.cents = int64(1 + draw.IntN(4))
			ana.Post(fmt.Sprintf("/api/seller/products/%d/prices/", p.id), map[string]any{"name": "One", "amount_cents": p.cents, "currency": "USD"}).Is(201)
		}
		if visibility == "published" {
			model = append(model, p)
		}
	}
	// Some share the very time, so that only the id parts them.
	if _, err := s.DB.Exec(t.Context(), `UPDATE products SET created_at = 1000000 * (id % 7)`); err != nil {
		t.Fatal(err)
	}
	for i := range model {
		model[i].created = model[i].id % 7
	}
	return model
}

func (p listed) price(descending bool) int64 {
	if p.cents == 0 && !descending {
		return math.MaxInt64
	}
	return p.cents // without a price: 0, the last of all when the dearest come first
}

func wanted(model []listed, kind, search, ordering string) (ids []int64) {
	by, descending := strings.CutPrefix(ordering, "-")
	var hits []listed
	for _, p := range model {
		missing := func(word string) bool { return !strings.Contains(p.text, word) }
		if (kind == "" || p.kind == kind) && !slices.ContainsFunc(strings.Fields(folded(search)), missing) {
			hits = append(hits, p)
		}
	}
	slices.SortFunc(hits, func(a, b listed) int {
		order := cmp.Compare(a.created, b.created)
		switch by {
		case "name":
			order = cmp.Compare(folded(a.name), folded(b.name))
		case "price":
			order = cmp.Compare(a.price(descending), b.price(descending))
		}
		order = cmp.Or(order, cmp.Compare(a.id, b.id))
		if descending {
			return -order
		}
		return order
	})
	for _, p := range hits {
		ids = append(ids, p.id)
	}
	return ids
}

func TestTheListIsTheModels(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		model := stock(t, s, 60)
		walk := func(kind, search, ordering string) (ids []int64) {
			query := url.Values{"limit": {"7"}}
			for name, value := range map[string]string{"product_type": kind, "search": search, "ordering": ordering} {
				if value != "" {
					query.Set(name, value)
				}
			}
			for path := "/api/products/?" + query.Encode(); path != ""; {
				page := s.Nobody().Get(path).Is(200)
				rows := page.List()
				for _, row := range rows {
					ids = append(ids, row.ID())
				}
				if path = page.Next(); path != "" && len(rows) != 7 {
					t.Fatalf("a page of %d has a next one", len(rows))
				}
			}
			return ids
		}
		for _, ordering := range []string{"created_at", "-created_at", "name", "-name", "price", "-price"} {
			for _, kind := range []string{"", "digital", "service"} {
				if got, want := walk(kind, "", ordering), wanted(model, kind, "", ordering); !slices.Equal(got, want) {
					t.Errorf("%s %q:\n got %v\nwant %v", ordering, kind, got, want)
				}
			}
		}
		for _, search := range []string{
			"ärger", "ÄRGER", "A\u0308rger", "STRASSE", "straße", "grösse", "zebra quiet", "quiet ZEBRA", "loud  and", "%", "50%", "_", "a_b", "a!b", "!", `\`,
			"日本", "éclair", "eclair", "nothing of this", "wool 100%",
		} {
			kind, ordering := []string{"", "digital"}[len(search)%2], []string{"-price", "name"}[len(search)%2]
			want := wanted(model, kind, strings.ReplaceAll(search, "A\u0308", "Ä"), ordering)
			if got := walk(kind, search, ordering); !slices.Equal(got, want) {
				t.Errorf("search %q:\n got %v\nwant %v", search, got, want)
			}
		}
		if got := walk("", "", ""); !slices.Equal(got, wanted(model, "", "", "-created_at")) {
			t.Error("the list is not newest first by itself")
		}
	})
}

func TestTheListRefusesWhatItDoesNotKnow(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		sell(t, ana, "Guide", 100)
		sell(t, ana, "Guide two", 200)
		nobody := s.Nobody()
		next := nobody.Get("/api/products/?limit=1&ordering=name").Is(200).Next()
		if next == "" {
			t.Fatal("no next page")
		}
		cursor := next[strings.Index(next, "cursor=")+len("cursor="):]
		cursor, _, _ = strings.Cut(cursor, "&")
		for query, field := range map[string]string{
			"ordering=id":                        "query.ordering",
			"product_type=book":                  "query.product_type",
			"limit=0":                            "query.limit",
			"limit=x":                            "query.limit",
			"owner=1":                            "query.owner",
			"search=" + strings.Repeat("a", 201): "query.search",
			"search=" + strings.Repeat("a+", 11): "query.search",
			"cursor=abc":                         "query.cursor",
			"cursor=" + cursor:                   "query.cursor",
			"ordering=-name&cursor=" + cursor:    "query.cursor",
			"ordering=name&search=guide&cursor=" + cursor: "query.cursor",
		} {
			if got := nobody.Get("/api/products/?" + query).Field(); got != field {
				t.Errorf("%s: names %s, want %s", query, got, field)
			}
		}
		nobody.Get("/api/products/?limit=1&ordering=name&cursor=" + cursor).Is(200)
		for _, search := range []string{"%00", "%ff", "%ed%a0%80", "%e2%80%ae"} {
			nobody.Get("/api/products/?search=" + search).Is(200)
		}
		for _, slug := range []string{"%00", "%ff", "GUIDE", "guide%2f", "no-such", "%e2%80%ae", strings.Repeat("a", 200), "'%20or%201=1"} {
			nobody.Get("/api/products/" + slug + "/").Is(404)
		}
	})
}

func TestTheDetailShowsWhatIsActive(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, nobody := s.As("ana@example.test"), s.Nobody()
		p := ana.Post("/api/seller/products/", `{"name":"Coaching","product_type":"service","feature_keys":["AI Coach","ai_coach"," AI  COACH ","b"],
			"metadata":{"colour":"red"}}`).Is(201).Object()
		path := fmt.Sprintf("/api/seller/products/%d/", p.ID())
		nobody.Get("/api/products/coaching/").Is(404)
		ana.Patch(path, `{"visibility":"published"}`).Is(200)
		if d := nobody.Get("/api/products/coaching/").Is(200).Object(); d["active_price"] != nil || d["service_offer"] != nil ||
			fmt.Sprint(d["feature_keys"], d["prices"], d["assets"]) != "[ai_coach b] [] []" || d.Sub("metadata").Text("colour") != "red" {
			t.Errorf("without parts: %v", d)
		}
		yen := ana.Post(path+"prices/", `{"name":"Yen","amount_cents":500,"currency":"jpy"}`).Is(201).Object()
		ana.Post(path+"prices/", `{"name":"Dinar","amount_cents":1250,"currency":" kwd ","billing_period":"monthly"}`).Is(201)
		ana.Post(path+"prices/", `{"name":"Hidden","amount_cents":1,"currency":"USD","is_active":false}`).Is(201)
		ana.Post(path+"assets/", `{"title":"Book","file_path":"a/book.pdf","version_label":"1.0","file_size_bytes":7}`).Is(201)
		ana.Post(path+"assets/", `{"title":"Old","file_path":"a/old.pdf","is_active":false}`).Is(201)
		ana.Do("PUT", path+"service-offer/", `{"session_minutes":45}`).Is(200)
		d := nobody.Get("/api/products/coaching/").Is(200).Object()
		prices, assets := d.Subs("prices"), d.Subs("assets")
		if len(prices) != 2 || prices[0].Text("amount") != "500" || prices[1].Text("amount") != "1.250" || prices[1].Text("currency") != "KWD" {
			t.Errorf("prices %v", prices)
		}
		if len(assets) != 1 || assets[0].Text("title") != "Book" || assets[0].Int("file_size_bytes") != 7 || assets[0]["file_path"] != nil {
			t.Errorf("assets %v", assets)
		}
		if d.Sub("active_price").ID() != yen.ID() || d.Sub("service_offer").Int("session_minutes") != 45 {
			t.Errorf("detail %v", d)
		}
		if row := nobody.Get("/api/products/").Is(200).List()[0]; row.Sub("active_price").Text("amount") != "500" {
			t.Errorf("row %v", row)
		}
		ana.Patch(path, `{"visibility":"archived"}`).Is(200)
		nobody.Get("/api/products/coaching/").Is(404)
		if len(nobody.Get("/api/products/").Is(200).List()) != 0 {
			t.Error("an archived product is listed")
		}
	})
}
