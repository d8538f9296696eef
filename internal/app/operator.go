package app

import (
	"context"
	"net"
	"net/http"
	"strings"

	"souk/internal/fault"
	"souk/internal/httpx"
)

// operatorJobs is where the operators' listener has the jobs.
const operatorJobs = "/jobs"

var errOperatorOnly = fault.New(fault.Forbidden, "operator_only", "This address answers pages of its own, on this machine, and no proxy.")

// ServeOperator serves the operators' pages until ctx ends. Whoever reaches the listener is an operator, so it must be on
// loopback; pages of other sites in the operator's browser are refused.
func (a *App) ServeOperator(ctx context.Context, listener net.Listener) error {
	ui, err := a.Jobs.UI(ctx, operatorJobs)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(operatorJobs+"/", ui)
	mux.Handle("GET /metrics", a.metrics.Handler())
	mux.Handle("/{$}", http.RedirectHandler(operatorJobs+"/", http.StatusTemporaryRedirect))
	edge := httpx.Edge{Hosts: []string{"localhost", "127.0.0.1", "::1"}, Limits: httpx.DefaultLimits()}
	return httpx.Serve(ctx, listener, edge.Wrap(ownPages(mux)), edge.Limits)
}

// ownPages refuses what another site's page asks for, and what came through a proxy, which may speak for another machine.
func ownPages(next http.Handler) http.Handler {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { httpx.WriteProblem(w, r, errOperatorOnly) })
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(refuse)
	guarded := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if name == "Forwarded" || name == "Via" || strings.HasPrefix(name, "X-Forwarded-") {
				refuse(w, r)
				return
			}
		}
		httpx.NameRoute(r, "operator")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "+
			"frame-ancestors 'none'; base-uri 'none'; object-src 'none'")
		guarded.ServeHTTP(w, r)
	})
}
