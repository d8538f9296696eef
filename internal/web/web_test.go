package web_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"souk/frontend"
	"souk/internal/dbtest"
	"souk/internal/httpx"
	"souk/internal/souktest"
	"souk/internal/web"
)

var (
	routes = []frontend.Route{
		{Pattern: "/", Source: "src/home.tsx", Description: "meta.home"},
		{Pattern: "/pricing", Source: "src/pricing.tsx", Title: "pricing.title", Description: "meta.home"},
		{Pattern: "/products", Source: "src/list.tsx", Title: "shell.products", Description: "meta.home"},
		{Pattern: "/products/:slug", Source: "src/product.tsx", Title: "shell.products"},
		{Pattern: "/account/subscriptions", Source: "src/pricing.tsx", Title: "account.title"},
		{Pattern: "/checkout/success", Source: "src/pricing.tsx", Title: "account.title"},
		{Pattern: "/sign-in/*", Source: "src/pricing.tsx", Title: "account.title"},
	}
	texts = frontend.Messages()
	built = fstest.MapFS{
		".keep": {},
		"index.html": {Data: []byte(`<!doctype html><html lang="en"><head><meta charset="utf-8"><!--head-->
<link rel="modulepreload" crossorigin href="/assets/shared-1.js">
<link rel="stylesheet" crossorigin href="/assets/style-1.css"></head><body><div id="app"><!--app--></div><!--data--></body></html>`)},
		"manifest.json": {Data: []byte(`{
			"_shared.js": {"file": "assets/shared-1.js"},
			"index.html": {"file": "assets/a-1.js", "isEntry": true, "imports": ["_shared.js"], "dynamicImports": ["src/home.tsx"],
				"assets": ["assets/picture-1.svg", "assets/latin-1.woff2", "assets/greek-1.woff2"]},
			"src/messages/en.ts": {"file": "assets/en-1.js"}, "src/messages/de.ts": {"file": "assets/de-1.js"},
			"_card.js": {"file": "assets/card-1.js", "imports": ["_shared.js", "index.html"]},
			"src/home.tsx": {"file": "assets/home-1.js", "imports": ["_card.js"]}, "src/list.tsx": {"file": "assets/list-1.js", "imports": ["_card.js", "_shared.js"]},
			"src/product.tsx": {"file": "assets/product-1.js"}, "src/pricing.tsx": {"file": "assets/pricing-1.js"}
		}`)},
		"assets/style-1.css": {Data: []byte(`a > b { color: red }`)},
		"assets/a-1.js":      {Data: []byte(strings.Repeat("plain();", 100))},
		"assets/a-1.js.gz":   {Data: []byte("packed")},
		"assets/a-1.js.br":   {Data: []byte("brotli")},
		"assets/a-1.js.map":  {Data: []byte("{}")},
		"icon.svg":           {Data: []byte("<svg/>")},
	}
	standIn = web.Page{Shop: "Bazaar", Development: true, Clerk: web.Clerk{PublishableKey: "pk_live_x", ProxyURL: "/__clerk", Scripts: "/__clerk/npm"}}
)

const origin = "https://shop.example.test"

// shop is the pages beside something that answers 418, behind what every request passes. What they show they ask api.
func shop(t *testing.T, dist fs.FS, page web.Page, api http.Handler) http.Handler {
	t.Helper()
	pages, err := web.New(web.Options{Dist: dist, Routes: routes, Messages: texts, Page: page, Origin: origin, API: api})
	if err != nil {
		t.Fatal(err)
	}
	beside := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return httpx.Edge{Hosts: []string{"example.com"}, Limits: httpx.DefaultLimits()}.Wrap(pages.Beside(beside))
}

// apiOf is the API of a real shop.
func apiOf(s *souktest.Shop) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.Clone(r.Context())
		inner.Host = strings.TrimPrefix(s.URL, "http://")
		s.Handler.ServeHTTP(w, inner)
	})
}

// empty is the API of a shop that sells nothing.
func empty(t *testing.T) http.Handler {
	t.Helper()
	return apiOf(souktest.New(t, dbtest.SQLite(t)))
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = path
	path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	r.URL.Path = path
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r)
	return out
}

func TestWhatAnAddressAnswers(t *testing.T) {
	h := shop(t, built, standIn, empty(t))
	const page, gone, api = "text/html; charset=utf-8", "text/html; charset=utf-8", ""
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, page},
		{"HEAD", "/", 200, page},
		{"GET", "/pricing", 200, page},
		{"GET", "/pricing?plan=cplan_1", 200, page},
		{"GET", "/account/subscriptions", 200, page},
		{"GET", "/sign-in", 200, page},
		{"GET", "/sign-in/factor-one", 200, page},
		{"GET", "/sign-in/sso/callback", 200, page},
		{"GET", "/nothing", 404, gone},
		{"GET", "/account", 404, gone},
		{"GET", "/pricing/more", 404, gone},
		{"GET", "/sign-inn", 404, gone},
		{"GET", "//", 404, gone},
		{"GET", "//evil.example", 404, gone},
		{"GET", "//evil.example/", 404, gone},
		{"GET", "/index.html", 404, gone},
		{"GET", "/.keep", 404, gone},
		{"GET", "/assets/", 404, gone},
		{"GET", "/assets/../index.html", 404, gone},
		{"GET", "/../web.go", 404, gone},
		{"GET", "/assets/..%2f..%2fgo.mod", 404, gone},
		{"GET", "/assets/a-1.js.map", 404, gone},
		{"GET", "/manifest.json", 404, gone},
		{"GET", "/assets/a-1.js.gz", 404, gone},
		{"GET", "/assets/a-1.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/icon.svg", 200, "image/svg+xml"},
		{"POST", "/", 405, "application/problem+json"},
		{"DELETE", "/assets/a-1.js", 405, "application/problem+json"},
		{"GET", "/api", 418, api},
		{"GET", "/api/", 418, api},
		{"GET", "/api/docs/", 418, api},
		{"POST", "/api/nothing", 418, api},
		{"GET", "/checkout/7/", 418, api},
		{"GET", "/checkout/success", 200, page},
		{"GET", "/checkout/success/x", 418, api},
		{"GET", "/checkout/cancel", 418, api}, // it is not among the routes
		{"GET", "/products", 200, page},
		{"GET", "/products?search=x&utm_source=y", 200, page},
		{"GET", "/products?ordering=nothing", 404, gone},
		{"GET", "/products/nothing", 404, gone},
		{"GET", "/products/Nothing", 404, gone},
		{"GET", "/products/a/b", 404, gone},
		{"GET", "/products/a//", 404, gone},
		{"GET", "/products//a", 404, gone},
		{"GET", "/sign-in/", 308, ""},
		{"GET", "/products/..%2f..%2fhealth", 404, gone},
		{"GET", "/__clerk/v1/client", 418, api},
		{"GET", "/__dev", 418, api},
		{"GET", "/__nothing/", 418, api},
		{"GET", "/apis", 404, gone},
	} {
		out := ask(h, c.method, c.path)
		if out.Code != c.status || c.kind != "" && out.Header().Get("Content-Type") != c.kind {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, out.Code, out.Header().Get("Content-Type"), c.status, c.kind)
		}
		if c.method == "HEAD" && (out.Body.Len() > 0 || out.Header().Get("Content-Length") == "0") {
			t.Errorf("HEAD %s: %d bytes, Content-Length %s", c.path, out.Body.Len(), out.Header().Get("Content-Length"))
		}
		if c.status == 405 && out.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", c.method, c.path, out.Header().Get("Allow"))
		}
		if c.status == 418 && strings.Contains(out.Header().Get("Content-Security-Policy"), "script-src") {
			t.Errorf("%s has the policy of a page", c.path)
		}
	}
}

func TestAPageHasOneAddress(t *testing.T) {
	h := shop(t, built, standIn, empty(t))
	for path, to := range map[string]string{
		"/pricing/": "/pricing", "/pricing/?plan=a%2Fb": "/pricing?plan=a%2Fb", "/sign-in/": "/sign-in", "/sign-in/a/": "/sign-in/a",
		"/sign-in//evil.example/": "/sign-in//evil.example", "/checkout/success/?order=7": "/checkout/success?order=7",
		"/products/a/": "/products/a",
	} {
		if out := ask(h, "GET", path); out.Code != 308 || out.Header().Get("Location") != to {
			t.Errorf("%s: %d to %q, want %q", path, out.Code, out.Header().Get("Location"), to)
		}
	}
}

func TestAPageHasOneNameOfTheMachine(t *testing.T) {
	pages, err := web.New(web.Options{Dist: built, Routes: routes, Messages: texts, Page: standIn, Origin: "http://127.0.0.1:8000", API: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, c := range []struct {
		host, path string
		status     int
		to         string
	}{
		{"127.0.0.1:8000", "/pricing", 200, ""},
		{"localhost:8000", "/pricing?plan=a%2Fb", 307, "http://127.0.0.1:8000/pricing?plan=a%2Fb"},
		{"[::1]:8000", "/", 307, "http://127.0.0.1:8000/"},
		{"localhost:8000", "//evil.example/", 307, "http://127.0.0.1:8000//evil.example/"},
		{"localhost:8000", "/assets/a-1.js", 200, ""},
		{"localhost:8000", "/api/health/", 418, ""},
		{"127.0.0.1:5173", "/pricing", 200, ""},        // the dev server's
		{"box.example.test:8000", "/pricing", 200, ""}, // of another machine, for which 127.0.0.1 is not the shop
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Host = c.host
		out := httptest.NewRecorder()
		pages.Beside(api).ServeHTTP(out, r)
		if out.Code != c.status || out.Header().Get("Location") != c.to {
			t.Errorf("%s%s: %d to %q, want %d to %q", c.host, c.path, out.Code, out.Header().Get("Location"), c.status, c.to)
		}
	}
}

func TestWhatAClientKeeps(t *testing.T) {
	h := shop(t, built, standIn, empty(t))
	for _, c := range []struct{ path, accept, encoding, body, keep string }{
		{"/assets/a-1.js", "gzip, deflate, br", "br", "brotli", "public, max-age=31536000, immutable"},
		{"/assets/a-1.js", "gzip, br;q=0", "gzip", "packed", "public, max-age=31536000, immutable"},
		{"/icon.svg", "", "", "<svg/>", "no-cache"},
		{"/pricing", "", "", "<!doctype html>", "no-cache"},
		{"/pricing", "gzip", "gzip", "", "no-cache"},
	} {
		out := ask(h, "GET", c.path, "Accept-Encoding", c.accept)
		if out.Code != 200 || out.Header().Get("Content-Encoding") != c.encoding || !strings.HasPrefix(out.Body.String(), c.body) || out.Header().Get("Cache-Control") != c.keep {
			t.Errorf("%s for %q: %d %v %q", c.path, c.accept, out.Code, out.Header(), out.Body)
		}
		if !strings.Contains(strings.Join(out.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: Vary %v", c.path, out.Header().Values("Vary"))
		}
		tag := out.Header().Get("ETag")
		for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if again := ask(h, "GET", c.path, "Accept-Encoding", c.accept, "If-None-Match", known); again.Code != 304 || again.Body.Len() > 0 {
				t.Errorf("%s with %s: %d", c.path, known, again.Code)
			}
		}
		if again := ask(h, "GET", c.path, "Accept-Encoding", c.accept, "If-None-Match", `"other"`); again.Code != 200 {
			t.Errorf("%s with another tag: %d", c.path, again.Code)
		}
	}
	one, other := ask(h, "GET", "/assets/a-1.js", "Accept-Encoding", "br"), ask(h, "GET", "/assets/a-1.js", "Accept-Encoding", "gzip")
	if one.Header().Get("ETag") == other.Header().Get("ETag") {
		t.Error("two forms have one tag")
	}
	if out := ask(h, "GET", "/nothing", "If-None-Match", "*"); out.Code != 404 {
		t.Errorf("an unknown page that the client has: %d", out.Code)
	}
}

func TestTheConfigurationCannotLeaveItsElement(t *testing.T) {
	page := standIn
	page.Shop = hostile
	page.Clerk.PublishableKey = hostile
	body := ask(shop(t, built, page, nil), "GET", "/pricing").Body.String()
	whole(t, body)
	if !strings.Contains(body, `<script type="application/json" id="souk-config">{"shop":"\u003c/title\u003e`) {
		t.Error(body)
	}
}

func TestThePolicyNamesWhatIsNeeded(t *testing.T) {
	standIn := ask(shop(t, built, standIn, nil), "GET", "/pricing").Header().Get("Content-Security-Policy")
	if strings.Contains(standIn, "http") || !strings.Contains(standIn, "script-src 'self';") || !strings.Contains(standIn, "connect-src 'self';") {
		t.Errorf("beside the stand-in a page may load from elsewhere: %s", standIn)
	}
	real := ask(shop(t, built, web.Page{Clerk: web.Clerk{
		PublishableKey: "pk_live_x", FrontendAPI: "https://clerk.example.com", Scripts: "https://clerk.example.com/npm",
	}}, nil), "GET", "/pricing").Header().Get("Content-Security-Policy")
	for _, part := range []string{
		"script-src 'self' https://clerk.example.com ", "connect-src 'self' https://clerk.example.com ", "img-src 'self' data: blob: https://img.clerk.com;",
		"https://challenges.cloudflare.com", "https://js.stripe.com", "https://hooks.stripe.com", "worker-src 'self' blob:", "default-src 'none';", "frame-ancestors 'none'",
	} {
		if !strings.Contains(real, part) {
			t.Errorf("the policy lacks %q: %s", part, real)
		}
	}
	if script, _, _ := strings.Cut(real, "; style-src"); strings.Contains(script, "unsafe") {
		t.Errorf("scripts in the page may run: %s", script)
	}
}

func TestWithoutThePagesItIsSaidHowTheyAreBuilt(t *testing.T) {
	h := shop(t, fstest.MapFS{".keep": {}}, standIn, nil)
	if out := ask(h, "GET", "/"); out.Code != 503 || !strings.Contains(out.Body.String(), "./start.sh") || strings.Contains(out.Header().Get("Cache-Control"), "max-age") {
		t.Errorf("%d %v %s", out.Code, out.Header(), out.Body)
	}
	if out := ask(h, "GET", "/nothing"); out.Code != 404 {
		t.Errorf("an unknown page: %d", out.Code)
	}
	if out := ask(h, "GET", "/api/health/"); out.Code != 418 {
		t.Errorf("the API: %d", out.Code)
	}
}

func TestTheRoutesAndMessagesOfThePagesFit(t *testing.T) {
	routes := frontend.Routes()
	if len(routes) < 5 || routes[0].Pattern != "/" {
		t.Errorf("%q", routes)
	}
	o := web.Options{Dist: frontend.Dist(), Routes: routes, Messages: frontend.Messages()}
	if _, err := web.New(o); err != nil {
		t.Error(err)
	}
	o.Routes = []frontend.Route{{Pattern: "/", Title: "nothing"}}
	if _, err := web.New(o); err == nil {
		t.Error("a title that is no message passes")
	}
}
