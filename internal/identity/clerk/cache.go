package clerk

import (
	"crypto/sha256"
	"sync"
	"time"

	"souk/internal/identity"
)

// verified is a token that passed. party says that it names its origin.
type verified struct {
	claims identity.Claims
	party  bool
	until  time.Time
}

type sum = [sha256.Size]byte

// cache remembers verified tokens by their hash. It is bounded without bookkeeping: when the younger half is full, it becomes
// the older one, and what was older is forgotten.
type cache struct {
	half       int
	mu         sync.RWMutex
	young, old map[sum]verified
}

func newCache(limit int) *cache {
	return &cache{half: max(1, limit/2), young: map[sum]verified{}}
}

func (c *cache) get(s sum, now time.Time) (verified, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.young[s]
	if !ok {
		v, ok = c.old[s]
	}
	return v, ok && now.Before(v.until)
}

func (c *cache) put(s sum, v verified) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.half {
		c.young, c.old = map[sum]verified{}, c.young
	}
	c.young[s] = v
}
