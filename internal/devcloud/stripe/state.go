package stripe

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"souk/internal/devcloud/store"
)

// session is a Checkout session.
type session struct {
	ID, URL              string
	Status               string // open, complete, expired
	PaymentStatus        string // unpaid, paid
	Intent               string // of the payment, once somebody tried
	Currency             string
	Lines                []line
	Subtotal, Tax, Total int64
	AutomaticTax         bool
	Country              string // of the buyer, for the tax
	ClientReference      string
	Metadata             map[string]string
	IntentMetadata       map[string]string
	Email                string
	SuccessURL           string
	CancelURL            string
	Created, Expires     int64
	Locale, SubmitType   string
	Methods              []string // that the shop asks for; none: whatever there is
	Description          string   // of the payment
	ReceiptEmail         string
	Note                 string // the last thing that did not work, shown on the page
}

type line struct {
	ID, Name    string
	UnitAmount  int64
	Quantity    int64
	TaxBehavior string // unspecified, exclusive, inclusive
	Tax         int64
}

// intent is a payment intent with its one charge.
type intent struct {
	ID, Session, Charge string
	Status              string // requires_payment_method, requires_action, processing, succeeded, canceled
	Method              string // card, or us_bank_account
	Card                string // the test card
	Amount              int64
	Currency            string
	Metadata            map[string]string
	Refunded            int64 // with what is pending
	Disputed            bool
	Email               string
	Description         string
	Problem             problem // of the last attempt
	Created, CanceledAt int64
	SettleAt            int64 // of a method that takes long
	SettleOK            bool
}

type refund struct {
	ID, Intent, Charge string
	Status             string
	Failure            string
	Amount             int64
	Currency           string
	Reason             string
	Metadata           map[string]string
	Created            int64
	SettleAt           int64 // when time decides it; 0: it does not
	SettleOK           bool
}

type dispute struct {
	ID, Intent, Charge string
	Status, Reason     string
	Amount             int64
	Currency           string
	Created            int64
	Inquiry            bool // how it began
}

// event is what is told of, and how the telling goes.
type event struct {
	ID, Type string
	Body     json.RawMessage
	Created  int64
	Number   int64
	Copies   int // still to be sent
	Tries    int
	NextAt   int64 // unix milliseconds; of an event that is due
	Answers  []int // HTTP statuses; 0: none
	Dropped  bool
	Held     bool // until somebody lets it go
}

// stored is an answer under an idempotency key.
type stored struct {
	Key, Request string // Request: method, path and parameters
	Status       int
	Body         json.RawMessage
	Created      int64
}

// kept is what survives a restart.
type settings struct {
	SecretKey, WebhookSecret string
	Number                   int64 // of the last event
	RefundsPending           bool
	HoldEvents               bool
	Faults                   Faults
	FaultsSince              int64 // the last event before they were set
}

// state is everything the stand-in knows. Whoever touches it holds Stripe.mu.
type state struct {
	Settings settings
	Sessions map[string]*session
	Intents  map[string]*intent
	Refunds  map[string]*refund
	Disputes map[string]*dispute
	Events   map[string]*event
	Keys     map[string]*stored
	dirty    map[store.Key]any
}

func newState() *state {
	return &state{
		Sessions: map[string]*session{}, Intents: map[string]*intent{}, Refunds: map[string]*refund{}, Disputes: map[string]*dispute{},
		Events: map[string]*event{}, Keys: map[string]*stored{}, dirty: map[store.Key]any{},
	}
}

// The kinds of objects in the file.
const (
	sessionKind  = "session"
	intentKind   = "intent"
	refundKind   = "refund"
	disputeKind  = "dispute"
	eventKind    = "event"
	keyKind      = "key"
	settingsKind = "settings" // there is one, without an id
)

// put keeps an object, new or changed, with the next save.
func (s *state) put(object any) {
	var key store.Key
	switch o := object.(type) {
	case *session:
		s.Sessions[o.ID], key = o, store.Key{Kind: sessionKind, ID: o.ID}
	case *intent:
		s.Intents[o.ID], key = o, store.Key{Kind: intentKind, ID: o.ID}
	case *refund:
		s.Refunds[o.ID], key = o, store.Key{Kind: refundKind, ID: o.ID}
	case *dispute:
		s.Disputes[o.ID], key = o, store.Key{Kind: disputeKind, ID: o.ID}
	case *event:
		s.Events[o.ID], key = o, store.Key{Kind: eventKind, ID: o.ID}
	case *stored:
		s.Keys[o.Key], key = o, store.Key{Kind: keyKind, ID: o.Key}
	case settings:
		s.Settings, key = o, store.Key{Kind: settingsKind}
	default:
		panic(fmt.Sprintf("no place for %T", object))
	}
	s.dirty[key] = object
}

func (s *state) load(ctx context.Context, from *store.Store) error {
	return errors.Join(
		from.Load(ctx, settingsKind, func(_ string, body []byte) error { return json.Unmarshal(body, &s.Settings) }),
		store.Read(ctx, from, sessionKind, s.Sessions), store.Read(ctx, from, intentKind, s.Intents), store.Read(ctx, from, refundKind, s.Refunds),
		store.Read(ctx, from, disputeKind, s.Disputes), store.Read(ctx, from, eventKind, s.Events), store.Read(ctx, from, keyKind, s.Keys),
	)
}

// save writes what changed, in one transaction. Without a file nothing is kept.
func (s *Stripe) save(ctx context.Context) error {
	if s.file != nil {
		if err := s.file.Save(ctx, s.state.dirty); err != nil {
			return err
		}
	}
	clear(s.state.dirty)
	return nil
}

// newID is an id as Stripe makes them.
func newID(prefix string) string { return prefix + "_" + rand.Text()[:24] }

// newest lists objects, the newest first; those of one second by id.
func newest[T any](all map[string]T, created func(T) int64) []T {
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(created(all[b]), created(all[a])), cmp.Compare(b, a)) })
	list := make([]T, len(ids))
	for n, id := range ids {
		list[n] = all[id]
	}
	return list
}

func unix(t time.Time) int64 { return t.Unix() }
