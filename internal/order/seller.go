package order

import (
	"context"
	"encoding/json"

	"souk/internal/db"
	"souk/internal/fault"
)

var errPaidElsewhere = fault.New(fault.Conflict, "paid_elsewhere", "This order is paid through Clerk, which says when it is.")

// MarkPaid records that a seller received the payment of an order by other means, such as a bank transfer, with a note for the
// order's timeline. Once more changes nothing. What a buyer pays at the provider nevertheless goes back.
func (s *Service) MarkPaid(ctx context.Context, seller int64, publicID, note string) (Sale, error) {
	sale, err := s.Sale(ctx, seller, publicID)
	if err != nil {
		return Sale{}, err
	}
	var checks fault.Checks
	checks.Text("body.note", &note, &note, 0, maxReason)
	if err := checks.Err(); err != nil {
		return Sale{}, err
	}
	if sale.Provider == Clerk && !sale.Status.settled() {
		return Sale{}, errPaidElsewhere
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o := sale.Order
		already, err := s.pay(ctx, tx, &o, payment{provider: Manual, actor: "seller", note: note})
		if err != nil || !already {
			return err
		}
		paid, err := paymentOf(ctx, tx, o.ID)
		if err == nil && paid.Provider != Manual {
			err = ErrTransition
		}
		return err
	})
	if err != nil {
		return Sale{}, err
	}
	return s.Sale(ctx, seller, publicID)
}

// ForgetBuyer drops what a buyer wrote, what the seller wrote of the buyer's payments and refunds, and what a provider said of them, in
// the transaction that erases the buyer. Orders stay; those that are open say in their timeline that the buyer is gone.
func (s *Service) ForgetBuyer(ctx context.Context, tx *db.Tx, buyer int64) error {
	open, err := openOrders(ctx, tx, buyer)
	if err != nil {
		return err
	}
	for _, id := range open {
		o, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.happened(ctx, tx, o, Event{Kind: "buyer_erased", Actor: "system", CreatedAt: s.Now()}); err != nil {
			return err
		}
	}
	wordy, err := wordyEvents(ctx, tx, buyer)
	if err != nil {
		return err
	}
	for _, e := range wordy {
		var told map[string]any
		if err := json.Unmarshal(e.Detail, &told); err != nil {
			return err
		}
		delete(told, "note")
		delete(told, "reason")
		if err := setDetail(ctx, tx, e.ID, detail(told)); err != nil {
			return err
		}
	}
	return blankNotes(ctx, tx, buyer, s.Now())
}
