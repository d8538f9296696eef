// Package subscription owns the recurring plans that buyers hold, and their periods, and follows what a provider reports of
// them. It reads no payload (subscription/clerk does), and does not know what a plan gives.
package subscription

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/identity"
	"souk/internal/order"
)

// Status is where a subscription stands. All but Canceled are live: of those a buyer has one a product.
type Status string

// The states of a subscription.
const (
	Trialing   Status = "trialing"
	Active     Status = "active"
	PastDue    Status = "past_due"
	Canceled   Status = "canceled"
	Incomplete Status = "incomplete"
	Paused     Status = "paused"
)

// Subscription is a recurring price that a buyer holds.
type Subscription struct {
	ID                  int64
	CustomerID          int64
	ProductID           int64
	ProductName         string        // as it is now
	Price               catalog.Price // as it is now
	OrderItemID         *int64        // nil: no order made it
	Status              Status
	ClerkSubscriptionID string // of Clerk's item; empty: Clerk does not know of it
	PeriodStart         *time.Time
	PeriodEnd           *time.Time
	CancelAtPeriodEnd   bool
	CanceledAt          *time.Time
	Metadata            json.RawMessage
	CreatedAt           time.Time
	UpdatedAt           time.Time

	parent string // Clerk's subscription around the item
	facts  facts  // what Clerk said of the item
}

// Access says whether the subscription gives what its product gives, and until when; nil is until something changes.
func (s Subscription) Access() (on bool, until *time.Time) {
	switch {
	case s.Status == Canceled && s.CancelAtPeriodEnd:
		return true, s.PeriodEnd
	case s.Status != Active && s.Status != Trialing:
		return false, nil
	case s.CancelAtPeriodEnd, s.ClerkSubscriptionID == "": // nobody renews it
		return true, s.PeriodEnd
	}
	return true, nil
}

// ErrSubscribed refuses a second live subscription to a product.
var ErrSubscribed = fault.New(fault.Conflict, "already_subscribed", "There is a subscription to this product already.")

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB      *db.DB
	Now     func() time.Time
	People  *identity.Service
	Catalog *catalog.Service
	Orders  *order.Service
	// Changed brings in line what a subscription gives, in the transaction that changed it, and says whether that was different.
	Changed func(ctx context.Context, tx *db.Tx, s Subscription) (different bool, err error)
	// Source and Users ask the provider; nil when none is configured.
	Source Source
	Users  Users
	// Arrived tells what waits for key that it is there, once tx is committed.
	Arrived func(ctx context.Context, tx *db.Tx, key string) error
}

// Sale is a paid order item with a recurring price.
type Sale struct {
	CustomerID, ProductID, PriceID, OrderItemID int64
	BillingPeriod                               string
	ProviderItem                                string    // the provider's item that was paid; empty: no provider has it
	At                                          time.Time // when it was paid: the first period starts then
}

// Start begins the subscription of a paid item, in the transaction that fulfills its order, or gives the order its item's row. A
// buyer who is subscribed to the product already, without the provider's item, is ErrSubscribed.
func (s *Service) Start(ctx context.Context, tx *db.Tx, sale Sale) error {
	if sale.ProviderItem != "" {
		sub, err := byItem(ctx, tx, sale.ProviderItem)
		if err == nil {
			return s.link(ctx, tx, sub, sale.OrderItemID)
		}
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
	} else if subscribed, err := s.Subscribed(ctx, tx, sale.CustomerID, sale.ProductID); err != nil || subscribed {
		return cmp.Or(err, error(ErrSubscribed))
	}
	if err := endUnrenewed(ctx, tx, s.Now(), sale.CustomerID); err != nil { // they would stand in the way of a new one
		return err
	}
	end := PeriodEnd(sale.At, sale.BillingPeriod)
	sub := Subscription{
		CustomerID: sale.CustomerID, ProductID: sale.ProductID, Price: catalog.Price{ID: sale.PriceID}, OrderItemID: &sale.OrderItemID,
		Status: Active, ClerkSubscriptionID: sale.ProviderItem, PeriodStart: &sale.At, PeriodEnd: &end, CreatedAt: s.Now(), facts: facts{},
	}
	if err := insert(ctx, tx, &sub); err != nil {
		if db.IsDuplicate(err) {
			err = ErrSubscribed.Because(err)
		}
		return err
	}
	_, err := s.Changed(ctx, tx, sub)
	return err
}

// link says that an order paid for a subscription, unless another did.
func (s *Service) link(ctx context.Context, tx *db.Tx, sub Subscription, orderItemID int64) error {
	if sub.OrderItemID != nil {
		return nil
	}
	sub.OrderItemID, sub.UpdatedAt = &orderItemID, s.Now()
	if err := update(ctx, tx, sub); err != nil {
		return err
	}
	_, err := s.Changed(ctx, tx, sub)
	return err
}

// FollowItem ends the subscription of a paid item at once if the item does not stand any more, and has what it gives looked at
// again. One that a provider knows of follows the provider alone. The caller holds the customer's row locked.
func (s *Service) FollowItem(ctx context.Context, tx *db.Tx, orderItemID int64, stands bool) error {
	sub, err := byOrderItem(ctx, tx, orderItemID)
	if errors.Is(err, db.ErrNoRows) || err == nil && sub.ClerkSubscriptionID != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if !stands && sub.Status != Canceled {
		now := s.Now()
		sub.Status, sub.CancelAtPeriodEnd, sub.CanceledAt, sub.UpdatedAt = Canceled, false, &now, now
		if err := update(ctx, tx, sub); err != nil {
			return err
		}
	}
	_, err = s.Changed(ctx, tx, sub)
	return err
}

// PeriodEnd is a month or a year of the calendar after start. Where that month is too short it is its last day: a month from
// the 31st of January ends on the 28th of February.
func PeriodEnd(start time.Time, billingPeriod string) time.Time {
	months := 1
	if billingPeriod == catalog.Yearly {
		months = 12
	}
	end := start.AddDate(0, months, 0)
	if end.Day() != start.Day() {
		end = end.AddDate(0, 0, -end.Day())
	}
	return end
}

// Subscribed says whether a customer holds a subscription to a product, so that it cannot be ordered again.
func (s *Service) Subscribed(ctx context.Context, q db.Q, customerID, productID int64) (bool, error) {
	return held(ctx, q, customerID, productID, s.Now())
}

// EndUnrenewed ends the subscriptions that no provider renews and whose paid period is over. Access ended with the period;
// this tidies up.
func (s *Service) EndUnrenewed(ctx context.Context) error { return endUnrenewed(ctx, s.DB, s.Now(), 0) }

// List gives up to limit subscriptions of a buyer's profile, newest first, with ids below before.
func (s *Service) List(ctx context.Context, buyer, before int64, limit int) ([]Subscription, error) {
	return listOfBuyer(ctx, s.DB, buyer, before, limit)
}
