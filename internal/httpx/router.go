package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/validation"

	"souk/internal/fault"
)

// Router matches paths exactly. The canonical form of a path ends with a slash: without it the answer is 308. What matches
// nothing is a 404 problem, a known path with another method a 405 problem.
type Router struct {
	mux       *http.ServeMux  // the routes, and all else to unknown
	known     *http.ServeMux  // the routes alone: it tells a 405 from a 404
	canonical map[string]bool // patterns whose slashless form redirects
}

// NewRouter makes a router without routes.
func NewRouter() *Router {
	rt := &Router{mux: http.NewServeMux(), known: http.NewServeMux(), canonical: map[string]bool{}}
	rt.mux.HandleFunc("/", rt.unknown)
	return rt
}

// Handle registers a handler for "METHOD /path/". A pattern that ends in a slash matches that path alone.
func (rt *Router) Handle(pattern string, h http.Handler) {
	if !strings.HasSuffix(pattern, "/") {
		rt.register(pattern, h)
		return
	}
	rt.register(pattern+"{$}", h)
	_, p, _ := strings.Cut(pattern, " ")
	if slashless := strings.TrimSuffix(p, "/"); slashless != "" && !rt.canonical[slashless] {
		rt.canonical[slashless] = true
		rt.register(slashless, http.HandlerFunc(redirectToSlash))
	}
}

func (rt *Router) register(pattern string, h http.Handler) {
	rt.known.Handle(pattern, h)
	rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		nameRoute(r, pattern)
		h.ServeHTTP(w, r)
	})
}

func redirectToSlash(w http.ResponseWriter, r *http.Request) {
	target := r.URL.EscapedPath() + "/"
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusPermanentRedirect)
}

var (
	errNoRoute = fault.New(fault.NotFound, "not_found", "There is nothing at this address.")
	ErrMethod  = &Problem{
		Type: "urn:souk:problem:method_not_allowed", Title: "Method Not Allowed", Status: http.StatusMethodNotAllowed,
		Detail: "This address does not take that method; the Allow header lists those it takes.", Code: "method_not_allowed",
	}
)

func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/") && r.URL.Path != "/" {
		WriteProblem(w, r, errNoRoute)
		return
	}
	rt.mux.ServeHTTP(w, r)
}

// unknown answers what no route matches. ServeMux's own answer is plain text: only its status and Allow are taken from it.
func (rt *Router) unknown(w http.ResponseWriter, r *http.Request) {
	handler, _ := rt.known.Handler(r)
	var told verdict
	handler.ServeHTTP(&told, r)
	if told.status != http.StatusMethodNotAllowed {
		WriteProblem(w, r, errNoRoute)
		return
	}
	w.Header().Set("Allow", told.Header().Get("Allow"))
	WriteProblem(w, r, ErrMethod)
}

// verdict takes an answer's status and header, and drops its body.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header {
	if v.header == nil {
		v.header = http.Header{}
	}
	return v.header
}
func (v *verdict) WriteHeader(status int)      { v.status = status }
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }

// Operations is a huma API whose operations are served by the router, each inside what wrap puts around it. Bodies are
// read strictly (see StrictJSON) before huma sees them, and every error is a Problem.
func (rt *Router) Operations(title, version, description string, wrap func(op *huma.Operation, next http.Handler) http.Handler) huma.API {
	huma.NewError = newHumaError
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	validation.MsgUnexpectedProperty = "is not a field of this request"
	config := huma.DefaultConfig(title, version)
	config.Info.Description = description
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks, config.Transformers = nil, nil
	config.RejectUnknownQueryParameters = true
	api := huma.NewAPI(config, &adapter{router: rt, wrap: wrap})
	return api
}

type adapter struct {
	router *Router
	wrap   func(op *huma.Operation, next http.Handler) http.Handler
}

func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

func (a *adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(humago.NewContext(op, r, w)) })
	a.router.Handle(op.Method+" "+op.Path, a.wrap(op, inner))
}

// newHumaError makes huma's own refusals problems. It drops the rejected values, which may be personal or secret.
func newHumaError(status int, msg string, errs ...error) huma.StatusError {
	if status == 0 { // huma asks for the type, to document it
		return &Problem{}
	}
	f := errInternal
	switch status {
	case http.StatusUnprocessableEntity:
		f = fault.New(fault.Invalid, "invalid_field", "The request has fields that cannot be taken.")
	case http.StatusBadRequest:
		f = fault.New(fault.Malformed, "malformed", "The request cannot be read: "+msg+".")
	case http.StatusUnsupportedMediaType:
		f = errNotJSON
	case http.StatusRequestEntityTooLarge:
		f = errTooLarge
	case http.StatusRequestTimeout:
		f = errTooSlow
	case http.StatusNotAcceptable, http.StatusInternalServerError:
	}
	var fields []fault.Field
	for _, err := range errs {
		var detail huma.ErrorDetailer
		if errors.As(err, &detail) {
			d := detail.ErrorDetail()
			fields = append(fields, fault.Field{Location: d.Location, Message: d.Message})
		}
	}
	if f.Kind == fault.Internal {
		f = f.Because(fmt.Errorf("huma: %d %s: %w", status, msg, errors.Join(errs...)))
	} else if len(fields) > 0 {
		f = f.Because(nil)
		f.Fields = fields
		f.Detail = fields[0].Location + ": " + fields[0].Message
	}
	return NewProblem(context.Background(), f)
}
