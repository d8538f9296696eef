package booking

import (
	"context"
	"maps"
	"slices"

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

// Keep brings the bookings of order items, which are the keys, down to the units that stand, in the transaction that changed them. No
// session comes back. Completed bookings stay, and use up what stands first; of the requested and confirmed ones those without a time
// go first, the newest before the older, then those furthest in the future.
func (s *Service) Keep(ctx context.Context, tx *db.Tx, standing map[int64]int64) error {
	items := slices.Sorted(maps.Keys(standing))
	for _, id := range items { // all before the first change: who confirms a booking meanwhile waits for changed ones, holding an item
		if err := lockItem(ctx, tx, id); err != nil {
			return err
		}
	}
	for _, id := range items {
		if err := s.keep(ctx, tx, id, standing[id]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) keep(ctx context.Context, tx *db.Tx, orderItemID, standing int64) error {
	bookings, err := standingOfItem(ctx, tx, orderItemID)
	if err != nil {
		return err
	}
	for i, b := range bookings {
		if int64(i) < standing || b.Status == Completed {
			continue
		}
		c := Change{Before: b, After: b, By: ByRefund}
		if err := c.After.move(Canceled); err != nil {
			return err
		}
		if err := s.write(ctx, tx, &c); err != nil {
			return err
		}
	}
	return nil
}
