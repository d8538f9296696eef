// Package notice owns what the shop mails, to whom, and that it does so once: receipts, sales, bookings, refunds. It is told of
// events in the transaction in which they happen, and writes down there what is to be mailed; a job makes and sends the mail
// afterwards. It decides nothing about orders, bookings and files, and does not know how mail travels.
package notice

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/fulfillment"
	"souk/internal/identity"
	"souk/internal/jobs"
	"souk/internal/mail"
	"souk/internal/order"
)

// Status is where a notice stands.
type Status string

// The states of a notice: pending becomes one of the others. A failed or a sent one can be made pending again.
const (
	Pending Status = "pending"
	Sent    Status = "sent"
	Failed  Status = "failed"  // refused for good, or tried for a day
	Dropped Status = "dropped" // there is nobody to send it to, or nothing to tell any more
)

// Notice is a mail that is to be sent, or was.
type Notice struct {
	ID        int64
	Kind      Kind
	Key       string // names the event; unique
	ProfileID int64  // of who gets it
	Data      json.RawMessage
	Status    Status
	Reason    string // why the last attempt failed, or why it was dropped; holds no address. Empty while one is under way
	MessageID string
	Attempts  int64
	SentAt    *time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Deps are what the service needs.
type Deps struct {
	DB          *db.DB
	Now         func() time.Time
	Jobs        *jobs.Queue
	Mail        *mail.Sender // nil: the shop has no mail server, and every notice is dropped
	Templates   *Templates
	People      *identity.Service
	Catalog     *catalog.Service
	Bookings    *booking.Service
	Fulfillment *fulfillment.Service
	Shop        string // its name
	PublicURL   string // the origin that every link leads to
	// Tried is told what came of each attempt: sent, failed, dropped, or retried.
	Tried func(kind, outcome string)
}

// Service is the domain. Safe for concurrent use.
type Service struct {
	Deps
	Orders *order.Service // set after New, as it tells this service of its events
}

// New makes the service, and has the jobs that follow from events worked by it.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.Handle(d.Jobs, s.send)
	jobs.Handle(d.Jobs, s.announce)
	return s
}

// The faults of an operator's wishes.
var (
	errNoNotice = fault.Absent("mail")
	errStatus   = fault.New(fault.Invalid, "mail_status", "The status of a mail is one of: pending, sent, failed, dropped.")
	errGone     = fault.New(fault.Conflict, "mail_recipient_gone", "Its recipient was erased, and with that what it was about.")
)

// tell writes down that a person is to be told of an event, and has it done, if tx commits. Told again it changes nothing.
func (s *Service) tell(ctx context.Context, tx *db.Tx, profile int64, kind Kind, event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	now := s.Now()
	id, err := insert(ctx, tx, Notice{
		Kind: kind, Key: string(kind) + ":" + event, ProfileID: profile, Data: text, Status: Pending, MessageID: s.messageID(), CreatedAt: now, UpdatedAt: now,
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	when := jobs.Insert{MaxAttempts: jobAttempts}
	if kind == NewFile {
		when.At = now.Add(gatherFor)
	}
	return s.Jobs.Insert(ctx, tx, sendNotice{id}, when)
}

// messageID is a new name for a mail, which nobody can guess.
func (s *Service) messageID() string {
	domain := "souk.invalid"
	if s.Mail != nil {
		domain = s.Mail.From.Domain()
	}
	return strings.ToLower(rand.Text()) + "@" + domain
}

// Forget drops what is to be sent to a profile, and what notices to it are about, in the transaction that erases it.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, profile int64) error {
	return forget(ctx, tx, profile, s.Now())
}

// List gives up to limit notices, newest first, with ids below before; status "" is any.
func (s *Service) List(ctx context.Context, status Status, before int64, limit int) ([]Notice, error) {
	if !slices.Contains([]Status{"", Pending, Sent, Failed, Dropped}, status) {
		return nil, errStatus
	}
	return list(ctx, s.DB, status, before, limit)
}

// Get gives one notice.
func (s *Service) Get(ctx context.Context, id int64) (Notice, error) {
	n, err := byID(ctx, s.DB, id)
	return n, db.NotFound(err, errNoNotice)
}

// Resend has a notice sent now: one that waits for its next attempt, that failed or was dropped, or once more one that was sent. The latter
// gets a new Message-ID, so that no program takes it for the mail that is there.
func (s *Service) Resend(ctx context.Context, id int64) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := byID(ctx, tx, id)
		if err != nil {
			return db.NotFound(err, errNoNotice)
		}
		if string(n.Data) == forgotten {
			return errGone
		}
		if n.Status == Sent {
			n.MessageID = s.messageID()
		}
		if err := reopen(ctx, tx, n, s.Now()); err != nil {
			return err
		}
		return s.Jobs.Insert(ctx, tx, sendNotice{id}, jobs.Insert{MaxAttempts: jobAttempts})
	})
}

// Open counts the notices that are pending or failed, by status.
func (s *Service) Open(ctx context.Context) (map[string]int64, error) { return countOpen(ctx, s.DB) }
