package web

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"souk/frontend"
)

// listed is what a sitemap, or an index of them, lists.
type listed struct {
	XMLName xml.Name
	Places  []struct {
		Loc     string `xml:"loc"`
		LastMod string `xml:"lastmod"`
	} `xml:",any"`
}

func read(t *testing.T, h http.Handler, path string) (l listed) {
	t.Helper()
	out := httptest.NewRecorder()
	h.ServeHTTP(out, httptest.NewRequest(http.MethodGet, path, nil))
	if out.Code != 200 || out.Header().Get("Content-Type") != "application/xml; charset=utf-8" {
		t.Fatalf("%s: %d %v", path, out.Code, out.Header())
	}
	if err := xml.Unmarshal(out.Body.Bytes(), &l); err != nil {
		t.Fatalf("%v: %s", err, out.Body)
	}
	return l
}

// many is a list of n products, in the API's form. It refuses whoever counts.
func many(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.RemoteAddr != "" || r.URL.Path != "/api/products/" {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		to := min(from+200, n)
		var page []product
		for i := from; i < to; i++ {
			page = append(page, product{Slug: fmt.Sprintf("p-%d", i), UpdatedAt: "2026-11-22T20:15:00Z"})
		}
		if to < n {
			w.Header().Set("Link", fmt.Sprintf(`</api/products/?%s>; rel="next"`, url.Values{"cursor": {strconv.Itoa(to)}}.Encode()))
		}
		_ = json.NewEncoder(w).Encode(page)
	}
}

func sitemapOf(t *testing.T, api http.Handler) *Handler {
	t.Helper()
	h, err := New(Options{
		Dist: fstest.MapFS{
			"index.html":    {Data: []byte(`<html lang="en"><!--head--><!--app--><!--data-->`)},
			"manifest.json": {Data: []byte(`{"index.html": {}, "src/messages/en.ts": {}, "src/messages/de.ts": {}, "x": {}}`)},
		},
		Routes: []frontend.Route{
			{Pattern: "/", Source: "x", Description: "meta.home"}, {Pattern: "/pricing", Source: "x", Title: "pricing.title", Description: "meta.pricing"},
			{Pattern: "/products/:slug", Source: "x"}, {Pattern: "/app", Source: "x"},
		},
		Messages: frontend.Messages(), Origin: "https://shop.example.test/a&b", API: api,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTheSitemapListsWhatIsForSearchEngines(t *testing.T) {
	l := read(t, sitemapOf(t, many(450)), "/sitemap.xml")
	const origin = "https://shop.example.test/a&b"
	if l.XMLName.Local != "urlset" || len(l.Places) != 452 || l.Places[0].Loc != origin+"/" || l.Places[1].Loc != origin+"/pricing" ||
		l.Places[2].Loc != origin+"/products/p-0" || l.Places[2].LastMod != "2026-11-22T20:15:00Z" || l.Places[451].Loc != origin+"/products/p-449" {
		t.Errorf("%d %+v", len(l.Places), l.Places[:3])
	}
}

func TestALongSitemapHasAnIndex(t *testing.T) {
	h := sitemapOf(t, many(450))
	h.sitemap.perFile = 200
	index := read(t, h, "/sitemap.xml")
	if index.XMLName.Local != "sitemapindex" || len(index.Places) != 3 {
		t.Fatalf("%+v", index)
	}
	seen := map[string]bool{}
	for _, part := range index.Places {
		l := read(t, h, strings.TrimPrefix(part.Loc, "https://shop.example.test/a&b"))
		if len(l.Places) > 200 {
			t.Errorf("%s lists %d", part.Loc, len(l.Places))
		}
		for _, place := range l.Places {
			seen[place.Loc] = true
		}
	}
	if len(seen) != 452 {
		t.Errorf("%d addresses", len(seen))
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/sitemap-4.xml", nil))
	if out.Code != 404 {
		t.Errorf("a part that is none: %d", out.Code)
	}
}

func TestASitemapThatCannotBeMade(t *testing.T) {
	broken := true
	h := sitemapOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		many(1)(w, r)
	}))
	out := httptest.NewRecorder()
	h.ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/sitemap.xml", nil))
	if out.Code != 503 || out.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", out.Code, out.Header())
	}
	broken = false
	read(t, h, "/sitemap.xml")
}

func TestRobotsAreToldWhatIsNothingForThem(t *testing.T) {
	out := httptest.NewRecorder()
	sitemapOf(t, many(0)).ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/robots.txt", nil))
	for _, line := range []string{"Disallow: /account/\n", "Disallow: /app\n", "Disallow: /checkout/\n", "Disallow: /api/\n", "Allow: /api/docs\n", "Sitemap: https://shop.example.test/a&b/sitemap.xml\n"} {
		if out.Code != 200 || !strings.Contains(out.Body.String(), line) {
			t.Errorf("%d: no %q in %s", out.Code, line, out.Body)
		}
	}
}
