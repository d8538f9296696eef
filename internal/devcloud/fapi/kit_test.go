package fapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/fapi"
	"souk/internal/devcloud/store"
)

// site is a Frontend API at an address, whose time a test moves.
type site struct {
	t        *testing.T
	instance *clerk.Instance
	path     string
	origin   string
	start    time.Time

	mu      sync.Mutex
	handler http.Handler
	server  *fapi.Server
	now     time.Time
	mails   []string
	mailing func() // while a mail is sent
	signing func() // while a token is made
	close   func()
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// open serves a new instance, which follows the site's time.
func open(t *testing.T) *site {
	t.Helper()
	begin := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := &site{t: t, path: filepath.Join(t.TempDir(), "clerk.db"), now: begin, start: begin}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.origin = server.URL
	s.restart()
	t.Cleanup(func() { s.close() })
	return s
}

// restart opens the instance and the Frontend API anew from their file.
func (s *site) restart() {
	s.t.Helper()
	if s.close != nil {
		s.close()
	}
	file, err := store.Open(context.Background(), s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.instance, err = clerk.Open(context.Background(), file, clerk.Options{Plans: clerk.SamplePlans(), Start: s.start, Now: s.Now, Dialect: &clerk.Dialect{}}); err != nil {
		s.t.Fatal(err)
	}
	server, err := fapi.Open(context.Background(), fapi.Options{
		Instance: s.instance, Store: file, Origin: s.origin, Issuer: s.origin + "/__clerk", PublishableKey: "pk_live_of_" + s.origin, Application: "Souk",
		Sign: func(claims map[string]any) (string, error) {
			if s.signing != nil {
				s.signing()
			}
			text, err := json.Marshal(claims)
			return string(text), err
		},
		UserID: func(email string) string { return "user_of_" + email },
		Mail: func(_ context.Context, to, subject, text string) error {
			if s.mailing != nil {
				s.mailing()
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.mails = append(s.mails, to+": "+subject+"\n"+text)
			return nil
		},
		Now: s.Now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.server, s.handler, s.close = server, server.Handler(), func() { _ = file.Close() }
}

// kept is how many objects of a kind the file has, as another process sees it.
func (s *site) kept(kind string) (n int) {
	s.t.Helper()
	file, err := store.Open(context.Background(), s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := file.Load(context.Background(), kind, func(string, []byte) error { n++; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// exec changes the file itself.
func (s *site) exec(statement string) {
	s.t.Helper()
	file, err := db.Open(db.Options{URL: "sqlite:///" + s.path})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = file.Exec(context.Background(), statement)
	if err := errors.Join(err, file.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// events are the types of those that the instance has told so far.
func (s *site) events() (types []string) {
	for _, e := range s.instance.Events() {
		types = append(types, e.Type)
	}
	return types
}

// code is that of the last mail.
func (s *site) code() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) == 0 {
		s.t.Fatal("nothing was mailed")
	}
	return regexp.MustCompile(`\b\d{6}\b`).FindString(s.mails[len(s.mails)-1])
}

// browser is somebody's, with cookies of its own.
type browser struct {
	*site
	http *http.Client
	sent http.Header // of each request
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s, &http.Client{Jar: jar}, http.Header{"Origin": {s.origin}, "User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36"}}}
}

type object = map[string]any

// ask sends a form as the SDK does: whatever is no GET is a POST that names its method.
func (b *browser) ask(method, path string, form ...string) (int, any) {
	b.t.Helper()
	values := url.Values{}
	for n := 0; n < len(form); n += 2 {
		values.Set(form[n], form[n+1])
	}
	address := b.origin + "/__clerk/v1" + path
	var body io.Reader
	if method != "GET" {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		address, method, body = address+sign+"_method="+method, "POST", strings.NewReader(values.Encode())
	} else if len(values) > 0 {
		address += "?" + values.Encode()
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.sent {
		r.Header[name] = values
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		b.t.Fatalf("%s %s: %d, %v", method, path, res.StatusCode, err)
	}
	return res.StatusCode, answer
}

// must is what is answered, without its envelope.
func (b *browser) must(method, path string, form ...string) object {
	b.t.Helper()
	status, answer := b.ask(method, path, form...)
	body, _ := answer.(object)
	if status != 200 {
		b.t.Fatalf("%s %s %q: %d %v", method, path, form, status, answer)
	}
	if response, ok := body["response"]; ok {
		inner, _ := response.(object)
		return inner
	}
	return body
}

// refused is the code of the error, and the field that it names.
func (b *browser) refused(method, path string, form ...string) string {
	b.t.Helper()
	status, answer := b.ask(method, path, form...)
	body, _ := answer.(object)
	errors, _ := body["errors"].([]any)
	if status < 400 || len(errors) != 1 {
		b.t.Fatalf("%s %s %q: %d %v", method, path, form, status, answer)
	}
	first := errors[0].(object)
	code := first["code"].(string)
	if param, ok := first["meta"].(object)["param_name"].(string); ok {
		code += " " + param
	}
	return code
}

// signUp makes an account with a password, and leaves it signed in.
func (b *browser) signUp(email string) (userID string) {
	b.t.Helper()
	s := b.must("POST", "/client/sign_ups", "email_address", email, "password", "correct horse")
	path := "/client/sign_ups/" + s["id"].(string)
	b.must("POST", path+"/prepare_verification", "strategy", "email_code")
	done := b.must("POST", path+"/attempt_verification", "strategy", "email_code", "code", fapi.Code)
	if done["status"] != "complete" {
		b.t.Fatalf("%v", done)
	}
	return done["created_user_id"].(string)
}

// session is the id of the one that is active; empty: none.
func (b *browser) session() string {
	b.t.Helper()
	id, _ := b.must("GET", "/client")["last_active_session_id"].(string)
	return id
}
