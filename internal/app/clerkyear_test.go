package app_test

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/devcloud/clerk"
	"souk/internal/souktest"
	"souk/internal/subscription"
)

// world is a simulated year of a Clerk instance, and shops that are told of it.
type world struct {
	*clerk.Instance
	t      *testing.T
	seed   uint64
	secret string
	api    *clerk.API
	apiURL string
	issuer *souktest.Clerk
}

const worldKey = "sk_live_a-key-of-the-simulated-instance"

func newWorld(t *testing.T, o clerk.Options, users, events int) *world {
	t.Helper()
	if testing.Short() {
		users, events = users/4, events/4
	}
	instance, err := clerk.SimulateYear(o, users, events)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := instance.CreateUser("user_seller", clerk.Profile{Email: "seller@example.test"}); err != nil {
		t.Fatal(err)
	}
	w := &world{
		Instance: instance, t: t, seed: o.Seed, api: clerk.NewAPI(instance, worldKey, nil), issuer: souktest.NewClerk(t),
		secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of the simulated instance")),
	}
	server := httptest.NewServer(w.api)
	t.Cleanup(server.Close)
	w.apiURL = server.URL
	return w
}

// seeds are those of SOUK_SEED, a number or a range such as 1-20, or else two; one of the short tests.
func seeds(t *testing.T) (list []uint64) {
	t.Helper()
	usual := "1-2"
	if testing.Short() {
		usual = "1"
	}
	first, last, isRange := strings.Cut(cmp.Or(os.Getenv("SOUK_SEED"), usual), "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 64)
	to, err2 := strconv.ParseUint(last, 10, 64)
	if err != nil || err2 != nil || to < from || to-from > 1000 {
		t.Fatal("SOUK_SEED must be a number, or a range such as 1-20")
	}
	for seed := from; seed <= to; seed++ {
		list = append(list, seed)
	}
	return list
}

// eachEngine runs test on every engine with the first seed, and with the others, which try other orders of events rather than other
// databases, on the one where most happens at once. Seeds that SOUK_SEED names have every engine.
func eachEngine(t *testing.T, seed uint64, test func(t *testing.T, url string)) {
	t.Helper()
	if seed == 1 || os.Getenv("SOUK_SEED") != "" {
		dbtest.EachURL(t, test)
		return
	}
	t.Run("postgres", func(t *testing.T) { test(t, dbtest.MigratedPostgres(t)) })
}

// market is a shop that sells the plans of a world, on one database, from as many instances as the engine allows.
type market struct {
	*world
	t     *testing.T
	shops []*souktest.Shop
	ahead atomic.Int64 // by how much its clock goes ahead of the real one
}

func (w *world) market(t *testing.T, url string, instances int) *market {
	t.Helper()
	m := &market{world: w, t: t}
	now := func() time.Time {
		return time.Now().Add(time.Duration(m.ahead.Load())).UTC().Truncate(time.Microsecond)
	}
	for range instances {
		m.shops = append(m.shops, souktest.NewAt(t, url, now, append(slices.Concat(w.issuer.Env(), souktest.Production()), "SELLER_ACCESS=open",
			"CLERK_SECRET_KEY="+worldKey, "CLERK_API_URL="+w.apiURL, "CLERK_WEBHOOK_SIGNING_SECRET="+w.secret)...))
	}
	m.sell("starter", "pro", "team")
	m.order()
	return m
}

func (m *market) as(user, email string) *souktest.Client {
	return m.shops[0].Bearer(m.issuer.Token(m.t, user, map[string]any{"email": email}, nil)).For(m.t)
}

// sell puts up a product for each plan, with the prices that name it.
func (m *market) sell(slugs ...string) {
	m.t.Helper()
	seller := m.as("user_seller", "seller@example.test")
	for _, plan := range m.Plans() {
		if !slices.Contains(slugs, plan.Slug) {
			continue
		}
		product := seller.Post("/api/seller/products/", souktest.Object{
			"name": plan.Name, "visibility": "published", "feature_keys": append([]string{plan.Slug}, plan.Features...),
		}).Is(201).Object().ID()
		for period, cents := range map[string]int64{"monthly": plan.Monthly, "yearly": plan.Annual} {
			if cents > 0 {
				seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product), souktest.Object{
					"name": period, "amount_cents": cents, "currency": "USD", "billing_period": period, "clerk_plan_id": plan.ID,
				}).Is(201)
			}
		}
	}
}

// order has every third user order the plan that they take first, the day before: they signed in before Clerk told of them.
func (m *market) order() {
	m.t.Helper()
	prices := map[string]int64{}
	for _, p := range m.shops[0].Nobody().For(m.t).Get("/api/products/").Is(200).List() {
		for _, price := range m.shops[0].Nobody().For(m.t).Get("/api/products/" + p.Text("slug") + "/").Is(200).Object().Subs("prices") {
			prices[p.Text("name")+" "+price.Text("billing_period")] = price.ID()
		}
	}
	names := map[string]string{}
	for _, plan := range m.Plans() {
		names[plan.ID] = plan.Name
	}
	for n, u := range m.Users() {
		if n%3 != 0 || len(u.Subscription.Items) < 2 {
			continue
		}
		first := u.Subscription.Items[1]
		period := "monthly"
		if first.Period == clerk.Annual {
			period = "yearly"
		}
		price := prices[names[first.PlanID]+" "+period]
		if price == 0 {
			continue // nobody sells it yet
		}
		m.as(u.ID, "early@example.test").Post("/api/account/orders/create/", souktest.Object{"price_id": price}).Is(201)
		m.exec(`UPDATE orders SET created_at = $2 WHERE customer_id = (SELECT id FROM customers WHERE external_customer_id = $1)`,
			u.ID, first.CreatedAt.Add(-24*time.Hour))
	}
}

func (m *market) exec(query string, args ...any) {
	m.t.Helper()
	if _, err := m.shops[0].DB.Exec(m.t.Context(), query, args...); err != nil {
		m.t.Fatal(err)
	}
}

// tell delivers events, and then lets everything happen that follows from them.
func (m *market) tell(events []clerk.Event, f clerk.Faults, senders int) clerk.Report {
	m.t.Helper()
	d := clerk.Delivery{Secret: m.secret, Senders: senders, Faults: f}
	for _, shop := range m.shops {
		d.Targets = append(d.Targets, shop.URL+"/api/webhooks/clerk/")
	}
	report, err := d.Send(m.t.Context(), events)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(report.Lost) > 0 || len(report.Accepted) > 0 {
		m.t.Fatalf("lost %v, forgeries accepted %v, codes %v", report.Lost, report.Accepted, report.Codes)
	}
	m.settle()
	return report
}

// left tells of jobs that are not done.
func (m *market) left() string {
	rows, err := db.All(m.t.Context(), m.shops[0].DB, func(scan db.Scan) (string, error) {
		var job [4]string
		err := scan(&job[0], &job[1], &job[2], &job[3])
		return fmt.Sprint(job), err
	}, `SELECT kind, CAST(state AS TEXT), CAST(attempt AS TEXT), coalesce(CAST(errors AS TEXT), '') FROM river_job
		WHERE CAST(state AS TEXT) IN ('retryable', 'discarded', 'running', 'available') ORDER BY id LIMIT 20`)
	return fmt.Sprint(rows, err)
}

// settle works the jobs off, those that are to come in ten seconds too.
func (m *market) settle() {
	m.t.Helper()
	for range 2 {
		if err := m.shops[0].Jobs.Drain(m.t.Context()); err != nil {
			m.t.Fatal(err)
		}
		m.ahead.Add(int64(10 * time.Second))
	}
}

// state is what a shop knows, without the numbers of rows and the times at which it learned it.
type state map[string]string

func (m *market) state() state {
	m.t.Helper()
	s := state{}
	d := m.shops[0].DB
	read := func(kind, query string) {
		rows, err := db.All(m.t.Context(), d, func(scan db.Scan) (row [2]string, err error) {
			err = scan(&row[0], &row[1])
			return row, err
		}, query)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, row := range rows {
			s[kind+" "+row[0]] += row[1] + ";"
		}
	}
	const null = `coalesce(CAST(%s AS TEXT), '-')`
	or := func(column string) string { return fmt.Sprintf(null, column) }
	read("user", `SELECT clerk_user_id, email || ' ' || first_name || ' ' || last_name || ' ' || public_metadata || ' ' || CASE WHEN is_active THEN 'here' ELSE 'gone' END || ' ' || `+
		or("clerk_updated_at")+` FROM profiles WHERE clerk_user_id <> 'user_seller'`)
	read("item", `SELECT s.clerk_subscription_id, s.status || ' ' || r.clerk_plan_id || ' ' || r.billing_period || ' ' || `+or("current_period_start")+` || ' ' || `+
		or("current_period_end")+` || ' ' || CASE WHEN s.cancel_at_period_end THEN 'ends' ELSE 'goes on' END || ' ' || `+or("s.canceled_at")+` || ' ' || s.clerk_parent_id || ' ' || c.external_customer_id
		FROM subscriptions s JOIN prices r ON r.id = s.price_id JOIN customers c ON c.id = s.customer_id`)
	read("access of", `SELECT c.external_customer_id, e.feature_key || ' ' || `+or("max(e.ends_at)")+` FROM entitlements e JOIN customers c ON c.id = e.customer_id
		WHERE e.is_active GROUP BY c.external_customer_id, e.feature_key ORDER BY e.feature_key`)
	read("payment", `SELECT external_id, status || ' ' || CAST(amount_cents AS TEXT) || ' ' || currency FROM transactions WHERE external_id <> clerk_item_id`)
	read("order of", `SELECT c.external_customer_id, o.status || ' ' || o.product_total FROM
		(SELECT o.customer_id, o.status, CAST(o.total_cents AS TEXT) || ' paid ' ||
			CAST((SELECT count(*) FROM transactions t WHERE t.order_id = o.id AND t.status = 'succeeded') AS TEXT) AS product_total FROM orders o) o
		JOIN customers c ON c.id = o.customer_id`)
	read("job", `SELECT kind, CAST(state AS TEXT) FROM river_job WHERE CAST(state AS TEXT) IN ('retryable', 'discarded')`)
	read("event", `SELECT status, event_type || ' ' || event_id || ' for ' || waits_for || ' after ' || CAST(attempts AS TEXT) || ' tries, ' || error_message FROM webhook_events WHERE status NOT IN ('processed', 'ignored') ORDER BY id`)
	return s
}

// followed compares what the shop knows of the items with what the instance knows.
func (m *market) followed() {
	m.t.Helper()
	s := m.state()
	for _, u := range m.Users() {
		profile, there := s["user "+u.ID]
		if u.Deleted && !there || u.ID == "user_seller" {
			continue // the shop has never heard of them; and who sells here has other things to do
		}
		if !there || u.Deleted != strings.HasPrefix(profile, "   {} ") {
			m.t.Errorf("%s, deleted %v, is %q", u.ID, u.Deleted, profile)
		}
		for _, it := range u.Subscription.Items[1:] {
			row := s["item "+it.ID]
			want := map[clerk.Status]string{
				clerk.Active: "active", clerk.Canceled: "canceled", clerk.Ended: "canceled", clerk.Upcoming: "incomplete", clerk.PastDue: "past_due",
				clerk.Incomplete: "incomplete", clerk.Abandoned: "canceled",
			}[it.Status]
			if it.Status == clerk.Active && it.FreeTrial {
				want = "trialing"
			}
			if !strings.HasPrefix(row, want+" "+it.PlanID+" ") {
				m.t.Errorf("item %s of %s is %s at Clerk, and here %q", it.ID, it.PlanID, it.Status, row)
			}
		}
	}
}

// Whatever happens to webhooks on their way, the shop ends where it would have if each had come once, in order.
func TestAYearOfWebhooksEndsTheSameInAnyOrder(t *testing.T) {
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, clerk.Options{Seed: seed}, 200, 2000)
			events := w.Events()
			calm := w.market(t, dbtest.SQLite(t), 1)
			calm.tell(events, clerk.Faults{}, 1)
			calm.sell("late")
			calm.settle()
			calm.followed()
			want := calm.state()
			if left := slices.Collect(maps.Keys(want)); slices.ContainsFunc(left, func(k string) bool { return strings.HasPrefix(k, "event ") }) {
				t.Errorf("events that are not done: %s %s %s", want["event deferred"], want["event failed"], want["event review"])
			}
			eachEngine(t, seed, func(t *testing.T, url string) {
				instances := 2
				if strings.HasPrefix(url, "sqlite:") {
					instances = 1
				}
				m := w.market(t, url, instances)
				report := m.tell(events, clerk.Faults{Seed: seed, MaxCopies: 4, Shuffle: true, ForgeShare: 0.05}, 16)
				m.sell("late")
				m.settle()
				m.followed()
				if diff := gocmp.Diff(want, m.state()); diff != "" {
					t.Errorf("%d events, answers %v, jobs left %s, another end (- in order, + shuffled):\n%s", len(events), report.Answers, m.left(), short(diff))
				}
				m.invariants()
				t.Logf("%d events in %d copies, %d forged: %v", len(events), report.Copies, report.Forged, report.Answers)
			})
		})
	}
}

// What webhooks do not tell is found by asking Clerk, once.
func TestLostWebhooksAreFoundByReconciling(t *testing.T) {
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, clerk.Options{Seed: seed}, 100, 1000)
			eachEngine(t, seed, func(t *testing.T, url string) {
				m := w.market(t, url, 1)
				m.sell("late")
				m.exec(`INSERT INTO bookmarks (name, position, updated_at) VALUES ('reconcile.run', 'another', $1)`, time.Now())
				if _, err := m.shops[0].Reconcile(m.t.Context()); !errors.Is(err, subscription.ErrReconciling) {
					t.Errorf("beside another run: %v", err)
				}
				m.exec(`UPDATE bookmarks SET updated_at = $1`, time.Now().Add(-6*time.Minute)) // it died
				report := m.tell(w.Events(), clerk.Faults{Seed: seed, MaxCopies: 2, Shuffle: true, DropShare: 0.3}, 8)
				// Only deletions are told again: nobody is erased because Clerk does not know them, or seems not to.
				m.tell(slices.DeleteFunc(w.Events(), func(e clerk.Event) bool { return e.Type != "user.deleted" }), clerk.Faults{}, 4)
				first, err := m.shops[0].Reconcile(m.t.Context())
				if err != nil || !first.Complete || first.Drifted == 0 || first.Failed > 0 {
					t.Fatalf("the first: %+v, %v", first, err)
				}
				m.settle()
				m.followed()
				m.invariants()
				before := m.everything()
				second, err := m.shops[0].Reconcile(m.t.Context())
				if err != nil || !second.Complete || second.Drifted > 0 {
					t.Fatalf("the second: %+v, %v", second, err)
				}
				if diff := gocmp.Diff(before, m.everything()); diff != "" {
					t.Errorf("the second reconciliation wrote:\n%s", short(diff))
				}
				t.Logf("%d of %d events dropped: %d differences in %d users", len(report.Dropped), len(w.Events()), first.Drifted, first.Users)
			})
		})
	}
}

// Where two reports of one moment disagree, Clerk's answer decides, and the order of the reports does not.
func TestDisagreeingReportsOfOneMomentAreDecidedByClerk(t *testing.T) {
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, clerk.Options{Seed: seed, EqualTimes: 0.3}, 60, 600)
			eachEngine(t, seed, func(t *testing.T, url string) {
				m := w.market(t, url, 1)
				m.sell("late")
				m.tell(w.Events(), clerk.Faults{Seed: seed, MaxCopies: 3, Shuffle: true}, 8)
				m.settle()
				m.followed()
				m.invariants()
				s := m.state()
				if s["event deferred"]+s["event failed"]+s["event review"] != "" {
					t.Errorf("deferred %s failed %s for review %s", s["event deferred"], s["event failed"], s["event review"])
				}
			})
		})
	}
}

// invariants are those that hold whatever arrives.
func (m *market) invariants() {
	m.t.Helper()
	m.ahead.Add(int64(2 * time.Minute)) // what follows an erasure
	m.settle()
	for what, query := range map[string]string{
		"orders that are paid without exactly one payment": `SELECT count(*) FROM orders o WHERE o.status = 'fulfilled' AND o.total_cents > 0
			AND (SELECT count(*) FROM transactions t WHERE t.order_id = o.id AND t.status = 'succeeded') <> 1`,
		"orders that are not paid and have a payment": `SELECT count(*) FROM orders o WHERE o.status <> 'fulfilled'
			AND EXISTS (SELECT 1 FROM transactions t WHERE t.order_id = o.id AND t.status = 'succeeded')`,
		"items that paid two orders": `SELECT count(*) FROM (SELECT clerk_item_id FROM transactions
			WHERE order_id IS NOT NULL AND clerk_item_id <> '' GROUP BY clerk_item_id HAVING count(*) > 1) twice`,
		"plan entitlements of what does not run": `SELECT count(*) FROM entitlements e JOIN subscriptions s ON s.clerk_subscription_id = e.source_reference
			WHERE e.source_type = 'plan' AND e.is_active AND s.status NOT IN ('active', 'trialing') AND NOT s.cancel_at_period_end`,
		"entitlements of somebody else's subscription": `SELECT count(*) FROM entitlements e JOIN subscriptions s ON s.clerk_subscription_id = e.source_reference
			WHERE e.source_type = 'plan' AND e.customer_id <> s.customer_id`,
		"running subscriptions without entitlements": `SELECT count(*) FROM subscriptions s WHERE s.status IN ('active', 'trialing')
			AND NOT EXISTS (SELECT 1 FROM entitlements e WHERE e.source_type = 'plan' AND e.source_reference = s.clerk_subscription_id AND e.is_active)`,
		"erased users whose payloads are kept": `SELECT count(*) FROM webhook_events e JOIN profiles p ON p.clerk_user_id = e.subject
			WHERE NOT p.is_active AND (e.payload LIKE '%example.test%' OR e.payload LIKE '%first_name%' OR e.payload <> '' AND e.status = 'processed')`,
	} {
		n, err := db.One(m.t.Context(), m.shops[0].DB, db.Value[int64], query)
		if err != nil || n != 0 {
			m.t.Errorf("%d %s, %v", n, what, err)
		}
	}
}

// everything is every row of what reconciliation may change.
func (m *market) everything() (rows []string) {
	m.t.Helper()
	for _, query := range []string{
		`SELECT 'subscription ' || CAST(id AS TEXT) || ' ' || CAST(updated_at AS TEXT) || ' ' || clerk_facts FROM subscriptions ORDER BY id`,
		`SELECT 'entitlement ' || CAST(id AS TEXT) || ' ' || CAST(updated_at AS TEXT) FROM entitlements ORDER BY id`,
		`SELECT 'order ' || CAST(id AS TEXT) || ' ' || CAST(updated_at AS TEXT) FROM orders ORDER BY id`,
		`SELECT 'transaction ' || CAST(id AS TEXT) || ' ' || CAST(updated_at AS TEXT) FROM transactions ORDER BY id`,
		`SELECT 'profile ' || CAST(id AS TEXT) || ' ' || CAST(updated_at AS TEXT) FROM profiles ORDER BY id`,
		`SELECT 'customer ' || CAST(id AS TEXT) || ' ' || CAST(updated_at AS TEXT) FROM customers ORDER BY id`,
	} {
		list, err := db.All(m.t.Context(), m.shops[0].DB, db.Value[string], query)
		if err != nil {
			m.t.Fatal(err)
		}
		rows = append(rows, list...)
	}
	return rows
}

func short(diff string) string {
	const most = 4000
	if len(diff) > most {
		diff = diff[:most] + "…"
	}
	return diff
}
