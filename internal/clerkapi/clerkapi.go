// Package clerkapi is the way to Clerk's Backend API, for the domains' adapters that ask it: the address, the key, the version,
// and what a refusal means to the shop. It knows nothing of users and plans. Waiting, trying again and bounds are the client's
// that it is given.
package clerkapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"souk/internal/fault"
)

// Version is the version of the Backend API whose replies the shop reads. The SDK for Go asks for the same.
const Version = "2026-05-12"

// What a call fails with, beside context.Canceled. The cause, for the log, has the status and Clerk's codes, never the key.
var (
	ErrNotConfigured = fault.New(fault.Unavailable, "clerk_not_configured", "Clerk's Backend API is not configured here.")
	ErrUnknown       = fault.New(fault.Upstream, "clerk_unknown", "Clerk does not know what it was asked for.")
	ErrRefused       = fault.New(fault.Upstream, "clerk_refused", "Clerk does not let this shop ask.")
	ErrBusy          = fault.New(fault.Upstream, "clerk_busy", "Clerk has too much to do. Try again later.")
	ErrFailed        = fault.New(fault.Upstream, "clerk_failed", "Clerk did not answer as it should.")
)

// API is the Backend API of one instance. Safe for concurrent use.
type API struct {
	URL    string       // of its version 1, which paths are added to
	Key    string       // the instance's secret key; empty: not configured
	Client *http.Client // turns every reply but 200 into a *Refusal
}

// New speaks to the API at origin (https://api.clerk.com) by client, which follows no redirect and bounds times and sizes.
// With an empty key every call is ErrNotConfigured.
func New(origin, key string, client *http.Client) *API {
	refusing := *client
	refusing.Transport = refuser{client.Transport}
	return &API{URL: strings.TrimRight(origin, "/") + "/v1", Key: key, Client: &refusing}
}

// Get asks for what lies at a path of plain names and ids, and gives its JSON as it came. A name that could mean another
// path is ErrUnknown, without a call.
func (a *API) Get(ctx context.Context, query url.Values, path ...string) (json.RawMessage, error) {
	if a.Key == "" {
		return nil, ErrNotConfigured
	}
	address := a.URL
	for _, name := range path {
		if !IsID(name) {
			return nil, ErrUnknown.Because(fmt.Errorf("%q is no id", name))
		}
		address += "/" + name
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, Fault(ctx, err)
	}
	r.Header.Set("Authorization", "Bearer "+a.Key)
	r.Header.Set("Clerk-API-Version", Version)
	r.Header.Set("Accept", "application/json")
	res, err := a.Client.Do(r)
	if err != nil {
		return nil, Fault(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && !json.Valid(text) {
		err = fmt.Errorf("%s answers %d bytes that are not JSON", r.URL.Path, len(text))
	}
	if err != nil {
		return nil, Fault(ctx, err)
	}
	return bytes.TrimSpace(text), nil
}

var id = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// IsID says that text can be an id, and is safe as a part of a path.
func IsID(text string) bool { return id.MatchString(text) }

// Refusal is a reply with another status than 200. Clerk's messages are not kept: they may quote what was sent.
type Refusal struct {
	Path       string
	Status     int
	Codes      []string // Clerk's names of what is wrong
	Trace      string   // what Clerk's support asks for
	RetryAfter time.Duration
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("%s answers %d", r.Path, r.Status)
	if len(r.Codes) > 0 {
		text += " " + strings.Join(r.Codes, ", ")
	}
	if r.Trace != "" {
		text += " (trace " + r.Trace + ")"
	}
	return text
}

// Fault is what the shop says of a call that failed with err.
func Fault(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	var r *Refusal
	if !errors.As(err, &r) {
		return ErrFailed.Because(err)
	}
	switch {
	case r.Status == http.StatusNotFound:
		return ErrUnknown.Because(r)
	case r.Status == http.StatusUnauthorized:
		return ErrRefused.Because(fmt.Errorf("CLERK_SECRET_KEY is not accepted: %w", r))
	case r.Status == http.StatusForbidden:
		return ErrRefused.Because(fmt.Errorf("the instance of CLERK_SECRET_KEY does not allow it: %w", r))
	case r.Status == http.StatusTooManyRequests:
		return ErrBusy.Because(r).After(r.RetryAfter)
	}
	return ErrFailed.Because(r).After(r.RetryAfter)
}

type refuser struct{ next http.RoundTripper }

func (f refuser) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := f.next.RoundTrip(r)
	if err != nil || res.StatusCode == http.StatusOK {
		return res, err
	}
	defer func() { _ = res.Body.Close() }()
	refusal := &Refusal{Path: r.URL.Path, Status: res.StatusCode}
	if seconds, err := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 16); err == nil {
		refusal.RetryAfter = time.Duration(seconds) * time.Second
	}
	var body struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
		Trace string `json:"clerk_trace_id"`
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // the status says enough
	_ = json.Unmarshal(text, &body)
	for _, e := range body.Errors[:min(len(body.Errors), 5)] {
		if IsID(e.Code) {
			refusal.Codes = append(refusal.Codes, e.Code)
		}
	}
	if IsID(body.Trace) {
		refusal.Trace = body.Trace
	}
	return nil, refusal
}
