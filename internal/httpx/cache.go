package httpx

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Cache keeps the answers of public GETs in memory, encoded, for a moment. An answer is as old as MaxAge at most, counted
// from before its load began; Drop makes all of them old at once, also those that are being loaded. Of many requests
// for one address at once, one loads.
type Cache struct {
	now func() time.Time

	mu         sync.Mutex
	generation uint64
	bytes      int
	entries    map[string]*entry
}

// MaxAge is how long an answer may be given: the most that another instance's change stays unseen.
const MaxAge = time.Second

// Bounds of what is kept. When one is reached, everything is let go: a second later it would be old anyway.
const (
	maxCacheEntries = 2048
	maxCacheBytes   = 32 << 20
	maxCacheKey     = 1024
)

type entry struct {
	loaded     chan struct{} // closed when answer is there
	began      time.Time
	generation uint64
	answer     *answer // nil: it could not be kept
	etag       []string
	counted    int // of Cache.bytes
}

// NewCache makes an empty cache.
func NewCache(now func() time.Time) *Cache {
	return &Cache{now: now, entries: map[string]*entry{}}
}

// Drop makes every answer old.
func (c *Cache) Drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.entries)
	c.bytes = 0
}

// Wrap answers from the cache where it can. Only an answer of 200 is kept; it gets a strong ETag, and a client that has it
// gets 304. next must answer the same to everybody, and depend on path and query alone.
func (c *Cache) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Path
		if r.URL.RawQuery != "" {
			key += "?" + r.URL.RawQuery
		}
		if len(key) > maxCacheKey {
			next.ServeHTTP(w, r)
			return
		}
		for {
			e, mine := c.find(key)
			if mine {
				c.load(e, key, next, w, r)
				return
			}
			waited := false
			select {
			case <-e.loaded:
			default:
				waited = true
				select {
				case <-e.loaded:
				case <-r.Context().Done():
					return
				}
			}
			if e.answer == nil { // an error is answered to each on its own
				next.ServeHTTP(w, r)
				return
			}
			if !waited || c.fresh(e) {
				e.writeTo(w, r)
				return
			}
		}
	})
}

// find gives the entry of key; mine says that it is new and the caller must load it.
func (c *Cache) find(key string) (e *entry, mine bool) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil && now.Sub(e.began) < MaxAge {
		return e, false
	}
	if len(c.entries) >= maxCacheEntries || c.bytes >= maxCacheBytes {
		clear(c.entries)
		c.bytes = 0
	}
	if old := c.entries[key]; old != nil {
		c.bytes -= old.counted
	}
	e = &entry{loaded: make(chan struct{}), began: now, generation: c.generation}
	c.entries[key] = e
	return e, true
}

func (c *Cache) fresh(e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return e.generation == c.generation && c.now().Sub(e.began) < MaxAge
}

func (c *Cache) load(e *entry, key string, next http.Handler, w http.ResponseWriter, r *http.Request) {
	got := &answer{header: http.Header{}, status: http.StatusOK}
	kept := false
	defer func() { // also when next panics
		c.mu.Lock()
		if c.entries[key] == e {
			if kept {
				e.counted = got.body.Len()
				c.bytes += e.counted
			} else {
				delete(c.entries, key)
			}
		}
		c.mu.Unlock()
		close(e.loaded)
	}()
	whole := r.Clone(r.Context())
	whole.Method = http.MethodGet // a HEAD fills the cache for GETs
	next.ServeHTTP(got, whole)
	if got.status != http.StatusOK {
		got.writeTo(w)
		return
	}
	e.etag = []string{etag(got.body.Bytes())}
	got.header["Cache-Control"] = revalidate
	got.header["Content-Length"] = []string{strconv.Itoa(got.body.Len())}
	e.answer, kept = got, true
	e.writeTo(w, r)
}

var revalidate = []string{"no-cache"}

func (e *entry) writeTo(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for name, values := range e.answer.header {
		header[name] = values
	}
	header["Etag"] = e.etag
	if known := r.Header["If-None-Match"]; len(known) == 1 && known[0] == e.etag[0] {
		delete(header, "Content-Length")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if len(r.Header["If-None-Match"]) > 0 { // a list, or a weak one: net/http knows the rules
		delete(header, "Content-Length")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(e.answer.body.Bytes()))
		return
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(e.answer.body.Bytes()) // the client may be gone
	}
}
