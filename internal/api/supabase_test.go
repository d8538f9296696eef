package api_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

const profilePath = "/api/supabase/profile/"

// supabaseShop is a shop with a Supabase project that believes the same issuer.
func supabaseShop(t *testing.T) (*souktest.Shop, *souktest.Clerk, *souktest.Supabase) {
	t.Helper()
	clerk := souktest.NewClerk(t)
	project := souktest.NewSupabase(t, clerk)
	s := souktest.New(t, dbtest.SQLite(t), append(append(clerk.Env(), project.Env()...), "ASSET_STORAGE_BACKEND=local")...)
	return s, clerk, project
}

func TestTheCallersRowOfSupabase(t *testing.T) {
	s, clerk, project := supabaseShop(t)
	project.Rows = []map[string]any{
		{"clerk_user_id": "user_1", "id": 9007199254740993, "bio": "mine <b>", "tags": []string{"a"}, "nothing": nil},
		{"clerk_user_id": "user_2", "bio": "someone else's"},
	}
	token := clerk.Token(t, "user_1", nil, nil)
	const mine = `{"profile":{"bio":"mine \u003cb\u003e","clerk_user_id":"user_1","id":9007199254740993,"nothing":null,"tags":["a"]}}`
	for name, c := range map[string]*souktest.Client{"bearer": s.Bearer(token), "cookie": s.Nobody().With("Cookie", "__session_abc="+token)} {
		if name == "cookie" {
			c = s.Nobody().With("Cookie", "__session_abc="+clerk.Token(t, "user_1", map[string]any{"azp": s.URL}, nil))
		}
		if got := strings.TrimSpace(string(c.Get(profilePath).Is(200).Body)); got != mine {
			t.Errorf("%s: %s", name, got)
		}
	}
	asked := project.Asked()
	if len(asked) != 2 || asked[0].Query == "" {
		t.Fatalf("asked: %+v", asked)
	}
	var headers []string
	for _, a := range asked {
		headers = append(headers, a.Header.Get("Authorization"))
		if a.Header.Get("Apikey") != project.AnonKey || a.Path != "/rest/v1/profiles" || a.Header.Get("Cookie") != "" {
			t.Errorf("asked: %+v", a)
		}
		for name, values := range a.Header {
			if strings.Contains(strings.Join(values, ""), project.ServiceRoleKey) {
				t.Errorf("the service role key is in %s", name)
			}
		}
	}
	if !strings.Contains(strings.Join(headers, "\n"), "Bearer "+token) {
		t.Error("the token is not the one that came")
	}
	// Who has no row, and whose token Supabase lets see none.
	if got := strings.TrimSpace(string(s.Bearer(clerk.Token(t, "user_3", nil, nil)).Get(profilePath).Is(200).Body)); got != `{"profile":null}` {
		t.Errorf("no row: %s", got)
	}
	s.Nobody().Get(profilePath).Is(401)
}

func TestTheUsersNameIsNoPartOfTheQuestion(t *testing.T) {
	s, clerk, project := supabaseShop(t)
	for _, subject := range []string{
		"user_1&clerk_user_id=eq.user_2", "user_1&select=secret", "*", "user_1,user_2)", `"user_1"`, "eq.user_1", "user_1#", "user 1+2%26", "ü",
	} {
		project.Rows = []map[string]any{{"clerk_user_id": "user_1"}, {"clerk_user_id": "user_2"}, {"clerk_user_id": subject, "mine": true}}
		got := s.Bearer(clerk.Token(t, subject, nil, nil)).Get(profilePath).Is(200).Object().Sub("profile")
		if got.Text("clerk_user_id") != subject || got["mine"] != true {
			t.Errorf("%q got %v", subject, got)
		}
	}
}

func TestSupabaseFails(t *testing.T) {
	s, clerk, project := supabaseShop(t)
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(slog.New(slog.DiscardHandler)) })
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	say := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	token := clerk.Token(t, "user_1", nil, nil)
	for name, answer := range map[string]http.HandlerFunc{
		"500": say(500, "oops"), "no table": say(404, `{"code":"PGRST205","message":"canary"}`), "refused": say(401, `{"code":"PGRST301"}`),
		"garbage": say(200, "<html>canary"), "an object": say(200, `{"clerk_user_id":"user_1"}`), "null": say(200, "null"), "two rows": say(200, `[{"clerk_user_id":"user_1"},{"clerk_user_id":"user_1"}]`),
		"another's row": say(200, `[{"clerk_user_id":"user_2","bio":"canary"}]`), "no row at all": say(200, `[7]`), "nothing": say(204, ""),
		"too much":  say(200, `[{"clerk_user_id":"user_1","bio":"`+strings.Repeat("x", 1<<20)+`"}]`),
		"hangs up":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"echo": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			_ = r.Header.Write(w)
		},
	} {
		project.Answer(answer)
		got := s.Bearer(token).Get(profilePath)
		if got.Status != 502 || got.Object().Text("code") != "supabase_failed" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		for _, secret := range []string{"canary", project.AnonKey, token, "user_1", "user_2"} {
			if strings.Contains(string(got.Body)+log.String(), secret) {
				t.Errorf("%s: %q is shown:\n%s\n%s", name, secret, got.Body, log.String())
			}
		}
		log.Reset()
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed, with the caller's token")
	}
	// A project that does not know the issuer.
	project.Answer(nil)
	stranger := souktest.NewSupabase(t, nil)
	s = souktest.New(t, dbtest.SQLite(t), append(append(clerk.Env(), stranger.Env()...), "ASSET_STORAGE_BACKEND=local")...)
	s.Bearer(token).Get(profilePath).Is(502)
}
