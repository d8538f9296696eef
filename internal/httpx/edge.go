package httpx

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/cors"

	"souk/internal/fault"
)

// Edge is what every request passes before it reaches a route.
type Edge struct {
	Hosts   []string // names that the shop answers to; one that starts with a dot stands for all below it
	Origins []string // other sites whose scripts may call the API
	HTTPS   bool     // the public address is https
	Limits  Limits
	// Long says which requests may last, as up- and downloads do: they have as many places of their own, so that slow
	// clients of files do not stop the shop.
	Long func(*http.Request) bool
	// Observe is told of every answer: the pattern of its route, its status (0: none was given), and how long it took. nil: nobody.
	Observe func(route string, status int, took time.Duration)
}

var (
	errHost    = fault.New(fault.Malformed, "host_unknown", "This server does not answer to that Host.")
	errHeaders = &Problem{
		Type: "urn:souk:problem:header_too_large", Title: "Request Header Fields Too Large", Status: http.StatusRequestHeaderFieldsTooLarge,
		Detail: "The request has too many header lines.", Code: "header_too_large",
	}
	errBusy = fault.New(fault.Unavailable, "busy", "The server has too much to do. Try again shortly.").After(time.Second)
)

// Wrap puts around next, from the outside in: the log line and the net for panics, the security headers, the bounds, the
// check of Host, CORS.
func (e Edge) Wrap(next http.Handler) http.Handler {
	hosts := make([]string, len(e.Hosts))
	for i, host := range e.Hosts {
		hosts[i] = plainHost(host)
	}
	shared := e.cors().Handler(next)
	quick, long := make(chan struct{}, e.Limits.Concurrent), make(chan struct{}, e.Limits.Concurrent)
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.secure(w.Header())
		if len(r.TransferEncoding) > 0 {
			// It may have had a Content-Length too, which net/http drops. A proxy that believed it sees other requests than we
			// do, so none may follow (RFC 9112, 6.1).
			w.Header()["Connection"] = []string{"close"}
		}
		slots := quick
		if e.Long != nil && e.Long(r) {
			slots = long
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			WriteProblem(w, r, errBusy)
			return
		}
		switch {
		case headerLines(r.Header) > e.Limits.HeaderLines:
			WriteProblem(w, r, errHeaders)
		case !answersTo(hosts, r.Host):
			WriteProblem(w, r, errHost)
		case r.Header["Origin"] == nil: // no script of another site asks
			w.Header()["Vary"] = byOrigin
			next.ServeHTTP(w, r)
		default:
			shared.ServeHTTP(w, r)
		}
	})
	return e.logged(guarded)
}

func headerLines(h http.Header) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// plainHost is a host in lower case, without the brackets of an IPv6 address.
func plainHost(host string) string { return strings.ToLower(strings.Trim(host, "[]")) }

func answersTo(hosts []string, host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = plainHost(host)
	for _, allowed := range hosts {
		if host == allowed || strings.HasPrefix(allowed, ".") && strings.HasSuffix(host, allowed) {
			return true
		}
	}
	return false
}

// secure sets the headers of an API answer; a page sets its own over them.
func (e Edge) secure(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = noContent
	h["Cache-Control"] = noStore
	h["Cross-Origin-Resource-Policy"] = sameSite
	if e.HTTPS {
		h["Strict-Transport-Security"] = hsts
	}
}

var (
	nosniff   = []string{"nosniff"}
	noContent = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"}
	noStore   = []string{"no-store"}
	sameSite  = []string{"same-site"}
	hsts      = []string{"max-age=63072000; includeSubDomains"}
	byOrigin  = []string{"Origin"}
	jsonType  = []string{"application/json; charset=utf-8"}
)

// cors answers scripts of exactly the listed origins.
func (e Edge) cors() *cors.Cors {
	allowed := map[string]bool{}
	for _, origin := range e.Origins {
		allowed[origin] = true
	}
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return allowed[origin] },
		AllowedMethods:  []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "Idempotency-Key", "X-CSRFToken", "X-Order-Confirm-Secret", "X-Content-SHA256", "If-None-Match",
		},
		ExposedHeaders: []string{"Link", "Retry-After", "ETag", "X-Request-Id"}, AllowCredentials: true, MaxAge: 600,
		OptionsSuccessStatus: http.StatusNoContent,
	})
}

// request is what the log knows of a request while it runs.
type request struct {
	id    string
	route string // the pattern that matched
	asIs  bool   // the answer is not a Router's
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// NameRoute tells the log line of a request which route it is, for a handler that no Router has. Its answer is left as it is.
func NameRoute(r *http.Request, pattern string) {
	if info := nameRoute(r, pattern); info != nil {
		info.asIs = true
	}
}

func nameRoute(r *http.Request, pattern string) *request {
	info := requestOf(r.Context())
	if info != nil {
		info.route = pattern
	}
	return info
}

// logged gives each request an id, catches panics, and writes one line when it is done. The line has the route's
// pattern, not the path: paths and queries hold tokens and signatures.
func (e Edge) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		out := &recorder{ResponseWriter: w, request: request{id: requestID(r.Header.Get("X-Request-Id")), route: "none"}}
		ctx := context.WithValue(r.Context(), requestKey{}, &out.request)
		w.Header()["X-Request-Id"] = []string{out.id}
		inner := r.WithContext(ctx)
		defer func() {
			if e.Observe != nil {
				defer func() { e.Observe(out.route, out.status, time.Since(began)) }()
			}
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				slog.ErrorContext(ctx, "panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
				if out.status == 0 {
					WriteProblem(out, inner, errInternal)
				}
			}
			level := slog.LevelInfo
			if out.route == "GET /api/health/{$}" {
				level = slog.LevelDebug
			}
			slog.LogAttrs(ctx, level, "request", slog.String("method", knownMethod(r.Method)), slog.String("route", out.route), slog.Int("status", out.status),
				slog.Float64("ms", float64(time.Since(began).Microseconds())/1000), slog.Int64("bytes", out.bytes))
		}()
		next.ServeHTTP(out, inner)
		if out.status == 0 {
			out.status = http.StatusOK
		}
	})
}

// requestID takes over a plain id that a proxy gave, or makes one.
func requestID(given string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_'
	}
	if len(given) >= 8 && len(given) <= 64 && strings.IndexFunc(given, func(r rune) bool { return !plain(r) }) < 0 {
		return given
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], rand.Uint64())
	return hex.EncodeToString(b[:])
}

// knownMethod is the method as the log has it: a client may send any word.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recorder notes status and size, and says the charset of JSON.
type recorder struct {
	http.ResponseWriter
	request
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
		if h := w.Header(); !w.asIs && len(h["Content-Type"]) == 1 && h["Content-Type"][0] == "application/json" {
			h["Content-Type"] = jsonType
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
