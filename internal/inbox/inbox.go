// Package inbox owns the webhook inbox: it verifies what providers send, keeps every event once, and hands it over. It knows
// no provider's meaning; what an event does is its handler's, in the transaction that writes the event's row, so that an
// answer of 200 is never a lie.
package inbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"souk/internal/crash"
	"souk/internal/db"
	"souk/internal/fault"
)

// Status is what became of an event.
type Status string

// The states of an event. Duplicate is an answer only: no row has it.
const (
	Processed Status = "processed" // its effect is there
	Ignored   Status = "ignored"   // it has none, by its type or its content
	Deferred  Status = "deferred"  // it lacks something, and is tried again when that came
	Failed    Status = "failed"    // its handler failed; tried again, maxAttempts times
	Review    Status = "review"    // somebody must look at it: it was not what it should be, and had no effect
	Duplicate Status = "duplicate" // it was there before
)

// Statuses are those that a row may have.
var Statuses = []Status{Processed, Ignored, Deferred, Failed, Review}

// Event is a webhook as it is kept.
type Event struct {
	ID          int64
	Provider    string // clerk, stripe
	EventID     string // the delivery's id, the same when it is sent again
	Type        string
	Payload     []byte // the body as it came; empty once its person was erased
	Conflicts   bool   // another body came under this id before: this one had no effect
	Status      Status
	Message     string // why it is not processed
	WaitsFor    string // of a deferred one: what it lacks
	Subject     string // the provider's id of the person it tells of, or empty
	Attempts    int64
	RetryAt     *time.Time // nil: not again by itself
	ReceivedAt  time.Time
	ProcessedAt *time.Time
	hash        string
}

// Outcome is what a handler made of an event.
type Outcome struct {
	Status   Status // Processed, Ignored, Deferred or Review
	WaitsFor string // of Deferred: a key that Wake is called with once it came, such as user:user_2abc
	Message  string // why it is not processed, for an operator
	Subject  string // the provider's id of the person that the event tells of; Blank erases by it
	Erased   bool   // that person was erased: the payload is not kept, but for what Scrub leaves of it
}

// Handler does what an event means, in tx. An error leaves nothing of it behind.
type Handler func(ctx context.Context, tx *db.Tx, e Event) (Outcome, error)

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB       *db.DB
	Now      func() time.Time
	Handlers map[string]Handler // by provider
	// Scrub is, by provider, what remains of the payload of an event that is not done when its person is erased: enough for its
	// handler, and nothing that names the person.
	Scrub map[string]func(payload []byte) []byte
	// Same is, by provider, what of a body is the same whenever the event is sent; nil: all of it.
	Same map[string]func(body []byte) []byte
	// Schedule calls Retry with the same at the given time, after tx is committed.
	Schedule func(ctx context.Context, tx *db.Tx, which Waiting, at time.Time) error
	// Accepted is told of every event that Accept got: what it answered, or error, and how long it took. nil: nobody.
	Accepted func(provider, outcome string, took time.Duration)
}

// Waiting names deferred events: those that wait for a key, or one by its id.
type Waiting struct {
	Key string
	ID  int64
}

const (
	maxAttempts = 10                  // of an event whose handler fails
	firstRetry  = 2 * time.Second     // what an event lacks may have come while it was handled
	maxBackoff  = 24 * time.Hour      // between two tries of an event that waits
	sweepAtOnce = 500                 // events a sweep tries
	maxDepth    = 64                  // levels of nesting; the deepest that providers document is 8
	maxType     = 128                 // bytes of its type
	maxOpen     = 10_000              // events of a status that are counted
	longAgo     = 30 * 24 * time.Hour // after it, payloads of events that are done are dropped
)

// errNotEvent refuses a body that is signed but no event.
var errNotEvent = fault.New(fault.Malformed, "webhook_malformed", "The body is not an event.")

// errFailed tells the provider to send the event again.
var errFailed = fault.New(fault.Internal, "webhook_failed", "The event could not be processed. Send it again.")

// Accept keeps an event whose signature was verified, and does what it means: once, however often and wherever it arrives.
// An empty id is the one that the event has inside. It answers Processed, Duplicate, Ignored or Deferred. After an error nothing
// was done: the provider must send it again.
func (s *Service) Accept(ctx context.Context, provider, id string, body []byte) (status Status, err error) {
	if s.Accepted != nil {
		defer func(began time.Time) {
			outcome := string(status)
			if err != nil {
				outcome = "error"
			}
			s.Accepted(provider, outcome, s.Now().Sub(began))
		}(s.Now())
	}
	eventType, ownID, err := nameOf(body)
	if err != nil {
		return "", err
	}
	if id == "" {
		if id = ownID; !visible(id) {
			return "", errNotEvent
		}
	}
	e := Event{Provider: provider, EventID: id, Type: eventType, Payload: body, Status: Processed, Attempts: 1, hash: s.hashOf(provider, body)}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		status, err = s.accept(ctx, tx, e)
		return err
	})
	if err == nil && status == Failed {
		err = errFailed
	}
	crash.Point("committed")
	return status, err
}

func (s *Service) hashOf(provider string, body []byte) string {
	if same := s.Same[provider]; same != nil {
		body = same(body)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// nameOf is the type of an event, which the providers all have in the same place, and its id, if it has one inside.
func nameOf(body []byte) (eventType, id string, err error) {
	var event struct {
		Type string `json:"type"`
		ID   any    `json:"id"`
	}
	if !utf8.Valid(body) || tooDeep(body) || json.Unmarshal(body, &event) != nil || event.Type == "" || len(event.Type) > maxType ||
		strings.ContainsRune(event.Type, 0) {
		return "", "", errNotEvent
	}
	id, _ = event.ID.(string)
	return event.Type, id, nil
}

// tooDeep says that JSON is nested deeper than an event ever is.
func tooDeep(text []byte) bool {
	depth, inText, escaped := 0, false, false
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
		case inText:
			escaped, inText = c == '\\', c != '"'
		case c == '"':
			inText = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

func (s *Service) accept(ctx context.Context, tx *db.Tx, e Event) (Status, error) {
	e.ReceivedAt = s.Now()
	fresh, err := insert(ctx, tx, &e)
	if err != nil {
		return "", err
	}
	if !fresh {
		there, err := lockByEventID(ctx, tx, e.Provider, e.EventID)
		if err != nil {
			return "", err
		}
		if there.hash != e.hash {
			return s.keepConflict(ctx, tx, e, there)
		}
		if there.Status != Failed {
			return Duplicate, nil
		}
		e = there
		e.Attempts++
	}
	crash.Point("stored")
	return s.handle(ctx, tx, e)
}

// keepConflict keeps a second body under an id that was there: a signed event never changes, so somebody must look at it. It is
// taken to be about the person of the first, and its payload goes with the other's.
func (s *Service) keepConflict(ctx context.Context, tx *db.Tx, e, there Event) (Status, error) {
	e.Conflicts, e.Status, e.Message, e.Subject = true, Review, "another body came under this id before", there.Subject
	if s.hashOf(there.Provider, there.Payload) != there.hash { // blanked, or what is left of it
		e.Payload = nil
	}
	fresh, err := insert(ctx, tx, &e)
	if err == nil && fresh {
		slog.ErrorContext(ctx, "a webhook came with the id of another: kept for review", "provider", e.Provider, "event", e.EventID, "type", e.Type)
	}
	return Ignored, err
}

// handle runs the handler and writes what came of it. A handler that fails is rolled back alone, and the failure is kept.
func (s *Service) handle(ctx context.Context, tx *db.Tx, e Event) (Status, error) {
	var out Outcome
	handler := s.Handlers[e.Provider]
	if handler == nil {
		return "", fmt.Errorf("no handler for webhooks of %s", e.Provider)
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = handler(ctx, tx, e)
		return err
	})
	crash.Point("applied")
	if err != nil {
		if db.MayRetry(err) || ctx.Err() != nil || fault.KindOf(err) == fault.Unavailable {
			return "", err
		}
		slog.ErrorContext(ctx, "a webhook could not be processed", "provider", e.Provider, "event", e.EventID, "type", e.Type,
			"attempt", e.Attempts, "cause", err.Error())
		out = Outcome{Status: Failed, Message: err.Error(), Subject: out.Subject}
	}
	now, lacked := s.Now(), e.WaitsFor
	e.Status, e.Message, e.WaitsFor, e.Subject = out.Status, truncate(out.Message), out.WaitsFor, cmp.Or(out.Subject, e.Subject)
	e.RetryAt, e.ProcessedAt = s.again(e, now), nil
	if e.Status == Processed || e.Status == Ignored {
		e.ProcessedAt = &now
	}
	if out.Erased {
		s.forget(&e)
	}
	if err := update(ctx, tx, e); err != nil {
		return "", err
	}
	if e.Status == Review {
		slog.ErrorContext(ctx, "a webhook is kept for review", "provider", e.Provider, "event", e.EventID, "type", e.Type, "why", e.Message)
		return Ignored, nil
	}
	if e.Status == Deferred && e.WaitsFor != lacked {
		if err := s.Schedule(ctx, tx, Waiting{ID: e.ID}, now.Add(firstRetry)); err != nil {
			return "", err
		}
	}
	crash.Point("recorded")
	return e.Status, nil
}

// again is when Sweep tries an event next: one that waits for ever rarer, one that fails maxAttempts times in all.
func (s *Service) again(e Event, now time.Time) *time.Time {
	if e.Status != Deferred && e.Status != Failed || e.Status == Failed && e.Attempts >= maxAttempts {
		return nil
	}
	wait := min(time.Minute<<min(e.Attempts-1, 20), maxBackoff)
	at := now.Add(wait)
	return &at
}

// Wake tries the events that wait for key, once tx is committed: what they lack has come.
func (s *Service) Wake(ctx context.Context, tx *db.Tx, key string) error {
	waiting, err := anyWaits(ctx, tx, key)
	if err != nil || !waiting {
		return err
	}
	return s.Schedule(ctx, tx, Waiting{Key: key}, s.Now())
}

// Retry tries the events that wait, oldest first.
func (s *Service) Retry(ctx context.Context, which Waiting) error {
	if which.ID != 0 {
		_, err := s.retry(ctx, which.ID, false)
		return err
	}
	for after := int64(0); ; {
		ids, err := waiting(ctx, s.DB, which.Key, after, sweepAtOnce)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := s.retry(ctx, id, false); err != nil {
				return err
			}
			after = id
		}
		if len(ids) < sweepAtOnce {
			crash.Point("retried")
			return nil
		}
	}
}

// Sweep tries the events whose time has come, and drops the payloads of those that are done since a month: their ids stay,
// so that a late repetition is still known.
func (s *Service) Sweep(ctx context.Context) error {
	ids, err := due(ctx, s.DB, s.Now(), sweepAtOnce)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := s.retry(ctx, id, false); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return dropPayloads(ctx, s.DB, s.Now().Add(-longAgo))
}

// Replay handles an event again, whatever became of it before, and says what did now. The effect of one that was processed
// is there already, so nothing changes by it. One without its payload, and one that conflicts with another, is refused.
func (s *Service) Replay(ctx context.Context, id int64) (Status, error) {
	return s.retry(ctx, id, true)
}

var (
	errAbsent = fault.Absent("event")
	errGone   = fault.New(fault.Conflict, "webhook_payload_gone", "The event's payload is not kept any more.")
	errOther  = fault.New(fault.Conflict, "webhook_conflicts", "Another event came under this id before; this one is never processed.")
)

func (s *Service) retry(ctx context.Context, id int64, any bool) (status Status, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		e, err := lockByID(ctx, tx, id)
		if err != nil {
			return db.NotFound(err, errAbsent)
		}
		switch {
		case any && e.Conflicts:
			return errOther
		case any && len(e.Payload) == 0:
			return errGone
		case !any && e.Status != Deferred && e.Status != Failed || len(e.Payload) == 0:
			status = e.Status
			return nil
		}
		e.Attempts++
		status, err = s.handle(ctx, tx, e)
		return err
	})
	return status, err
}

// Blank drops the payloads of every event about a person of a provider's, in the transaction that erases the person. Of events
// that are not done, what does not name the person stays: what was paid is still recorded.
func (s *Service) Blank(ctx context.Context, tx *db.Tx, provider, subject string) error {
	open, err := openAbout(ctx, tx, provider, subject)
	if err != nil {
		return err
	}
	if err := blank(ctx, tx, provider, subject); err != nil {
		return err
	}
	for _, e := range open {
		s.forget(&e)
		if err := update(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// forget drops from e what names its person. Without anything left, it is over.
func (s *Service) forget(e *Event) {
	scrub := s.Scrub[e.Provider]
	if scrub != nil && (e.Status == Deferred || e.Status == Failed) {
		e.Payload = scrub(e.Payload)
	} else {
		e.Payload = nil
	}
	if len(e.Payload) == 0 {
		e.WaitsFor, e.RetryAt = "", nil
		if e.Status == Deferred || e.Status == Failed {
			e.Status = Ignored
		}
	}
}

// List gives up to limit events, newest first, with ids below before; of one status, or of all when it is empty.
func (s *Service) List(ctx context.Context, status Status, before int64, limit int) ([]Event, error) {
	return list(ctx, s.DB, status, before, limit)
}

// Open says how many events are deferred, failed or for review; of each, maxOpen stands for more.
func (s *Service) Open(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, status := range []Status{Deferred, Failed, Review} {
		n, err := countOf(ctx, s.DB, status, maxOpen)
		if err != nil {
			return nil, err
		}
		counts[string(status)] = n
	}
	return counts, nil
}

// Get gives one event.
func (s *Service) Get(ctx context.Context, id int64) (Event, error) {
	e, err := byID(ctx, s.DB, id)
	return e, db.NotFound(err, errAbsent)
}

func truncate(text string) string {
	const most = 1000
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
