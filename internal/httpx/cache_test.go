package httpx

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that a test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func call(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestCacheAnswersForAMoment(t *testing.T) {
	var c clock
	cache := NewCache(c.now)
	loads := 0
	h := cache.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		loads++
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, "%d %s", loads, r.URL.RequestURI())
	}))
	first := call(h, "GET", "/a?x=1")
	if again := call(h, "GET", "/a?x=1"); again.Body.String() != first.Body.String() || loads != 1 {
		t.Errorf("loaded %d times: %s", loads, again.Body)
	}
	if other := call(h, "GET", "/a?x=2"); other.Body.String() == first.Body.String() {
		t.Error("another query got the same answer")
	}
	etag := first.Header().Get("ETag")
	for _, known := range []string{etag, "W/" + etag, `"z", ` + etag, "*"} {
		if got := call(h, "GET", "/a?x=1", "If-None-Match", known); got.Code != 304 || got.Body.Len() != 0 {
			t.Errorf("If-None-Match %s: %d %s", known, got.Code, got.Body)
		}
	}
	if got := call(h, "GET", "/a?x=1", "If-None-Match", `"other"`); got.Code != 200 {
		t.Errorf("another ETag: %d", got.Code)
	}
	if got := call(h, "HEAD", "/a?x=1"); got.Code != 200 || got.Body.Len() != 0 || got.Header().Get("ETag") != etag {
		t.Errorf("HEAD: %d %s", got.Code, got.Body)
	}
	c.advance(MaxAge)
	if call(h, "GET", "/a?x=1"); loads != 3 {
		t.Errorf("an answer of %v was given again", MaxAge)
	}
	cache.Drop()
	if call(h, "GET", "/a?x=1"); loads != 4 {
		t.Error("a dropped answer was given again")
	}
}

// What is counted is what is kept, also when an answer has grown old and another takes its place.
func TestCacheCountsWhatItKeeps(t *testing.T) {
	var c clock
	cache := NewCache(c.now)
	status, size := 200, 1000
	h := cache.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(make([]byte, size))
	}))
	for _, step := range []struct{ status, size, want int }{{200, 1000, 1500}, {200, 700, 1200}, {200, 900, 1400}, {503, 900, 500}, {200, 100, 600}} {
		status, size = 200, 500
		call(h, "GET", "/other")
		status, size = step.status, step.size
		call(h, "GET", "/")
		if cache.bytes != step.want {
			t.Errorf("%+v: %d bytes are counted", step, cache.bytes)
		}
		c.advance(MaxAge)
	}
	if cache.Drop(); cache.bytes != 0 {
		t.Errorf("%d bytes are counted of nothing", cache.bytes)
	}
}

func TestCacheKeepsNoErrors(t *testing.T) {
	var c clock
	status := 503
	h := NewCache(c.now).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	if got := call(h, "GET", "/"); got.Code != 503 || got.Header().Get("ETag") != "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	status = 200
	if got := call(h, "GET", "/"); got.Code != 200 {
		t.Errorf("the error was kept: %d", got.Code)
	}
}

// A load that began before a change must not be given out, or kept, after it.
func TestALoadThatAChangeOvertookIsNotKept(t *testing.T) {
	var c clock
	cache := NewCache(c.now)
	reading, changed := make(chan struct{}), make(chan struct{})
	var value atomic.Int64
	var slow sync.Once
	h := cache.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		read := value.Load()
		slow.Do(func() { close(reading); <-changed })
		_, _ = fmt.Fprint(w, read)
	}))
	done := make(chan struct{})
	go func() { defer close(done); call(h, "GET", "/") }()
	<-reading
	value.Store(1)
	cache.Drop()
	close(changed)
	<-done
	if got := call(h, "GET", "/"); got.Body.String() != "1" {
		t.Errorf("after the change the cache gives %s", got.Body)
	}
}

func TestManyAtOnceLoadOnce(t *testing.T) {
	var c clock
	var loads atomic.Int64
	started, release := make(chan struct{}), make(chan struct{})
	h := NewCache(c.now).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if loads.Add(1) == 1 {
			close(started)
		}
		<-release
		_, _ = fmt.Fprint(w, "x")
	}))
	var wg sync.WaitGroup
	wg.Go(func() { call(h, "GET", "/") })
	<-started
	for range 31 {
		wg.Go(func() {
			if got := call(h, "GET", "/"); got.Body.String() != "x" {
				t.Errorf("got %q", got.Body)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("%d loads", n)
	}
}
