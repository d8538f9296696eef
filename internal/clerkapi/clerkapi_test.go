package clerkapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"souk/internal/clerkapi"
	"souk/internal/fault"
	"souk/internal/httpx"
)

const key = "sk_test_hunter2hunter2hunter2"

// clerk answers every call alike.
func clerk(t *testing.T, answer http.HandlerFunc) *clerkapi.API {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return clerkapi.New(server.URL, key, httpx.Outbound())
}

func status(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func TestACallSaysWhoAsksAndWhichVersion(t *testing.T) {
	var got *http.Request
	api := clerk(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = io.WriteString(w, " {\"id\" : \"user_1\"}\n")
	})
	text, err := api.Get(t.Context(), url.Values{"limit": {"5"}, "query": {"a&b"}}, "users", "user_1", "billing")
	if err != nil || string(text) != `{"id" : "user_1"}` {
		t.Errorf("%s, %v", text, err)
	}
	if got.Method != "GET" || got.URL.Path != "/v1/users/user_1/billing" || got.URL.RawQuery != "limit=5&query=a%26b" ||
		got.Header.Get("Authorization") != "Bearer "+key || got.Header.Get("Clerk-API-Version") != "2026-05-12" {
		t.Errorf("%s %s %v", got.Method, got.URL, got.Header)
	}
}

func TestWhatGoesWrongIsNamedAndNotTold(t *testing.T) {
	problem := `{"errors":[{"code":"clerk_key_invalid","message":"hunter2","long_message":"hunter2"}, {"code":"hunter2 is no code"}],
		"clerk_trace_id":"0af7651916cd43dd8448eb211c80319c"}`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   *fault.Error
		log    string // in the cause
		after  time.Duration
	}{
		"bad key":         {status(401, problem), clerkapi.ErrRefused, "CLERK_SECRET_KEY is not accepted: /v1/users/user_1 answers 401 clerk_key_invalid (trace 0af7651916cd43dd8448eb211c80319c)", 0},
		"not allowed":     {status(403, problem), clerkapi.ErrRefused, "answers 403 clerk_key_invalid", 0},
		"unknown":         {status(404, problem), clerkapi.ErrUnknown, "answers 404", 0},
		"gone":            {status(410, ""), clerkapi.ErrFailed, "answers 410", 0},
		"busy":            {status(429, problem, "Retry-After", "7"), clerkapi.ErrBusy, "answers 429", 7 * time.Second},
		"busy, oddly":     {status(429, "", "Retry-After", "soon"), clerkapi.ErrBusy, "answers 429", 0},
		"wrong":           {status(422, problem), clerkapi.ErrFailed, "answers 422", 0},
		"broken":          {status(500, "hunter2"), clerkapi.ErrFailed, "answers 500", 0},
		"away":            {status(503, "<html>hunter2", "Retry-After", "30"), clerkapi.ErrFailed, "answers 503", 30 * time.Second},
		"elsewhere":       {status(302, "", "Location", "https://hunter2.example.test/"), clerkapi.ErrFailed, "answers 302", 0},
		"no content":      {status(204, ""), clerkapi.ErrFailed, "answers 204", 0},
		"empty":           {status(200, ""), clerkapi.ErrFailed, "0 bytes that are not JSON", 0},
		"a page":          {status(200, "<html>hunter2</html>"), clerkapi.ErrFailed, "not JSON", 0},
		"half":            {status(200, `{"id":"hunter2`), clerkapi.ErrFailed, "not JSON", 0},
		"two":             {status(200, `{"id":"a"}{"id":"hunter2"}`), clerkapi.ErrFailed, "not JSON", 0},
		"too large":       {status(200, `"`+strings.Repeat("x", 1<<20)+`"`), clerkapi.ErrFailed, "larger than 1 MiB", 0},
		"refused, hugely": {status(401, strings.Repeat("x", 1<<20)), clerkapi.ErrRefused, "answers 401", 0},
		"hung up":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, clerkapi.ErrFailed, "EOF", 0},
		"torn off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"id":`)
		}, clerkapi.ErrFailed, "unexpected EOF", 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := clerk(t, c.answer).Get(t.Context(), nil, "users", "user_1")
			var f *fault.Error
			if !errors.As(err, &f) || !errors.Is(err, c.want) || f.Kind != fault.Upstream || f.RetryAfter != c.after {
				t.Fatalf("%#v", err)
			}
			if text := fmt.Sprintf("%v %+v", err, errors.Unwrap(err)); !strings.Contains(text, c.log) || strings.Contains(text, "hunter2") {
				t.Errorf("says %s", text)
			}
		})
	}
}

func TestNobodyAtTheAddress(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := clerkapi.New(server.URL, key, httpx.Outbound()).Get(t.Context(), nil, "users", "user_1")
	if !errors.Is(err, clerkapi.ErrFailed) || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "user_1") {
		t.Errorf("%v", err)
	}
}

func TestPatience(t *testing.T) {
	api := clerk(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := api.Get(ctx, nil, "users"); !errors.Is(err, clerkapi.ErrFailed) || fault.KindOf(err) != fault.Upstream {
		t.Errorf("too slow: %v", err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := api.Get(ctx, nil, "users"); err != context.Canceled {
		t.Errorf("the caller left: %v", err)
	}
}

func TestNoKeyNoCall(t *testing.T) {
	api := clerkapi.New("http://127.0.0.1:1", "", httpx.Outbound())
	if _, err := api.Get(t.Context(), nil, "users"); !errors.Is(err, clerkapi.ErrNotConfigured) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestAnIDChangesNoPath(t *testing.T) {
	called := false
	api := clerk(t, func(http.ResponseWriter, *http.Request) { called = true })
	for _, id := range []string{"", ".", "..", "a/b", "../organizations", "user_1?x", "user_1#", "a%2fb", "a b", "a\r\nb", strings.Repeat("a", 256), "ü"} {
		if _, err := api.Get(t.Context(), nil, "users", id); !errors.Is(err, clerkapi.ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if called {
		t.Error("was called")
	}
}

func TestAKeyThatIsNoHeader(t *testing.T) {
	server := httptest.NewServer(status(200, "{}"))
	defer server.Close()
	_, err := clerkapi.New(server.URL, "sk_test_hunter2\r\nX-Other: 1", httpx.Outbound()).Get(t.Context(), nil, "users")
	if !errors.Is(err, clerkapi.ErrFailed) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
