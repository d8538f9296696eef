// Package subscription owns the recurring plans that buyers hold, and their periods. It knows no payment provider's
// meaning, and not what a plan gives.
package subscription

import (
	"context"
	"encoding/json"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
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
	OrderItemID         *int64        // nil: it came from the provider
	Status              Status
	ClerkSubscriptionID string
	PeriodStart         *time.Time
	PeriodEnd           *time.Time
	CancelAtPeriodEnd   bool
	CanceledAt          *time.Time
	Metadata            json.RawMessage
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// ErrSubscribed refuses a second live subscription to a product.
var ErrSubscribed = fault.New(fault.Conflict, "already_subscribed", "There is a subscription to this product already.")

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB  *db.DB
	Now func() time.Time
}

// Sale is a paid order item with a recurring price.
type Sale struct {
	CustomerID, ProductID, PriceID, OrderItemID int64
	BillingPeriod                               string
	At                                          time.Time // when it was paid: the first period starts then
}

// Start begins the subscription of a paid item, in the transaction that fulfills its order. A buyer who is subscribed to
// the product already is ErrSubscribed.
func (s *Service) Start(ctx context.Context, tx *db.Tx, sale Sale) error {
	end := PeriodEnd(sale.At, sale.BillingPeriod)
	err := insert(ctx, tx, Subscription{
		CustomerID: sale.CustomerID, ProductID: sale.ProductID, Price: catalog.Price{ID: sale.PriceID}, OrderItemID: &sale.OrderItemID,
		Status: Active, PeriodStart: &sale.At, PeriodEnd: &end, CreatedAt: s.Now(),
	})
	if db.IsDuplicate(err) {
		return ErrSubscribed.Because(err)
	}
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

// Subscribed says whether a customer holds a live subscription to a product.
func (s *Service) Subscribed(ctx context.Context, q db.Q, customerID, productID int64) (bool, error) {
	return live(ctx, q, customerID, productID)
}

// List gives up to limit subscriptions of a buyer's profile, newest first, with ids below before.
func (s *Service) List(ctx context.Context, buyer, before int64, limit int) ([]Subscription, error) {
	return listOfBuyer(ctx, s.DB, buyer, before, limit)
}
