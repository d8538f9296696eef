package web_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"souk/frontend"
	"souk/internal/httpx"
	"souk/internal/web"
)

var (
	routes = []string{"/", "/pricing", "/account/subscriptions", "/sign-in/*"}
	built  = fstest.MapFS{
		".keep":             {},
		"index.html":        {Data: []byte("<!doctype html><!--config--><div id=app></div>")},
		"assets/a-1.js":     {Data: []byte(strings.Repeat("plain();", 100))},
		"assets/a-1.js.gz":  {Data: []byte("packed")},
		"assets/a-1.js.br":  {Data: []byte("brotli")},
		"assets/a-1.js.map": {Data: []byte("{}")},
		"icon.svg":          {Data: []byte("<svg/>")},
	}
	standIn = web.Page{Development: true, Clerk: web.Clerk{PublishableKey: "pk_live_x", ProxyURL: "/__clerk", Scripts: "/__clerk/npm"}}
)

// shop is the pages beside an API that answers 418, behind what every request passes.
func shop(t *testing.T, dist fs.FS, page web.Page) http.Handler {
	t.Helper()
	pages, err := web.New(web.Options{Dist: dist, Routes: routes, Page: page})
	if err != nil {
		t.Fatal(err)
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return httpx.Edge{Hosts: []string{"example.com"}, Limits: httpx.DefaultLimits()}.Wrap(pages.Beside(api))
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
	h := shop(t, built, standIn)
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
		{"GET", "/checkout/success", 418, api},
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
	h := shop(t, built, standIn)
	for path, to := range map[string]string{
		"/pricing/": "/pricing", "/pricing/?plan=a%2Fb": "/pricing?plan=a%2Fb", "/sign-in/": "/sign-in", "/sign-in/a/": "/sign-in/a",
		"/sign-in//evil.example/": "/sign-in//evil.example",
	} {
		if out := ask(h, "GET", path); out.Code != 308 || out.Header().Get("Location") != to {
			t.Errorf("%s: %d to %q, want %q", path, out.Code, out.Header().Get("Location"), to)
		}
	}
}

func TestWhatAClientKeeps(t *testing.T) {
	h := shop(t, built, standIn)
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
	page.Shop = `</title><script>alert(1)</script><!--`
	page.Clerk.PublishableKey = `</script><script>alert(1)</script><!--`
	body := ask(shop(t, built, page), "GET", "/").Body.String()
	if strings.Count(body, "<script") != 1 || strings.Count(body, "</script>") != 1 || strings.Contains(body, "alert(1)<") || strings.Contains(body, "<!--") {
		t.Error(body)
	}
	if !strings.Contains(body, `<script type="application/json" id="souk-config">{"shop":"\u003c/title\u003e`) {
		t.Error(body)
	}
}

func TestThePolicyNamesWhatIsNeeded(t *testing.T) {
	standIn := ask(shop(t, built, standIn), "GET", "/").Header().Get("Content-Security-Policy")
	if strings.Contains(standIn, "http") || !strings.Contains(standIn, "script-src 'self';") || !strings.Contains(standIn, "connect-src 'self';") {
		t.Errorf("beside the stand-in a page may load from elsewhere: %s", standIn)
	}
	real := ask(shop(t, built, web.Page{Clerk: web.Clerk{
		PublishableKey: "pk_live_x", FrontendAPI: "https://clerk.example.com", Scripts: "https://clerk.example.com/npm",
	}}), "GET", "/").Header().Get("Content-Security-Policy")
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
	h := shop(t, fstest.MapFS{".keep": {}}, standIn)
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

func TestTheRoutesOfThePagesCanBeRead(t *testing.T) {
	if routes := frontend.Routes(); len(routes) < 5 || routes[0] != "/" {
		t.Errorf("%q", routes)
	}
	if _, err := web.New(web.Options{Dist: frontend.Dist(), Routes: frontend.Routes()}); err != nil {
		t.Error(err)
	}
}
