package booking

import (
	"context"
	"time"

	"souk/internal/db"
)

const selection = `
	SELECT b.id, b.customer_id, b.seller_id, b.service_offer_id, b.order_item_id, b.status, b.scheduled_start, b.scheduled_end,
		b.meeting_url, b.customer_notes, b.internal_notes, p.name, c.full_name, c.billing_email, o.session_minutes, o.timezone,
		b.created_at, b.updated_at
	FROM bookings b JOIN service_offers o ON o.id = b.service_offer_id JOIN products p ON p.id = o.product_id
		JOIN customers c ON c.id = b.customer_id`

func scanBooking(scan db.Scan) (b Booking, err error) {
	err = scan(&b.ID, &b.CustomerID, &b.SellerID, &b.OfferID, &b.OrderItemID, &b.Status, &b.Start, &b.End, &b.MeetingURL, &b.CustomerNotes,
		&b.InternalNotes, &b.ProductName, &b.CustomerName, &b.BillingEmail, &b.SessionMinutes, &b.Timezone, &b.CreatedAt, &b.UpdatedAt)
	return b, err
}

func listOfCustomer(ctx context.Context, q db.Q, customerID, before int64, limit int) ([]Booking, error) {
	return db.All(ctx, q, scanBooking,
		selection+` WHERE b.customer_id = $1 AND b.id < $2 ORDER BY b.id DESC LIMIT $3`, customerID, before, limit)
}

func listOfSeller(ctx context.Context, q db.Q, sellerID int64, status Status, before int64, limit int) ([]Booking, error) {
	return db.All(ctx, q, scanBooking,
		selection+` WHERE b.seller_id = $1 AND b.id < $2 AND ($3 = '' OR b.status = $3) ORDER BY b.id DESC LIMIT $4`,
		sellerID, before, status, limit)
}

func byID(ctx context.Context, q db.Q, id int64) (Booking, error) {
	return db.One(ctx, q, scanBooking, selection+` WHERE b.id = $1`, id)
}

func lockRow(ctx context.Context, tx *db.Tx, id int64) error {
	_, err := db.One(ctx, tx, db.Value[int64], `SELECT id FROM bookings WHERE id = $1`+tx.ForUpdate(), id)
	return err
}

func insert(ctx context.Context, q db.Q, b Booking) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO bookings (customer_id, seller_id, service_offer_id, order_item_id, status, customer_notes, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id`,
		b.CustomerID, b.SellerID, b.OfferID, b.OrderItemID, b.Status, b.CustomerNotes, b.CreatedAt)
}

func update(ctx context.Context, q db.Q, b Booking, from Status) (won bool, err error) {
	n, err := q.Exec(ctx, `
		UPDATE bookings SET status = $3, scheduled_start = $4, scheduled_end = $5, meeting_url = $6, customer_notes = $7,
			internal_notes = $8, updated_at = $9
		WHERE id = $1 AND status = $2`,
		b.ID, from, b.Status, b.Start, b.End, b.MeetingURL, b.CustomerNotes, b.InternalNotes, b.UpdatedAt)
	return n == 1, err
}

// slotTaken says whether another confirmed booking of b's seller overlaps it.
func slotTaken(ctx context.Context, q db.Q, b Booking) (bool, error) {
	n, err := db.One(ctx, q, db.Value[int64], `
		SELECT count(*) FROM bookings
		WHERE seller_id = $1 AND status = 'confirmed' AND id <> $2 AND scheduled_start < $4 AND $3 < scheduled_end`,
		b.SellerID, b.ID, b.Start, b.End)
	return n > 0, err
}

func oldestUntimed(ctx context.Context, q db.Q, orderItemID int64) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		SELECT id FROM bookings WHERE order_item_id = $1 AND status = 'requested' AND scheduled_start IS NULL
		ORDER BY id LIMIT 1`, orderItemID)
}

func countOfItem(ctx context.Context, q db.Q, orderItemID int64) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `SELECT count(*) FROM bookings WHERE order_item_id = $1`, orderItemID)
}

func countOpenRequests(ctx context.Context, q db.Q, customerID int64) (int64, error) {
	return db.One(ctx, q, db.Value[int64],
		`SELECT count(*) FROM bookings WHERE customer_id = $1 AND status = 'requested' AND order_item_id IS NULL`, customerID)
}

// standingOfItem are the bookings of an item that are not canceled, in the order in which a refund leaves them.
func standingOfItem(ctx context.Context, q db.Q, orderItemID int64) ([]Booking, error) {
	return db.All(ctx, q, scanBooking, selection+` WHERE b.order_item_id = $1 AND b.status <> 'canceled'
		ORDER BY b.status <> 'completed', b.scheduled_start IS NULL, b.scheduled_start, b.id`, orderItemID)
}

// item is what this package asks of an order item.
type item struct {
	customerID, productID int64
	stands                bool // its order is fulfilled, and not all of its units are refunded
	paused                bool // a dispute about the payment of its order is open
}

func scanItem(scan db.Scan) (it item, err error) {
	err = scan(&it.customerID, &it.productID, &it.stands, &it.paused)
	return it, err
}

func itemByID(ctx context.Context, q db.Q, id int64) (item, error) {
	return db.One(ctx, q, scanItem, `
		SELECT o.customer_id, i.product_id, o.status = 'fulfilled' AND i.refunded_quantity < i.quantity, o.paused_at IS NOT NULL
		FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.id = $1`, id)
}

// lockItem makes all that change the bookings of an item follow one another.
func lockItem(ctx context.Context, tx *db.Tx, id int64) error {
	_, err := db.One(ctx, tx, db.Value[int64], `SELECT id FROM order_items WHERE id = $1`+tx.ForChange(), id)
	return err
}

func blankNotes(ctx context.Context, q db.Q, buyer int64, now time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE bookings SET customer_notes = '', internal_notes = '', updated_at = $2
		WHERE (customer_notes <> '' OR internal_notes <> '') AND customer_id IN (SELECT id FROM customers WHERE profile_id = $1)`, buyer, now)
	return err
}
