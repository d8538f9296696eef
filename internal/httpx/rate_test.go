package httpx

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestLimiterCountsEachKeyInEveryWindow(t *testing.T) {
	l := new(Limiter).And(2, time.Hour).And(3, 24*time.Hour)
	take := func(key string) (*httptest.ResponseRecorder, error) {
		w := httptest.NewRecorder()
		return w, l.Take(w, httptest.NewRequest(http.MethodGet, "/", nil), key)
	}
	for range 2 {
		if _, err := take("a"); err != nil {
			t.Fatal(err)
		}
	}
	w, err := take("a")
	if err == nil || w.Header().Get("Retry-After") == "" {
		t.Errorf("the third passed: %v, %v", err, w.Header())
	}
	if _, err := take("b"); err != nil {
		t.Errorf("another key is limited too: %v", err)
	}
	var none *Limiter
	if err := none.Take(nil, nil, "a"); err != nil {
		t.Error(err)
	}
}

func TestClientKey(t *testing.T) {
	for _, c := range []struct {
		remote, forwarded string
		proxies           int
		want              string
	}{
		{"192.0.2.1:99", "", 0, "192.0.2.1"},
		{"192.0.2.1:99", "198.51.100.7", 0, "192.0.2.1"}, // nobody trusted: what the client says does not count
		{"10.0.0.1:99", "203.0.113.9, 198.51.100.7", 1, "198.51.100.7"},
		{"10.0.0.1:99", "203.0.113.9, 198.51.100.7", 2, "203.0.113.9"},
		{"10.0.0.1:99", "203.0.113.9", 2, "10.0.0.1"},
		{"[2001:db8:1:2:3:4:5:6]:99", "", 0, "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.1]:99", "", 0, "192.0.2.1"},
		{"10.0.0.1:99", "nonsense", 1, "unknown"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := ClientKey(r, c.proxies); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
