package httpx

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/danielgtaylor/huma/v2"
)

// serve runs a server with an operation that takes JSON at POST /echo/, and whatever more is given, until the test ends.
func serve(t *testing.T, l Limits, more map[string]http.HandlerFunc) (address string) {
	t.Helper()
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(before) })
	rt := NewRouter()
	var api huma.API
	api = rt.Operations("test", "1", "", func(op *huma.Operation, next http.Handler) http.Handler {
		return StrictJSON(op, api.OpenAPI().Components.Schemas, next)
	})
	type in struct {
		Body struct {
			Name string `json:"name" maxLength:"100"`
			Any  any    `json:"any,omitempty"`
		}
	}
	huma.Register(api, huma.Operation{OperationID: "echo", Method: http.MethodPost, Path: "/echo/"},
		func(_ context.Context, i *in) (*struct{ Body string }, error) {
			return &struct{ Body string }{i.Body.Name}, nil
		})
	for pattern, h := range more {
		rt.Handle(pattern, h)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	edge := Edge{Hosts: []string{"127.0.0.1"}, Origins: []string{"https://app.example.test"}, Limits: l}
	go func() { ended <- Serve(ctx, listener, edge.Wrap(rt), l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// say sends raw bytes and gives the status of the answer: 0 when the connection was closed without one, and fails when it hangs.
func say(t *testing.T, address string, text ...string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		for _, part := range text {
			_, _ = io.WriteString(conn, part) // the server may refuse before the end
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		var network net.Error
		if errors.As(err, &network) && network.Timeout() {
			t.Fatal("the server neither answered nor closed")
		}
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func short() Limits {
	l := DefaultLimits()
	l.ReadHeader, l.Read, l.Write = 200*time.Millisecond, 400*time.Millisecond, 5*time.Second
	return l
}

func post(body string, headers ...string) string {
	return fmt.Sprintf("POST /echo/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
		len(body), strings.Join(headers, ""), body)
}

func TestHostileRequestsAreRefused(t *testing.T) {
	address := serve(t, short(), nil)
	deep := strings.Repeat(`{"any":`, 40) + "1" + strings.Repeat("}", 40)
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"well-formed":      {post(`{"name":"a"}`), 200},
		"header of 17 KB":  {post(`{"name":"a"}`, "X-Big: "+strings.Repeat("a", 17<<10)+"\r\n"), 431},
		"101 header lines": {post(`{"name":"a"}`, strings.Repeat("X-Many: a\r\n", 101)), 431},
		// net/http reads such a body as chunked (RFC 9112 section 6.3), which this one is not.
		"chunked and Content-Length":    {post("{\"name\":\"a\"}\r\n", "Transfer-Encoding: chunked\r\n"), 400},
		"two Content-Lengths":           {post(`{"name":"a"}`, "Content-Length: 3\r\n"), 400},
		"JSON of 10 MB":                 {post(`{"name":"` + strings.Repeat("a", 10<<20) + `"}`), 413},
		"JSON of 40 levels":             {post(deep), 400},
		"JSON of 100,000 levels":        {post(strings.Repeat("[", 50_000)), 400},
		"a name twice":                  {post(`{"name":"a","name":"b"}`), 400},
		"another case":                  {post(`{"Name":"a"}`), 422},
		"text behind":                   {post(`{"name":"a"}{}`), 400},
		"null":                          {post(`{"name":null}`), 422},
		"NUL":                           {post(`{"name":"a\u0000"}`), 422},
		"invalid UTF-8":                 {post("{\"name\":\"\xff\"}"), 400},
		"gzip":                          {post("\x1f\x8b\x08\x00", "Content-Encoding: gzip\r\n"), 415},
		"another media type":            {strings.Replace(post(`{"name":"a"}`), "application/json", "text/plain", 1), 415},
		"malformed percent":             {"GET /%zz/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400},
		"dots that are encoded":         {"GET /echo/%2e%2e/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404},
		"another host":                  {"GET /echo/ HTTP/1.1\r\nHost: evil.test\r\n\r\n", 400},
		"no host":                       {"GET /echo/ HTTP/1.1\r\n\r\n", 400},
		"a body that stops":             {post(`{"name":"a"}`)[:len(post(`{"name":"a"}`))-4], 408},
		"a header that stops":           {"POST /echo/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-", 400},
		"another method":                {"PUT /echo/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", 405},
		"without the slash":             {"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", 308},
		"an absent body":                {"POST /echo/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n", 400},
		"a body that ends before it is": {post(`{"name":"a"`), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := say(t, address, c.text); got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
}

func TestCORSNamesExactOrigins(t *testing.T) {
	address := serve(t, DefaultLimits(), map[string]http.HandlerFunc{"GET /ok/": func(http.ResponseWriter, *http.Request) {}})
	ask := func(method, origin string, preflight bool) http.Header {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/ok/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		if preflight {
			r.Header.Set("Access-Control-Request-Method", "PATCH")
			r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.Header
	}
	for _, evil := range []string{
		"https://evil.test", "https://app.example.test.evil.test", "http://app.example.test", "https://app.example.test:444", "null", "https://sub.app.example.test",
	} {
		for _, preflight := range []bool{true, false} {
			method := map[bool]string{true: http.MethodOptions, false: http.MethodGet}[preflight]
			if h := ask(method, evil, preflight); h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s %s is let in: %v", method, evil, h)
			}
		}
	}
	h := ask(http.MethodOptions, "https://app.example.test", true)
	if h.Get("Access-Control-Allow-Origin") != "https://app.example.test" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") ||
		h.Get("Access-Control-Max-Age") != "600" || h.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("the allowed origin's preflight: %v", h)
	}
	h = ask(http.MethodGet, "https://app.example.test", false)
	if h.Get("Access-Control-Allow-Origin") != "https://app.example.test" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Link") {
		t.Errorf("the allowed origin: %v", h)
	}
	res, err := http.Get("http://" + address + "/ok/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.Header.Get("Vary") != "Origin" {
		t.Errorf("an answer without Origin lacks Vary: %v", res.Header)
	}
}

// A client that does not read its answer holds its own place, and nobody else's; when all places are taken the answer is 503.
func TestSlowClientsDoNotStopOthers(t *testing.T) {
	l := DefaultLimits()
	l.Concurrent = 2
	inside, leave := make(chan struct{}, 2), make(chan struct{})
	address := serve(t, l, map[string]http.HandlerFunc{
		"GET /slow/": func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-leave },
		"GET /fast/": func(http.ResponseWriter, *http.Request) {},
	})
	get := func(path string) int {
		return say(t, address, "GET "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
	}
	slow := make(chan int, 2)
	go func() { slow <- get("/slow/") }()
	<-inside
	if got := get("/fast/"); got != 200 {
		t.Errorf("beside a slow one: %d", got)
	}
	go func() { slow <- get("/slow/") }()
	<-inside
	if got := get("/fast/"); got != 503 {
		t.Errorf("above the bound: %d", got)
	}
	close(leave)
	for range 2 {
		if got := <-slow; got != 200 {
			t.Errorf("a slow one: %d", got)
		}
	}
	if got := get("/fast/"); got != 200 {
		t.Errorf("afterwards: %d", got)
	}
}

func TestAStopFinishesRequestsInFlightAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(inside)
			<-leave
			_, _ = io.WriteString(w, "done")
		}), DefaultLimits())
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got := make(chan string, 1)
	go func() {
		res, err := client.Get("http://" + listener.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		got <- string(text)
	}()
	<-inside
	stop()
	for { // until the listener is closed
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(leave)
	if text := <-got; text != "done" {
		t.Errorf("the request in flight got %q", text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A panic is a 500 that says nothing, and does not end the server.
func TestAPanicIsContained(t *testing.T) {
	address := serve(t, DefaultLimits(), map[string]http.HandlerFunc{"GET /boom/": func(http.ResponseWriter, *http.Request) { panic("secret-word") }})
	for range 2 {
		res, err := http.Get("http://" + address + "/boom/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 500 || bytes.Contains(body, []byte("secret-word")) || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	}
}
