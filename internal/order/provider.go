package order

import (
	"context"
	"errors"
	"time"

	"souk/internal/db"
)

// Holding says that a provider lets a customer have a recurring price: an item of a subscription there.
type Holding struct {
	CustomerID int64
	PriceID    int64
	ItemID     string    // the provider's; it proves the payment of one order at most
	Since      time.Time // when it became active
}

// skew is how far the clocks of a provider and of the shop may be apart. Providers also give times in whole seconds.
const skew = 5 * time.Second

// Prove pays the newest order for h's price that was pending when h became active, if there is one and h has not paid another:
// an item of a plan exists only if the provider was paid, or lets the buyer try. The payment stands under the item's id until
// RecordPayment brings the real one. The caller holds the customer's row locked.
func (s *Service) Prove(ctx context.Context, tx *db.Tx, h Holding) error {
	_, err := s.payPending(ctx, tx, h, payment{provider: Clerk, externalID: h.ItemID, itemID: h.ItemID})
	return err
}

func (s *Service) payPending(ctx context.Context, tx *db.Tx, h Holding, p payment) (paid bool, err error) {
	if used, err := itemPaid(ctx, tx, h.ItemID); err != nil || used {
		return false, err
	}
	id, err := pendingFor(ctx, tx, h, p)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	o, err := byID(ctx, tx, id)
	if err != nil {
		return false, err
	}
	already, err := s.pay(ctx, tx, &o, p)
	return !already && err == nil, err
}

// The states of a ProviderPayment that matter here.
const (
	PaymentPending   = "pending"
	PaymentSucceeded = "succeeded"
	PaymentFailed    = "failed"
)

// ProviderPayment is an attempt to pay, as a provider tells of it.
type ProviderPayment struct {
	ExternalID  string // the attempt's
	CustomerID  int64
	Status      string
	AmountCents int64  // what was charged, in minor units
	Currency    string // ISO 4217
	Renewal     bool   // of a running subscription: it belongs to no order
	Paid        time.Time
	Holdings    []Holding // what it pays for, without CustomerID and Since
}

// RecordPayment keeps an attempt as a transaction. One that succeeded pays the pending order for what it paid, or takes the
// place of the stand-in that Prove wrote. What came before stays: an attempt that succeeded never becomes less. The caller
// holds the customer's row locked.
func (s *Service) RecordPayment(ctx context.Context, tx *db.Tx, p ProviderPayment) error {
	before, err := transactionStatus(ctx, tx, Clerk, p.ExternalID)
	switch {
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	case err == nil && (before == p.Status || before != PaymentPending && p.Status != PaymentSucceeded || before == PaymentSucceeded):
		return nil
	case err == nil:
		if err := deleteTransaction(ctx, tx, Clerk, p.ExternalID); err != nil {
			return err
		}
	}
	record := payment{provider: Clerk, externalID: p.ExternalID, charged: &charge{p.AmountCents, p.Currency}}
	for i := range p.Holdings {
		p.Holdings[i].CustomerID, p.Holdings[i].Since = p.CustomerID, p.Paid
		record.itemID = p.Holdings[0].ItemID
	}
	if p.Status == PaymentSucceeded && !p.Renewal {
		for _, h := range p.Holdings {
			settling := record
			settling.itemID = h.ItemID
			if settled, err := s.settle(ctx, tx, h, settling); err != nil || settled {
				return err
			}
		}
	}
	if err := insertTransaction(ctx, tx, nil, p.CustomerID, p.Status, record, s.Now()); err != nil {
		return err
	}
	if p.Status == PaymentSucceeded && p.Renewal {
		for _, h := range p.Holdings {
			if err := s.Prove(ctx, tx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle gives a payment its order: the one that the item proved before, or the one that is pending.
func (s *Service) settle(ctx context.Context, tx *db.Tx, h Holding, p payment) (settled bool, err error) {
	replaced, err := replaceStandIn(ctx, tx, p, s.Now())
	if err != nil || replaced {
		return replaced, err
	}
	return s.payPending(ctx, tx, h, p)
}
