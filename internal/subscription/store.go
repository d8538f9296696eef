package subscription

import (
	"context"

	"souk/internal/db"
)

func scanSubscription(scan db.Scan) (s Subscription, err error) {
	err = scan(&s.ID, &s.CustomerID, &s.ProductID, &s.ProductName, &s.Price.ID, &s.Price.Name, &s.Price.AmountCents, &s.Price.Currency,
		&s.Price.BillingPeriod, &s.OrderItemID, &s.Status, &s.ClerkSubscriptionID, &s.PeriodStart, &s.PeriodEnd, &s.CancelAtPeriodEnd,
		&s.CanceledAt, &s.Metadata, &s.CreatedAt, &s.UpdatedAt)
	return s, err
}

func listOfBuyer(ctx context.Context, q db.Q, buyer, before int64, limit int) ([]Subscription, error) {
	return db.All(ctx, q, scanSubscription, `
		SELECT s.id, s.customer_id, s.product_id, p.name, r.id, r.name, r.amount_cents, r.currency, r.billing_period, s.order_item_id, s.status,
			s.clerk_subscription_id, s.current_period_start, s.current_period_end, s.cancel_at_period_end, s.canceled_at, s.metadata,
			s.created_at, s.updated_at
		FROM subscriptions s JOIN customers c ON c.id = s.customer_id JOIN products p ON p.id = s.product_id JOIN prices r ON r.id = s.price_id
		WHERE c.profile_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3`, buyer, before, limit)
}

func live(ctx context.Context, q db.Q, customerID, productID int64) (bool, error) {
	found, err := db.All(ctx, q, db.Value[int64],
		`SELECT id FROM subscriptions WHERE customer_id = $1 AND product_id = $2 AND status <> 'canceled'`, customerID, productID)
	return len(found) > 0, err
}

func insert(ctx context.Context, q db.Q, s Subscription) error {
	_, err := q.Exec(ctx, `
		INSERT INTO subscriptions (customer_id, product_id, price_id, order_item_id, status, current_period_start, current_period_end,
			created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
		s.CustomerID, s.ProductID, s.Price.ID, s.OrderItemID, s.Status, s.PeriodStart, s.PeriodEnd, s.CreatedAt)
	return err
}
