package httpx

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"souk/internal/fault"
)

// Limiter bounds how often one caller may ask, by sliding windows that must all have room. It counts in this process:
// n instances let n times as much pass. A nil Limiter lets everything pass.
type Limiter struct{ windows []*httprate.RateLimiter }

// And adds a window, such as 60 in an hour besides 10 in a minute.
func (l *Limiter) And(requests int, per time.Duration) *Limiter {
	l.windows = append(l.windows, httprate.NewRateLimiter(requests, per, httprate.WithResponseHeaders(httprate.ResponseHeaders{
		RetryAfter: "Retry-After",
	})))
	return l
}

var errRate = fault.New(fault.RateLimited, "rate_limited", "Too many requests. Wait as long as Retry-After says.")

// Take counts a request of key, and says with a fault that it is one too many. Retry-After is then set on w.
func (l *Limiter) Take(w http.ResponseWriter, r *http.Request, key string) error {
	if l == nil {
		return nil
	}
	for _, window := range l.windows {
		if window.OnLimit(w, r, key) {
			return errRate
		}
	}
	return nil
}

// LimitMisses counts what next answers with 404, and gives 429 in its place when there were too many: guessing gets slow.
// Answers are held in memory until they are whole.
func (l *Limiter) LimitMisses(next http.Handler, key func(*http.Request) string) http.Handler {
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := &answer{header: http.Header{}, status: http.StatusOK}
		next.ServeHTTP(got, r)
		if got.status == http.StatusNotFound {
			if err := l.Take(w, r, key(r)); err != nil {
				WriteProblem(w, r, err)
				return
			}
		}
		got.writeTo(w)
	})
}

// ClientKey tells clients apart by their address: IPv4 whole, IPv6 by its /64, which is one customer. Behind proxies
// it is the address that the outermost of the trusted ones saw.
func ClientKey(r *http.Request, trustedProxies int) string {
	address := r.RemoteAddr
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if trustedProxies > 0 {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		slices.Reverse(hops)
		if len(hops) >= trustedProxies {
			address = strings.TrimSpace(hops[trustedProxies-1])
		}
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if ip = ip.Unmap(); ip.Is6() {
		prefix, _ := ip.WithZone("").Prefix(64) // 64 bits of an IPv6 address always are one
		return prefix.String()
	}
	return ip.String()
}
