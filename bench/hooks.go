package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The statements of an event about an item, as the shop runs them (store.go of internal/inbox, identity, catalog, subscription,
// fulfillment and order).
var hookTexts = map[string]string{
	"event": `INSERT INTO webhook_events (provider, event_id, event_type, payload, body_sha256, conflicts, status, error_message, subject, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id`,
	"again": `SELECT id, provider, event_id, event_type, payload, body_sha256, conflicts, status, error_message, waits_for, subject, attempts, retry_at,
		received_at, processed_at FROM webhook_events WHERE provider = $1 AND event_id = $2 AND NOT conflicts` + forUpdate,
	"profile": `SELECT id, clerk_user_id, email, first_name, last_name, image_url, public_metadata, metadata, is_active, created_at, updated_at,
		clerk_updated_at, deleted_at FROM profiles WHERE clerk_user_id = $1` + forShare,
	"customer": `SELECT id, profile_id, external_customer_id, billing_email, full_name, company_name, country, tax_id, metadata, created_at, updated_at
		FROM customers WHERE profile_id = (SELECT p.id FROM profiles p WHERE p.clerk_user_id = $1)`,
	"lock": `SELECT id FROM customers WHERE id = $1` + forUpdate,
	"item": selectHeld + ` WHERE s.clerk_subscription_id = $1 AND s.clerk_subscription_id <> ''`,
	"ordered": selectHeld + `
		WHERE s.customer_id = $1 AND s.product_id = $2 AND s.clerk_subscription_id = '' AND s.status <> 'canceled' ORDER BY s.id DESC LIMIT 1`,
	"price": `SELECT r.id, r.product_id, r.name, r.amount_cents, r.currency, r.billing_period, r.clerk_plan_id, r.clerk_price_id, r.is_active,
			r.is_default, r.metadata, r.created_at, r.updated_at FROM prices r
		WHERE ($1 <> '' AND r.clerk_price_id = $1)
			OR ($2 <> '' AND r.clerk_plan_id = $2 AND r.billing_period <> 'one_time' AND ($3 = '' OR r.billing_period = $3))
		ORDER BY CASE WHEN r.clerk_price_id = $1 AND $1 <> '' THEN 0 ELSE 1 END, r.is_active DESC, r.id LIMIT 1`,
	"hold": `INSERT INTO subscriptions (customer_id, product_id, price_id, order_item_id, status, clerk_subscription_id, clerk_parent_id, clerk_facts,
			current_period_start, current_period_end, cancel_at_period_end, canceled_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) RETURNING id`,
	"change": `UPDATE subscriptions SET product_id = $2, price_id = $3, order_item_id = $4, status = $5, clerk_subscription_id = $6, clerk_parent_id = $7,
			clerk_facts = $8, current_period_start = $9, current_period_end = $10, cancel_at_period_end = $11, canceled_at = $12, updated_at = $13
		WHERE id = $1`,
	"waits":    `SELECT EXISTS (SELECT 1 FROM webhook_events WHERE waits_for = $1 AND status = 'deferred')`,
	"features": `SELECT feature_keys FROM products WHERE id = $1`,
	"given": `SELECT e.id, e.customer_id, e.feature_key, e.source_type, e.source_reference, e.starts_at, e.ends_at, e.is_active, e.metadata,
		e.created_at, e.updated_at FROM entitlements e WHERE e.source_reference = $1 AND e.source_type = $2 AND e.customer_id = $3 ORDER BY e.id`,
	"give": `INSERT INTO entitlements (customer_id, feature_key, source_type, source_reference, starts_at, ends_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (customer_id, feature_key, source_type, source_reference) DO NOTHING`,
	"regive": `UPDATE entitlements SET is_active = $2, ends_at = $3, updated_at = $4 WHERE id = $1`,
	"paid":   `SELECT EXISTS (SELECT 1 FROM transactions WHERE clerk_item_id = $1 AND clerk_item_id <> '' AND order_id IS NOT NULL)`,
	"pending": `SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id
		WHERE o.customer_id = $1 AND o.status = 'pending_payment' AND i.price_id = $2 AND o.created_at <= $3 AND ($4 = '' OR o.currency = $4)
		ORDER BY o.created_at DESC, o.id DESC LIMIT 1`,
	"done": `UPDATE webhook_events SET payload = $2, status = $3, error_message = $4, waits_for = $5, subject = $6, attempts = $7, retry_at = $8,
			processed_at = $9
		WHERE id = $1`,
}

const (
	selectHeld = `SELECT s.id, s.customer_id, s.product_id, p.name, r.id, r.name, r.amount_cents, r.currency, r.billing_period, s.order_item_id, s.status,
		s.clerk_subscription_id, s.clerk_parent_id, s.clerk_facts, s.current_period_start, s.current_period_end, s.cancel_at_period_end,
		s.canceled_at, s.metadata, s.created_at, s.updated_at
		FROM subscriptions s JOIN products p ON p.id = s.product_id JOIN prices r ON r.id = s.price_id`
	forUpdate, forShare = "{FOR UPDATE}", "{FOR SHARE}" // on PostgreSQL
)

// hooks is the program "bench hooks": it answers webhooks by running the statements and nothing else. It checks no signature
// and reads of an event what the statements need.
type hooks struct {
	writer     *sql.DB
	statements map[string]*sql.Stmt
}

func serveHooks(databaseURL string, out io.Writer) error {
	writer, reader, err := openLike(databaseURL)
	if err != nil {
		return err
	}
	defer func() { _, _ = writer.Close(), reader.Close() }()
	h := &hooks{writer: writer, statements: map[string]*sql.Stmt{}}
	for name, text := range hookTexts {
		locks := strings.NewReplacer(forUpdate, " FOR UPDATE", forShare, " FOR SHARE")
		if strings.HasPrefix(databaseURL, "sqlite:") {
			locks = strings.NewReplacer(forUpdate, "", forShare, "")
		}
		if h.statements[name], err = writer.PrepareContext(context.Background(), locks.Replace(text)); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, "http://"+listener.Addr().String()+"\n"); err != nil {
		return err
	}
	return http.Serve(listener, http.HandlerFunc(h.serve)) //nolint:gosec // it lives for seconds, on loopback
}

// hookEvent is what the statements need of an event.
type hookEvent struct {
	Type string
	Data struct {
		ID             string
		Status         string
		PlanID         string `json:"plan_id"`
		Interval       string
		SubscriptionID string `json:"subscription_id"`
		PeriodStart    *int64 `json:"period_start"`
		PeriodEnd      *int64 `json:"period_end"`
		CreatedAt      int64  `json:"created_at"`
		UpdatedAt      int64  `json:"updated_at"`
		Trial          bool   `json:"is_free_trial"`
		Payer          struct {
			UserID string `json:"user_id"`
		}
	}
}

func (h *hooks) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var e hookEvent
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err == nil {
		err = h.accept(r.Context(), r.Header.Get("Svix-Id"), body, e)
	}
	if err != nil {
		log.Print(err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status": "processed"}`)
}

func (h *hooks) accept(ctx context.Context, id string, body []byte, e hookEvent) error {
	tx, err := h.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing, once it is committed
	run := &hookTx{hooks: h, ctx: ctx, tx: tx}
	now := time.Now().UnixMicro()
	var event int64
	sum := sha256.Sum256(body)
	if run.row("event", []any{&event}, "clerk", id, e.Type, string(body), hex.EncodeToString(sum[:]), false, "processed", "", "", now) {
		run.savepoint("SAVEPOINT sp1")
		run.read("profile", e.Data.Payer.UserID)
		run.item(e, now)
		run.savepoint("RELEASE SAVEPOINT sp1")
		run.exec("done", event, string(body), "processed", "", "", e.Data.Payer.UserID, 1, nil, now)
	} else {
		run.read("again", "clerk", id)
	}
	return errors.Join(run.err, tx.Commit())
}

// item applies an event as internal/subscription does, when it is the newest of its item.
func (t *hookTx) item(e hookEvent, now int64) {
	d := e.Data
	var customer, sub, product, price int64
	period := map[string]string{"month": "monthly", "annual": "yearly"}[d.Interval]
	active := d.Status == "active"
	var rest any
	t.row("price", []any{&price, &product, &rest, &rest, &rest, &rest, &rest, &rest, &rest, &rest, &rest, &rest, &rest}, "", d.PlanID, period)
	t.read("customer", d.Payer.UserID)
	customer = t.id
	t.read("lock", customer)
	t.read("item", d.ID)
	sub = t.id
	if sub == 0 && active {
		t.read("ordered", customer, product)
	}
	facts := fmt.Sprintf(`{"canceled_at":{"v":"","at":%[1]d},"created_at":{"v":"%[2]d000","at":%[1]d},"end":{"v":"%[2]d000","at":%[1]d},"parent":{"v":%[3]q,"at":%[1]d},`+
		`"period":{"v":%[4]q,"at":%[1]d},"plan":{"v":%[5]q,"at":%[1]d},"start":{"v":"%[2]d000","at":%[1]d},"status":{"v":%[6]q,"at":%[1]d},`+
		`"trial":{"v":"%[7]t","at":%[1]d}}`, d.UpdatedAt*1000, d.CreatedAt, d.SubscriptionID, period, d.PlanID, d.Status, d.Trial)
	status := map[string]string{"active": "active", "past_due": "past_due", "upcoming": "incomplete", "incomplete": "incomplete"}[d.Status]
	if active && d.Trial {
		status = "trialing"
	}
	var canceled *int64
	if status == "" {
		status, canceled = "canceled", micros(&d.UpdatedAt)
	}
	start, end := micros(d.PeriodStart), micros(d.PeriodEnd)
	runsOut := d.Status == "canceled" && end != nil
	if sub == 0 {
		t.row("hold", []any{&sub}, customer, product, price, nil, status, d.ID, d.SubscriptionID, facts, start, end, runsOut, canceled, now)
		t.read("waits", "item:"+d.ID)
		t.read("waits", "subscription:"+d.SubscriptionID)
	} else {
		t.exec("change", sub, product, price, nil, status, d.ID, d.SubscriptionID, facts, start, end, runsOut, canceled, now)
	}
	var until *int64
	if runsOut {
		until = end
	}
	t.entitlements(d.ID, customer, product, now, active || runsOut && *end > now, until)
	if active || d.Status == "canceled" {
		t.read("paid", d.ID)
		t.read("pending", customer, price, max(d.CreatedAt, deref(d.PeriodStart))*1000, "")
	}
}

func (t *hookTx) entitlements(item string, customer, product, now int64, on bool, until *int64) {
	var text string
	var keys []string
	if t.row("features", []any{&text}, product); t.err == nil {
		t.err = json.Unmarshal([]byte(text), &keys)
	}
	type given struct {
		id     int64
		key    string
		ends   *int64
		active bool
	}
	var there []given
	t.rows("given", func(rows *sql.Rows) error {
		var g given
		var rest any
		err := rows.Scan(&g.id, &rest, &g.key, &rest, &rest, &rest, &g.ends, &g.active, &rest, &rest, &rest)
		there = append(there, g)
		return err
	}, item, "plan", customer)
	for _, g := range there {
		if g.active != on || on && deref(g.ends) != deref(until) {
			ends := g.ends
			if on {
				ends = until
			}
			t.exec("regive", g.id, on, ends, now)
		}
	}
	for _, key := range keys {
		if on && !slices.ContainsFunc(there, func(g given) bool { return g.key == key }) {
			t.exec("give", customer, key, "plan", item, now, until, now)
		}
	}
}

func micros(ms *int64) *int64 {
	if ms == nil {
		return nil
	}
	return new(*ms * 1000)
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// hookTx runs prepared statements until one fails.
type hookTx struct {
	*hooks
	ctx context.Context
	tx  *sql.Tx
	id  int64 // the first column of what read read last, or 0
	err error
}

func (t *hookTx) rows(name string, scan func(*sql.Rows) error, args ...any) {
	if t.err != nil {
		return
	}
	rows, err := t.tx.StmtContext(t.ctx, t.statements[name]).QueryContext(t.ctx, args...)
	if t.err = err; err != nil {
		return
	}
	for rows.Next() && err == nil {
		err = scan(rows)
	}
	t.err = errors.Join(err, rows.Err(), rows.Close())
}

// row says whether there is one.
func (t *hookTx) row(name string, into []any, args ...any) (there bool) {
	t.rows(name, func(rows *sql.Rows) error {
		there = true
		return rows.Scan(into...)
	}, args...)
	return there
}

// read takes the first column as an id, and the others as they come.
func (t *hookTx) read(name string, args ...any) {
	t.id = 0
	t.rows(name, func(rows *sql.Rows) error {
		columns, err := rows.Columns()
		into, rest := make([]any, len(columns)), new(any)
		for i := range into {
			into[i] = rest
		}
		var first any
		into[0] = &first
		if err == nil {
			err = rows.Scan(into...)
		}
		t.id, _ = first.(int64)
		return err
	}, args...)
}

func (t *hookTx) exec(name string, args ...any) {
	if t.err == nil {
		_, t.err = t.tx.StmtContext(t.ctx, t.statements[name]).ExecContext(t.ctx, args...)
	}
}

func (t *hookTx) savepoint(text string) {
	if t.err == nil {
		_, t.err = t.tx.ExecContext(t.ctx, text)
	}
}
