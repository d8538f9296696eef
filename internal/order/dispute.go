package order

import (
	"context"
	"errors"
	"time"

	"souk/internal/db"
)

// DisputeReport is what the provider says of a buyer's bank that wants a payment back.
type DisputeReport struct {
	ExternalID  string
	PaymentID   string
	Status      string // the provider's word
	Phase       DisputePhase
	Reason      string
	AmountCents int64
	Currency    string // ISO 4217
}

// DisputePhase is what a dispute means for what was bought. It only ever moves up.
type DisputePhase int

// The phases of a dispute.
const (
	DisputeInquiry DisputePhase = iota // the bank asks, and took no money
	DisputeOpen                        // the bank took the money until it has decided
	DisputeWon                         // the shop got it back
	DisputeLost                        // the shop did not
)

func (p DisputePhase) closed() bool { return p >= DisputeWon }

// dispute is what decides whether a report is news.
type dispute struct {
	id           int64
	open, closed bool
}

// FollowDispute brings an order in line with what the provider says of a dispute about its payment: what the order gave is
// withheld while the bank has the money, comes back with it, and ends if it is lost.
func (s *Service) FollowDispute(ctx context.Context, r DisputeReport) (Outcome, error) {
	return s.withPaid(ctx, r.PaymentID, func(ctx context.Context, tx *db.Tx, o Order, paid Transaction, out *Outcome) error {
		if r.Currency != paid.Currency || r.AmountCents < 0 {
			out.Refused = "it is not of the payment's currency"
			return nil
		}
		now := s.Now()
		there, err := disputeByExternal(ctx, tx, r.ExternalID)
		fresh := errors.Is(err, db.ErrNoRows)
		switch {
		case fresh:
			there, err = insertDispute(ctx, tx, o.ID, paid.ID, r, now)
		case err == nil && there.closed:
			return nil
		case err == nil && there.open && r.Phase == DisputeInquiry:
			return heardDispute(ctx, tx, there.id, now)
		}
		if err != nil {
			return err
		}
		if err := updateDispute(ctx, tx, there.id, r, now); err != nil {
			return err
		}
		if !fresh && there.open == (r.Phase == DisputeOpen) && !r.Phase.closed() {
			return nil
		}
		out.Changed = true
		return s.afterDispute(ctx, tx, o, paid, r, now)
	})
}

// afterDispute does what the phase of a dispute asks for.
func (s *Service) afterDispute(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r DisputeReport, now time.Time) (err error) {
	kind := map[DisputePhase]string{
		DisputeInquiry: "dispute_inquiry", DisputeOpen: "dispute_opened", DisputeWon: "dispute_won", DisputeLost: "dispute_lost",
	}[r.Phase]
	if !paid.Extra && o.Status.settled() {
		paused, err := anyDisputeOpen(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		if r.Phase == DisputeLost {
			if err := setTransactionStatus(ctx, tx, paid.ID, "refunded", now); err != nil {
				return err
			}
			if o, err = s.becomeRefunded(ctx, tx, o); err != nil {
				return err
			}
		}
		if o, err = s.pause(ctx, tx, o, paused && o.Status.settled()); err != nil {
			return err
		}
		if err := s.Follow(ctx, tx, o); err != nil {
			return err
		}
	}
	told := map[string]any{"dispute": r.ExternalID, "amount_cents": r.AmountCents, "currency": r.Currency, "reason": r.Reason}
	return s.happened(ctx, tx, o, Event{Kind: kind, Actor: paid.Provider, Detail: detail(told), CreatedAt: now})
}

// pause withholds what an order gave, or gives it again.
func (s *Service) pause(ctx context.Context, tx *db.Tx, o Order, on bool) (Order, error) {
	if on == (o.PausedAt != nil) {
		return o, nil
	}
	now := s.Now()
	o.PausedAt, o.UpdatedAt = nil, now
	if on {
		o.PausedAt = &now
	}
	return o, setPaused(ctx, tx, o.ID, o.PausedAt, now)
}

// OpenDisputes gives up to limit disputes that are not decided, and of which nothing was heard since before, by id behind after.
func (s *Service) OpenDisputes(ctx context.Context, before time.Time, after int64, limit int) ([]Waiting, error) {
	return openDisputes(ctx, s.DB, before, after, limit)
}
