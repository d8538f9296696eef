package api

import (
	"net/http"
	"slices"
	"strconv"
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

// complete adds what follows from the rest once every route is there: an example for each body, and answers that may get
// further fields.
func (a *API) complete() {
	doc := a.huma.OpenAPI()
	schemas := doc.Components.Schemas
	doc.Components.Responses = map[string]*huma.Response{} // what every operation says alike
	taken := map[string]bool{}                             // schemas that requests are checked against
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if op.RequestBody != nil {
				exemplify(op.RequestBody.Content, schemas, true)
				for _, media := range op.RequestBody.Content {
					markTaken(media.Schema, schemas, taken)
				}
			}
			for status, response := range op.Responses {
				exemplify(response.Content, schemas, false)
				if media := response.Content["application/problem+json"]; media != nil {
					media.Example = problemExample(status)
					doc.Components.Responses["Problem"+status] = response
					op.Responses[status] = &huma.Response{Ref: "#/components/responses/Problem" + status}
				}
			}
		}
	}
	for name, schema := range schemas.Map() {
		if !taken[name] {
			schema.AdditionalProperties = nil
		}
	}
}

func markTaken(s *huma.Schema, schemas huma.Registry, taken map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		if taken[name] {
			return
		}
		taken[name] = true
		s = schemas.SchemaFromRef(s.Ref)
	}
	markTaken(s.Items, schemas, taken)
	for _, property := range s.Properties {
		markTaken(property, schemas, taken)
	}
}

func exemplify(content map[string]*huma.MediaType, schemas huma.Registry, request bool) {
	if media := content["application/json"]; media != nil && media.Example == nil {
		media.Example = example(media.Schema, schemas, request)
	}
}

// example makes a value from the examples of a schema's fields. In a request, what is ignored there is left out.
func example(s *huma.Schema, schemas huma.Registry, request bool) any {
	for s != nil && s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Default != nil:
		return s.Default
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for name, property := range s.Properties {
			if !request || !property.ReadOnly {
				object[name] = example(property, schemas, request)
			}
		}
		return object
	case huma.TypeArray:
		return []any{example(s.Items, schemas, request)}
	case huma.TypeString:
		return ""
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeBoolean:
		return true
	}
	return nil
}

// problemExample is a problem document as it comes with a status.
func problemExample(status string) any {
	code, _ := strconv.Atoi(status)
	texts := map[int][2]string{
		400: {"malformed_json", "The body is not JSON that can be taken: it breaks off or has a syntax error."},
		401: {"unauthenticated", "Sign in, and send the session token as a bearer."},
		403: {"forbidden", "You are not allowed to do that."},
		404: {"not_found", "There is no such object."},
		409: {"conflict", "The object is not in a state in which that can be done."},
		413: {"body_too_large", "The body is larger than this address takes."},
		415: {"not_json", "Send the body as application/json, not compressed."},
		422: {"invalid_field", "body.quantity: must be between 1 and 99"},
		429: {"rate_limited", "Too many requests. Wait as long as Retry-After says."},
		502: {"storage_failed", "A provider failed. Nothing was changed; try again shortly."},
		503: {"database_unavailable", "The database does not answer. Try again shortly."},
	}
	text, ok := texts[code]
	if !ok {
		text = [2]string{"internal", "Something went wrong on our side. It has been logged."}
	}
	example := map[string]any{
		"type": "urn:souk:problem:" + text[0], "title": http.StatusText(code), "status": code, "detail": text[1], "code": text[0],
	}
	if code == http.StatusUnprocessableEntity {
		example["errors"] = []any{map[string]any{"location": "body.quantity", "message": "must be between 1 and 99"}}
	}
	return example
}
