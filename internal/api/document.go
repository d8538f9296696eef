package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const description = `The shop's API. Send and take JSON. Money is in minor units (cents) beside an ISO 4217 code, times are RFC 3339 in UTC.
Lists are arrays; the next page is in the Link header. Errors are RFC 9457 problem documents.`

var idempotencyKey = huma.Param{
	Name: "Idempotency-Key", In: "header",
	Description: "Any text of your making, up to 255 characters. The same key with the same body gives the first answer again for 24 hours.",
	Schema:      &huma.Schema{Type: "string", MaxLength: new(255), MinLength: new(1)},
	Example:     "order-2026-11-22-1",
}

// fileBody is the body of an operation that takes a file.
func fileBody() *huma.RequestBody {
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	return &huma.RequestBody{
		Description: "The file itself, not compressed and not in a form. Its Content-Type does not matter.", Required: true,
		Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: file}},
	}
}

// document fills in what is said once for all operations.
func (a *API) document() {
	doc := a.huma.OpenAPI()
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A Clerk session token."},
		"session": {
			Type: "apiKey", In: "cookie", Name: "__session",
			Description: "Clerk's session cookie. Unsafe methods then also need a trusted Origin and the csrftoken cookie's value in X-CSRFToken.",
		},
	}
	doc.Tags = []*huma.Tag{
		{Name: "public", Description: "What anybody can see."},
		{Name: "caller", Description: "Who you are."},
		{Name: "account", Description: "What you bought."},
		{Name: "seller", Description: "What you sell."},
		{Name: "projects", Description: "What you plan."},
		{Name: "webhooks", Description: "What providers tell."},
	}
}

// statuses are the errors of a route: its own, and those that follow from who may call it and how.
func (rt route) statuses() []int {
	all := slices.Clone(rt.errors)
	if rt.access != public {
		all = append(all, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(rt.path, "{") {
		all = append(all, http.StatusNotFound)
	}
	if rt.method != http.MethodGet {
		all = append(all, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	if rt.idempotent {
		all = append(all, http.StatusConflict)
	}
	all = append(all, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	slices.Sort(all)
	return slices.Compact(all)
}
