package app_test

import (
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"souk/frontend"
	"souk/internal/dbtest"
	"souk/internal/souktest"
)

const script = "/__clerk/npm/@clerk/clerk-js@6.34.1/dist/clerk.browser.js"

func TestThePagesOfADevelopersShopLoadTheStandIn(t *testing.T) {
	nobody := souktest.New(t, dbtest.SQLite(t)).Nobody()
	nobody.With("X-Forwarded-For", "192.0.2.1").Get(script).Is(403) // they are for this machine alone, as all of the stand-in is
	nobody.Get("/api/nothing").Is(404).Object()
	nobody.Get("/__nothing/").Is(404).Object()
	if !pagesAreBuilt() {
		nobody.Get("/").Is(503)
		t.Skip("the pages are not built; scripts/frontend.sh builds them")
	}
	nobody.Get(script).Is(200)
	page := nobody.Get("/account/subscriptions").Is(200)
	for _, part := range []string{`"development":true`, `"publishable_key":"pk_live_`, `"proxy_url":"/__clerk"`, `"scripts":"/__clerk/npm"`, `"path":"/__mail/"`, `"path":"/api/docs/"`} {
		if !strings.Contains(string(page.Body), part) {
			t.Errorf("the page lacks %s: %s", part, page.Body)
		}
	}
	if policy := page.Header.Get("Content-Security-Policy"); strings.Contains(policy, "http") {
		t.Errorf("a page may load from elsewhere: %s", policy)
	}
	nobody.Do(http.MethodHead, "/", nil).Is(200)
	nobody.Get("/nothing").Is(404)
}

func TestThePagesOfAPublicShopLoadClerk(t *testing.T) {
	nobody := souktest.New(t, dbtest.SQLite(t), append(souktest.Production(), "CLERK_DOMAIN=clerk.shop.example.test")...).Nobody()
	nobody.Get(script).Is(404)
	if !pagesAreBuilt() {
		t.Skip("the pages are not built; scripts/frontend.sh builds them")
	}
	page := nobody.Get("/pricing").Is(200)
	if body := string(page.Body); !strings.Contains(body, `"development":false`) || !strings.Contains(body, `"scripts":"https://clerk.shop.example.test/npm"`) || strings.Contains(body, "/__") {
		t.Errorf("%s", body)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self' https://clerk.shop.example.test ") {
		t.Errorf("%s", policy)
	}
}

func pagesAreBuilt() bool {
	_, err := fs.Stat(frontend.Dist(), "index.html")
	return err == nil
}
