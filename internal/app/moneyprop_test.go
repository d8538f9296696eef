package app_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/devcloud/stripe"
	"souk/internal/souktest"
)

// moneySeeds are those of SOUK_SEED, or else 30; 2 of the short tests.
func moneySeeds(t *testing.T) []uint64 {
	if os.Getenv("SOUK_SEED") != "" {
		return seeds(t)
	}
	list := make([]uint64, 30)
	if testing.Short() {
		list = list[:2]
	}
	for n := range list {
		list[n] = uint64(n) + 1
	}
	return list
}

// TestMoneyAgainstAModel does what buyers, sellers, Stripe and the network may do, in random order, and looks after every step whether
// the invariants hold; at the end, when everything was told, whether everybody has what they paid for, and nobody else.
func TestMoneyAgainstAModel(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { moneyOn(t, dbtest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { moneyOn(t, dbtest.Postgres(t, dbtest.Empty, "")) })
}

func moneyOn(t *testing.T, url string) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())).UTC().Truncate(time.Microsecond) }
	st := newStall(t, souktest.NewAt(t, url, now))
	set := func(name, value string) {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	set("rapid.checks", "1")
	set("rapid.steps", "50")
	set("rapid.nofailfile", "true")
	for _, seed := range moneySeeds(t) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			set("rapid.seed", fmt.Sprint(seed))
			rapid.Check(t, func(r *rapid.T) {
				m := &till{stall: st, t: r, test: t, ahead: &ahead, now: now, began: now().Truncate(time.Second), email: fmt.Sprintf("buyer%d@example.test", buyers.Add(1))}
				m.control(m.Stripe.Hold(t.Context(), true))
				actions := m.actions()
				actions[""] = m.check
				r.Repeat(actions)
				m.end()
			})
		})
	}
}

var buyers atomic.Int64

// till is one run of the property: a buyer, and the orders that they made.
type till struct {
	*stall
	t      *rapid.T
	test   *testing.T
	ahead  *atomic.Int64
	now    func() time.Time
	began  time.Time
	email  string
	orders []string
}

func (m *till) as(email string) *souktest.Client {
	m.test.Helper()
	token, err := m.Issuer.Token(email, nil, m.now(), time.Hour)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.Bearer(token).For(m.test)
}

// control fails the run for an error of the stand-in, unless the thing is just not possible now.
func (m *till) control(err error) {
	switch err {
	case nil, stripe.ErrNotOpen, stripe.ErrNotPossible:
	default:
		m.t.Fatalf("the stand-in: %v", err)
	}
}

// one draws an element.
func one[T any](t *rapid.T, of []T, label string) T {
	if len(of) == 0 {
		t.Skip("there is no " + label)
	}
	return of[rapid.IntRange(0, len(of)-1).Draw(t, label)]
}

func (m *till) post(who *souktest.Client, path string, body any, allowed ...int) {
	if answer := who.Post(path, body); !slices.Contains(allowed, answer.Status) {
		m.t.Fatalf("POST %s %v: %d %s", path, body, answer.Status, answer.Body)
	}
}

func (m *till) actions() map[string]func(*rapid.T) {
	order := func(t *rapid.T) string { return one(t, m.orders, "order") }
	ctx := m.test.Context()
	session := func(t *rapid.T) stripe.Session { return one(t, m.sessions(), "session") }
	paid := func(t *rapid.T) stripe.Payment { return one(t, m.payments(), "payment") }
	buy := func(t *rapid.T) {
		lines := []souktest.Object{}
		names := rapid.SampledFrom([][]string{{"book"}, {"course"}, {"call"}, {"book", "course"}, {"book", "call"}, {"manga"}, {"oud"}}).Draw(t, "cart")
		for _, name := range names {
			lines = append(lines, souktest.Object{"price_id": m.prices[name], "quantity": rapid.IntRange(1, 3).Draw(t, "quantity")})
		}
		made := m.as(m.email).Post("/api/account/orders/create/", souktest.Object{"items": lines}).Is(201).Object()
		m.orders = append(m.orders, made.Sub("order").Text("public_id"))
	}
	return map[string]func(*rapid.T){
		"buy": buy,
		"buy and pay": func(t *rapid.T) {
			buy(t)
			m.Nobody().For(m.test).Get("/checkout/" + m.orders[len(m.orders)-1] + "/")
			for _, c := range m.sessions() {
				if c.Metadata["souk_order"] == m.orders[len(m.orders)-1] {
					_, err := m.Stripe.Pay(ctx, c.ID, stripe.CardPays, "")
					m.control(err)
				}
			}
		},
		"deliver all": func(t *rapid.T) {
			for _, e := range m.events() {
				if e.Held {
					m.control(m.Stripe.Resend(ctx, e.ID))
				}
			}
			m.control(m.Stripe.Drain(ctx))
		},
		"visit": func(t *rapid.T) { m.Nobody().For(m.test).Get("/checkout/" + order(t) + "/") },
		"lose an answer and visit": func(t *rapid.T) {
			id := order(t)
			m.Stripe.FailNext("/v1/", rapid.IntRange(1, 2).Draw(t, "times"), rapid.SampledFrom([]int{0, 0, 500, 429}).Draw(t, "status")) // the client library tries twice
			m.Nobody().For(m.test).Get("/checkout/" + id + "/")
		},
		"pay": func(t *rapid.T) {
			card := rapid.SampledFrom([]string{stripe.CardPays, stripe.CardPays, stripe.CardPays, stripe.CardDeclined, stripe.CardChallenge, stripe.BankPays, stripe.BankFails}).Draw(t, "card")
			c := session(t)
			if result, err := m.Stripe.Pay(ctx, c.ID, card, ""); err != nil {
				m.control(err)
			} else if result == stripe.Challenged {
				_, err := m.Stripe.Challenge(ctx, c.ID, rapid.Bool().Draw(t, "authenticated"))
				m.control(err)
			}
		},
		"settle": func(t *rapid.T) { m.control(m.Stripe.Settle(ctx, session(t).ID, rapid.Bool().Draw(t, "ok"))) },
		"expire": func(t *rapid.T) { m.control(m.Stripe.ExpireSession(ctx, session(t).ID)) },
		"deliver": func(t *rapid.T) { // whichever, be it again
			e := one(t, m.events(), "event")
			m.control(m.Stripe.Resend(ctx, e.ID))
			m.control(m.Stripe.Drain(ctx))
		},
		"confirm": func(t *rapid.T) {
			m.post(m.as(m.email), "/api/account/orders/"+order(t)+"/confirm/", `{"provider":"stripe"}`, 200, 409, 502) // 502: an answer got lost
		},
		"come back": func(t *rapid.T) { m.Nobody().For(m.test).Get("/api/checkout/" + order(t) + "/").Is(200) },
		"cancel":    func(t *rapid.T) { m.post(m.as(m.email), "/api/account/orders/"+order(t)+"/cancel/", nil, 200, 409) },
		"mark paid": func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
				t.Skip("seldom")
			}
			m.post(m.as("seller@example.test"), "/api/seller/orders/"+order(t)+"/mark-paid/", `{"note":"by transfer"}`, 200, 409)
		},
		"refund": func(t *rapid.T) {
			id, want := order(t), souktest.Object{}
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 1:
				want["amount_cents"] = rapid.IntRange(1, 500).Draw(t, "tens") * 10
			case 2:
				items := m.as(m.email).Get("/api/account/orders/" + id + "/").Is(200).Object().Subs("items")
				want["items"] = []souktest.Object{{"order_item": one(t, items, "item").ID(), "quantity": rapid.IntRange(1, 2).Draw(t, "units")}}
			}
			m.post(m.as("seller@example.test"), "/api/seller/orders/"+id+"/refund/", want, 200, 409, 422)
		},
		"refund in the dashboard": func(t *rapid.T) {
			_, err := m.Stripe.Refund(ctx, paid(t).ID, int64(rapid.IntRange(0, 300).Draw(t, "tens")*10))
			m.control(err)
		},
		"refunds take long": func(t *rapid.T) { m.control(m.Stripe.RefundsArePending(ctx, rapid.Bool().Draw(t, "pending"))) },
		"settle a refund": func(t *rapid.T) {
			r := one(t, m.refunds(), "refund")
			if r.Status == "pending" {
				m.control(m.Stripe.SettleRefund(ctx, r.ID, rapid.IntRange(0, 3).Draw(t, "ok") > 0))
			}
		},
		"dispute": func(t *rapid.T) {
			_, err := m.Stripe.Dispute(ctx, paid(t).ID, 0, rapid.IntRange(0, 3).Draw(t, "inquiry") == 0)
			m.control(err)
		},
		"decide a dispute": func(t *rapid.T) {
			d := one(t, m.disputes(), "dispute")
			m.control(m.Stripe.CloseDispute(ctx, d.ID, rapid.SampledFrom([]string{"won", "lost", "warning_closed"}).Draw(t, "how")))
		},
		"work": func(*rapid.T) { m.Work() },
		"lose an answer and work": func(t *rapid.T) {
			m.Stripe.FailNext("/v1/", rapid.IntRange(1, 2).Draw(t, "times"), rapid.SampledFrom([]int{0, 500}).Draw(t, "status"))
			m.Work()
		},
		"wait": func(t *rapid.T) {
			m.ahead.Add(int64(rapid.SampledFrom([]time.Duration{10 * time.Second, 2 * time.Minute, 2 * time.Hour, 25 * time.Hour}).Draw(t, "wait")))
		},
		"reconcile": func(t *rapid.T) {
			if rapid.Bool().Draw(t, "with a fault") {
				m.Stripe.FailNext("/v1/", 1, 500)
			}
			_, _ = m.ReconcileStripe(ctx)
		},
	}
}

// own says that metadata is of one of the run's orders.
func (m *till) own(metadata map[string]string) bool {
	return slices.Contains(m.orders, metadata["souk_order"])
}

func (m *till) sessions() []stripe.Session {
	return slices.DeleteFunc(m.Stripe.Sessions(), func(c stripe.Session) bool { return !m.own(c.Metadata) })
}

func (m *till) payments() []stripe.Payment {
	return slices.DeleteFunc(m.Stripe.Payments(), func(p stripe.Payment) bool { return !m.own(p.Metadata) || p.Status != "succeeded" })
}

func (m *till) paymentIDs() map[string]stripe.Payment {
	by := map[string]stripe.Payment{}
	for _, p := range m.payments() {
		by[p.ID] = p
	}
	return by
}

func (m *till) refunds() []stripe.RefundOf {
	by := m.paymentIDs()
	return slices.DeleteFunc(m.Stripe.Refunds(), func(r stripe.RefundOf) bool { return by[r.Payment].ID == "" })
}

func (m *till) disputes() []stripe.DisputeOf {
	by := m.paymentIDs()
	return slices.DeleteFunc(m.Stripe.Disputes(), func(d stripe.DisputeOf) bool { return by[d.Payment].ID == "" })
}

// events are the run's.
func (m *till) events() []stripe.Told {
	needles := slices.Clone(m.orders)
	for _, p := range m.payments() {
		needles = append(needles, p.ID)
	}
	return slices.DeleteFunc(m.Stripe.Events(), func(e stripe.Told) bool {
		return e.Created.Before(m.began) || !slices.ContainsFunc(needles, func(n string) bool { return strings.Contains(string(e.Body), n) })
	})
}

// check is what holds after every step.
func (m *till) check(*rapid.T) {
	for rule, query := range moneyRules {
		n, err := db.One(m.test.Context(), m.DB, db.Value[int64], query)
		if err != nil || n != 0 {
			m.t.Fatalf("%s: broken %d times, %v", rule, n, err)
		}
	}
	open, paidFor := map[string]int{}, map[string]int64{}
	for _, c := range m.sessions() {
		if c.Status == "open" {
			open[c.Metadata["souk_order"]]++
		}
	}
	for id, n := range open {
		if n > 1 {
			m.t.Fatalf("order %s has %d sessions that can be paid", id, n)
		}
	}
	for _, p := range m.payments() {
		paidFor[p.Metadata["souk_order"]] += p.Amount
		if p.Refunded > p.Amount {
			m.t.Fatalf("more than was paid went back: %+v", p)
		}
	}
	for _, o := range m.as(m.email).Get("/api/account/orders/").Is(200).List() {
		if s := o.Text("status"); (s == "fulfilled" || s == "refunded") && paidFor[o.Text("public_id")] == 0 && !m.byHand(o.Text("public_id")) {
			m.t.Fatalf("order %s is %s, and nobody paid", o.Text("public_id"), s)
		}
	}
}

func (m *till) byHand(publicID string) bool {
	n, err := db.One(m.test.Context(), m.DB, db.Value[int64], `SELECT count(*) FROM transactions x JOIN orders o ON o.id = x.order_id
		WHERE o.public_id = $1 AND x.provider = 'manual'`, publicID)
	if err != nil {
		m.t.Fatal(err)
	}
	return n > 0
}

const standing = `(o.status = 'fulfilled' AND o.paused_at IS NULL AND i.quantity > i.refunded_quantity)`

// moneyRules are the invariants of money: what they select is broken.
var moneyRules = map[string]string{
	"I1 a total is the sum of its lines, and tax": `SELECT count(*) FROM orders o WHERE o.total_cents <> o.subtotal_cents + o.tax_cents OR o.subtotal_cents <>
		(SELECT coalesce(sum(i.unit_amount_cents * i.quantity), -1) FROM order_items i WHERE i.order_id = o.id)`,
	"I2 a paid order has one payment in full, no other has one": `SELECT count(*) FROM orders o WHERE
		(SELECT count(*) FROM transactions x WHERE x.order_id = o.id AND NOT x.extra AND x.status = 'succeeded' AND x.amount_cents = o.total_cents AND x.currency = o.currency)
		<> (CASE WHEN o.status IN ('paid', 'fulfilled') THEN 1 ELSE 0 END)`,
	"I2 the payment of a refunded order is back": `SELECT count(*) FROM orders o WHERE o.status = 'refunded' AND
		(SELECT count(*) FROM transactions x WHERE x.order_id = o.id AND NOT x.extra AND x.status = 'refunded') <> 1`,
	"nobody sees a paid order that is not fulfilled": `SELECT count(*) FROM orders WHERE status = 'paid'`,
	"I3 an entitlement counts exactly while a line with it stands": `SELECT count(*) FROM entitlements e JOIN orders o ON o.public_id = e.source_reference
		WHERE e.source_type = 'purchase' AND e.is_active <> EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id
			AND i.feature_keys LIKE '%"' || e.feature_key || '"%' AND ` + standing + `)`,
	"I3 a line that stands has its entitlement": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE ` + standing + ` AND i.feature_keys <> '[]'
		AND NOT EXISTS (SELECT 1 FROM entitlements e WHERE e.source_reference = o.public_id AND e.is_active)`,
	"I3 a grant is open exactly while its line stands": `SELECT count(*) FROM download_grants g JOIN order_items i ON i.id = g.order_item_id JOIN orders o ON o.id = i.order_id
		WHERE g.is_active <> ` + standing,
	"I3 a line that stands has its files": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.product_type = 'digital' AND ` + standing + `
		AND NOT EXISTS (SELECT 1 FROM download_grants g WHERE g.order_item_id = i.id)`,
	"I3 a service has a session for each unit that stands": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.product_type = 'service'
		AND (SELECT count(*) FROM bookings b WHERE b.order_item_id = i.id AND b.status <> 'canceled') <>
			(CASE WHEN o.status = 'fulfilled' THEN i.quantity - i.refunded_quantity ELSE 0 END)`,
	"I4 no more downloads than bought": `SELECT count(*) FROM download_grants WHERE download_count < 0 OR download_count > max_downloads`,
	"I6 an event has one row":          `SELECT count(*) FROM (SELECT event_id FROM webhook_events WHERE provider = 'stripe' GROUP BY event_id HAVING count(*) > 1) twice`,
	"I6 an order is fulfilled once":    `SELECT count(*) FROM (SELECT order_id FROM order_events WHERE kind IN ('paid', 'fulfilled') GROUP BY order_id, kind HAVING count(*) > 1) twice`,
	"refunds are of no more than the payment": `SELECT count(*) FROM transactions x WHERE x.amount_cents <
		(SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r WHERE r.transaction_id = x.id AND r.status IN ('requested', 'pending', 'succeeded'))`,
	"money that is back is counted": `SELECT count(*) FROM orders o WHERE o.status = 'fulfilled' AND o.refunded_cents <>
		(SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r JOIN transactions x ON x.id = r.transaction_id WHERE r.order_id = o.id AND NOT x.extra AND r.status = 'succeeded')`,
	"a payment that its order did not need is refunded once all of it is back": `SELECT count(*) FROM transactions x WHERE x.extra AND x.status = 'succeeded' AND x.amount_cents <=
		(SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r WHERE r.transaction_id = x.id AND r.status = 'succeeded')`,
	"units are refunded by refunds": `SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.status = 'fulfilled' AND i.refunded_quantity <>
		(SELECT coalesce(sum(l.quantity), 0) FROM refund_items l JOIN refunds r ON r.id = l.refund_id WHERE l.order_item_id = i.id AND r.status = 'succeeded')`,
	"an order is paused exactly while a dispute of its payment is open": `SELECT count(*) FROM orders o WHERE o.status = 'fulfilled' AND (o.paused_at IS NOT NULL) <>
		EXISTS (SELECT 1 FROM disputes d JOIN transactions x ON x.id = d.transaction_id WHERE d.order_id = o.id AND d.open AND NOT x.extra)`,
}

// end tells the shop everything, and compares it with Stripe.
func (m *till) end() {
	ctx := m.test.Context()
	m.control(m.Stripe.Hold(ctx, false))
	m.control(m.Stripe.RefundsArePending(ctx, false))
	m.Stripe.Heal()
	for range 3 { // what was asked for in one round has its end in the next
		m.ahead.Add(int64(2 * time.Hour))
		m.Work()
		if t, err := m.ReconcileStripe(ctx); err != nil || !t.Complete {
			m.t.Fatalf("the reconciliation: %+v, %v", t, err)
		}
		m.Work()
		for _, r := range m.refunds() {
			if r.Status == "pending" {
				m.control(m.Stripe.SettleRefund(ctx, r.ID, true))
			}
		}
	}
	again, err := m.ReconcileStripe(ctx)
	if err != nil || again.Drifted() != 0 {
		m.t.Fatalf("the reconciliation after the last one finds %v, %v", again.Repaired, err)
	}
	m.check(m.t)
	m.compare()
}

// compare says that everybody has what they paid for at Stripe, and nobody else.
func (m *till) compare() {
	lost, openDispute := map[string]bool{}, map[string]bool{}
	for _, d := range m.disputes() {
		lost[d.Payment] = lost[d.Payment] || d.Status == "lost"
		openDispute[d.Payment] = openDispute[d.Payment] || d.Status == "needs_response"
	}
	held := map[string]int64{} // what of an order's money the shop has
	for _, p := range m.payments() {
		if !lost[p.ID] {
			held[p.Metadata["souk_order"]] += p.Amount - p.Refunded
		}
	}
	newest := map[string]string{} // session of an order
	for _, c := range m.sessions() {
		if id := c.Metadata["souk_order"]; newest[id] == "" {
			newest[id] = c.Status
		}
	}
	for _, o := range m.as(m.email).Get("/api/account/orders/").Is(200).List() {
		id, status := o.Text("public_id"), o.Text("status")
		hand := m.byHand(id)
		if status == "pending_payment" && newest[id] == "expired" {
			m.t.Fatalf("order %s waits for payment, and its session has expired", id)
		}
		switch {
		case hand:
			if held[id] != 0 && !m.unresolved(id) {
				m.t.Fatalf("order %s was paid by hand, and Stripe holds %d for it", id, held[id])
			}
		case status == "fulfilled" && held[id] < 1:
			m.t.Fatalf("order %s is fulfilled, and Stripe holds nothing for it", id)
		case status == "fulfilled" && held[id] > o.Int("total_cents")*factor(o.Text("currency")) && !m.unresolved(id):
			m.t.Fatalf("order %s costs %d, and Stripe holds %d", id, o.Int("total_cents"), held[id])
		case status != "fulfilled" && held[id] != 0 && !m.unresolved(id):
			m.t.Fatalf("order %s is %s, and Stripe holds %d for it", id, status, held[id])
		}
	}
	rows, err := db.All(m.test.Context(), m.DB, func(scan db.Scan) (r [2]string, err error) {
		return r, scan(&r[0], &r[1])
	}, `SELECT external_id, status FROM refunds WHERE external_id IS NOT NULL`)
	if err != nil {
		m.t.Fatal(err)
	}
	there := map[string]string{}
	for _, r := range rows {
		there[r[0]] = r[1]
	}
	for _, r := range m.refunds() {
		if there[r.ID] != r.Status {
			m.t.Fatalf("refund %s is %s at Stripe, and %q here; %v", r.ID, r.Status, there[r.ID], slices.Sorted(maps.Keys(there)))
		}
	}
}

// unresolved says that something of an order waits for a person: money that cannot go back by itself.
func (m *till) unresolved(publicID string) bool {
	n, err := db.One(m.test.Context(), m.DB, db.Value[int64], `SELECT count(*) FROM order_events e JOIN orders o ON o.id = e.order_id
		WHERE o.public_id = $1 AND e.kind IN ('refund_failed', 'dispute_opened', 'dispute_lost')`, publicID)
	if err != nil {
		m.t.Fatal(err)
	}
	return n > 0
}

// factor is how many of Stripe's units are one of the shop's.
func factor(currency string) int64 { return cmp.Or(map[string]int64{"ISK": 100}[currency], 1) }
