// Package api is the HTTP face of the shop: the table of routes with who may call them, the structs of the wire, and the
// OpenAPI document. It translates and decides nothing: rules are the domains', statuses come from their faults.
package api

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/fulfillment"
	"souk/internal/httpx"
	"souk/internal/identity"
	"souk/internal/inbox"
	"souk/internal/order"
	"souk/internal/project"
	"souk/internal/subscription"
)

// Version is the version of the API document.
const Version = "0.1.0"

// Deps are what the routes call.
type Deps struct {
	Verify    func(ctx context.Context, token string, cookie bool) (identity.Claims, error)
	CSRF      httpx.CSRF
	Identity  *identity.Service
	ClerkUser func(ctx context.Context, id string) (identity.ClerkUser, error) // as Clerk has it now
	// SupabaseProfile is the row of subject in Supabase's profiles table, by the rights of token, or nil; nil itself where there is
	// no Supabase.
	SupabaseProfile func(ctx context.Context, token, subject string) (json.RawMessage, error)
	Bookings        *booking.Service
	Projects        *project.Service
	Catalog         *catalog.Service
	Fulfillment     *fulfillment.Service
	Orders          *order.Service
	Subscriptions   *subscription.Service
	Inbox           *inbox.Service
	ClerkKeys       []inbox.Key // of Clerk's webhooks; none: not configured
	StripeKeys      []inbox.Key // of Stripe's; none: not configured
	// PayPage gives the address of the payment provider's page for an order; nil where there is none.
	PayPage     func(ctx context.Context, publicID string) (address string, err error)
	Idempotency *httpx.Idempotency
	Cursors     httpx.Cursors
	Cache       *httpx.Cache // of the public catalog
	Limits      Limits
	Ping        func(context.Context) error // nil when the database answers
	Release     string                      // the version of the program
	Now         func() time.Time
}

// API is the handler of everything under /api/.
type API struct {
	Deps
	router *httpx.Router
	huma   huma.API
}

// New builds the routes. It panics when a route has no access rule: that is a mistake in the table, not at run time.
func New(d Deps) *API {
	a := &API{Deps: d, router: httpx.NewRouter()}
	a.huma = a.router.Operations("Souk", Version, description, a.wrap)
	a.document()
	a.routes()
	a.complete()
	a.router.Handle("GET /api/openapi.json", a.serveDocument())
	a.docsRoutes()
	return a
}

// serveDocument answers with the OpenAPI document, made once.
func (a *API) serveDocument() http.Handler {
	text, err := a.Document()
	if err != nil {
		panic(err) // the document is made of plain structs
	}
	return httpx.Static("application/json", text)
}

// Document is the OpenAPI document, as JSON.
func (a *API) Document() ([]byte, error) { return json.MarshalIndent(a.huma.OpenAPI(), "", "  ") }

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// route is a row of the table in routes.go.
type route struct {
	method, path string
	access       access
	id           string // operationId: the name of the call in a generated client
	tag, summary string
	status       int                                            // of success; 0 is 200
	idempotent   bool                                           // takes an Idempotency-Key
	cached       bool                                           // answers everybody alike, from a.Cache
	limit        func(Limits) *httpx.Limiter                    // nil: that of the access rule
	guessable    bool                                           // names a secret: misses are limited for each address
	unlimited    bool                                           // signed by a provider, or asked by a load balancer
	file         bool                                           // takes a file of any type as its body
	rawBytes     int64                                          // the body is taken as it is, up to so many bytes; 0: JSON by the rules of all
	answers      func(huma.Registry) map[string]*huma.MediaType // of success, for a route that writes its answer itself
	errors       []int                                          // beyond those that follow from access and path
}

func add[I, O any](a *API, rt route, handle func(context.Context, *I) (*O, error)) {
	if rt.access == undecided {
		panic(rt.method + " " + rt.path + " has no access rule")
	}
	op := huma.Operation{
		OperationID: rt.id, Method: rt.method, Path: rt.path, Summary: rt.summary, Tags: []string{rt.tag},
		DefaultStatus: rt.status, Errors: rt.statuses(), Security: security[rt.access], MaxBodyBytes: httpx.MaxJSONBytes,
		Metadata: map[string]any{"route": rt},
	}
	if rt.file {
		op.RequestBody = fileBody()
	}
	if rt.rawBytes > 0 {
		op.MaxBodyBytes, op.SkipValidateBody = rt.rawBytes+1, true // Huma refuses a body of as many
	}
	if rt.answers != nil {
		ok := &huma.Response{Description: http.StatusText(http.StatusOK), Content: rt.answers(a.huma.OpenAPI().Components.Schemas)}
		op.Responses = map[string]*huma.Response{"200": ok}
	}
	if rt.idempotent {
		op.Parameters = append(op.Parameters, &idempotencyKey)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, httpx.NewProblem(ctx, err)
		}
		return out, nil
	})
}

// wrap puts around an operation, from the outside in: who may call, how often, the limit of misses, the cache, strict JSON,
// the idempotency key.
func (a *API) wrap(op *huma.Operation, next http.Handler) http.Handler {
	rt := op.Metadata["route"].(route)
	if rt.idempotent {
		next = a.Idempotency.Wrap(next, func(r *http.Request) string { return caller(r.Context()).Subject })
	}
	if rt.rawBytes == 0 {
		next = httpx.StrictJSON(op, a.huma.OpenAPI().Components.Schemas, next)
	}
	if rt.cached {
		next = a.Cache.Wrap(next)
	}
	if rt.guessable {
		next = a.Limits.BadDownload.LimitMisses(next, a.address)
	}
	return a.admit(rt.access, a.limit(rt, next))
}

// PageIn are the parameters of every list.
type PageIn struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"200" doc:"Rows a page."`
	Cursor string `query:"cursor" maxLength:"500" doc:"Where the page starts: from the Link header of the one before."`
}

type list[T any] struct {
	Link string `header:"Link" doc:"The address of the next page, with rel=\"next\"; absent on the last one."`
	Body []T
}

type body[T any] struct{ Body T }

// pageOf gives the rows of a page behind the cursor's position, or behind start without a cursor, and the Link to the next.
// fetch is asked for one row more than the page shows, which tells whether there is a next one. filters are the other
// parameters of the list, for the Link.
func pageOf[D, P any](a *API, path string, filters url.Values, in PageIn, start P, fetch func(after P, limit int) ([]D, error),
	position func(D) P,
) (rows []D, link string, err error) {
	name := path + "?" + filters.Encode()
	if _, err := a.Cursors.Read(name, in.Cursor, &start); err != nil {
		return nil, "", err
	}
	rows, err = fetch(start, in.Limit+1)
	if err == nil && len(rows) > in.Limit {
		rows = rows[:in.Limit]
		link = httpx.NextLink(path, filters, in.Limit, a.Cursors.Write(name, position(rows[len(rows)-1])))
	}
	return rows, link, err
}

// byID pages a list that is ordered by id, newest first.
func byID[D, W any](a *API, path string, filters url.Values, in PageIn, fetch func(before int64, limit int) ([]D, error),
	id func(D) int64, wire func(D) W,
) (*list[W], error) {
	rows, link, err := pageOf(a, path, filters, in, math.MaxInt64, fetch, id)
	if err != nil {
		return nil, err
	}
	out := &list[W]{Link: link, Body: []W{}}
	for _, row := range rows {
		out.Body = append(out.Body, wire(row))
	}
	return out, nil
}

// moment is how times are written: RFC 3339 in UTC, to the second.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func momentOrNull(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	m := moment(*t)
	return &m
}

// IDIn is the {id} of a path.
type IDIn struct {
	ID int64 `path:"id" minimum:"1" example:"7" doc:"The object's id."`
}
