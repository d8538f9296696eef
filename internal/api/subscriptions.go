package api

import (
	"context"
	"time"

	"souk/internal/money"
	"souk/internal/subscription"
)

type priceSummary struct {
	ID            int64  `json:"id" example:"3"`
	Name          string `json:"name" example:"Monthly"`
	AmountCents   int64  `json:"amount_cents" example:"900" doc:"In the currency's minor unit."`
	Amount        string `json:"amount" example:"9.00" doc:"With as many decimals as the currency has."`
	Currency      string `json:"currency" example:"USD"`
	BillingPeriod string `json:"billing_period" enum:"one_time,monthly,yearly" example:"monthly"`
}

type subscriptionOut struct {
	ID                  int64        `json:"id" example:"7"`
	Product             int64        `json:"product" example:"12"`
	ProductName         string       `json:"product_name" example:"A sound a week"`
	Price               int64        `json:"price" example:"3"`
	PriceSummary        priceSummary `json:"price_summary"`
	Status              string       `json:"status" enum:"trialing,active,past_due,canceled,incomplete,paused" example:"active"`
	ClerkSubscriptionID string       `json:"clerk_subscription_id" example:""`
	PeriodStart         *time.Time   `json:"current_period_start" example:"2026-11-22T20:15:00Z"`
	PeriodEnd           *time.Time   `json:"current_period_end" example:"2026-12-22T20:15:00Z"`
	CancelAtPeriodEnd   bool         `json:"cancel_at_period_end" example:"false"`
	CanceledAt          *time.Time   `json:"canceled_at"`
	Metadata            metadata     `json:"metadata"`
	CreatedAt           time.Time    `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt           time.Time    `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func subscriptionWire(s subscription.Subscription) subscriptionOut {
	return subscriptionOut{
		ID: s.ID, Product: s.ProductID, ProductName: s.ProductName, Price: s.Price.ID,
		PriceSummary: priceSummary{
			ID: s.Price.ID, Name: s.Price.Name, AmountCents: s.Price.AmountCents, Amount: money.Format(s.Price.AmountCents, s.Price.Currency),
			Currency: s.Price.Currency, BillingPeriod: s.Price.BillingPeriod,
		},
		Status: string(s.Status), ClerkSubscriptionID: s.ClerkSubscriptionID, PeriodStart: momentOrNull(s.PeriodStart), PeriodEnd: momentOrNull(s.PeriodEnd),
		CancelAtPeriodEnd: s.CancelAtPeriodEnd, CanceledAt: momentOrNull(s.CanceledAt), Metadata: metadata(s.Metadata),
		CreatedAt: moment(s.CreatedAt), UpdatedAt: moment(s.UpdatedAt),
	}
}

func (a *API) listSubscriptions(ctx context.Context, in *PageIn) (*list[subscriptionOut], error) {
	buyer := caller(ctx).Profile.ID
	return byID(a, "/api/account/subscriptions/", nil, *in,
		func(before int64, limit int) ([]subscription.Subscription, error) {
			return a.Subscriptions.List(ctx, buyer, before, limit)
		},
		func(s subscription.Subscription) int64 { return s.ID }, subscriptionWire)
}
