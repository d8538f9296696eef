package booking

import (
	"context"

	"souk/internal/db"
)

// Sale is a paid order item of a service product.
type Sale struct {
	CustomerID, SellerID, ProductID, OrderItemID int64
	Quantity                                     int
}

// Sell makes a session for each unit of a paid item, in the transaction that fulfills its order. A second call for the same
// item changes nothing. A product whose seller never described the service gets an offer with the catalog's defaults here, which
// the seller can change: a buyer who has paid gets a booking in any case.
func (s *Service) Sell(ctx context.Context, tx *db.Tx, sale Sale) error {
	if err := lockItem(ctx, tx, sale.OrderItemID); err != nil {
		return err
	}
	sold, err := countOfItem(ctx, tx, sale.OrderItemID)
	if err != nil || sold > 0 {
		return err
	}
	offer, err := s.Catalog.OfferOfProduct(ctx, tx, sale.ProductID)
	if err != nil {
		return err
	}
	for range sale.Quantity {
		id := sale.OrderItemID
		_, err := insert(ctx, tx, Booking{
			CustomerID: sale.CustomerID, SellerID: sale.SellerID, OfferID: offer.ID, OrderItemID: &id,
			Status: Requested, CreatedAt: s.Now(), UpdatedAt: s.Now(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CancelItem cancels the requested and confirmed bookings of an order item, in the transaction that refunds it. No session
// comes back. Completed ones stay as they are.
func (s *Service) CancelItem(ctx context.Context, tx *db.Tx, orderItemID int64) error {
	if err := lockItem(ctx, tx, orderItemID); err != nil {
		return err
	}
	return cancelOfItem(ctx, tx, orderItemID, s.Now())
}
