package api_test

import (
	"regexp"
	"strings"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

func TestTheDocsPageLoadsNothingFromElsewhere(t *testing.T) {
	nobody := souktest.New(t, dbtest.SQLite(t)).Nobody()
	elsewhere := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}|@import|\bon[a-z]+=|innerHTML`)
	for path, kind := range map[string]string{"/api/docs/": "text/html", "/api/docs/docs.css": "text/css", "/api/docs/docs.js": "text/javascript"} {
		a := nobody.Get(path).Is(200)
		if !strings.HasPrefix(a.Header.Get("Content-Type"), kind) || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") {
			t.Errorf("%s: %v", path, a.Header)
		}
		if found := elsewhere.FindString(string(a.Body)); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		if again := nobody.With("If-None-Match", a.Header.Get("ETag")).Get(path); again.Status != 304 {
			t.Errorf("%s: %d for a known ETag", path, again.Status)
		}
	}
}
