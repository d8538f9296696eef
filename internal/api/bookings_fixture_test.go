package api_test

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"testing"
	"time"

	"souk/internal/booking"
	"souk/internal/db"
	"souk/internal/souktest"
)

type service struct{ product, price, offer int64 }

func sqlID(t *testing.T, s *souktest.Shop, query string, args ...any) (id int64) {
	t.Helper()
	err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = db.One(ctx, tx, db.Value[int64], query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newService(t *testing.T, s *souktest.Shop, seller *souktest.Client, name string) (svc service) {
	t.Helper()
	id := seller.Get("/api/profile/").Is(200).Object().ID()
	svc.product = sqlID(t, s, `INSERT INTO products (seller_id, name, slug, product_type, visibility, sort_name, search_text, created_at, updated_at)
		VALUES ($1, $2, $3, 'service', 'published', $2, $2, 1, 1) RETURNING id`, id, name, crand.Text())
	svc.price = sqlID(t, s, `INSERT INTO prices (product_id, name, amount_cents, currency, billing_period, created_at, updated_at)
		VALUES ($1, 'One', 100, 'USD', 'one_time', 1, 1) RETURNING id`, svc.product)
	svc.offer = sqlID(t, s, `INSERT INTO service_offers (product_id, session_minutes, created_at, updated_at) VALUES ($1, 90, 1, 1) RETURNING id`, svc.product)
	return svc
}

func (svc service) visibility(t *testing.T, s *souktest.Shop, seller *souktest.Client, v string) {
	sqlID(t, s, `UPDATE products SET visibility = $2 WHERE id = $1 RETURNING id`, svc.product, v)
}

func buySessions(t *testing.T, s *souktest.Shop, buyer *souktest.Client, svc service, quantity int) int64 {
	t.Helper()
	customer := buyer.Get("/api/account/customer/").Is(200).Object().ID()
	seller := sqlID(t, s, `SELECT seller_id FROM products WHERE id = $1`, svc.product)
	order := sqlID(t, s, `INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, paid_at, created_at, updated_at)
		VALUES ($1, $2, $3, 'fulfilled', 'USD', 100, 100, 'manual', 1, 1, 1) RETURNING id`, fmt.Sprint(time.Now()), customer, seller)
	item := sqlID(t, s, `INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
		billing_period, quantity, unit_amount_cents, total_amount_cents, created_at, updated_at)
		VALUES ($1, $2, $3, 'x', 'service', 'x', 'One', 'one_time', $4, 100, $5, 1, 1) RETURNING id`, order, svc.product, svc.price, quantity, 100*quantity)
	bs := &booking.Service{DB: s.DB, Now: time.Now}
	err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return bs.Sell(ctx, tx, booking.Sale{CustomerID: customer, SellerID: seller, ProductID: svc.product, OrderItemID: item, Quantity: quantity})
	})
	if err != nil {
		t.Fatal(err)
	}
	return item
}
