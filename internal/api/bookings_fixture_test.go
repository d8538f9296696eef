package api_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"souk/internal/booking"
	"souk/internal/catalog"
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

// newService is a published product with sessions of 90 minutes.
func newService(t *testing.T, s *souktest.Shop, seller *souktest.Client, name string) (svc service) {
	t.Helper()
	svc.product = seller.Post("/api/seller/products/", fmt.Sprintf(`{"name":%q,"product_type":"service","visibility":"published"}`, name)).Is(201).Object().ID()
	path := fmt.Sprintf("/api/seller/products/%d/", svc.product)
	svc.price = seller.Post(path+"prices/", `{"name":"A session","amount_cents":9000,"currency":"EUR"}`).Is(201).Object().ID()
	svc.offer = seller.Do("PUT", path+"service-offer/", `{"session_minutes":90}`).Is(200).Object().ID()
	return svc
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
	bs := &booking.Service{DB: s.DB, Catalog: &catalog.Service{DB: s.DB, Now: time.Now}, Now: time.Now}
	err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return bs.Sell(ctx, tx, booking.Sale{CustomerID: customer, SellerID: seller, ProductID: svc.product, OrderItemID: item, Quantity: quantity})
	})
	if err != nil {
		t.Fatal(err)
	}
	return item
}
