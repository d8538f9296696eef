package api

import (
	"net/http"

	"souk/internal/httpx"
)

// Limits say how often one caller may use a group of routes: a user, or an address where nobody is signed in. A limiter
// that is nil lets everything pass.
type Limits struct {
	Catalog, General, Order, Confirm, Booking, Download, BadDownload, Seller, Upload, BadSignIn *httpx.Limiter

	TrustedProxies int // in front of the server
}

// limit puts the limiter of a route in front of next. A route that names none has that of its access rule. A request without an
// address comes from the program itself, which asks on nobody's behalf.
func (a *API) limit(rt route, next http.Handler) http.Handler {
	limiter := a.Limits.General
	switch {
	case rt.unlimited:
		return next
	case rt.limit != nil:
		limiter = rt.limit(a.Limits)
	case rt.access == public:
		limiter = a.Limits.Catalog
	case rt.access == seller:
		limiter = a.Limits.Seller
	}
	if limiter == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RemoteAddr == "" {
			next.ServeHTTP(w, r)
			return
		}
		key := caller(r.Context()).Subject
		if key == "" {
			key = a.address(r)
		}
		if err := limiter.Take(w, r, key); err != nil {
			httpx.WriteProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *API) address(r *http.Request) string { return httpx.ClientKey(r, a.Limits.TrustedProxies) }

func orderLimit(l Limits) *httpx.Limiter    { return l.Order }
func confirmLimit(l Limits) *httpx.Limiter  { return l.Confirm }
func bookingLimit(l Limits) *httpx.Limiter  { return l.Booking }
func downloadLimit(l Limits) *httpx.Limiter { return l.Download }
func uploadLimit(l Limits) *httpx.Limiter   { return l.Upload }
