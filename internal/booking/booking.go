// Package booking owns sessions of services: who asked for one, when it takes place, and that two confirmed ones of a
// seller never overlap. It knows nothing of payments beyond whether an order item was paid.
//
// A unit of a service product that was paid is a session, and a session is a booking: a requested one without a time until
// the buyer schedules it. So the sessions left of an order item are its requested bookings without a time. A session
// that falls out comes back as a new one, a requested booking without a time, in the transaction that cancels the old:
//
//   - The buyer cancels before the time has come: the session comes back.
//   - The buyer cancels at or after the start: the session is used up.
//   - The buyer cancels a paid booking without a time: the session is given up.
//   - The seller cancels, at any time: the session comes back. A seller takes back what was paid only with a refund.
//   - A refund cancels what goes beyond the units that stand after it, and nothing comes back.
//
// While a dispute about the payment of an order is open, none of its sessions gets a time and none is confirmed; what is confirmed
// stays.
//
// Requested bookings may overlap; the constraint bookings_no_overlap holds the confirmed ones of a seller apart. Whoever
// changes the bookings of an order item locks the item's row first, so sessions are counted exactly.
package booking

import (
	"context"
	"slices"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
)

// Status is where a booking stands.
type Status string

// The states: requested → confirmed → completed, and canceled from the first two.
const (
	Requested Status = "requested"
	Confirmed Status = "confirmed"
	Completed Status = "completed"
	Canceled  Status = "canceled"
)

var arrows = map[Status][]Status{
	Requested: {Confirmed, Canceled},
	Confirmed: {Completed, Canceled},
}

// Booking is one session, or the request for one.
type Booking struct {
	ID             int64
	CustomerID     int64
	SellerID       int64
	OfferID        int64
	OrderItemID    *int64 // nil: a request that nobody has paid
	Status         Status
	Start, End     *time.Time // both or neither; whole seconds
	MeetingURL     string     // https, or empty
	CustomerNotes  string
	InternalNotes  string // the seller's; no buyer sees them
	ProductName    string
	CustomerName   string
	BillingEmail   string
	SessionMinutes int    // of the offer as it is now: how long a newly set time lasts
	Timezone       string // of the seller's clock, an IANA name
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// MaxOpenRequests is how many unpaid requests a buyer can have waiting.
const MaxOpenRequests = 5

// Faults that callers tell apart.
var (
	ErrAbsent     = fault.Absent("booking")
	ErrSlotTaken  = fault.New(fault.Conflict, "slot_taken", "The seller has a confirmed booking at that time.")
	ErrNoSessions = fault.New(fault.Conflict, "no_sessions_left", "Every session of this order item has a time already.")
	ErrTransition = fault.New(fault.Conflict, "booking_transition", "The booking cannot change like that in its state.")
	ErrNotPaid    = fault.New(fault.Conflict, "order_not_paid", "The order of this item is not paid, or was refunded.")
	ErrDisputed   = fault.New(fault.Conflict, "order_disputed", "The payment of this order is disputed. Its sessions wait until that is settled.")
	ErrTooMany    = fault.New(fault.Conflict, "too_many_open_requests", "Five of your requests wait for an answer. Cancel one, or wait.")
)

const maxNotes = 5000 // characters

// move sets the status along its arrows.
func (b *Booking) move(to Status) error {
	if !slices.Contains(arrows[b.Status], to) {
		return ErrTransition
	}
	b.Status = to
	return nil
}

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB      *db.DB
	Catalog *catalog.Service
	Now     func() time.Time
	// Happened is told of each change of a booking, in the transaction that makes it. Nil tells nobody.
	Happened func(ctx context.Context, tx *db.Tx, c Change) error
}

// Those who change bookings.
const (
	ByBuyer  = "buyer"
	BySeller = "seller"
	ByRefund = "refund" // of what the session was bought with
)

// Change is a booking before and after something happened to it.
type Change struct {
	Before, After Booking
	New           bool // After is a request that was not there before
	By            string
}

// checkStart refuses a time that is past, or more than two years ahead.
func (s *Service) checkStart(start time.Time) error {
	var checks fault.Checks
	now := s.Now()
	checks.Add(start.After(now), "body.scheduled_start", "must lie in the future")
	checks.Add(!start.After(now.AddDate(2, 0, 0)), "body.scheduled_start", "must lie at most two years ahead")
	return checks.Err()
}

// setStart writes a time, or none, into b, after checking it. A time that b has already is no change.
func (s *Service) setStart(b *Booking, start *time.Time) error {
	if start == nil {
		b.Start, b.End = nil, nil
		return nil
	}
	at := start.UTC().Truncate(time.Second)
	if b.Start != nil && b.Start.Equal(at) {
		return nil
	}
	if err := s.checkStart(at); err != nil {
		return err
	}
	end := at.Add(time.Duration(b.SessionMinutes) * time.Minute)
	b.Start, b.End = &at, &end
	return nil
}

// lock reads a booking for writing, if mine says that it is the caller's: its order item's row is locked first, then its own.
func lock(ctx context.Context, tx *db.Tx, id int64, mine func(Booking) bool) (Booking, error) {
	b, err := byID(ctx, tx, id)
	if err != nil {
		return Booking{}, db.NotFound(err, ErrAbsent)
	}
	if !mine(b) {
		return Booking{}, ErrAbsent
	}
	if b.OrderItemID != nil {
		if err := lockItem(ctx, tx, *b.OrderItemID); err != nil {
			return Booking{}, err
		}
	}
	if err := lockRow(ctx, tx, id); err != nil {
		return Booking{}, err
	}
	return byID(ctx, tx, id)
}

// write stores c.After, which was Before when it was read, and tells whoever listens.
func (s *Service) write(ctx context.Context, tx *db.Tx, c *Change) error {
	c.After.UpdatedAt = s.Now()
	won, err := update(ctx, tx, c.After, c.Before.Status)
	switch {
	case db.IsOverlap(err):
		return ErrSlotTaken.Because(err)
	case err == nil && !won:
		return ErrTransition
	case err == nil && s.Happened != nil:
		err = s.Happened(ctx, tx, *c)
	}
	return err
}

// usable refuses a session of an item that does not stand, or waits for the end of a dispute.
func (it item) usable() error {
	switch {
	case !it.stands:
		return ErrNotPaid
	case it.paused:
		return ErrDisputed
	}
	return nil
}

// checkPaid refuses to use b, whose item is locked, if it was bought and cannot be used now.
func checkPaid(ctx context.Context, tx *db.Tx, b Booking) error {
	if b.OrderItemID == nil {
		return nil
	}
	it, err := itemByID(ctx, tx, *b.OrderItemID)
	if err != nil {
		return err
	}
	return it.usable()
}

// giveBack makes a new session in place of b, when b was paid and is not refunded.
func (s *Service) giveBack(ctx context.Context, tx *db.Tx, b Booking) error {
	if b.OrderItemID == nil {
		return nil
	}
	it, err := itemByID(ctx, tx, *b.OrderItemID)
	if err != nil || !it.stands {
		return err
	}
	_, err = insert(ctx, tx, Booking{
		CustomerID: b.CustomerID, SellerID: b.SellerID, OfferID: b.OfferID, OrderItemID: b.OrderItemID,
		Status: Requested, CustomerNotes: b.CustomerNotes, CreatedAt: s.Now(), UpdatedAt: s.Now(),
	})
	return err
}

// ForgetBuyer drops what was written about a buyer's bookings, in the transaction that erases the buyer.
func (s *Service) ForgetBuyer(ctx context.Context, tx *db.Tx, buyer int64) error {
	return blankNotes(ctx, tx, buyer, s.Now())
}
