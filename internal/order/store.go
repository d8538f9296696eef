package order

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
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
		err = scan(&b.orderID, &b.Status, &b.Provider, &b.TotalCents, &b.Currency, &b.Attempt, &b.CheckedAt, &b.plan)
		return b, err
	}, `SELECT o.id, o.status, o.provider, o.total_cents, o.currency, COALESCE(c.status, ''), COALESCE(c.checked_at, o.created_at),
			COALESCE((SELECT MIN(i.clerk_plan_id) FROM order_items i WHERE i.order_id = o.id), '')
		FROM orders o LEFT JOIN checkout_sessions c ON c.order_id = o.id
		WHERE o.public_id = $1 ORDER BY c.attempt DESC LIMIT 1`, publicID)
}

const salesColumns = columns + `, c.full_name, c.billing_email`

func scanSale(scan db.Scan) (s Sale, err error) {
	err = scan(append(fields(&s.Order), &s.BuyerName, &s.BuyerEmail)...)
	return s, err
}

const sellersOrders = ` FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.seller_id = $1`

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
	known := o.ExternalReference != "" || o.ClerkCheckoutID != ""
	if p.externalID == "" {
		p.externalID = o.PublicID
	}
	paid := p.of(o)
	p.charged = &paid
	err := insertTransaction(ctx, q, &o.ID, o.CustomerID, "succeeded", p, now)
	if err == nil && known {
		_, err = q.Exec(ctx, `UPDATE orders SET external_reference = $2, clerk_checkout_id = $3, tax_cents = $4, total_cents = $5 WHERE id = $1`,
			o.ID, o.ExternalReference, o.ClerkCheckoutID, o.TaxCents, o.TotalCents)
	}
	return err
}

// insertTransaction writes a payment; orderID is nil for one that belongs to no order. p says what was charged.
func insertTransaction(ctx context.Context, q db.Q, orderID *int64, customerID int64, status string, p payment, now time.Time) error {
	if p.raw == nil {
		p.raw = json.RawMessage("{}")
	}
	_, err := q.Exec(ctx, `
		INSERT INTO transactions (order_id, customer_id, provider, external_id, clerk_item_id, status, amount_cents, currency, raw_payload, extra,
			created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
		orderID, customerID, p.provider, p.externalID, p.itemID, status, p.charged.cents, p.charged.currency, p.raw, p.extra, now)
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
	if _, err := q.Exec(ctx, `UPDATE transactions SET raw_payload = '{}', updated_at = $2 WHERE raw_payload <> '{}' AND customer_id`+theirs, buyer, now); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `UPDATE refunds SET reason = '', updated_at = $2 WHERE reason <> '' AND order_id IN (SELECT id FROM orders WHERE customer_id`+theirs+`)`, buyer, now)
	return err
}

// wordyEvents are the steps of a buyer's orders that hold words of somebody's.
func wordyEvents(ctx context.Context, q db.Q, buyer int64) ([]Event, error) {
	return db.All(ctx, q, func(scan db.Scan) (e Event, err error) {
		err = scan(&e.ID, &e.Detail)
		return e, err
	}, `SELECT e.id, e.detail FROM order_events e JOIN orders o ON o.id = e.order_id JOIN customers c ON c.id = o.customer_id
		WHERE c.profile_id = $1 AND (e.detail LIKE '%"note"%' OR e.detail LIKE '%"reason"%') ORDER BY e.id`, buyer)
}

func setDetail(ctx context.Context, q db.Q, eventID int64, detail json.RawMessage) error {
	_, err := q.Exec(ctx, `UPDATE order_events SET detail = $2 WHERE id = $1`, eventID, detail)
	return err
}

// billingEmail is where a customer gets mail; it may be empty.
func billingEmail(ctx context.Context, q db.Q, customerID int64) (string, error) {
	return db.One(ctx, q, db.Value[string], `SELECT billing_email FROM customers WHERE id = $1`, customerID)
}

func buyerOf(ctx context.Context, q db.Q, orderID int64) (profileID int64, err error) {
	return db.One(ctx, q, db.Value[int64], `SELECT c.profile_id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1`, orderID)
}

func idByPublicID(ctx context.Context, q db.Q, publicID string) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `SELECT id FROM orders WHERE public_id = $1`, publicID)
}

// lockByPublicID holds the order's row: all that changes an order and what hangs on it follows one another.
func lockByPublicID(ctx context.Context, tx *db.Tx, publicID string) (Order, error) {
	id, err := db.One(ctx, tx, db.Value[int64], `SELECT id FROM orders WHERE public_id = $1`+tx.ForChange(), publicID)
	if err != nil {
		return Order{}, err
	}
	return byID(ctx, tx, id)
}

const attemptColumns = `order_id, attempt, COALESCE(session_id, ''), url, status, expires_at, checked_at, created_at`

func scanAttempt(scan db.Scan) (a Attempt, err error) {
	err = scan(&a.OrderID, &a.Number, &a.SessionID, &a.URL, &a.Status, &a.ExpiresAt, &a.CheckedAt, &a.CreatedAt)
	return a, err
}

func newestAttempt(ctx context.Context, q db.Q, orderID int64) (Attempt, error) {
	return db.One(ctx, q, scanAttempt,
		`SELECT `+attemptColumns+` FROM checkout_sessions WHERE order_id = $1 ORDER BY attempt DESC LIMIT 1`, orderID)
}

func liveAttempts(ctx context.Context, q db.Q, orderID int64) ([]Attempt, error) {
	return db.All(ctx, q, scanAttempt, `SELECT `+attemptColumns+` FROM checkout_sessions
		WHERE order_id = $1 AND status IN ('creating', 'open', 'processing') ORDER BY attempt`, orderID)
}

// attemptOf is the attempt that a report is about: by the session's id, or by its number while the id is not known.
func attemptOf(ctx context.Context, q db.Q, orderID int64, r SessionReport) (Attempt, error) {
	return db.One(ctx, q, scanAttempt, `SELECT `+attemptColumns+` FROM checkout_sessions
		WHERE order_id = $1 AND (session_id = $2 OR session_id IS NULL AND attempt = $3) ORDER BY session_id IS NULL LIMIT 1`,
		orderID, r.SessionID, r.Attempt)
}

func hasSession(ctx context.Context, q db.Q, orderID int64, sessionID string) (bool, error) {
	return db.One(ctx, q, db.Value[bool],
		`SELECT EXISTS (SELECT 1 FROM checkout_sessions WHERE order_id = $1 AND session_id = $2)`, orderID, sessionID)
}

func scanWaiting(scan db.Scan) (w Waiting, err error) {
	err = scan(&w.ID, &w.Name)
	return w, err
}

func unheard(ctx context.Context, q db.Q, before time.Time, after int64, limit int) ([]Waiting, error) {
	return db.All(ctx, q, scanWaiting, `SELECT o.id, o.public_id FROM checkout_sessions c JOIN orders o ON o.id = c.order_id
		WHERE c.status IN ('creating', 'open', 'processing') AND c.checked_at < $1 AND o.id > $2 ORDER BY o.id LIMIT $3`, before, after, limit)
}

func reconciledUntil(ctx context.Context, q db.Q) (time.Time, error) {
	micros, err := db.One(ctx, q, db.Value[string], `SELECT position FROM bookmarks WHERE name = 'reconcile.stripe'`)
	if err != nil {
		return time.Time{}, err
	}
	n, err := strconv.ParseInt(micros, 10, 64)
	return time.UnixMicro(n).UTC(), err
}

func setReconciledUntil(ctx context.Context, q db.Q, at, now time.Time) error {
	_, err := q.Exec(ctx, `
		INSERT INTO bookmarks (name, position, updated_at) VALUES ('reconcile.stripe', $1, $2)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = excluded.updated_at`, strconv.FormatInt(at.UnixMicro(), 10), now)
	return err
}

func insertAttempt(ctx context.Context, q db.Q, a Attempt) error {
	_, err := q.Exec(ctx, `
		INSERT INTO checkout_sessions (order_id, attempt, status, expires_at, checked_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6)`, a.OrderID, a.Number, a.Status, a.ExpiresAt, a.CheckedAt, a.CreatedAt)
	return err
}

// moveAttempt brings an attempt up to what was told of it. moved is false when it was there already, or further. The order's row
// is held.
func moveAttempt(ctx context.Context, q db.Q, a, told Attempt, now time.Time) (moved bool, err error) {
	if attemptRank[told.Status] <= attemptRank[a.Status] {
		if a.Live() {
			_, err = q.Exec(ctx, `UPDATE checkout_sessions SET checked_at = $3 WHERE order_id = $1 AND attempt = $2`, a.OrderID, a.Number, now)
		}
		return false, err
	}
	if told.SessionID == "" {
		told.SessionID = a.SessionID
	}
	if told.URL == "" {
		told.URL = a.URL
	}
	if told.ExpiresAt.IsZero() {
		told.ExpiresAt = a.ExpiresAt
	}
	n, err := q.Exec(ctx, `
		UPDATE checkout_sessions SET session_id = NULLIF($4, ''), url = $5, status = $6, expires_at = $7, checked_at = $8, updated_at = $8
		WHERE order_id = $1 AND attempt = $2 AND status = $3`,
		a.OrderID, a.Number, a.Status, told.SessionID, told.URL, told.Status, told.ExpiresAt, now)
	return n == 1, err
}

// Transaction is a payment: money that came.
type Transaction struct {
	ID          int64
	OrderID     int64 // 0 for a renewal's
	Provider    string
	ExternalID  string
	Status      string
	AmountCents int64
	Currency    string
	Extra       bool // its order did not need it
	CreatedAt   time.Time
}

const transactionColumns = `id, COALESCE(order_id, 0), provider, external_id, status, amount_cents, currency, extra, created_at`

func scanTransaction(scan db.Scan) (t Transaction, err error) {
	err = scan(&t.ID, &t.OrderID, &t.Provider, &t.ExternalID, &t.Status, &t.AmountCents, &t.Currency, &t.Extra, &t.CreatedAt)
	return t, err
}

func transactionByID(ctx context.Context, q db.Q, id int64) (Transaction, error) {
	return db.One(ctx, q, scanTransaction, `SELECT `+transactionColumns+` FROM transactions WHERE id = $1`, id)
}

func transactionByExternal(ctx context.Context, q db.Q, provider, externalID string) (Transaction, error) {
	return db.One(ctx, q, scanTransaction, `SELECT `+transactionColumns+` FROM transactions WHERE provider = $1 AND external_id = $2`, provider, externalID)
}

// paymentOf is what paid an order.
func paymentOf(ctx context.Context, q db.Q, orderID int64) (Transaction, error) {
	return db.One(ctx, q, scanTransaction, `SELECT `+transactionColumns+` FROM transactions
		WHERE order_id = $1 AND NOT extra AND status IN ('succeeded', 'refunded')`, orderID)
}

func setTransactionStatus(ctx context.Context, q db.Q, id int64, status string, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE transactions SET status = $2, updated_at = $3 WHERE id = $1`, id, status, now)
	return err
}

const refundColumns = `id, order_id, transaction_id, key, COALESCE(external_id, ''), status, amount_cents, currency, reason, failure, actor,
	succeeded_at, created_at, updated_at`

func scanRefund(scan db.Scan) (r Refund, err error) {
	err = scan(&r.ID, &r.OrderID, &r.TransactionID, &r.Key, &r.ExternalID, &r.Status, &r.AmountCents, &r.Currency, &r.Reason, &r.Failure, &r.Actor,
		&r.SucceededAt, &r.CreatedAt, &r.UpdatedAt)
	return r, err
}

// refunds reads those that where selects, with their lines.
func refunds(ctx context.Context, q db.Q, where string, args ...any) ([]Refund, error) {
	list, err := db.All(ctx, q, scanRefund, `SELECT `+refundColumns+` FROM refunds WHERE `+where+` ORDER BY id`, args...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	ids, at := make([]int64, len(list)), map[int64]*Refund{}
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	in, inArgs := db.In(ids)
	_, err = db.All(ctx, q, func(scan db.Scan) (l RefundLine, err error) {
		var id int64
		if err = scan(&id, &l.OrderItemID, &l.Quantity); err == nil {
			at[id].Lines = append(at[id].Lines, l)
		}
		return l, err
	}, `SELECT refund_id, order_item_id, quantity FROM refund_items WHERE refund_id IN (`+in+`) ORDER BY refund_id, order_item_id`, inArgs...)
	return list, err
}

func oneRefund(ctx context.Context, q db.Q, where string, args ...any) (Refund, error) {
	list, err := refunds(ctx, q, where, args...)
	if err == nil && len(list) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Refund{}, err
	}
	return list[0], nil
}

func refundByID(ctx context.Context, q db.Q, id int64) (Refund, error) {
	return oneRefund(ctx, q, `id = $1`, id)
}

// refundByReport is the refund of a payment that a report is about: by the provider's id, or by ours while that is not known.
func refundByReport(ctx context.Context, q db.Q, transactionID int64, r RefundReport) (Refund, error) {
	return oneRefund(ctx, q, `transaction_id = $1 AND (external_id = $2 OR external_id IS NULL AND key = $3)`, transactionID, r.ExternalID, r.Key)
}

// refundsOf are all refunds of a payment.
func refundsOf(ctx context.Context, q db.Q, transactionID int64) ([]Refund, error) {
	return refunds(ctx, q, `transaction_id = $1`, transactionID)
}

// namelessRefunds are those of which only a sum was told.
func namelessRefunds(ctx context.Context, q db.Q, transactionID int64) ([]Refund, error) {
	return refunds(ctx, q, `transaction_id = $1 AND external_id IS NULL AND actor = 'stripe' AND status = 'succeeded' AND amount_cents > 0`, transactionID)
}

func openRefunds(ctx context.Context, q db.Q, before time.Time, after int64, limit int) ([]Waiting, error) {
	return db.All(ctx, q, scanWaiting, `SELECT id, COALESCE(external_id, key) FROM refunds
		WHERE status IN ('requested', 'pending') AND updated_at < $1 AND id > $2 ORDER BY id LIMIT $3`, before, after, limit)
}

func insertRefund(ctx context.Context, q db.Q, r *Refund) (err error) {
	r.ID, err = db.One(ctx, q, db.Value[int64], `
		INSERT INTO refunds (order_id, transaction_id, key, external_id, status, amount_cents, currency, reason, actor, succeeded_at, created_at, updated_at)
		VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id`,
		r.OrderID, r.TransactionID, r.Key, r.ExternalID, r.Status, r.AmountCents, r.Currency, r.Reason, r.Actor, r.SucceededAt, r.CreatedAt)
	for n := 0; n < len(r.Lines) && err == nil; n++ {
		_, err = q.Exec(ctx, `INSERT INTO refund_items (refund_id, order_item_id, quantity) VALUES ($1, $2, $3)`,
			r.ID, r.Lines[n].OrderItemID, r.Lines[n].Quantity)
	}
	return err
}

func updateRefund(ctx context.Context, q db.Q, r Refund, from RefundStatus) (won bool, err error) {
	n, err := q.Exec(ctx, `UPDATE refunds SET status = $3, failure = $4, succeeded_at = $5, updated_at = $6 WHERE id = $1 AND status = $2`,
		r.ID, from, r.Status, r.Failure, r.SucceededAt, r.UpdatedAt)
	return n == 1, err
}

func nameRefund(ctx context.Context, q db.Q, id int64, externalID string) error {
	_, err := q.Exec(ctx, `UPDATE refunds SET external_id = NULLIF($2, '') WHERE id = $1`, id, externalID)
	return err
}

func shrinkRefund(ctx context.Context, q db.Q, id, amountCents int64) error {
	_, err := q.Exec(ctx, `UPDATE refunds SET amount_cents = $2 WHERE id = $1`, id, amountCents)
	return err
}

func heardRefund(ctx context.Context, q db.Q, id int64, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE refunds SET updated_at = $2 WHERE id = $1 AND status IN ('requested', 'pending')`, id, now)
	return err
}

func addRefunded(ctx context.Context, q db.Q, orderID, cents int64, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE orders SET refunded_cents = refunded_cents + $2, updated_at = $3 WHERE id = $1`, orderID, cents, now)
	return err
}

func addRefundedUnits(ctx context.Context, q db.Q, itemID, quantity int64, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE order_items SET refunded_quantity = refunded_quantity + $2, updated_at = $3 WHERE id = $1`, itemID, quantity, now)
	return err
}

func setPaused(ctx context.Context, q db.Q, orderID int64, at *time.Time, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE orders SET paused_at = $2, updated_at = $3 WHERE id = $1`, orderID, at, now)
	return err
}

func disputeByExternal(ctx context.Context, q db.Q, externalID string) (dispute, error) {
	return db.One(ctx, q, func(scan db.Scan) (d dispute, err error) {
		err = scan(&d.id, &d.open, &d.closed)
		return d, err
	}, `SELECT id, open, closed_at IS NOT NULL FROM disputes WHERE external_id = $1`, externalID)
}

func insertDispute(ctx context.Context, q db.Q, orderID, transactionID int64, r DisputeReport, now time.Time) (d dispute, err error) {
	d.id, err = db.One(ctx, q, db.Value[int64], `
		INSERT INTO disputes (order_id, transaction_id, external_id, status, reason, amount_cents, currency, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id`,
		orderID, transactionID, r.ExternalID, r.Status, r.Reason, r.AmountCents, r.Currency, now)
	return d, err
}

func updateDispute(ctx context.Context, q db.Q, id int64, r DisputeReport, now time.Time) error {
	var closed *time.Time
	if r.Phase.closed() {
		closed = &now
	}
	_, err := q.Exec(ctx, `
		UPDATE disputes SET status = $2, reason = $3, amount_cents = $4, open = $5, lost = $6, closed_at = $7, updated_at = $8 WHERE id = $1`,
		id, r.Status, r.Reason, r.AmountCents, r.Phase == DisputeOpen, r.Phase == DisputeLost, closed, now)
	return err
}

func heardDispute(ctx context.Context, q db.Q, id int64, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE disputes SET updated_at = $2 WHERE id = $1`, id, now)
	return err
}

func anyDisputeOpen(ctx context.Context, q db.Q, orderID int64) (bool, error) {
	return db.One(ctx, q, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM disputes WHERE order_id = $1 AND open)`, orderID)
}

func openDisputes(ctx context.Context, q db.Q, before time.Time, after int64, limit int) ([]Waiting, error) {
	return db.All(ctx, q, scanWaiting, `SELECT id, external_id FROM disputes WHERE closed_at IS NULL AND updated_at < $1 AND id > $2 ORDER BY id LIMIT $3`,
		before, after, limit)
}

// salesFilter holds a list to what Filter.args say, which are numbered from $2.
const salesFilter = ` AND ($2 = '' OR o.status = $2)
	AND (CAST($3 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id AND i.product_id = CAST($3 AS BIGINT)))
	AND ($4 = '' OR o.provider = $4)
	AND ($5 = '' OR lower(c.billing_email) LIKE $6 ESCAPE '\' OR o.public_id LIKE $7 ESCAPE '\' OR o.external_reference = $5 OR o.id = CAST($8 AS BIGINT))
	AND (CAST($9 AS BIGINT) IS NULL OR o.created_at >= CAST($9 AS BIGINT))
	AND (CAST($10 AS BIGINT) IS NULL OR o.created_at < CAST($10 AS BIGINT))
	AND (CAST($11 AS BIGINT) = 0
		OR EXISTS (SELECT 1 FROM disputes d WHERE d.order_id = o.id AND d.closed_at IS NULL)
		OR EXISTS (SELECT 1 FROM transactions x WHERE x.order_id = o.id AND x.extra AND x.status = 'succeeded')
		OR (SELECT r.status FROM refunds r WHERE r.order_id = o.id ORDER BY r.id DESC LIMIT 1) IN ('failed', 'canceled'))`

func listOfSeller(ctx context.Context, q db.Q, seller int64, f Filter, before int64, limit int) ([]Sale, error) {
	sales, err := db.All(ctx, q, scanSale, `SELECT `+salesColumns+sellersOrders+salesFilter+` AND o.id < $12 ORDER BY o.id DESC LIMIT $13`,
		slices.Concat([]any{seller}, f.args(), []any{before, limit})...)
	if err != nil {
		return nil, err
	}
	return sales, addItems(ctx, q, ordersOf(sales))
}

// span is the first and the last id of a seller's list, and how many orders that are.
func span(ctx context.Context, q db.Q, seller int64, f Filter, before int64, limit int) (first, last, n int64, err error) {
	_, err = db.One(ctx, q, func(scan db.Scan) (none struct{}, err error) { return none, scan(&first, &last, &n) }, `
		SELECT COALESCE(max(id), 0), COALESCE(min(id), 0), count(*)
		FROM (SELECT o.id`+sellersOrders+salesFilter+` AND o.id < $12 ORDER BY o.id DESC LIMIT $13) listed`,
		slices.Concat([]any{seller}, f.args(), []any{before, limit})...)
	return first, last, n, err
}

func ofSeller(ctx context.Context, q db.Q, seller int64, publicID string) (Sale, error) {
	sale, err := db.One(ctx, q, scanSale, `SELECT `+salesColumns+sellersOrders+` AND o.public_id = $2`, seller, publicID)
	if err != nil {
		return Sale{}, err
	}
	return sale, addItems(ctx, q, []*Order{&sale.Order})
}

func ordersOf(sales []Sale) []*Order {
	orders := make([]*Order, len(sales))
	for i := range sales {
		orders[i] = &sales[i].Order
	}
	return orders
}

func scanDispute(scan db.Scan) (d Dispute, err error) {
	err = scan(&d.OrderID, &d.Status, &d.Reason, &d.AmountCents, &d.Currency, &d.Open, &d.Lost, &d.CreatedAt, &d.UpdatedAt, &d.ClosedAt)
	return d, err
}

// addHistory reads what happened to all sales and to their money.
func addHistory(ctx context.Context, q db.Q, sales []Sale) error {
	if len(sales) == 0 {
		return nil
	}
	ids, at := make([]int64, len(sales)), map[int64]*Sale{}
	for i := range sales {
		ids[i], at[sales[i].ID] = sales[i].ID, &sales[i]
	}
	in, args := db.In(ids)
	of := ` WHERE order_id IN (` + in + `) ORDER BY id`
	_, err := db.All(ctx, q, func(scan db.Scan) (e Event, err error) {
		var orderID int64
		if err = scan(&e.ID, &orderID, &e.Kind, &e.Actor, &e.Detail, &e.CreatedAt); err == nil {
			at[orderID].Timeline = append(at[orderID].Timeline, e)
		}
		return e, err
	}, `SELECT id, order_id, kind, actor, detail, created_at FROM order_events`+of, args...)
	if err != nil {
		return err
	}
	payments, err := db.All(ctx, q, scanTransaction, `SELECT `+transactionColumns+` FROM transactions`+of, args...)
	if err != nil {
		return err
	}
	for _, p := range payments {
		at[p.OrderID].Payments = append(at[p.OrderID].Payments, p)
	}
	disputes, err := db.All(ctx, q, scanDispute,
		`SELECT order_id, status, reason, amount_cents, currency, open, lost, created_at, updated_at, closed_at FROM disputes`+of, args...)
	if err != nil {
		return err
	}
	for _, d := range disputes {
		at[d.OrderID].Disputes = append(at[d.OrderID].Disputes, d)
	}
	given, err := refunds(ctx, q, `order_id IN (`+in+`)`, args...)
	for _, r := range given {
		at[r.OrderID].Refunds = append(at[r.OrderID].Refunds, r)
	}
	return err
}
