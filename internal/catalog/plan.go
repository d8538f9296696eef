package catalog

import (
	"context"

	"souk/internal/db"
)

// Plan names what a provider sells by its own ids. Empty fields are not known.
type Plan struct {
	PlanID  string
	PriceID string
	Period  string // Monthly or Yearly: both may be of one plan
}

// Key is what an event waits for while no price names the plan.
func (p Plan) Key() string {
	if p.PlanID == "" {
		return "price:" + p.PriceID
	}
	return "plan:" + p.PlanID
}

// PlanPrice is the price that a provider's plan is sold under: the one of its price id, else that of its plan and period. An
// inactive price counts too, as long as there is no active one: who subscribed to it still pays. ErrNoRows when no price names it.
func (s *Service) PlanPrice(ctx context.Context, q db.Q, p Plan) (Price, error) {
	return planPrice(ctx, q, p)
}

// FeatureKeys are what a product gives now, by its id.
func (s *Service) FeatureKeys(ctx context.Context, q db.Q, productID int64) ([]string, error) {
	return featureKeys(ctx, q, productID)
}

// planMapped tells that p names a plan, so that what waits for it goes on.
func (s *Service) planMapped(ctx context.Context, tx *db.Tx, p Price) error {
	if s.PlanMapped == nil {
		return nil
	}
	for _, plan := range []Plan{{PlanID: p.ClerkPlanID}, {PriceID: p.ClerkPriceID}} {
		if plan.PlanID == "" && plan.PriceID == "" {
			continue
		}
		if err := s.PlanMapped(ctx, tx, plan); err != nil {
			return err
		}
	}
	return nil
}
