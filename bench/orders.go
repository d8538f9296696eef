package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "modernc.org/sqlite"             // registers the driver "sqlite"
)

const (
	buyers = 16 // at once
	buyer  = "buyer@example.test"
)

// orderScript makes wrk order one of the products each time. Its arguments are the token and how many products there are.
const orderScript = `
local products, n = 1, 0
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  products = tonumber(args[2])
end
function request()
  n = n % products + 1
  return wrk.format(nil, nil, nil, '{"price_id": ' .. n .. ', "quantity": 1}')
end
`

// orders: order creation over HTTP against a program that runs the same statements and nothing else, both durable, each on a
// database of its own, with as many at once.
func (b *bench) orders(ctx context.Context) error {
	script := filepath.Join(b.work, "order.lua")
	if err := os.WriteFile(script, []byte(orderScript), 0o600); err != nil {
		return err
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		overHTTP, err := b.newShop(ctx, engine, 1000)
		if err != nil {
			return err
		}
		p, err := overHTTP.serve(ctx)
		if err != nil {
			return err
		}
		token, err := overHTTP.token(ctx, p, buyer)
		if err != nil {
			p.stop()
			return err
		}
		bare, err := b.newShop(ctx, engine, 1000)
		if err != nil {
			p.stop()
			return err
		}
		alone, err := openAlone(ctx, bare)
		if err != nil {
			p.stop()
			return err
		}
		rate, beside, err := compare(b.rounds,
			func() (float64, error) {
				return wrk(ctx, p.url+"/api/account/orders/create/", buyers, b.round, script, token, "1000")
			},
			func() (float64, error) { return calls(ctx, buyers, b.round, alone.order) })
		p.stop()
		if err = errors.Join(err, alone.close()); err != nil {
			return err
		}
		b.add(atLeast("order creation, against its SQL alone", engine, rate, beside, 0.6))
	}
	return nil
}

// The statements of an order with one line, as the program runs them (internal/identity, catalog and order, store.go).
const (
	selectProfile = `SELECT id, clerk_user_id, email, first_name, last_name, image_url, public_metadata, metadata, is_active, created_at, updated_at
		FROM profiles WHERE clerk_user_id = $1`
	selectCustomer = `SELECT id, profile_id, external_customer_id, billing_email, full_name, company_name, country, tax_id, metadata, created_at, updated_at
		FROM customers WHERE profile_id = $1`
	selectOffer = `SELECT p.id, p.seller_id, p.name, p.slug, p.tagline, p.description, p.product_type, p.visibility, p.feature_keys, p.max_downloads,
		p.download_days, p.chosen_price_id, p.shown_price_id, p.shown_price_cents, p.sort_name, p.metadata, p.created_at, p.updated_at,
		r.id, r.product_id, r.name, r.amount_cents, r.currency, r.billing_period, r.clerk_plan_id, r.clerk_price_id, r.is_active,
		r.is_default, r.metadata, r.created_at, r.updated_at
		FROM prices r JOIN products p ON p.id = r.product_id WHERE r.id IN ($1) AND r.is_active AND p.visibility = 'published'`
	insertOrder = `INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, tax_cents, total_cents, notes, provider,
		created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id`
	insertItem = `INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
		billing_period, clerk_plan_id, feature_keys, max_downloads, download_days, quantity, unit_amount_cents, total_amount_cents,
		metadata, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) RETURNING id`
	insertEvent = `INSERT INTO order_events (order_id, kind, actor, detail, created_at) VALUES ($1, $2, $3, $4, $5)`
)

// alone is the program that runs the statements and nothing else: prepared once, on connections as the shop has them.
type alone struct {
	writer, reader                     *sql.DB
	profile, customer                  *sql.Stmt
	offer, newOrder, newItem, newEvent *sql.Stmt
	next                               atomic.Int64
}

// openLike opens a database with the settings of the shop's connections.
func openLike(databaseURL string) (writer, reader *sql.DB, err error) {
	path, ok := strings.CutPrefix(databaseURL, "sqlite:///")
	if !ok {
		if writer, err = sql.Open("pgx", databaseURL); err != nil {
			return nil, nil, err
		}
		writer.SetMaxOpenConns(16)
		writer.SetMaxIdleConns(16)
		return writer, writer, nil
	}
	dsn := "file:" + path + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_pragma=cache_size(-4000)&_pragma=temp_store(MEMORY)"
	if writer, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	if reader, err = sql.Open("sqlite", dsn); err != nil {
		return nil, nil, err
	}
	reader.SetMaxOpenConns(4)
	reader.SetMaxIdleConns(4)
	return writer, reader, nil
}

func openAlone(ctx context.Context, s *shop) (a *alone, err error) {
	a = new(alone)
	if a.writer, a.reader, err = openLike(s.databaseURL); err != nil {
		return nil, err
	}
	for _, p := range []struct {
		into *(*sql.Stmt)
		on   *sql.DB
		text string
	}{
		{&a.profile, a.reader, selectProfile}, {&a.customer, a.reader, selectCustomer}, {&a.offer, a.writer, selectOffer},
		{&a.newOrder, a.writer, insertOrder}, {&a.newItem, a.writer, insertItem}, {&a.newEvent, a.writer, insertEvent},
	} {
		if *p.into, err = p.on.PrepareContext(ctx, p.text); err != nil {
			return nil, fmt.Errorf("%s: %w", p.text, err)
		}
	}
	for _, statement := range []string{
		`INSERT INTO profiles (id, clerk_user_id, email, created_at, updated_at) VALUES (2, 'user_bench_buyer', 'buyer@example.test', 1, 1)`,
		`INSERT INTO customers (id, profile_id, created_at, updated_at) VALUES (1, 2, 1, 1)`,
	} {
		if _, err := a.writer.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *alone) close() error { return errors.Join(a.reader.Close(), a.writer.Close()) }

// order makes one order.
func (a *alone) order(ctx context.Context) (err error) {
	price := a.next.Add(1)%1000 + 1
	now := time.Now().UnixMicro()
	if err := discard(a.profile.QueryContext(ctx, "user_bench_buyer")); err != nil {
		return err
	}
	if err := discard(a.customer.QueryContext(ctx, 2)); err != nil {
		return err
	}
	tx, err := a.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	if err := discard(tx.StmtContext(ctx, a.offer).QueryContext(ctx, price)); err != nil {
		return err
	}
	var id, item int64
	err = tx.StmtContext(ctx, a.newOrder).QueryRowContext(ctx, publicID(), 1, 1, "pending_payment", "USD", 900, 0, 900, "", "manual", now).Scan(&id)
	if err != nil {
		return err
	}
	err = tx.StmtContext(ctx, a.newItem).QueryRowContext(ctx, id, price, price, "product-1", "digital", "Product 1", "One reader", "one_time", "",
		`["feature_1"]`, 5, nil, 1, 900, 900, "{}", now).Scan(&item)
	if err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, a.newEvent).ExecContext(ctx, id, "created", "buyer", "{}", now); err != nil {
		return err
	}
	return tx.Commit()
}

func publicID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// discard reads the rows to the end.
func discard(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}
