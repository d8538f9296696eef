package order

import (
	"context"

	"souk/internal/db"
	"souk/internal/fault"
)

// Sale is an order as its seller sees it.
type Sale struct {
	Order
	BuyerName  string
	BuyerEmail string
	Timeline   []Event // oldest first
}

// Filter narrows a seller's list; a zero field lets all pass.
type Filter struct {
	Status    Status
	ProductID int64
}

var errNotBuilt = fault.New(fault.Unavailable, "not_built", "This shop cannot do that yet.")

// Sales gives up to limit orders of a seller's products, newest first, with ids below before.
func (s *Service) Sales(ctx context.Context, seller int64, f Filter, before int64, limit int) ([]Sale, error) {
	return listOfSeller(ctx, s.DB, seller, f, before, limit)
}

// Sale gives one order of a seller's products.
func (s *Service) Sale(ctx context.Context, seller int64, publicID string) (Sale, error) {
	if !isPublicID(publicID) {
		return Sale{}, errAbsent
	}
	sale, err := ofSeller(ctx, s.DB, seller, publicID)
	return sale, db.NotFound(err, errAbsent)
}

// MarkPaid will record a payment that the seller received by other means. It is not built yet.
func (s *Service) MarkPaid(ctx context.Context, seller int64, publicID string) error {
	if _, err := s.Sale(ctx, seller, publicID); err != nil {
		return err
	}
	return errNotBuilt
}

// Refund will take back what an order gave. It is not built yet.
func (s *Service) Refund(ctx context.Context, seller int64, publicID string) error {
	if _, err := s.Sale(ctx, seller, publicID); err != nil {
		return err
	}
	return errNotBuilt
}

// ForgetBuyer drops what a buyer wrote and what a provider said of the buyer's payments, in the transaction that erases the
// buyer. Orders stay; those that are open say in their timeline that the buyer is gone.
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
	return blankNotes(ctx, tx, buyer, s.Now())
}
