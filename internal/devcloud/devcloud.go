// Package devcloud holds the strangers that development needs. Itself it is the stand-in for Clerk as a whole, whose parts are in
// packages below: the issuer of its tokens, its Backend and its Frontend API on one file, and the guard that lets only this machine
// ask. Beside it are stripe and mailbox. It imports no domain: it is a stranger to the shop, as the providers are.
package devcloud

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"souk/internal/fault"
	"souk/internal/httpx"
	"souk/internal/loopback"
)

// Prefix is the path under which the shop's own listener serves the stand-in for Clerk.
const Prefix = "/__clerk"

var errNotLocal = fault.New(fault.Forbidden, "stand_in_not_local", "The stand-ins for development answer this machine only, and no proxy.")

// Local lets only requests pass that come from this machine itself, to a name of it, and not through a proxy, which may speak for others.
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil || !loopback.Is(peer) || !loopback.Is((&url.URL{Host: r.Host}).Hostname()) || proxied(r.Header) {
			httpx.WriteProblem(w, r, errNotLocal)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func proxied(h http.Header) bool {
	for name := range h {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return true
		}
	}
	return false
}
