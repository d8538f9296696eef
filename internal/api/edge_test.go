package api_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

func TestOnlyListedOriginsMayCall(t *testing.T) {
	const ours = "https://app.shop.test"
	s := souktest.New(t, dbtest.SQLite(t), "CORS_ALLOWED_ORIGINS="+ours)
	paths := []string{"/api/products/", "/api/products/absent/", "/api/openapi.json", "/api/docs/", "/api/health/", "/api/me/", "/nowhere/"}
	calls := func(origin, path string) []*souktest.Answer {
		c := s.As("ben@example.test").With("Origin", origin)
		return []*souktest.Answer{c.Get(path), c.Get(path), c.With("Access-Control-Request-Method", "POST").Do(http.MethodOptions, path, nil)}
	}
	for _, path := range paths {
		for _, origin := range []string{
			"https://evil.test", ours + ".evil.test", "https://evil-app.shop.test", "https://a.app.shop.test", "http://app.shop.test",
			ours + ":444", ours + "/", "null", "*", "",
		} {
			for _, a := range calls(origin, path) {
				for name := range a.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s from %q: %s: %s", path, origin, name, a.Header.Get(name))
					}
				}
			}
		}
		for i, a := range calls(ours, path) {
			if a.Header.Get("Access-Control-Allow-Origin") != ours || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
				t.Errorf("%s from the listed origin, call %d: %v", path, i, a.Header)
			}
			if i == 2 && (a.Status != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Methods") != "POST") {
				t.Errorf("preflight for %s: %d %v", path, a.Status, a.Header)
			}
		}
		if a := s.Nobody().Get(path); !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
			t.Errorf("%s without Origin: a cache may give it to a listed one: %v", path, a.Header)
		}
	}
}

func TestALockedSQLiteIs503(t *testing.T) {
	address := dbtest.SQLite(t)
	s := souktest.New(t, address)
	ben := s.As("ben@example.test")
	ben.Post("/api/projects/", `{"name":"Before"}`).Is(201)
	if _, err := s.DB.Exec(t.Context(), "PRAGMA busy_timeout = 20"); err != nil { // the writer is one connection, and waits 5 s otherwise
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite://")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	lock, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*souktest.Client{ben, ben.With("Idempotency-Key", "k1")} {
		a := c.Post("/api/projects/", `{"name":"During"}`).Is(503)
		if a.Header.Get("Retry-After") != "5" || a.Object().Text("code") != "database_unavailable" {
			t.Errorf("Retry-After %q, %s", a.Header.Get("Retry-After"), a.Body)
		}
	}
	ben.Get("/api/projects/").Is(200) // reading goes on
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	ben.With("Idempotency-Key", "k1").Post("/api/projects/", `{"name":"After"}`).Is(201)
	if n := len(ben.Get("/api/projects/").Is(200).List()); n != 2 {
		t.Errorf("%d projects, want Before and After", n)
	}
}

func TestPostgresThatIsGoneIs503AndComesBack(t *testing.T) {
	address := dbtest.Postgres(t, dbtest.Empty, "")
	s := souktest.New(t, address)
	ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
	ana.Post("/api/projects/", `{"name":"Before"}`).Is(201)
	s.Nobody().Get("/api/health/").Is(200)

	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	server, err := sql.Open("pgx", os.Getenv(dbtest.ServerEnv))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	admit := func(yes string) {
		if _, err := server.ExecContext(context.Background(), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS "+yes); err != nil {
			t.Fatal(err)
		}
	}
	admit("false")
	if _, err := server.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name); err != nil {
		t.Fatal(err)
	}
	for range 20 { // more often than there are connections: each of them is found dead once
		if health := s.Nobody().Get("/api/health/").Is(503).Object(); health.Text("status") != "unavailable" {
			t.Fatalf("health: %v", health)
		}
		for _, a := range []*souktest.Answer{
			ana.Get("/api/projects/"), ana.Post("/api/projects/", `{"name":"During"}`), ben.Get("/api/me/"),
			ana.With("Idempotency-Key", "k1").Post("/api/projects/", `{"name":"During"}`), s.Nobody().Get("/api/products/"),
		} {
			if a.Is(503); a.Header.Get("Retry-After") != "5" {
				t.Fatalf("Retry-After %q, want 5: %s", a.Header.Get("Retry-After"), a.Body)
			}
		}
	}
	admit("true")
	s.Nobody().Get("/api/health/").Is(200)
	ana.With("Idempotency-Key", "k1").Post("/api/projects/", `{"name":"After"}`).Is(201)
	if n := len(ana.Get("/api/projects/").Is(200).List()); n != 2 {
		t.Errorf("%d projects, want Before and After", n)
	}
}

func TestAChangeIsSeenAtOnceAndElsewhereWithinASecond(t *testing.T) {
	address := dbtest.Postgres(t, dbtest.Empty, "")
	here, there := souktest.New(t, address), souktest.New(t, address)
	ana := here.As("ana@example.test")
	product := "/api/seller/products/" + strconv.FormatInt(offer(ana, souktest.Object{"name": "Name 0", "slug": "guide"}, nil).product, 10) + "/"
	const list, detail = "/api/products/", "/api/products/guide/"
	nameOf := func(s *souktest.Shop, path string) (name, etag string) {
		a := s.Nobody().Get(path).Is(200)
		if path == list {
			return a.List()[0].Text("name"), a.Header.Get("ETag")
		}
		return a.Object().Text("name"), a.Header.Get("ETag")
	}
	for _, path := range []string{list, detail} {
		for _, want := range []string{"Name 1", "Name 2"} {
			_, before := nameOf(here, path)
			nameOf(there, path) // both have it in their caches
			ana.Patch(product, souktest.Object{"name": want}).Is(200)
			changed := time.Now()
			name, etag := nameOf(here, path)
			if name != want {
				t.Fatalf("%s here shows %q at once, want %q", path, name, want)
			}
			here.Nobody().With("If-None-Match", before).Get(path).Is(200)
			if a := here.Nobody().With("If-None-Match", etag).Get(path).Is(304); len(a.Body) > 0 || a.Header.Get("ETag") != etag {
				t.Errorf("304 with %q, ETag %s", a.Body, a.Header.Get("ETag"))
			}
			for {
				asked := time.Now()
				if name, _ = nameOf(there, path); name == want {
					break
				}
				if asked.Sub(changed) >= time.Second {
					t.Fatalf("%s elsewhere, asked after %v, shows %q, want %q", path, asked.Sub(changed), name, want)
				}
			}
			there.Nobody().With("If-None-Match", etag).Get(path).Is(304)
		}
	}
}
