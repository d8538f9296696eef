package order

import (
	"context"
	"encoding/json"
	"time"

	"souk/internal/db"
)

const columns = `o.id, o.public_id, o.customer_id, o.seller_id, o.status, o.currency, o.subtotal_cents, o.tax_cents, o.total_cents, o.notes,
	o.provider, o.clerk_checkout_id, o.external_reference, o.paid_at, o.fulfilled_at, o.canceled_at, o.refunded_at, o.refunded_cents, o.paused_at,
	o.created_at, o.updated_at`

func fields(o *Order) []any {
	return []any{
		&o.ID, &o.PublicID, &o.CustomerID, &o.SellerID, &o.Status, &o.Currency, &o.SubtotalCents, &o.TaxCents, &o.TotalCents, &o.Notes,
		&o.Provider, &o.ClerkCheckoutID, &o.ExternalReference, &o.PaidAt, &o.FulfilledAt, &o.CanceledAt, &o.RefundedAt, &o.RefundedCents, &o.PausedAt,
		&o.CreatedAt, &o.UpdatedAt,
	}
}

func scanOrder(scan db.Scan) (o Order, err error) {
	err = scan(fields(&o)...)
	return o, err
}

const itemColumns = `id, order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot, billing_period,
	clerk_plan_id, feature_keys, max_downloads, download_days, quantity, refunded_quantity, unit_amount_cents, total_amount_cents, metadata, created_at, updated_at`

func scanItem(scan db.Scan) (i Item, err error) {
	err = scan(&i.ID, &i.OrderID, &i.ProductID, &i.PriceID, &i.ProductSlug, &i.ProductType, &i.ProductName, &i.PriceName, &i.BillingPeriod,
		&i.ClerkPlanID, db.JSON(&i.FeatureKeys), &i.MaxDownloads, &i.DownloadDays, &i.Quantity, &i.RefundedQuantity, &i.UnitAmountCents, &i.TotalAmountCents, &i.Metadata,
		&i.CreatedAt, &i.UpdatedAt)
	return i, err
}

const buyersOrders = ` FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.profile_id = $1`

func listOfBuyer(ctx context.Context, q db.Q, buyer, before int64, limit int) ([]Order, error) {
	orders, err := db.All(ctx, q, scanOrder,
		`SELECT `+columns+buyersOrders+` AND o.id < $2 ORDER BY o.id DESC LIMIT $3`, buyer, before, limit)
	if err != nil {
		return nil, err
	}
	return orders, addItems(ctx, q, pointers(orders))
}

func ofBuyer(ctx context.Context, q db.Q, buyer int64, publicID string) (Order, error) {
	return withItems(ctx, q, `SELECT `+columns+buyersOrders+` AND o.public_id = $2`, buyer, publicID)
}

func byID(ctx context.Context, q db.Q, id int64) (Order, error) {
	return withItems(ctx, q, `SELECT `+columns+` FROM orders o WHERE o.id = $1`, id)
}

func withItems(ctx context.Context, q db.Q, query string, args ...any) (Order, error) {
	o, err := db.One(ctx, q, scanOrder, query, args...)
	if err != nil {
		return Order{}, err
	}
	return o, addItems(ctx, q, []*Order{&o})
}

func pointers(orders []Order) []*Order {
	list := make([]*Order, len(orders))
	for i := range orders {
		list[i] = &orders[i]
	}
	return list
}

// addItems reads the items of all orders at once.
func addItems(ctx context.Context, q db.Q, orders []*Order) error {
	if len(orders) == 0 {
		return nil
	}
	ids, byID := make([]int64, len(orders)), map[int64]*Order{}
	for i, o := range orders {
		ids[i], byID[o.ID] = o.ID, o
	}
	in, args := db.In(ids)
	items, err := db.All(ctx, q, scanItem, `SELECT `+itemColumns+` FROM order_items WHERE order_id IN (`+in+`) ORDER BY id`, args...)
	for _, item := range items {
		o := byID[item.OrderID]
		o.Items = append(o.Items, item)
	}
	return err
}

func billOf(ctx context.Context, q db.Q, publicID string) (Bill, error) {
	return db.One(ctx, q, func(scan db.Scan) (b Bill, err error) {
		err = scan(&b.Status, &b.TotalCents, &b.Currency)
		return b, err
	}, `SELECT status, total_cents, currency FROM orders WHERE public_id = $1`, publicID)
}

const salesColumns = columns + `, c.full_name, c.billing_email`

func scanSale(scan db.Scan) (s Sale, err error) {
	err = scan(append(fields(&s.Order), &s.BuyerName, &s.BuyerEmail)...)
	return s, err
}

const sellersOrders = ` FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.seller_id = $1`

func listOfSeller(ctx context.Context, q db.Q, seller int64, f Filter, before int64, limit int) ([]Sale, error) {
	sales, err := db.All(ctx, q, scanSale, `SELECT `+salesColumns+sellersOrders+` AND o.id < $2 AND ($3 = '' OR o.status = $3)
		AND (CAST($4 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id AND i.product_id = CAST($4 AS BIGINT)))
		ORDER BY o.id DESC LIMIT $5`, seller, before, f.Status, f.ProductID, limit)
	if err != nil {
		return nil, err
	}
	return sales, addDetails(ctx, q, sales)
}

func ofSeller(ctx context.Context, q db.Q, seller int64, publicID string) (Sale, error) {
	sale, err := db.One(ctx, q, scanSale, `SELECT `+salesColumns+sellersOrders+` AND o.public_id = $2`, seller, publicID)
	if err != nil {
		return Sale{}, err
	}
	list := []Sale{sale}
	return list[0], addDetails(ctx, q, list)
}

// addDetails reads the items and the timelines of all sales.
func addDetails(ctx context.Context, q db.Q, sales []Sale) error {
	orders, ids, timelines := make([]*Order, len(sales)), make([]int64, len(sales)), map[int64]*Sale{}
	for i := range sales {
		orders[i], ids[i] = &sales[i].Order, sales[i].ID
		timelines[sales[i].ID] = &sales[i]
	}
	if err := addItems(ctx, q, orders); err != nil || len(sales) == 0 {
		return err
	}
	in, args := db.In(ids)
	_, err := db.All(ctx, q, func(scan db.Scan) (e Event, err error) {
		var orderID int64
		if err = scan(&e.ID, &orderID, &e.Kind, &e.Actor, &e.Detail, &e.CreatedAt); err == nil {
			timelines[orderID].Timeline = append(timelines[orderID].Timeline, e)
		}
		return e, err
	}, `SELECT id, order_id, kind, actor, detail, created_at FROM order_events WHERE order_id IN (`+in+`) ORDER BY id`, args...)
	return err
}

// insert writes the order and its items, and their ids into o.
func insert(ctx context.Context, q db.Q, o *Order) (err error) {
	o.ID, err = db.One(ctx, q, db.Value[int64], `
		INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, tax_cents, total_cents, notes, provider,
			created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id`,
		o.PublicID, o.CustomerID, o.SellerID, o.Status, o.Currency, o.SubtotalCents, o.TaxCents, o.TotalCents, o.Notes, o.Provider, o.CreatedAt)
	for n := 0; n < len(o.Items) && err == nil; n++ {
		i := &o.Items[n]
		i.OrderID = o.ID
		i.ID, err = db.One(ctx, q, db.Value[int64], `
			INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
				billing_period, clerk_plan_id, feature_keys, max_downloads, download_days, quantity, unit_amount_cents, total_amount_cents,
				metadata, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) RETURNING id`,
			i.OrderID, i.ProductID, i.PriceID, i.ProductSlug, i.ProductType, i.ProductName, i.PriceName, i.BillingPeriod, i.ClerkPlanID,
			db.JSON(i.FeatureKeys), i.MaxDownloads, i.DownloadDays, i.Quantity, i.UnitAmountCents, i.TotalAmountCents, i.Metadata, i.CreatedAt)
	}
	return err
}

// stamp is the column that keeps when an order came to a state.
var stamp = map[Status]string{Paid: "paid_at", Fulfilled: "fulfilled_at", Canceled: "canceled_at", Refunded: "refunded_at"}

// move is the one way to change a status. won is false when the order is not in state from any more.
func move(ctx context.Context, q db.Q, id int64, from, to Status, now time.Time) (won bool, err error) {
	if !from.may(to) {
		return false, ErrTransition
	}
	n, err := q.Exec(ctx, `UPDATE orders SET status = $3, `+stamp[to]+` = $4, updated_at = $4 WHERE id = $1 AND status = $2`, id, from, to, now)
	return n == 1, err
}

// insertPayment records that o was paid.
func insertPayment(ctx context.Context, q db.Q, o Order, p payment, now time.Time) error {
	ids := o.ExternalReference != "" || o.ClerkCheckoutID != ""
	if p.externalID == "" {
		p.externalID = o.PublicID
	}
	paid := p.of(o)
	p.charged = &paid
	err := insertTransaction(ctx, q, &o.ID, o.CustomerID, "succeeded", p, now)
	if err == nil && ids {
		_, err = q.Exec(ctx, `UPDATE orders SET external_reference = $2, clerk_checkout_id = $3 WHERE id = $1`, o.ID, o.ExternalReference, o.ClerkCheckoutID)
	}
	return err
}

// insertTransaction writes a payment; orderID is nil for one that belongs to no order. p says what was charged.
func insertTransaction(ctx context.Context, q db.Q, orderID *int64, customerID int64, status string, p payment, now time.Time) error {
	if p.raw == nil {
		p.raw = json.RawMessage("{}")
	}
	_, err := q.Exec(ctx, `
		INSERT INTO transactions (order_id, customer_id, provider, external_id, clerk_item_id, status, amount_cents, currency, raw_payload,
			created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
		orderID, customerID, p.provider, p.externalID, p.itemID, status, p.charged.cents, p.charged.currency, p.raw, now)
	return err
}

func transactionStatus(ctx context.Context, q db.Q, provider, externalID string) (status string, err error) {
	return db.One(ctx, q, db.Value[string], `SELECT status FROM transactions WHERE provider = $1 AND external_id = $2`, provider, externalID)
}

func deleteTransaction(ctx context.Context, q db.Q, provider, externalID string) error {
	_, err := q.Exec(ctx, `DELETE FROM transactions WHERE provider = $1 AND external_id = $2`, provider, externalID)
	return err
}

// replaceStandIn puts p in the place of the payment that stood under its item's id.
func replaceStandIn(ctx context.Context, q db.Q, p payment, now time.Time) (replaced bool, err error) {
	n, err := q.Exec(ctx, `
		UPDATE transactions SET external_id = $3, amount_cents = $4, currency = $5, updated_at = $6
		WHERE provider = $1 AND external_id = $2 AND order_id IS NOT NULL`,
		p.provider, p.itemID, p.externalID, p.charged.cents, p.charged.currency, now)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = q.Exec(ctx, `
		UPDATE orders SET external_reference = $2, updated_at = $3
		WHERE id = (SELECT order_id FROM transactions WHERE provider = $1 AND external_id = $2)`, p.provider, p.externalID, now)
	return true, err
}

// itemPaid says that a provider's item has paid an order.
func itemPaid(ctx context.Context, q db.Q, itemID string) (bool, error) {
	return db.One(ctx, q, db.Value[bool],
		`SELECT EXISTS (SELECT 1 FROM transactions WHERE clerk_item_id = $1 AND clerk_item_id <> '' AND order_id IS NOT NULL)`, itemID)
}

// pendingFor is the newest order that h can have paid: made before h began, and in the currency that was charged. It may be of a price
// that its seller has since replaced by another one of the same plan.
func pendingFor(ctx context.Context, q db.Q, h Holding, p payment) (orderID int64, err error) {
	currency := ""
	if p.charged != nil {
		currency = p.charged.currency
	}
	return db.One(ctx, q, db.Value[int64], `
		SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id
		WHERE o.customer_id = $1 AND o.status = 'pending_payment' AND o.created_at <= $3 AND ($4 = '' OR o.currency = $4)
			AND (i.price_id = $2 OR EXISTS (SELECT 1 FROM prices r WHERE r.id = $2 AND r.product_id = i.product_id
				AND r.clerk_plan_id = i.clerk_plan_id AND r.clerk_plan_id <> '' AND r.billing_period = i.billing_period))
		ORDER BY o.created_at DESC, o.id DESC LIMIT 1`, h.CustomerID, h.PriceID, h.Since.Add(skew), currency)
}

func insertEvent(ctx context.Context, q db.Q, orderID int64, e Event) (int64, error) {
	return db.One(ctx, q, db.Value[int64],
		`INSERT INTO order_events (order_id, kind, actor, detail, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		orderID, e.Kind, e.Actor, e.Detail, e.CreatedAt)
}

// openOrders are the ids of a buyer's orders that are not paid yet, and do not say that the buyer is gone.
func openOrders(ctx context.Context, q db.Q, buyer int64) ([]int64, error) {
	return db.All(ctx, q, db.Value[int64], `SELECT o.id`+buyersOrders+` AND o.status IN ('draft', 'pending_payment')
		AND NOT EXISTS (SELECT 1 FROM order_events e WHERE e.order_id = o.id AND e.kind = 'buyer_erased') ORDER BY o.id`, buyer)
}

func blankNotes(ctx context.Context, q db.Q, buyer int64, now time.Time) error {
	const theirs = ` IN (SELECT id FROM customers WHERE profile_id = $1)`
	if _, err := q.Exec(ctx, `UPDATE orders SET notes = '', updated_at = $2 WHERE notes <> '' AND customer_id`+theirs, buyer, now); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `UPDATE transactions SET raw_payload = '{}', updated_at = $2 WHERE raw_payload <> '{}' AND customer_id`+theirs, buyer, now)
	return err
}
