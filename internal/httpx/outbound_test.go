package httpx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
)

// pipes is a listener whose connections never leave the bubble of a synctest, so that time stands still while bytes move.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.connections <- there
	return here, nil
}

// provider serves handler inside the bubble, and gives the transport that reaches it.
func provider(t *testing.T, handler http.HandlerFunc) *http.Transport {
	t.Helper()
	p := &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return transport
}

func ask(client *http.Client, method string) (status int, body string, err error) {
	r, err := http.NewRequest(method, "http://provider.test/v1/thing", nil)
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), errors.Join(err, res.Body.Close())
}

func TestAFailedGetIsTriedOnceMore(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		first  int
		after  string // Retry-After
		calls  int
		status int
		took   time.Duration
	}{
		"good":             {"GET", 200, "", 1, 200, 0},
		"busy":             {"GET", 429, "3", 2, 200, 3 * time.Second},
		"busy, at once":    {"GET", 429, "0", 2, 200, 0},
		"busy, unsaid":     {"GET", 429, "", 2, 200, retryIn},
		"busy, a date":     {"GET", 429, "Mon, 23 Nov 2026 10:00:00 GMT", 2, 200, retryIn},
		"busy, negative":   {"GET", 429, "-5", 2, 200, retryIn},
		"broken":           {"GET", 500, "", 2, 200, retryIn},
		"away":             {"GET", 503, "2", 2, 200, 2 * time.Second},
		"away for long":    {"GET", 503, "10", 1, 503, 0},
		"away for an age":  {"GET", 503, "99999999999999999999", 2, 200, retryIn},
		"away for an hour": {"GET", 503, "3600", 1, 503, 0},
		"refused":          {"GET", 401, "1", 1, 401, 0},
		"a change":         {"POST", 503, "0", 1, 503, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				next := provider(t, func(w http.ResponseWriter, _ *http.Request) {
					calls++
					if calls > 1 {
						return
					}
					if c.after != "" {
						w.Header().Set("Retry-After", c.after)
					}
					w.WriteHeader(c.first)
				})
				start := time.Now()
				status, _, err := ask(outbound(newPolite(next, 100, 10*time.Second)), c.method)
				if took := time.Since(start); err != nil || status != c.status || calls != c.calls || took != c.took {
					t.Errorf("%d after %d calls and %s, %v; want %+v", status, calls, took, err, c)
				}
			})
		})
	}
}

func TestASecondFailureIsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		next := provider(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "no. ")
		})
		status, body, err := ask(outbound(newPolite(next, 100, 10*time.Second)), "GET")
		if err != nil || status != 502 || body != "no. " || calls != 2 {
			t.Errorf("%d %q after %d calls, %v", status, body, calls, err)
		}
	})
}

func TestWhoLeavesEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		next := provider(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.Header().Set("Retry-After", "8")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://provider.test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		res, err := outbound(newPolite(next, 100, 10*time.Second)).Do(r)
		if err == nil {
			_ = res.Body.Close()
		}
		if took := time.Since(start); !errors.Is(err, context.Canceled) || calls != 1 || took != time.Second {
			t.Errorf("%v after %d calls and %s", err, calls, took)
		}
	})
}

func TestNoWindowHasMoreRequestsThanAllowed(t *testing.T) {
	for _, allowed := range []int{2, 3, 50, 500} {
		synctest.Test(t, func(t *testing.T) {
			const per = 10 * time.Second
			var at []time.Time
			p := newPolite(nil, allowed, per)
			for range 3*allowed + 2 {
				if err := p.turn.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				at = append(at, time.Now())
			}
			for i := allowed; i < len(at); i++ {
				if window := at[i].Sub(at[i-allowed]); window < per-time.Millisecond {
					t.Fatalf("request %d came %s after the one %d before it", i, window, allowed)
				}
			}
			if rate := float64(len(at)) / max(at[len(at)-1].Sub(at[0]).Seconds(), per.Seconds()); allowed > 3 && rate < float64(allowed)/per.Seconds()/2 {
				t.Errorf("only %.1f requests a second", rate)
			}
		})
	}
}

func TestAProviderThatHangsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := provider(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		start := time.Now()
		_, _, err := ask(outbound(newPolite(next, 100, 10*time.Second)), "GET")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != answerIn {
			t.Errorf("%v after %s", err, took)
		}
		synctest.Wait()
	})
}

func TestARepliesSizeIsBounded(t *testing.T) {
	for size, want := range map[int]error{0: nil, maxReply - 1: nil, maxReply: nil, maxReply + 1: ErrReplyTooLarge, 3 * maxReply: ErrReplyTooLarge} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", size))
		}))
		res, err := Outbound().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		server.Close()
		if !errors.Is(err, want) || len(text) != min(size, maxReply) {
			t.Errorf("%d bytes: read %d, %v", size, len(text), err)
		}
	}
}

func TestASecretHeaderGoesToNoOtherHost(t *testing.T) {
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		client, closeIdle := PoliteOutbound(100, time.Second)
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer secret")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		closeIdle()
		server.Close()
		if res.StatusCode != status {
			t.Errorf("%d became %d", status, res.StatusCode)
		}
	}
	if asked != 0 {
		t.Errorf("the other host was asked %d times", asked)
	}
}

func TestNoCallInsideATransaction(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	client, closeIdle := PoliteOutbound(100, time.Second)
	defer closeIdle()
	d := dbtest.Open(t, dbtest.SQLite(t))
	for _, client := range []*http.Client{client, Outbound()} {
		err := d.InTx(t.Context(), func(ctx context.Context, _ *db.Tx) error {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
			if err != nil {
				return err
			}
			res, err := client.Do(r)
			if err == nil {
				_ = res.Body.Close()
			}
			return err
		})
		if err == nil || asked != 0 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	}
}
