package stripe

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"souk/internal/db"
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
	dirty    map[string]any // by kind and id
}

func newState() *state {
	return &state{
		Sessions: map[string]*session{}, Intents: map[string]*intent{}, Refunds: map[string]*refund{}, Disputes: map[string]*dispute{},
		Events: map[string]*event{}, Keys: map[string]*stored{}, dirty: map[string]any{},
	}
}

// put keeps an object, new or changed, with the next save.
func (s *state) put(object any) {
	switch o := object.(type) {
	case *session:
		s.Sessions[o.ID], s.dirty["session "+o.ID] = o, o
	case *intent:
		s.Intents[o.ID], s.dirty["intent "+o.ID] = o, o
	case *refund:
		s.Refunds[o.ID], s.dirty["refund "+o.ID] = o, o
	case *dispute:
		s.Disputes[o.ID], s.dirty["dispute "+o.ID] = o, o
	case *event:
		s.Events[o.ID], s.dirty["event "+o.ID] = o, o
	case *stored:
		s.Keys[o.Key], s.dirty["key "+o.Key] = o, o
	case settings:
		s.Settings, s.dirty["settings "] = o, o
	default:
		panic(fmt.Sprintf("no place for %T", object))
	}
}

// open opens the file, which is made at the first save.
func (s *Stripe) open(ctx context.Context) error {
	if _, err := os.Stat(s.o.Path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := s.openFile(ctx); err != nil {
		return err
	}
	_, err := db.All(ctx, s.file, func(scan db.Scan) (none struct{}, err error) {
		var kind, text string
		if err := scan(&kind, &text); err != nil {
			return none, err
		}
		return none, s.state.load(kind, []byte(text))
	}, `SELECT kind, body FROM objects`)
	return err
}

func (s *state) load(kind string, text []byte) error {
	var object any
	switch kind {
	case "session":
		object = new(session)
	case "intent":
		object = new(intent)
	case "refund":
		object = new(refund)
	case "dispute":
		object = new(dispute)
	case "event":
		object = new(event)
	case "key":
		object = new(stored)
	case "settings":
		return json.Unmarshal(text, &s.Settings)
	default:
		return fmt.Errorf("an object of kind %q", kind)
	}
	if err := json.Unmarshal(text, object); err != nil {
		return err
	}
	s.put(object)
	clear(s.dirty)
	return nil
}

func (s *Stripe) openFile(ctx context.Context) (err error) {
	if err := os.MkdirAll(filepath.Dir(s.o.Path), 0o700); err != nil {
		return err
	}
	if s.file, err = db.Open(db.Options{URL: "sqlite:///" + s.o.Path}); err != nil {
		return err
	}
	_, err = s.file.Exec(ctx, `CREATE TABLE IF NOT EXISTS objects (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT`)
	return err
}

// save writes what changed, in one transaction. Without a file nothing is kept.
func (s *Stripe) save(ctx context.Context) error {
	if s.o.Path == "" || len(s.state.dirty) == 0 {
		clear(s.state.dirty)
		return nil
	}
	if s.file == nil {
		if err := s.openFile(ctx); err != nil {
			return err
		}
	}
	err := s.file.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for name, object := range s.state.dirty {
			var kind, id string
			_, _ = fmt.Sscanf(name, "%s %s", &kind, &id) // settings have no id
			if _, err := tx.Exec(ctx, `INSERT INTO objects (kind, id, body) VALUES ($1, $2, $3)
				ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`, kind, id, db.JSON(object)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		clear(s.state.dirty)
	}
	return err
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
