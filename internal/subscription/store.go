package subscription

import (
	"context"
	"time"

	"souk/internal/db"
)

const selectSubscription = `
	SELECT s.id, s.customer_id, s.product_id, p.name, r.id, r.name, r.amount_cents, r.currency, r.billing_period, s.order_item_id, s.status,
		s.clerk_subscription_id, s.clerk_parent_id, s.clerk_facts, s.current_period_start, s.current_period_end, s.cancel_at_period_end,
		s.canceled_at, s.metadata, s.created_at, s.updated_at
	FROM subscriptions s JOIN products p ON p.id = s.product_id JOIN prices r ON r.id = s.price_id`

func scanSubscription(scan db.Scan) (s Subscription, err error) {
	err = scan(&s.ID, &s.CustomerID, &s.ProductID, &s.ProductName, &s.Price.ID, &s.Price.Name, &s.Price.AmountCents, &s.Price.Currency,
		&s.Price.BillingPeriod, &s.OrderItemID, &s.Status, &s.ClerkSubscriptionID, &s.parent, db.JSON(&s.facts), &s.PeriodStart, &s.PeriodEnd,
		&s.CancelAtPeriodEnd, &s.CanceledAt, &s.Metadata, &s.CreatedAt, &s.UpdatedAt)
	return s, err
}

func listOfBuyer(ctx context.Context, q db.Q, buyer, before int64, limit int) ([]Subscription, error) {
	return db.All(ctx, q, scanSubscription, selectSubscription+`
		JOIN customers c ON c.id = s.customer_id WHERE c.profile_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3`, buyer, before, limit)
}

// countsAsHeld is true of a row that keeps its buyer from ordering the product again. $1 is the time: a subscription that is no
// provider's is over with the period that was paid.
const countsAsHeld = `s.status <> 'canceled' AND (s.clerk_subscription_id <> '' OR s.current_period_end IS NULL OR s.current_period_end > $1)`

func held(ctx context.Context, q db.Q, customerID, productID int64, now time.Time) (bool, error) {
	return db.One(ctx, q, db.Value[bool],
		`SELECT EXISTS (SELECT 1 FROM subscriptions s WHERE s.customer_id = $2 AND s.product_id = $3 AND `+countsAsHeld+`)`, now, customerID, productID)
}

// byItem is the row of a provider's item.
func byItem(ctx context.Context, q db.Q, itemID string) (Subscription, error) {
	return db.One(ctx, q, scanSubscription, selectSubscription+` WHERE s.clerk_subscription_id = $1 AND s.clerk_subscription_id <> ''`, itemID)
}

// madeByOrder is the newest row of a product that an order made and no provider knows of yet.
func madeByOrder(ctx context.Context, q db.Q, customerID, productID int64) (Subscription, error) {
	return db.One(ctx, q, scanSubscription, selectSubscription+`
		WHERE s.customer_id = $1 AND s.product_id = $2 AND s.clerk_subscription_id = '' AND s.status <> 'canceled' ORDER BY s.id DESC LIMIT 1`,
		customerID, productID)
}

// byOrderItem is the row that a paid item made, or was given.
func byOrderItem(ctx context.Context, q db.Q, orderItemID int64) (Subscription, error) {
	return db.One(ctx, q, scanSubscription, selectSubscription+` WHERE s.order_item_id = $1`, orderItemID)
}

func holderOfItem(ctx context.Context, q db.Q, itemID, parent string) (h holder, err error) {
	return db.One(ctx, q, func(scan db.Scan) (h holder, err error) {
		err = scan(&h.customerID, &h.userID)
		return h, err
	}, `
		SELECT s.customer_id, p.clerk_user_id FROM subscriptions s JOIN customers c ON c.id = s.customer_id JOIN profiles p ON p.id = c.profile_id
		WHERE ($1 <> '' AND s.clerk_subscription_id = $1) OR ($2 <> '' AND s.clerk_parent_id = $2) ORDER BY s.id LIMIT 1`, itemID, parent)
}

// isErased says that the user of a customer was erased.
func isErased(ctx context.Context, q db.Q, customerID int64) (bool, error) {
	return db.One(ctx, q, db.Value[bool],
		`SELECT p.deleted_at IS NOT NULL FROM customers c JOIN profiles p ON p.id = c.profile_id WHERE c.id = $1`, customerID)
}

func itemsOfProfile(ctx context.Context, q db.Q, profileID int64) ([]string, error) {
	return db.All(ctx, q, db.Value[string], `
		SELECT s.clerk_subscription_id FROM subscriptions s JOIN customers c ON c.id = s.customer_id
		WHERE c.profile_id = $1 AND s.clerk_subscription_id <> '' ORDER BY s.id`, profileID)
}

// itemsOf are the rows of a customer that the provider knows of.
func itemsOf(ctx context.Context, q db.Q, customerID int64) ([]Subscription, error) {
	return db.All(ctx, q, scanSubscription, selectSubscription+` WHERE s.customer_id = $1 AND s.clerk_subscription_id <> '' ORDER BY s.id`, customerID)
}

// holding is an item and the user who holds it, by the provider's ids.
type holding struct{ itemID, userID string }

func heldByErased(ctx context.Context, q db.Q, limit int) ([]holding, error) {
	return db.All(ctx, q, func(scan db.Scan) (h holding, err error) {
		err = scan(&h.itemID, &h.userID)
		return h, err
	}, `
		SELECT s.clerk_subscription_id, p.clerk_user_id FROM profiles p JOIN customers c ON c.profile_id = p.id JOIN subscriptions s ON s.customer_id = c.id
		WHERE p.deleted_at IS NOT NULL AND s.status <> 'canceled' AND s.clerk_subscription_id <> '' ORDER BY s.id LIMIT $1`, limit)
}

func insert(ctx context.Context, q db.Q, s *Subscription) (err error) {
	s.ID, err = db.One(ctx, q, db.Value[int64], `
		INSERT INTO subscriptions (customer_id, product_id, price_id, order_item_id, status, clerk_subscription_id, clerk_parent_id, clerk_facts,
			current_period_start, current_period_end, cancel_at_period_end, canceled_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) RETURNING id`,
		s.CustomerID, s.ProductID, s.Price.ID, s.OrderItemID, s.Status, s.ClerkSubscriptionID, s.parent, db.JSON(s.facts), s.PeriodStart, s.PeriodEnd,
		s.CancelAtPeriodEnd, s.CanceledAt, s.CreatedAt)
	return err
}

func update(ctx context.Context, q db.Q, s Subscription) error {
	_, err := q.Exec(ctx, `
		UPDATE subscriptions SET product_id = $2, price_id = $3, order_item_id = $4, status = $5, clerk_subscription_id = $6, clerk_parent_id = $7,
			clerk_facts = $8, current_period_start = $9, current_period_end = $10, cancel_at_period_end = $11, canceled_at = $12, updated_at = $13
		WHERE id = $1`,
		s.ID, s.ProductID, s.Price.ID, s.OrderItemID, s.Status, s.ClerkSubscriptionID, s.parent, db.JSON(s.facts), s.PeriodStart, s.PeriodEnd,
		s.CancelAtPeriodEnd, s.CanceledAt, s.UpdatedAt)
	return err
}

// endUnrenewed ends the subscriptions of a customer (0: of all) that no provider renews and whose paid period is over.
func endUnrenewed(ctx context.Context, q db.Q, now time.Time, customerID int64) error {
	_, err := q.Exec(ctx, `
		UPDATE subscriptions SET status = 'canceled', canceled_at = current_period_end, updated_at = $1
		WHERE status <> 'canceled' AND clerk_subscription_id = '' AND current_period_end <= $1
			AND (CAST($2 AS BIGINT) = 0 OR customer_id = $2)`, now, customerID)
	return err
}

func rememberFree(ctx context.Context, q db.Q, planID string) (fresh bool, err error) {
	n, err := q.Exec(ctx, `INSERT INTO free_plans (plan_id) VALUES ($1) ON CONFLICT (plan_id) DO NOTHING`, planID)
	return n == 1, err
}

func isFree(ctx context.Context, q db.Q, planID string) (bool, error) {
	return db.One(ctx, q, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM free_plans WHERE plan_id = $1)`, planID)
}

func bookmark(ctx context.Context, q db.Q, name string) (position string, err error) {
	return db.One(ctx, q, db.Value[string], `SELECT position FROM bookmarks WHERE name = $1`, name)
}

func setBookmark(ctx context.Context, q db.Q, name, position string, now time.Time) error {
	_, err := q.Exec(ctx, `
		INSERT INTO bookmarks (name, position, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at WHERE bookmarks.position <> excluded.position`, name, position, now)
	return err
}

// lease is the bookmark that the one run of a reconciliation holds.
const lease = "reconcile.run"

// takeLease gives the lease to run id, or keeps it, unless another has had it since less than so long.
func takeLease(ctx context.Context, q db.Q, id string, now time.Time, within time.Duration) (mine bool, err error) {
	n, err := q.Exec(ctx, `
		INSERT INTO bookmarks (name, position, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at
		WHERE bookmarks.position = excluded.position OR bookmarks.updated_at < $4`, lease, id, now, now.Add(-within))
	return n == 1, err
}

func releaseLease(ctx context.Context, q db.Q, id string) error {
	_, err := q.Exec(ctx, `DELETE FROM bookmarks WHERE name = $1 AND position = $2`, lease, id)
	return err
}
