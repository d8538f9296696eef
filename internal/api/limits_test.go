package api_test

import (
	"strings"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

func TestRatesAreHeldForEachCaller(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t), "RATE_LIMIT_ENABLED=true", "RATE_LIMIT_GENERAL=3/1h", "RATE_LIMIT_CATALOG=2/1h", "RATE_LIMIT_BAD_SIGN_IN=2/1h")
	ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
	for range 3 {
		ana.Get("/api/projects/").Is(200)
	}
	if a := ana.Get("/api/me/").Is(429); a.Header.Get("Retry-After") == "" || a.Object().Text("code") != "rate_limited" {
		t.Errorf("429 says %v %s", a.Header, a.Body)
	}
	ben.Get("/api/me/").Is(200)
	ana.Get("/api/seller/products/").Is(200) // another group
	for range 2 {
		s.Nobody().Get("/api/products/").Is(200)
	}
	s.Nobody().Get("/api/products/").Is(429)
	for range 5 {
		s.Nobody().Get("/api/health/").Is(200)
	}
	for range 2 {
		s.Nobody().Get("/api/me/").Is(401)
	}
	s.Nobody().Get("/api/me/").Is(429)
}

func TestGuessingDownloadTokensGetsSlow(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t), "RATE_LIMIT_ENABLED=true", "RATE_LIMIT_BAD_DOWNLOAD=3/1h")
	ana := s.As("ana@example.test")
	path := "/api/account/downloads/" + strings.Repeat("A", 43) + "/access/"
	for range 3 {
		ana.Post(path, nil).Is(404)
	}
	ana.Post(path, nil).Is(429)
	s.As("ben@example.test").Post(path, nil).Is(429) // the same address
	ana.Get("/api/account/downloads/").Is(200)
}
