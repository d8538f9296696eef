package catalog

import (
	"context"
	"encoding/json"
	"slices"

	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/money"
)

// PriceChange says what to write; a nil field keeps its value.
type PriceChange struct {
	Name, Currency, BillingPeriod, ClerkPlanID, ClerkPriceID *string
	AmountCents                                              *int64
	IsActive, IsDefault                                      *bool
	Metadata                                                 json.RawMessage
}

func (c PriceChange) apply(p *Price) error {
	var checks fault.Checks
	checks.Text("body.name", c.Name, &p.Name, 1, 200)
	checks.Text("body.clerk_plan_id", c.ClerkPlanID, &p.ClerkPlanID, 0, 200)
	checks.Text("body.clerk_price_id", c.ClerkPriceID, &p.ClerkPriceID, 0, 200)
	if c.Currency != nil {
		code, ok := money.Normalise(*c.Currency)
		checks.Add(ok, "body.currency", "must be a currency code of ISO 4217, such as USD")
		p.Currency = code
	}
	set(c.BillingPeriod, &p.BillingPeriod)
	checks.Add(slices.Contains([]string{OneTime, Monthly, Yearly}, p.BillingPeriod), "body.billing_period", "must be one_time, monthly or yearly")
	set(c.AmountCents, &p.AmountCents)
	checks.Add(p.AmountCents >= 0 && p.AmountCents <= MaxPriceCents, "body.amount_cents", "must be between 0 and 99999999")
	set(c.IsActive, &p.IsActive)
	if !p.IsActive && c.IsDefault == nil {
		p.IsDefault = false
	}
	set(c.IsDefault, &p.IsDefault)
	checks.Add(p.IsActive || !p.IsDefault, "body.is_default", "must be false while the price is not active")
	if c.Metadata != nil {
		p.Metadata = c.Metadata
	}
	return checks.Err()
}

// CreatePrice adds a price to seller's product. The first active price, and a new default, become the one that is shown.
func (s *Service) CreatePrice(ctx context.Context, seller, productID int64, c PriceChange) (p Price, err error) {
	p = Price{
		ProductID: productID, BillingPeriod: OneTime, IsActive: true, Metadata: json.RawMessage("{}"), CreatedAt: s.Now(), UpdatedAt: s.Now(),
	}
	if err := c.apply(&p); err != nil {
		return Price{}, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		product, err := lockProduct(ctx, tx, seller, productID)
		if err != nil {
			return db.NotFound(err, errNoProduct)
		}
		prices, err := pricesOfProduct(ctx, tx, productID, false)
		if err != nil {
			return err
		}
		if len(prices) >= maxPrices {
			return fault.New(fault.Conflict, "too_many_prices", "A product has at most 100 prices.")
		}
		if err := s.claimPlan(ctx, tx, seller, p); err != nil {
			return err
		}
		if err := s.soleDefault(ctx, tx, p); err != nil {
			return err
		}
		if p.ID, err = insertPrice(ctx, tx, p); err != nil {
			return clerkPriceTaken(err)
		}
		if err := s.planMapped(ctx, tx, p); err != nil {
			return err
		}
		first := !slices.ContainsFunc(prices, func(p Price) bool { return p.IsActive })
		if p.IsActive && (p.IsDefault || first) {
			product.ChosenPriceID = &p.ID
		}
		return s.showPrice(ctx, tx, &product)
	})
	return p, err
}

const maxPrices = 100

// UpdatePrice writes the given fields of a price of seller's. A default that is made inactive is no default any more, and
// a shown price that is made inactive gives way to the default or the cheapest.
func (s *Service) UpdatePrice(ctx context.Context, seller, id int64, c PriceChange) (p Price, err error) {
	err = s.changePrice(ctx, seller, id, func(ctx context.Context, tx *db.Tx, product *Product, before Price) error {
		p = before
		if err := c.apply(&p); err != nil {
			return err
		}
		p.UpdatedAt = s.Now()
		if err := s.claimPlan(ctx, tx, seller, p); err != nil {
			return err
		}
		if err := s.soleDefault(ctx, tx, p); err != nil {
			return err
		}
		if p.IsDefault && !before.IsDefault {
			product.ChosenPriceID = &p.ID
		}
		if !p.IsActive && product.ChosenPriceID != nil && *product.ChosenPriceID == id {
			product.ChosenPriceID = nil
		}
		if err := updatePrice(ctx, tx, p); err != nil {
			return clerkPriceTaken(err)
		}
		return s.planMapped(ctx, tx, p)
	})
	return p, err
}

// DeletePrice removes a price of seller's. One that was ever ordered is made inactive instead.
func (s *Service) DeletePrice(ctx context.Context, seller, id int64) error {
	return s.changePrice(ctx, seller, id, func(ctx context.Context, tx *db.Tx, product *Product, p Price) error {
		if product.ChosenPriceID != nil && *product.ChosenPriceID == id {
			product.ChosenPriceID = nil
		}
		return s.removeOr(ctx, func(ctx context.Context, tx *db.Tx) error { return deletePrice(ctx, tx, id) }, func() error {
			p.IsActive, p.IsDefault, p.UpdatedAt = false, false, s.Now()
			return updatePrice(ctx, tx, p)
		})
	})
}

// changePrice runs fn with the price and its locked product, and then recomputes which price is shown.
func (s *Service) changePrice(ctx context.Context, seller, id int64, fn func(context.Context, *db.Tx, *Product, Price) error) error {
	return s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := priceOf(ctx, tx, seller, id)
		if err != nil {
			return db.NotFound(err, errNoPrice)
		}
		product, err := lockProduct(ctx, tx, seller, p.ProductID)
		if err != nil {
			return db.NotFound(err, errNoPrice)
		}
		if p, err = priceOf(ctx, tx, seller, id); err != nil { // again, now that nobody else can change it
			return db.NotFound(err, errNoPrice)
		}
		if err := fn(ctx, tx, &product, p); err != nil {
			return err
		}
		return s.showPrice(ctx, tx, &product)
	})
}

// soleDefault makes room for p as the default of its product.
func (s *Service) soleDefault(ctx context.Context, tx *db.Tx, p Price) error {
	if !p.IsDefault {
		return nil
	}
	return clearDefault(ctx, tx, p.ProductID, p.ID, s.Now())
}

// claimPlan holds that a Clerk plan, and a Clerk price, belong to one seller.
func (s *Service) claimPlan(ctx context.Context, tx *db.Tx, seller int64, p Price) error {
	if p.ClerkPlanID == "" {
		return nil
	}
	owner, err := claim(ctx, tx, "clerk_plan_owners", "clerk_plan_id", p.ClerkPlanID, seller)
	if err == nil && owner != seller {
		err = fault.New(fault.Conflict, "clerk_plan_taken", "That Clerk plan belongs to another seller.")
	}
	return err
}

func clerkPriceTaken(err error) error {
	if db.IsDuplicate(err) {
		return fault.New(fault.Conflict, "clerk_price_taken", "That Clerk price is in use already.")
	}
	return err
}

// Price gives a price of seller's.
func (s *Service) Price(ctx context.Context, seller, id int64) (Price, error) {
	p, err := priceOf(ctx, s.DB, seller, id)
	return p, db.NotFound(err, errNoPrice)
}

// Prices gives the prices of seller's product, newest first, with ids below before.
func (s *Service) Prices(ctx context.Context, seller, productID, before int64, limit int) ([]Price, error) {
	if _, err := s.Product(ctx, seller, productID); err != nil {
		return nil, err
	}
	return pricePage(ctx, s.DB, productID, before, limit)
}
