// Package httpx is the plumbing between net/http and the API: routing with strict paths, strict JSON, problem documents,
// limits, request ids, idempotency keys, and pages. It knows no route and no word of the business.
package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"souk/internal/fault"
)

var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Malformed:       http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.OutOfRange:      http.StatusRequestedRangeNotSatisfiable,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.Upstream:        http.StatusBadGateway,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Timeout:         http.StatusRequestTimeout,
}

// Problem is an RFC 9457 problem document. Code is the stable name of the fault, also the last part of Type.
type Problem struct {
	Type   string         `json:"type" example:"urn:souk:problem:not_found" doc:"A URI that names the kind of problem."`
	Title  string         `json:"title" example:"Not Found" doc:"The text of the status."`
	Status int            `json:"status" example:"404" doc:"The HTTP status."`
	Detail string         `json:"detail" example:"There is no such product." doc:"What happened, for a person."`
	Code   string         `json:"code" example:"not_found" doc:"The stable name of the problem, for a program."`
	Errors []ProblemField `json:"errors,omitempty" doc:"For bad input: each field that is wrong."`
	// PendingVerification says that a payment is not proven yet; asking again later makes sense.
	PendingVerification bool `json:"pending_verification,omitempty" doc:"Payment is not proven yet; ask again later."`

	header http.Header
}

// ProblemField is one field that is wrong.
type ProblemField struct {
	Location string `json:"location" example:"body.quantity" doc:"Where: body, query, path or header, then the field."`
	Message  string `json:"message" example:"must be between 1 and 99" doc:"What is allowed."`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus makes a Problem an error that huma writes as it is.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

var errInternal = fault.New(fault.Internal, "internal", "Something went wrong on our side. It has been logged.")

// NewProblem translates any error into what the caller may see, and logs it once if it is not the caller's doing. An
// error that is no fault becomes a 500 that says nothing of its cause.
func NewProblem(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			f = fault.New(fault.Timeout, "client_gone", "The client went away.")
		} else {
			f = errInternal
		}
		f = f.Because(err)
	}
	status := statuses[f.Kind]
	if cause := errors.Unwrap(f); status >= 500 && cause != nil {
		slog.ErrorContext(ctx, "request failed", "code", f.Code, "cause", cause.Error())
	}
	p = &Problem{
		Type: "urn:souk:problem:" + f.Code, Title: http.StatusText(status), Status: status, Detail: f.Detail, Code: f.Code,
		header: http.Header{},
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, ProblemField{Location: field.Location, Message: field.Message})
	}
	p.PendingVerification, _ = f.Extra["pending_verification"].(bool)
	if f.RetryAfter > 0 {
		p.header.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	if status == http.StatusUnauthorized {
		p.header.Set("WWW-Authenticate", `Bearer realm="souk"`)
	}
	return p
}

// WriteProblem answers a request with the problem document of err.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := NewProblem(r.Context(), err)
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Del("ETag")
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone; there is nobody to tell
}
