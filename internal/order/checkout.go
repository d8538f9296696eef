package order

import (
	"context"
	"errors"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/jobs"
	"souk/internal/money"
)

// AttemptStatus is where an attempt to pay stands. It only ever moves up.
type AttemptStatus string

// The states of an attempt.
const (
	AttemptCreating   AttemptStatus = "creating"   // the provider is asked for its page, or was, and the answer was lost
	AttemptOpen       AttemptStatus = "open"       // the buyer can pay
	AttemptProcessing AttemptStatus = "processing" // the buyer paid by a method that takes days to say whether it worked
	AttemptFailed     AttemptStatus = "failed"     // and it did not
	AttemptExpired    AttemptStatus = "expired"    // nobody paid in time, or the order was given up
	AttemptPaid       AttemptStatus = "paid"
)

var attemptRank = map[AttemptStatus]int{
	AttemptCreating: 0, AttemptOpen: 1, AttemptProcessing: 2, AttemptFailed: 3, AttemptExpired: 3, AttemptPaid: 4,
}

// Attempt is one try to have an order paid on a page of the provider's. An order has one live one at most.
type Attempt struct {
	OrderID   int64
	Number    int64
	SessionID string // the provider's; empty until it has answered
	URL       string // of the provider's page
	Status    AttemptStatus
	ExpiresAt time.Time
	CheckedAt time.Time // when the provider was last heard about it
	CreatedAt time.Time
}

// Live says that the attempt may still be paid.
func (a Attempt) Live() bool { return attemptRank[a.Status] < attemptRank[AttemptFailed] }

// attemptLasts is how long a buyer may take to pay. Stripe takes 30 minutes to 24 hours from its own clock; what a lost answer
// and a clock that is wrong may cost is left free.
const attemptLasts = 23 * time.Hour

// Payable is an order that is to be paid on a provider's page.
type Payable struct {
	Order
	Attempt Attempt
	Email   string // the buyer's billing address; may be empty
}

// errNothingToPay refuses the way to the provider's page.
var errNothingToPay = fault.New(fault.Conflict, "nothing_to_pay", "There is nothing to pay for this order.")

// Checkout gives a pending order with its live attempt, which is made if there is none. Whoever has the order's address may
// ask. Of many at once all get the same attempt.
func (s *Service) Checkout(ctx context.Context, publicID string) (p Payable, err error) {
	if !isPublicID(publicID) {
		return p, errAbsent
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if p.Order, err = lockByPublicID(ctx, tx, publicID); err != nil {
			return db.NotFound(err, errAbsent)
		}
		if p.Provider != Stripe || p.Status != PendingPayment {
			return errNothingToPay
		}
		if p.Email, err = billingEmail(ctx, tx, p.CustomerID); err != nil {
			return err
		}
		last, err := newestAttempt(ctx, tx, p.ID)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		if p.Attempt = last; last.Live() && last.Number > 0 {
			return nil
		}
		now := s.Now()
		p.Attempt = Attempt{OrderID: p.ID, Number: last.Number + 1, Status: AttemptCreating, ExpiresAt: now.Add(attemptLasts), CheckedAt: now, CreatedAt: now}
		if err := insertAttempt(ctx, tx, p.Attempt); err != nil {
			return err
		}
		return s.happened(ctx, tx, p.Order, Event{Kind: "checkout_opened", Actor: "buyer", Detail: detail(map[string]any{"attempt": p.Attempt.Number}), CreatedAt: now})
	})
	return p, err
}

// Attempts gives the live attempts of an order, with the order as it is now.
func (s *Service) Attempts(ctx context.Context, orderID int64) (list []Payable, err error) {
	o, err := byID(ctx, s.DB, orderID)
	if err != nil {
		return nil, db.NotFound(err, errAbsent)
	}
	email, err := billingEmail(ctx, s.DB, o.CustomerID)
	if err != nil {
		return nil, err
	}
	attempts, err := liveAttempts(ctx, s.DB, orderID)
	for _, a := range attempts {
		list = append(list, Payable{o, a, email})
	}
	return list, err
}

// Waiting names a record whose end only the provider knows.
type Waiting struct {
	ID   int64
	Name string // the order's public_id, or the provider's id
}

// Unheard gives up to limit orders with a live attempt of which the provider was not heard since before, by id behind after.
func (s *Service) Unheard(ctx context.Context, before time.Time, after int64, limit int) ([]Waiting, error) {
	return unheard(ctx, s.DB, before, after, limit)
}

// ReconciledUntil is until when everything at the provider is known here; the zero time when that was never made sure.
func (s *Service) ReconciledUntil(ctx context.Context) (time.Time, error) {
	at, err := reconciledUntil(ctx, s.DB)
	if errors.Is(err, db.ErrNoRows) {
		return time.Time{}, nil
	}
	return at, err
}

// SetReconciledUntil says so.
func (s *Service) SetReconciledUntil(ctx context.Context, at time.Time) error {
	return setReconciledUntil(ctx, s.DB, at, s.Now())
}

// Abandon ends an attempt of which the provider has no session, and cannot get one any more.
func (s *Service) Abandon(ctx context.Context, a Attempt) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := moveAttempt(ctx, tx, a, Attempt{Status: AttemptExpired}, s.Now())
		return err
	})
}

// SessionReport is what the provider says of a session, which belongs to an attempt.
type SessionReport struct {
	SessionID     string
	PublicID      string // of the order, as the session carries it
	Attempt       int64  // the attempt's number, as the session carries it
	Status        AttemptStatus
	URL           string
	ExpiresAt     time.Time
	PaymentID     string // of the money that moved; "" while none did
	SubtotalCents int64  // what was asked for
	TaxCents      int64  // in the total
	TotalCents    int64  // what is charged
	Currency      string // ISO 4217
}

// Outcome is what became of a report.
type Outcome struct {
	Changed bool   // it was news
	Lacks   string // what has to come before it: payment:pi_… or order:…
	Refused string // why it had no effect, for somebody to look at
	// OrderID is the order that it turned out to be about; 0 for none.
	OrderID int64
}

// PaymentKey names a payment to those that wait for it.
func PaymentKey(id string) string { return "payment:" + id }

// FollowSession brings an order in line with what the provider says of one of its sessions. Reports may come twice, late and in
// any order. One that says paid pays the order if the amount and currency are the order's own; the money for an order that does
// not need it (any more) goes back.
func (s *Service) FollowSession(ctx context.Context, r SessionReport) (out Outcome, err error) {
	if !isPublicID(r.PublicID) {
		return Outcome{Refused: "it names no order"}, nil
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err = s.followSession(ctx, tx, r)
		return err
	})
	return out, err
}

func (s *Service) followSession(ctx context.Context, tx *db.Tx, r SessionReport) (Outcome, error) {
	o, err := lockByPublicID(ctx, tx, r.PublicID)
	if errors.Is(err, db.ErrNoRows) {
		return Outcome{Lacks: "order:" + r.PublicID}, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	a, err := attemptOf(ctx, tx, o.ID, r)
	known := !errors.Is(err, db.ErrNoRows)
	if err != nil && known {
		return Outcome{}, err
	}
	out := Outcome{OrderID: o.ID}
	if known {
		told := Attempt{SessionID: r.SessionID, URL: r.URL, Status: r.Status, ExpiresAt: r.ExpiresAt}
		if out.Changed, err = moveAttempt(ctx, tx, a, told, s.Now()); err != nil {
			return out, err
		}
	}
	now := s.Now()
	switch {
	case r.Status == AttemptPaid:
		return s.settleSession(ctx, tx, o, r)
	case !out.Changed:
		return out, nil
	case r.Status == AttemptOpen && !o.Status.may(Paid):
		return out, s.expireAttempts(ctx, tx, o)
	case r.Status == AttemptProcessing:
		return out, s.happened(ctx, tx, o, Event{Kind: "payment_processing", Actor: Stripe, CreatedAt: now})
	case r.Status == AttemptFailed:
		return out, s.happened(ctx, tx, o, Event{Kind: "payment_failed", Actor: Stripe, CreatedAt: now})
	case r.Status == AttemptExpired && o.Status.may(Canceled):
		newest, err := newestAttempt(ctx, tx, o.ID)
		if err != nil || newest.Number != a.Number {
			return out, err
		}
		return out, s.cancel(ctx, tx, o, Event{Kind: "canceled", Actor: Stripe, Detail: detail(map[string]any{"reason": "expired"})})
	}
	return out, nil
}

// settleSession does what a paid session asks for.
func (s *Service) settleSession(ctx context.Context, tx *db.Tx, o Order, r SessionReport) (Outcome, error) {
	out := Outcome{OrderID: o.ID}
	if r.PaymentID == "" {
		out.Refused = "it is paid without a payment"
		return out, nil
	}
	there, err := transactionByExternal(ctx, tx, Stripe, r.PaymentID)
	switch {
	case err == nil && there.OrderID != o.ID:
		out.Refused = "its payment belongs to another order"
		return out, nil
	case err == nil:
		if there.Extra && there.Status == "succeeded" && !o.Status.settled() {
			out.Refused = mismatch(o, r) // until the money is back, or the order is paid otherwise
		}
		return out, nil
	case !errors.Is(err, db.ErrNoRows):
		return out, err
	}
	out.Changed = true
	p := payment{provider: Stripe, externalID: r.PaymentID, charged: &charge{r.TotalCents, r.Currency}, taxCents: r.TaxCents}
	if why := mismatch(o, r); why != "" {
		out.Refused = why
		return out, s.keepExtra(ctx, tx, o, p, "payment_mismatch")
	}
	if !o.Status.may(Paid) {
		kind := "double_payment"
		if o.Status == Canceled {
			kind = "late_payment"
		}
		return out, s.giveBack(ctx, tx, o, p, kind)
	}
	already, err := s.pay(ctx, tx, &o, p)
	if err == nil && already {
		err = errors.New("an order that is locked was paid by somebody else")
	}
	if err != nil {
		return out, err
	}
	return out, s.Arrived(ctx, tx, PaymentKey(r.PaymentID))
}

// mismatch says what of a paid session is not as the order asked; empty when all is. Tax is added to what was asked for, or is
// contained in it: that is a setting at the provider.
func mismatch(o Order, r SessionReport) string {
	asked := money.Format(o.SubtotalCents, o.Currency) + " " + o.Currency
	switch {
	case r.Currency != o.Currency:
		return "the order is in " + o.Currency + ", and was paid in " + r.Currency
	case r.SubtotalCents != o.SubtotalCents:
		return "the order asks for " + asked + ", the session for " + money.Format(r.SubtotalCents, r.Currency)
	case r.TaxCents < 0 || r.TotalCents != r.SubtotalCents && r.TotalCents != r.SubtotalCents+r.TaxCents || r.TotalCents > money.MaxOrderCents:
		return "the order asks for " + asked + ", and " + money.Format(r.TotalCents, r.Currency) + " was charged"
	}
	return ""
}

// keepExtra records money that came for an order and does not pay it.
func (s *Service) keepExtra(ctx context.Context, tx *db.Tx, o Order, p payment, kind string) error {
	p.extra = true
	now := s.Now()
	if err := insertTransaction(ctx, tx, &o.ID, o.CustomerID, "succeeded", p, now); err != nil {
		return err
	}
	told := map[string]any{"amount_cents": p.charged.cents, "currency": p.charged.currency, "payment": p.externalID}
	if err := s.happened(ctx, tx, o, Event{Kind: kind, Actor: p.provider, Detail: detail(told), CreatedAt: now}); err != nil {
		return err
	}
	return s.Arrived(ctx, tx, PaymentKey(p.externalID))
}

// giveBack records money that came for an order that did not need it, and sends it back.
func (s *Service) giveBack(ctx context.Context, tx *db.Tx, o Order, p payment, kind string) error {
	if err := s.keepExtra(ctx, tx, o, p, kind); err != nil {
		return err
	}
	paid, err := transactionByExternal(ctx, tx, p.provider, p.externalID)
	if err != nil {
		return err
	}
	reason := "The order was paid already."
	if kind == "late_payment" {
		reason = "The order was canceled before it was paid."
	}
	return s.askRefund(ctx, tx, o, Refund{
		TransactionID: paid.ID, AmountCents: p.charged.cents, Currency: p.charged.currency, Reason: reason, Actor: "system",
	})
}

// IDOf is the id of an order; 0 when there is none.
func (s *Service) IDOf(ctx context.Context, publicID string) (int64, error) {
	if !isPublicID(publicID) {
		return 0, nil
	}
	id, err := idByPublicID(ctx, s.DB, publicID)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// Buyer is the profile that an order is of.
func (s *Service) Buyer(ctx context.Context, orderID int64) (profileID int64, err error) {
	return buyerOf(ctx, s.DB, orderID)
}

// ExpireAttempts is the job that ends the sessions of an order at the provider.
type ExpireAttempts struct {
	OrderID int64 `json:"order_id"`
}

// Kind is the job's name in the queue.
func (ExpireAttempts) Kind() string { return "expire_checkout" }

// expireAttempts has the provider end the sessions of an order that is not to be paid there (any more).
func (s *Service) expireAttempts(ctx context.Context, tx *db.Tx, o Order) error {
	live, err := liveAttempts(ctx, tx, o.ID)
	if err != nil || len(live) == 0 {
		return err
	}
	return s.Jobs.Insert(ctx, tx, ExpireAttempts{o.ID}, jobs.Insert{})
}
