package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"souk/internal/db"
)

// RefundReport is what the provider says of a refund.
type RefundReport struct {
	ExternalID  string
	Key         string // ours, if the refund was asked for here
	PaymentID   string
	Status      RefundStatus
	AmountCents int64
	Currency    string
	Failure     string // why it failed
}

// FollowRefund brings an order in line with what the provider says of a refund, be it one that nobody asked for here. On its
// success the order, or the lines that it is for, are taken back, once. One that is for an amount alone takes nothing back, unless
// nothing of the payment is left.
func (s *Service) FollowRefund(ctx context.Context, r RefundReport) (Outcome, error) {
	return s.withPaid(ctx, r.PaymentID, func(ctx context.Context, tx *db.Tx, o Order, paid Transaction, out *Outcome) error {
		if r.Currency != paid.Currency || r.AmountCents < 1 || r.AmountCents > paid.AmountCents {
			out.Refused = "it is not of the payment's amount and currency"
			return nil
		}
		there, err := refundByReport(ctx, tx, paid.ID, r)
		if errors.Is(err, db.ErrNoRows) {
			there, err = s.foreignRefund(ctx, tx, o, paid, r)
			out.Changed = true
		}
		if err != nil {
			return err
		}
		if there.ExternalID == "" {
			if err := nameRefund(ctx, tx, there.ID, r.ExternalID); err != nil {
				return err
			}
		}
		moved, err := s.moveRefund(ctx, tx, o, paid, there, r.Status, r.Failure)
		out.Changed = out.Changed || moved
		return err
	})
}

// withPaid does what a report of a payment asks for, with the order's row held. Of a payment that is not known yet, the outcome says so.
func (s *Service) withPaid(ctx context.Context, paymentID string, do func(ctx context.Context, tx *db.Tx, o Order, paid Transaction, out *Outcome) error) (out Outcome, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		paid, err := transactionByExternal(ctx, tx, Stripe, paymentID)
		if errors.Is(err, db.ErrNoRows) {
			out = Outcome{Lacks: PaymentKey(paymentID)}
			return nil
		}
		if err != nil {
			return err
		}
		o, err := byID(ctx, tx, paid.OrderID)
		if err != nil {
			return err
		}
		if o, err = s.lock(ctx, tx, o); err != nil {
			return err
		}
		if paid, err = transactionByID(ctx, tx, paid.ID); err != nil { // it may have changed while the lock was waited for
			return err
		}
		out = Outcome{OrderID: o.ID}
		return do(ctx, tx, o, paid, &out)
	})
	return out, err
}

// foreignRefund writes down a refund that was made at the provider. What of its money a report of the payment told before, without
// a name, is not counted again.
func (s *Service) foreignRefund(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r RefundReport) (Refund, error) {
	now := s.Now()
	fresh := Refund{
		OrderID: o.ID, TransactionID: paid.ID, Key: Stripe + ":" + r.ExternalID, ExternalID: r.ExternalID, Status: RefundRequested,
		AmountCents: r.AmountCents, Currency: r.Currency, Actor: Stripe, CreatedAt: now, UpdatedAt: now,
	}
	nameless, err := namelessRefunds(ctx, tx, paid.ID)
	if err != nil {
		return Refund{}, err
	}
	counted := int64(0)
	for _, n := range nameless {
		taken := min(n.AmountCents, r.AmountCents-counted)
		if taken > 0 {
			counted += taken
			if err := shrinkRefund(ctx, tx, n.ID, n.AmountCents-taken); err != nil {
				return Refund{}, err
			}
		}
	}
	if counted > 0 { // its effect is there
		fresh.Status, fresh.SucceededAt = RefundSucceeded, &now
	}
	if err := insertRefund(ctx, tx, &fresh); err != nil {
		return Refund{}, err
	}
	if more := r.AmountCents - counted; counted > 0 && more > 0 {
		return fresh, s.takeBack(ctx, tx, o, paid, Refund{ID: fresh.ID, AmountCents: more, Currency: r.Currency, Actor: Stripe})
	}
	return fresh, nil
}

// ChargeReport is what the provider says of the money that a payment moved.
type ChargeReport struct {
	PaymentID     string
	RefundedCents int64 // all refunds together, those that are pending too
	Currency      string
	AtOnce        bool // refunds of such a payment succeed at once
}

// FollowCharge makes up for refunds that were not told of by themselves. ask says that the provider is to be asked for them, since
// they may be pending.
func (s *Service) FollowCharge(ctx context.Context, r ChargeReport) (out Outcome, ask bool, err error) {
	out, err = s.withPaid(ctx, r.PaymentID, func(ctx context.Context, tx *db.Tx, o Order, paid Transaction, out *Outcome) error {
		if r.Currency != paid.Currency || r.RefundedCents < 0 || r.RefundedCents > paid.AmountCents {
			out.Refused = "it is not of the payment's amount and currency"
			return nil
		}
		known, err := refundsOf(ctx, tx, paid.ID)
		if err != nil {
			return err
		}
		missing := r.RefundedCents
		for _, n := range known {
			if n.counts() || n.SucceededAt != nil {
				missing -= n.AmountCents
			}
		}
		if missing <= 0 {
			return nil
		}
		if ask = !r.AtOnce; ask {
			return nil
		}
		out.Changed = true
		now := s.Now()
		nameless := Refund{
			OrderID: o.ID, TransactionID: paid.ID, Key: fmt.Sprintf("%s:%s:%d", Stripe, r.PaymentID, r.RefundedCents), Status: RefundRequested,
			AmountCents: missing, Currency: r.Currency, Actor: Stripe, CreatedAt: now, UpdatedAt: now,
		}
		if err := insertRefund(ctx, tx, &nameless); err != nil {
			return err
		}
		_, err = s.moveRefund(ctx, tx, o, paid, nameless, RefundSucceeded, "")
		return err
	})
	return out, ask, err
}

// FailRefund records that the provider refuses a refund, and why in its word.
func (s *Service) FailRefund(ctx context.Context, id int64, why string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := refundByID(ctx, tx, id)
		if err != nil {
			return err
		}
		o, err := byID(ctx, tx, r.OrderID)
		if err != nil {
			return err
		}
		if o, err = s.lock(ctx, tx, o); err != nil {
			return err
		}
		paid, err := transactionByID(ctx, tx, r.TransactionID)
		if err != nil {
			return err
		}
		if r, err = refundByID(ctx, tx, id); err != nil || r.Status != RefundRequested {
			return err
		}
		_, err = s.moveRefund(ctx, tx, o, paid, r, RefundFailed, why)
		return err
	})
}

// moveRefund takes a refund to a state, if there is an arrow, and does what follows. The order's row is held.
func (s *Service) moveRefund(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r Refund, to RefundStatus, failure string) (moved bool, err error) {
	for _, may := range refundArrows[r.Status] {
		moved = moved || may == to
	}
	now := s.Now()
	if !moved {
		return false, heardRefund(ctx, tx, r.ID, now)
	}
	from := r.Status
	r.Status, r.Failure, r.UpdatedAt = to, cmp.Or(failure, r.Failure), now
	if to == RefundSucceeded {
		r.SucceededAt = &now
	}
	if won, err := updateRefund(ctx, tx, r, from); err != nil || !won {
		return false, cmp.Or(err, error(ErrTransition))
	}
	switch {
	case to == RefundSucceeded:
		return true, s.takeBack(ctx, tx, o, paid, r)
	case from == RefundSucceeded && !paid.Extra && o.Status.settled():
		if o, err = s.changeRefunded(ctx, tx, o, r, -1); err == nil {
			err = s.Follow(ctx, tx, o)
		}
	}
	if err == nil && !r.counts() {
		err = s.happened(ctx, tx, o, Event{Kind: "refund_failed", Actor: cmp.Or(paid.Provider, r.Actor), Detail: r.detail(), CreatedAt: now})
	}
	return true, err
}

// takeBack does what the success of a refund asks for.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r Refund) error {
	all, err := refundsOf(ctx, tx, paid.ID)
	if err != nil {
		return err
	}
	left := paid.AmountCents
	for _, n := range all {
		if n.Status == RefundSucceeded {
			left -= n.AmountCents
		}
	}
	now, kind := s.Now(), "refunded"
	switch {
	case paid.Extra:
		kind = "extra_refunded"
	case o.Status.settled():
		if o, err = s.changeRefunded(ctx, tx, o, r, 1); err != nil {
			return err
		}
		if whole := left <= 0 && (paid.AmountCents > 0 || len(r.Lines) == 0 || !o.anyStanding()); whole {
			if o, err = s.becomeRefunded(ctx, tx, o); err != nil {
				return err
			}
		}
		if err := s.Follow(ctx, tx, o); err != nil {
			return err
		}
	}
	if left <= 0 && (paid.Extra || !o.Status.settled()) {
		if err := setTransactionStatus(ctx, tx, paid.ID, "refunded", now); err != nil {
			return err
		}
	}
	return s.happened(ctx, tx, o, Event{Kind: kind, Actor: cmp.Or(r.Actor, paid.Provider), Detail: r.detail(), CreatedAt: now})
}

func (o Order) anyStanding() bool {
	for _, item := range o.Items {
		if o.Standing(item) > 0 {
			return true
		}
	}
	return false
}

// becomeRefunded ends an order whose money is back.
func (s *Service) becomeRefunded(ctx context.Context, tx *db.Tx, o Order) (Order, error) {
	now := s.Now()
	won, err := move(ctx, tx, o.ID, o.Status, Refunded, now)
	if err != nil || !won {
		return o, cmp.Or(err, error(ErrTransition))
	}
	o.Status, o.RefundedAt, o.UpdatedAt = Refunded, &now, now
	return o, nil
}

// changeRefunded counts the money and the units of a refund on the order, or off it again.
func (s *Service) changeRefunded(ctx context.Context, tx *db.Tx, o Order, r Refund, sign int64) (Order, error) {
	if err := addRefunded(ctx, tx, o.ID, sign*r.AmountCents, s.Now()); err != nil {
		return o, err
	}
	for _, l := range r.Lines {
		if err := addRefundedUnits(ctx, tx, l.OrderItemID, sign*l.Quantity, s.Now()); err != nil {
			return o, err
		}
	}
	return byID(ctx, tx, o.ID)
}
