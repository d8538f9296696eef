package fulfillment

import (
	"context"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/order"
)

// Follow brings what an order gave in line with what of it stands, in the transaction that changed the order: refunded it or some
// of its units, or opened, won or lost a dispute. Once more changes nothing. o is as it is after the change, with its row locked; of an
// order with a recurring item the customer's row was locked before that.
//
// While an order is paused nothing that it gave can be used, and nothing of it ends. What a refund ended does not come back: a canceled
// booking and a canceled subscription stay so.
func (s *Service) Follow(ctx context.Context, tx *db.Tx, o order.Order) error {
	if o.PaidAt == nil { // it never gave anything
		return nil
	}
	if err := s.followDownloads(ctx, tx, o); err != nil {
		return err
	}
	sessions := map[int64]int64{}
	for _, item := range o.Items {
		if item.ProductType == catalog.TypeService {
			sessions[item.ID] = o.Standing(item)
		}
	}
	if err := s.Bookings.Keep(ctx, tx, sessions); err != nil {
		return err
	}
	if item := o.Items[0]; item.Recurring() { // it stands alone, and its features follow its subscription
		return s.Subscriptions.FollowItem(ctx, tx, item.ID, o.Standing(item) > 0)
	}
	var keys []string
	for _, item := range o.Items {
		if o.Standing(item) > 0 {
			keys = append(keys, item.FeatureKeys...)
		}
	}
	_, err := s.follow(ctx, tx, grantOf{Purchase, o.PublicID, o.CustomerID, keys}, o.PausedAt == nil, nil)
	return err
}

// followDownloads also gives files that were added while nothing of an item stood.
func (s *Service) followDownloads(ctx context.Context, tx *db.Tx, o order.Order) error {
	if err := s.giveDownloads(ctx, tx, o); err != nil { // locks the products: a file that is added meanwhile is added before, or behind tx
		return err
	}
	for _, item := range o.Items {
		if item.ProductType != catalog.TypeDigital {
			continue
		}
		b := boughtOf(o, item)
		if err := limitGrants(ctx, tx, item.ID, b.active(), b.limit(), s.Now()); err != nil {
			return err
		}
	}
	return nil
}
