package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"souk/internal/dbtest"
	"souk/internal/fault"
	"souk/internal/httpx"
	"souk/internal/souktest"
)

// hostile is a text that would leave any place in a page where it is not escaped.
const hostile = `</title><script>alert(1)</script><!--"'><img src=x onerror=alert(1)>{{.}}` + "\u2028"

// element is one of a document, with its text.
type element struct {
	name, text string
	attr       map[string]string
}

// whole reads a document as a browser does, and sees that its scripts are data alone, and no element came from a text.
func whole(t *testing.T, document string) (all []element) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	for node := range root.Descendants() {
		if node.Type == html.CommentNode {
			t.Errorf("a comment: %q", node.Data)
		}
		if node.Type != html.ElementNode {
			continue
		}
		e := element{node.Data, "", map[string]string{}}
		for _, a := range node.Attr {
			e.attr[a.Key] = a.Val
		}
		for below := range node.Descendants() {
			if below.Type == html.TextNode {
				e.text += below.Data
			}
		}
		if e.name == "script" && !strings.HasSuffix(e.attr["type"], "json") || e.attr["onerror"] != "" {
			t.Errorf("an element from a text: %+v", e)
		}
		all = append(all, e)
	}
	return all
}

// the is the first element with a name and, if one is given, an attribute.
func the(all []element, name string, attr ...string) element {
	for _, e := range all {
		if e.name == name && (len(attr) == 0 || e.attr[attr[0]] == attr[1]) {
			return e
		}
	}
	return element{}
}

// preloaded is what a document has of the API.
func preloaded(t *testing.T, all []element) (got map[string]struct {
	Body json.RawMessage
	Next string
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(the(all, "script", "id", "souk-preload").text), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// facts are the JSON-LD of a document of a type.
func facts(t *testing.T, all []element, kind string) (found souktest.Object) {
	t.Helper()
	for _, e := range all {
		if e.attr["type"] == "application/ld+json" {
			var object souktest.Object
			if err := json.Unmarshal([]byte(e.text), &object); err != nil {
				t.Fatalf("%v: %s", err, e.text)
			}
			if object.Text("@type") == kind {
				return object
			}
		}
	}
	return nil
}

// sold puts up a product with a price.
func sold(t *testing.T, s *souktest.Shop, name, currency string, cents int64, more ...string) souktest.Object {
	t.Helper()
	fields := map[string]any{"name": name, "tagline": "About " + name, "visibility": "published"}
	for i := 0; i+1 < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	ana := s.As("ana@example.test")
	made := ana.Post("/api/seller/products/", fields).Is(201).Object()
	ana.Post(fmt.Sprintf("/api/seller/products/%d/prices/", made.ID()), map[string]any{"name": "One", "amount_cents": cents, "currency": currency}).Is(201)
	return made
}

func TestADocumentSpeaksTheVisitorsLanguage(t *testing.T) {
	h := shop(t, built, standIn, nil)
	for _, c := range []struct{ cookie, accept, lang, theme, title string }{
		{"", "", "en", "", "Plans · Bazaar"},
		{"", "de", "de", "", "Abos · Bazaar"},
		{"", "de-AT,de;q=0.9,en;q=0.8", "de", "", "Abos · Bazaar"},
		{"", "en;q=0.5, de;q=0.6", "de", "", "Abos · Bazaar"},
		{"", "fr, en;q=0.3, de;q=0", "en", "", "Plans · Bazaar"},
		{"", "ja", "en", "", "Plans · Bazaar"},
		{"", "*", "en", "", "Plans · Bazaar"},
		{"", ";;q=,-", "en", "", "Plans · Bazaar"},
		{"", strings.Repeat("de-", 3000), "en", "", "Plans · Bazaar"},
		{"lang=de", "en", "de", "", "Abos · Bazaar"},
		{"lang=en; theme=dark", "de", "en", "dark", "Plans · Bazaar"},
		{"theme=light", "", "en", "light", "Plans · Bazaar"},
		{`lang="><script>; theme=red`, "de", "de", "", "Abos · Bazaar"},
	} {
		out := ask(h, "GET", "/pricing", "Cookie", c.cookie, "Accept-Language", c.accept)
		all := whole(t, out.Body.String())
		if page := the(all, "html"); page.attr["lang"] != c.lang || page.attr["data-theme"] != c.theme || the(all, "title").text != c.title {
			t.Errorf("%+v: %v %q", c, page.attr, the(all, "title").text)
		}
		if vary := strings.Join(out.Header().Values("Vary"), ", "); !strings.Contains(vary, "Accept-Language") || !strings.Contains(vary, "Cookie") {
			t.Errorf("Vary: %s", vary)
		}
	}
}

func TestWhatACrawlerReads(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	for _, c := range []struct {
		currency, amount string
		cents            int64
	}{{"USD", "19.00", 1900}, {"JPY", "1900", 1900}, {"KWD", "1.900", 1900}} {
		sold(t, s, "Guide in "+c.currency, c.currency, c.cents)
		slug := "guide-in-" + strings.ToLower(c.currency)
		all := whole(t, ask(shop(t, built, standIn, apiOf(s)), "GET", "/products/"+slug+"?utm_source=x").Body.String())
		address := origin + "/products/" + slug
		if title := the(all, "title").text; title != "Guide in "+c.currency+" · Bazaar" {
			t.Errorf("title %q", title)
		}
		for property, want := range map[string]string{
			"og:title": "Guide in " + c.currency, "og:url": address, "og:type": "product", "og:image": origin + "/social/" + slug + ".png", "og:site_name": "Bazaar",
			"og:description": "About Guide in " + c.currency, "product:price:amount": c.amount, "product:price:currency": c.currency,
		} {
			if got := the(all, "meta", "property", property).attr["content"]; got != want {
				t.Errorf("%s: %q, want %q", property, got, want)
			}
		}
		if the(all, "meta", "name", "description").attr["content"] != "About Guide in "+c.currency || the(all, "link", "rel", "canonical").attr["href"] != address ||
			the(all, "meta", "name", "twitter:card").attr["content"] == "" || the(all, "meta", "name", "robots").name != "" {
			t.Errorf("%+v", all)
		}
		product := facts(t, all, "Product")
		offer := product.Sub("offers")
		if product.Text("url") != address || product.Text("image") != origin+"/social/"+slug+".png" || offer.Text("price") != c.amount ||
			offer.Text("priceCurrency") != c.currency || offer.Text("availability") != "https://schema.org/InStock" {
			t.Errorf("%v", product)
		}
		if steps := facts(t, all, "BreadcrumbList").Subs("itemListElement"); len(steps) != 2 || steps[1].Text("item") != address {
			t.Errorf("%v", steps)
		}
	}
	h := shop(t, built, standIn, apiOf(s))
	home := whole(t, ask(h, "GET", "/").Body.String())
	if facts(t, home, "Organization").Text("url") != origin+"/" || facts(t, home, "WebSite").Text("name") != "Bazaar" {
		t.Errorf("%+v", home)
	}
	for path, want := range map[string]string{
		"/": origin + "/", "/pricing?plan=x": origin + "/pricing", "/products": origin + "/products", "/products?utm_source=x": origin + "/products",
		"/products?product_type=digital": origin + "/products?product_type=digital",
		"/products?search=guide":         "", "/products?ordering=name": "", "/account/subscriptions": "", "/sign-in": "", "/checkout/success": "", "/nothing": "", "/products/nothing": "",
	} {
		all := whole(t, ask(h, "GET", path).Body.String())
		canonical, robots := the(all, "link", "rel", "canonical").attr["href"], the(all, "meta", "name", "robots").attr["content"]
		if canonical != want || (want == "") != (robots == "noindex") {
			t.Errorf("%s: canonical %q, robots %q, want %q", path, canonical, robots, want)
		}
	}
}

func TestWhatIsPreloadedIsTheAPIsAnswer(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		for i := range 26 {
			sold(t, s, fmt.Sprintf("Guide %d <b>", i), "USD", 100)
		}
		h := shop(t, built, standIn, apiOf(s))
		first := s.Nobody().Get("/api/products/?limit=24").Is(200).Next()
		cursor := regexp.MustCompile(`cursor=([^&]+)`).FindStringSubmatch(first)[1]
		for page, api := range map[string]string{
			"/":                          "/api/products/?limit=6",
			"/products":                  "/api/products/?limit=24",
			"/products?utm_source=x":     "/api/products/?limit=24",
			"/products?cursor=" + cursor: "/api/products/?limit=24&cursor=" + cursor,
			"/products?ordering=-price&search=guide+1%3Cb%3E&product_type=digital": "/api/products/?limit=24&product_type=digital&search=guide%201%3Cb%3E&ordering=-price",
			"/products?search=a*b~c(d)!'":                                          "/api/products/?limit=24&search=a*b~c(d)!'",
			"/products/guide-3-b":                                                  "/api/products/guide-3-b/",
		} {
			want := s.Nobody().Get(api).Is(200)
			out := ask(h, "GET", page, "Authorization", "Bearer x", "Cookie", "__session=x")
			got := preloaded(t, whole(t, out.Body.String()))
			if out.Code != 200 || len(got) != 1 {
				t.Errorf("%s: %d %v", page, out.Code, got)
				continue
			}
			answer, ok := got[api]
			if !ok || string(answer.Body) != escaped(t, want.Body) {
				t.Errorf("%s: %v\nwant %s: %s", page, got, api, want.Body)
			}
			if next := want.Next(); (answer.Next != "") != (next != "") || !strings.Contains(next, answer.Next) {
				t.Errorf("%s: next %q, want %q", page, answer.Next, next)
			}
		}
		none := preloaded(t, whole(t, ask(h, "GET", "/products/nothing").Body.String()))
		if len(none) != 1 || string(none["/api/products/nothing/"].Body) != "null" {
			t.Errorf("of a product that is none: %v", none)
		}
		for _, page := range []string{"/pricing", "/account/subscriptions", "/nothing", "/products/a/b", "/products?cursor=forged"} {
			if got := preloaded(t, whole(t, ask(h, "GET", page).Body.String())); len(got) != 0 {
				t.Errorf("%s: %v", page, got)
			}
		}
	})
}

// escaped is JSON as it is written into a page.
func escaped(t *testing.T, text []byte) string {
	t.Helper()
	out, err := json.Marshal(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestAChangeIsInTheNextDocument(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	made := sold(t, s, "Guide", "USD", 100)
	h := shop(t, built, standIn, apiOf(s))
	first := ask(h, "GET", "/products/guide")
	if again := ask(h, "GET", "/products/guide", "If-None-Match", first.Header().Get("ETag")); again.Code != 304 {
		t.Errorf("the same document: %d", again.Code)
	}
	s.As("ana@example.test").Patch(fmt.Sprintf("/api/seller/products/%d/", made.ID()), map[string]any{"name": "Better guide"}).Is(200)
	second := ask(h, "GET", "/products/guide", "If-None-Match", first.Header().Get("ETag"))
	if title := the(whole(t, second.Body.String()), "title").text; second.Code != 200 || title != "Better guide · Bazaar" {
		t.Errorf("after the change: %d %q", second.Code, title)
	}
	s.As("ana@example.test").Patch(fmt.Sprintf("/api/seller/products/%d/", made.ID()), map[string]any{"visibility": "draft"}).Is(200)
	if gone := ask(h, "GET", "/products/guide"); gone.Code != 404 || strings.Contains(gone.Body.String(), "Better") || gone.Header().Get("ETag") != "" {
		t.Errorf("no longer for sale: %d %s", gone.Code, gone.Body)
	}
}

func TestHostileNamesStayText(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	name := strings.TrimSpace(hostile)
	made := sold(t, s, name, "USD", 100, "tagline", name, "description", name+"\n\n"+name)
	h := shop(t, built, standIn, apiOf(s))
	for _, path := range []string{"/products/" + made.Text("slug"), "/products", "/"} {
		document := ask(h, "GET", path).Body.String()
		all := whole(t, document)
		if len(preloaded(t, all)) != 1 {
			t.Errorf("%s: nothing is preloaded", path)
		}
		for _, script := range regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`).FindAllStringSubmatch(document, -1) {
			if strings.ContainsAny(script[1], "<>\u2028") {
				t.Errorf("%s: a script has %q", path, script[1])
			}
		}
	}
	all := whole(t, ask(h, "GET", "/products/"+made.Text("slug")).Body.String())
	if title := the(all, "title").text; title != name+" · Bazaar" {
		t.Errorf("the title is %q", title)
	}
	if got := facts(t, all, "Product").Text("name"); got != name {
		t.Errorf("the name in JSON-LD is %q", got)
	}
}

func TestWhatABrowserLoadsAtOnce(t *testing.T) {
	h := shop(t, built, standIn, empty(t))
	for path, want := range map[string][]string{
		"/":        {"a", "shared", "en", "home", "card"},
		"/pricing": {"a", "shared", "en", "pricing"},
		"/nothing": {"a", "shared", "en"},
	} {
		document := ask(h, "GET", path).Body.String()
		var got []string
		for _, e := range whole(t, document) {
			if e.attr["rel"] == "modulepreload" {
				got = append(got, strings.TrimSuffix(strings.TrimPrefix(e.attr["href"], "/assets/"), "-1.js"))
			}
			if e.attr["rel"] == "preload" && e.attr["href"] != "/assets/latin-1.woff2" {
				t.Errorf("%s loads %v", path, e.attr)
			}
			if e.attr["rel"] == "stylesheet" {
				t.Errorf("%s loads a style: %v", path, e.attr)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		if !strings.Contains(document, "<style>a > b { color: red }</style>") {
			t.Errorf("%s has no style", path)
		}
	}
	german := ask(h, "GET", "/pricing", "Accept-Language", "de").Body.String()
	if !strings.Contains(german, "/assets/de-1.js") || strings.Contains(german, "/assets/en-1.js") {
		t.Errorf("%s", german)
	}
}

func TestWhenTheAPIDoesNotAnswer(t *testing.T) {
	down := fault.New(fault.Unavailable, "down", "Down.")
	broken := true
	real := empty(t)
	h := shop(t, built, standIn, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !broken {
			real.ServeHTTP(w, r)
			return
		}
		httpx.WriteProblem(w, r, down)
	}))
	out := ask(h, "GET", "/products")
	if out.Code != 503 || out.Header().Get("Retry-After") == "" || out.Header().Get("Content-Type") != "text/html; charset=utf-8" || out.Header().Get("ETag") != "" {
		t.Errorf("%d %v", out.Code, out.Header())
	}
	if all := whole(t, out.Body.String()); the(all, "script", "id", "souk-config").text == "" || len(preloaded(t, all)) != 0 {
		t.Errorf("%s", out.Body)
	}
	if out := ask(h, "GET", "/pricing"); out.Code != 200 {
		t.Errorf("a page that shows nothing of the API: %d", out.Code)
	}
	broken = false
	if out := ask(h, "GET", "/products"); out.Code != 200 {
		t.Errorf("when it answers again: %d", out.Code)
	}
}

// What a page shows counts for the visitor who asked for it, as if the scripts had asked; what the program asks for itself does not.
func TestTheLimitsOfTheAPIHoldForPages(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t), "RATE_LIMIT_ENABLED=true", "RATE_LIMIT_CATALOG=3/1m")
	sold(t, s, "Guide", "USD", 100)
	h := shop(t, built, standIn, apiOf(s))
	var last int
	for range 4 {
		out := ask(h, "GET", "/products")
		if last = out.Code; last == 429 && out.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if last != 429 {
		t.Errorf("the fourth page in a minute: %d", last)
	}
	if out := ask(h, "GET", "/sitemap.xml"); out.Code != 200 || !strings.Contains(out.Body.String(), origin+"/products/guide<") {
		t.Errorf("the sitemap: %d %s", out.Code, out.Body)
	}
}

// What the server draws has the heading, and the texts of what is sold, in the visitor's language.
func TestWhatTheServerDraws(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	for _, c := range []struct {
		name, currency string
		cents          int64
	}{{"Guide", "USD", 1950}, {"Poster", "EUR", 120000}, {"Gift", "USD", 0}} {
		sold(t, s, c.name, c.currency, c.cents)
	}
	h := shop(t, built, standIn, apiOf(s))
	for _, c := range []struct {
		path, lang, heading string
		says                []string
	}{
		{"/", "en", "Good work, straight from the maker", []string{"Guide", "About Guide", "$19.50", "€1,200", "Free", "Sign in"}},
		{"/", "de", "Gute Arbeit, direkt von denen, die sie machen", []string{"Guide", "19,50\u00a0$", "1.200\u00a0€", "Kostenlos", "Anmelden"}},
		{"/products", "de", "Produkte", []string{"Guide", "Poster"}},
		{"/products/guide", "en", "Guide", []string{"About Guide", "$19.50"}},
		{"/pricing", "en", "Plans", nil},
		{"/account/subscriptions", "de", "Ihr Konto", nil},
		{"/nothing", "en", "There is nothing at this stall", nil},
		{"/products/nothing", "de", "An diesem Stand gibt es nichts", nil},
	} {
		all := whole(t, ask(h, "GET", c.path, "Accept-Language", c.lang).Body.String())
		app := the(all, "div", "id", "app").text
		if got := the(all, "h1").text; got != c.heading {
			t.Errorf("%s in %s: the heading is %q, want %q", c.path, c.lang, got, c.heading)
		}
		for _, text := range append(c.says, "Bazaar") {
			if !strings.Contains(app, text) {
				t.Errorf("%s in %s does not say %q: %s", c.path, c.lang, text, app)
			}
		}
	}
	for cookie, known := range map[string]bool{
		"": false, "__session=x": true, "__session_abc=x": true, "__session=": false, "__sessions=x": false, "__client_uat=0": false, "__client_uat_abc=17": true,
	} {
		if app := ask(h, "GET", "/pricing", "Cookie", cookie).Body.String(); strings.Contains(app, "Sign in") == known {
			t.Errorf("with the cookie %q the way to sign in is shown, or not: %s", cookie, app)
		}
	}
}
