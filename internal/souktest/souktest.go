// Package souktest runs the whole shop in a test, over real HTTP, on a database of the test's own.
package souktest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/app"
	"souk/internal/config"
	"souk/internal/dbtest"
)

// Shop is a running shop.
type Shop struct {
	*app.App
	URL string
	t   *testing.T
}

// Each runs test with a shop on every engine. env are further settings, NAME=value.
func Each(t *testing.T, test func(t *testing.T, s *Shop), env ...string) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { test(t, New(t, url, env...)) })
}

// New starts a shop on the database at url.
func New(t *testing.T, url string, env ...string) *Shop {
	t.Helper()
	return NewAt(t, url, nil, env...)
}

// NewAt starts a shop that takes the time from now; nil is the real one.
func NewAt(t *testing.T, url string, now func() time.Time, env ...string) *Shop {
	t.Helper()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what tests are about is seen in answers and rows
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://" + listener.Addr().String()
	settings := append([]string{
		"LISTEN_ADDR=" + listener.Addr().String(), "PUBLIC_URL=" + origin, "DATABASE_URL=" + url, "DATA_DIR=" + filepath.Join(t.TempDir(), "data"),
		"RATE_LIMIT_ENABLED=false", "ORDER_CONFIRM_ALLOW_MANUAL=true",
	}, env...)
	cfg, err := config.Load(settings, "")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.StandInClerk() {
		keepIssuerKey(t, filepath.Join(cfg.DataDir, "devcloud"))
	}
	a, err := app.New(t.Context(), cfg, app.Options{Release: "test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(a.Handler)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Shop{App: a, URL: origin, t: t}
}

// keepIssuerKey puts the key of the stand-in for Clerk where the shop would make one, unless it has: to make an RSA key takes longer
// than most tests. All shops of a process sign with this one, each under its own address.
func keepIssuerKey(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "issuer.pem")
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(path, issuerKey(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

var issuerKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

// Production are settings of a shop on the internet, where live keys may be and no stand-ins are. It is reached at its URL all the same.
func Production() []string {
	return []string{
		"PUBLIC_URL=https://shop.example.test", "ALLOWED_HOSTS=127.0.0.1", "SECRET_KEY=" + strings.Repeat("k", config.MinSecretBytes), "ORDER_CONFIRM_ALLOW_MANUAL=false",
	}
}

// Work works the jobs that are due, and those that they cause. A shop in a test works none by itself: a test that wants them
// worked as they come runs Jobs.Run.
func (s *Shop) Work() {
	s.t.Helper()
	if err := s.Jobs.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// Client calls the shop as one user, or as nobody.
type Client struct {
	t      *testing.T
	url    string
	header http.Header
}

// As signs in the user of email; its profile is made on first use. Features go into the token.
func (s *Shop) As(email string, features ...string) *Client {
	s.t.Helper()
	token, err := s.Issuer.Token(email, features, time.Now(), time.Hour)
	if err != nil {
		s.t.Fatal(err)
	}
	return &Client{t: s.t, url: s.URL, header: http.Header{"Authorization": {"Bearer " + token}}}
}

// Nobody calls without credentials.
func (s *Shop) Nobody() *Client { return &Client{t: s.t, url: s.URL, header: http.Header{}} }

// For is the client with its failures told to another test.
func (c *Client) For(t *testing.T) *Client { return &Client{t: t, url: c.url, header: c.header} }

// With is the client with one more header on every call.
func (c *Client) With(name, value string) *Client {
	header := c.header.Clone()
	header.Set(name, value)
	return &Client{t: c.t, url: c.url, header: header}
}

// Header is a header that the client sends on every call.
func (c *Client) Header(name string) string { return c.header.Get(name) }

// Answer is a response, read whole.
type Answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   []byte
}

// Do sends body: nil for none, a string, []byte or io.Reader as it is, anything else as JSON. path may be a whole URL.
func (c *Client) Do(method, path string, body any) *Answer {
	c.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		reader = b
	case string:
		reader = strings.NewReader(b)
	case []byte:
		reader = bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	if strings.HasPrefix(path, "/") {
		path = c.url + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	if body != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := noRedirects.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return &Answer{t: c.t, Status: res.StatusCode, Header: res.Header, Body: text}
}

var noRedirects = &http.Client{
	Timeout:       60 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
}

// Get sends a GET.
func (c *Client) Get(path string) *Answer { c.t.Helper(); return c.Do(http.MethodGet, path, nil) }

// Post sends a POST.
func (c *Client) Post(path string, body any) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Patch sends a PATCH.
func (c *Client) Patch(path string, body any) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPatch, path, body)
}

// Is fails the test unless the status is as wanted, and shows what came instead.
func (a *Answer) Is(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Object is the body as a JSON object.
func (a *Answer) Object() Object {
	a.t.Helper()
	return decode[Object](a)
}

// List is the body as a JSON array of objects.
func (a *Answer) List() []Object {
	a.t.Helper()
	return decode[[]Object](a)
}

func decode[T any](a *Answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.Body, &v); err != nil {
		a.t.Fatalf("not the JSON that is wanted: %v: %s", err, a.Body)
	}
	return v
}

// Next is the path of the next page, or "" on the last.
func (a *Answer) Next() string {
	link, _, _ := strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<"), ">")
	return link
}

// Field is the location of the first field that a 422 names.
func (a *Answer) Field() string {
	a.t.Helper()
	errors, _ := a.Is(http.StatusUnprocessableEntity).Object()["errors"].([]any)
	if len(errors) == 0 {
		a.t.Fatalf("the 422 names no field: %s", a.Body)
	}
	location, _ := errors[0].(map[string]any)["location"].(string)
	return location
}

// Object is a JSON object.
type Object map[string]any

// ID is the field id.
func (o Object) ID() int64 { return o.Int("id") }

// Int is a field that is a number.
func (o Object) Int(name string) int64 { n, _ := o[name].(float64); return int64(n) }

// Text is a field that is a string.
func (o Object) Text(name string) string { s, _ := o[name].(string); return s }

// Sub is a field that is an object.
func (o Object) Sub(name string) Object { m, _ := o[name].(map[string]any); return m }

// Subs is a field that is an array of objects.
func (o Object) Subs(name string) []Object {
	list, _ := o[name].([]any)
	out := make([]Object, 0, len(list))
	for _, v := range list {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}
