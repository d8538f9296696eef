package fulfillment

import (
	"context"
	"slices"
	"time"

	"souk/internal/db"
	"souk/internal/subscription"
)

// FollowPlan brings what a subscription gives in line with it, in the transaction that changed it: a plan entitlement for each
// feature of its product while the provider says that it runs, and the purchase entitlements of the order that paid for it. Those wait
// while the order is disputed, unless the subscription is a provider's.
// different says that something was not so before.
func (s *Service) FollowPlan(ctx context.Context, tx *db.Tx, sub subscription.Subscription) (different bool, err error) {
	on, until := sub.Access()
	on = on && (until == nil || until.After(s.Now()))
	if sub.ClerkSubscriptionID != "" {
		keys, err := s.Catalog.FeatureKeys(ctx, tx, sub.ProductID)
		if err != nil {
			return false, err
		}
		plan := grantOf{Plan, sub.ClerkSubscriptionID, sub.CustomerID, keys}
		if different, err = s.follow(ctx, tx, plan, on, until); err != nil {
			return false, err
		}
	}
	if sub.OrderItemID == nil {
		return different, nil
	}
	bought, err := purchaseOf(ctx, tx, *sub.OrderItemID)
	if err != nil {
		return false, err
	}
	if sub.ClerkSubscriptionID == "" {
		on = on && bought.usable
	}
	also, err := s.follow(ctx, tx, grantOf{Purchase, bought.publicID, sub.CustomerID, bought.keys}, on, until)
	return different || also, err
}

// grantOf is a source of entitlements and what it gives.
type grantOf struct {
	sourceType, reference string
	customerID            int64
	keys                  []string
}

// follow switches the entitlements of one source on until a time, or off.
func (s *Service) follow(ctx context.Context, tx *db.Tx, g grantOf, on bool, until *time.Time) (different bool, err error) {
	there, err := entitlementsBySource(ctx, tx, g)
	if err != nil {
		return false, err
	}
	now := s.Now()
	for _, e := range there {
		wanted := on && slices.Contains(g.keys, e.FeatureKey)
		if e.IsActive == wanted && (!wanted || sameTime(e.EndsAt, until)) {
			continue
		}
		e.IsActive, e.UpdatedAt = wanted, now
		if wanted {
			e.EndsAt = until
		}
		if err := updateEntitlement(ctx, tx, e); err != nil {
			return false, err
		}
		different = true
	}
	for _, key := range g.keys {
		if !on || slices.ContainsFunc(there, func(e Entitlement) bool { return e.FeatureKey == key }) {
			continue
		}
		err := insertEntitlement(ctx, tx, Entitlement{
			CustomerID: g.customerID, FeatureKey: key, SourceType: g.sourceType, SourceReference: g.reference, StartsAt: now, EndsAt: until, CreatedAt: now,
		})
		if err != nil {
			return false, err
		}
		different = true
	}
	return different, nil
}

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

// EndExpired switches off the entitlements whose end has passed. They counted no more since that moment; this tidies up.
func (s *Service) EndExpired(ctx context.Context) error { return endExpired(ctx, s.DB, s.Now()) }
