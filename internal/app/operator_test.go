package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"souk/internal/souktest"
)

// operators opens the operators' listener of a shop until the test ends, and gives its address.
func operators(t *testing.T, s *souktest.Shop) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- s.ServeOperator(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func TestOperatorsSeeTheJobsAndNobodyElseDoes(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		origin := operators(t, s)
		ask := func(method, path string, set func(*http.Request)) (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, origin+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			set(r)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			text, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, string(text)
		}
		plain := func(*http.Request) {}
		if status, text := ask("GET", "/", plain); status != 200 || !strings.Contains(text, "<title>River</title>") {
			t.Errorf("the page: %d %.200s", status, text)
		}
		if status, text := ask("GET", "/jobs/api/states", plain); status != 200 || !strings.Contains(text, `"discarded":{`) {
			t.Errorf("the states: %d %.200s", status, text)
		}
		if status, _ := ask("GET", "/api/products/", plain); status != 404 {
			t.Errorf("the shop answers on the operators' listener: %d", status)
		}
		for name, set := range map[string]func(*http.Request){
			"another host":              func(r *http.Request) { r.Host = "shop.example.com" },
			"a name that points here":   func(r *http.Request) { r.Host = "rebound.example.com:8001" },
			"a page of another site":    func(r *http.Request) { r.Header.Set("Origin", "https://elsewhere.example.com") },
			"a page of another site, 2": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"a proxy":                   func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.9") },
			"a proxy, 2":                func(r *http.Request) { r.Header.Set("Via", "1.1 proxy") },
		} {
			if status, text := ask("POST", "/jobs/api/jobs/retry", set); status != 403 && status != 400 || !strings.Contains(text, "urn:souk:problem:") {
				t.Errorf("%s: %d %.200s", name, status, text)
			}
		}
		s.Nobody().Get("/jobs/").Is(404)
	})
}
