// Package fault is the one error type that a caller outside may see.
//
// A fault has a kind (what sort of refusal), a stable code (for machines and for tests), a public text, and a
// private cause for the log. The package knows no HTTP: httpx maps kinds to statuses. An error that is not a fault
// is unknown, and unknown errors are shown as nothing.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind says what sort of refusal a fault is. The zero Kind is Internal, so a forgotten kind fails closed.
type Kind int

// The kinds, from "our mistake" to "come back later".
const (
	Internal        Kind = iota
	Malformed            // not the format that was promised (not JSON)
	Unauthenticated      // no or bad credentials
	Forbidden            // known caller, not allowed
	NotFound             // absent, or someone else's: the two look the same
	Conflict             // not in this state
	TooLarge             // over a limit of size
	Unsupported          // a media type that is not taken
	OutOfRange           // a part of a file that it does not have
	Invalid              // a field breaks a rule; Fields names it
	RateLimited          // too many; RetryAfter says when
	Upstream             // a provider failed
	Unavailable          // not configured, or not now
	Timeout              // the client was too slow
)

// Field is one thing wrong with the input.
type Field struct {
	Location string // where, e.g. "body.items[3].quantity" or "query.limit"
	Message  string // what is allowed
}

// Error is a fault. Make one with New or Field; add to it with the With methods, which copy.
type Error struct {
	Kind       Kind
	Code       string         // stable, snake_case, e.g. "order_transition"
	Detail     string         // public text: no secret, no SQL, no stack
	Fields     []Field        // for Invalid: every field that is wrong
	Extra      map[string]any // public members beside the standard ones, e.g. pending_verification
	RetryAfter time.Duration  // for RateLimited and Unavailable
	cause      error
}

// New makes a fault of a kind with its stable code and public text.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// Newf is New with a formatted public text.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// InvalidField is a fault about one input field. The location starts with body, query, path or header.
func InvalidField(location, message string) *Error {
	return &Error{
		Kind: Invalid, Code: "invalid_field", Detail: location + ": " + message,
		Fields: []Field{{Location: location, Message: message}},
	}
}

// Absent is the 404 of an object that does not exist or is someone else's: what names it, e.g. "order".
func Absent(what string) *Error {
	return Newf(NotFound, "not_found", "There is no such %s.", what)
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Detail + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Detail
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.cause }

// Is matches by code, so that a sentinel is found again after With methods copied it.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Because keeps the private cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// With adds a public member to the answer.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Extra = map[string]any{name: value}
	for k, v := range e.Extra {
		c.Extra[k] = v
	}
	return &c
}

// After says when trying again makes sense.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// KindOf gives the kind of err: Internal for an error that is no fault.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Checks gathers the field faults of one input, so that all are told at once.
type Checks []Field

// Add notes that location is wrong unless ok.
func (c *Checks) Add(ok bool, location, message string) {
	if !ok {
		*c = append(*c, Field{Location: location, Message: message})
	}
}

// Text writes the trimmed value to into, unless it is nil, and notes that location is wrong unless that has least to most
// characters and none of them is NUL, which PostgreSQL cannot store.
func (c *Checks) Text(location string, value, into *string, least, most int) {
	if value == nil {
		return
	}
	*into = strings.TrimSpace(*value)
	n := utf8.RuneCountInString(*into)
	allowed := fmt.Sprintf("must have %d to %d characters", least, most)
	if least == 0 {
		allowed = fmt.Sprintf("must have at most %d characters", most)
	}
	c.Add(n >= least && n <= most, location, allowed)
	c.Add(!strings.Contains(*into, "\x00"), location, "must not contain NUL")
}

// Err is nil when nothing was wrong.
func (c Checks) Err() error {
	if len(c) == 0 {
		return nil
	}
	e := InvalidField(c[0].Location, c[0].Message)
	e.Fields = c
	return e
}
