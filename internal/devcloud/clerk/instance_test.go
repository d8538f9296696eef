package clerk

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var specification = &Dialect{}

func instance(t *testing.T, o Options) *Instance {
	t.Helper()
	if o.Plans == nil {
		o.Plans = SamplePlans()
	}
	i, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newUser(t *testing.T, i *Instance) string {
	t.Helper()
	id, err := i.CreateUser("", Profile{Email: "user1@example.test", FirstName: "User", LastName: "1"})
	must(t, err)
	return id
}

func pass(t *testing.T, i *Instance, d time.Duration) {
	t.Helper()
	_, err := i.Advance(d)
	must(t, err)
}

// told are the types of the events since the last call, in short.
func told(i *Instance, seen *int) string {
	events := i.Events()[*seen:]
	*seen += len(events)
	var types []string
	for _, e := range events {
		types = append(types, strings.NewReplacer("subscriptionItem", "item", "paymentAttempt", "attempt").Replace(e.Type))
	}
	return strings.Join(types, " ")
}

// holds are the user's items in short: plan, status, and T on a trial.
func holds(i *Instance) string {
	var items []string
	for _, it := range i.Users()[0].Subscription.Items {
		text := strings.TrimPrefix(it.PlanID, "cplan_") + " " + string(it.Status)
		if it.FreeTrial {
			text += " T"
		}
		items = append(items, text)
	}
	return strings.Join(items, ", ")
}

const day = 24 * time.Hour

func TestALifeOfASubscription(t *testing.T) {
	type step struct {
		name  string
		do    func(i *Instance, id string) error
		told  string
		holds string
	}
	buy := func(plan string, p Period) func(*Instance, string) error {
		return func(i *Instance, id string) error { return i.Subscribe(id, plan, p) }
	}
	pass := func(d time.Duration) func(*Instance, string) error {
		return func(i *Instance, _ string) error {
			_, err := i.Advance(d)
			return err
		}
	}
	fail := func(n int) func(*Instance, string) error {
		return func(i *Instance, id string) error { return i.FailPayments(id, n) }
	}
	cancelItem := func(n int) func(*Instance, string) error {
		return func(i *Instance, id string) error { return i.CancelItem(id, i.Users()[0].Subscription.Items[n].ID) }
	}
	declined := func(plan string) func(*Instance, string) error {
		return func(i *Instance, id string) error {
			if err := i.Subscribe(id, plan, Month); !errors.Is(err, ErrDeclined) {
				return fmt.Errorf("not declined: %w", err)
			}
			return nil
		}
	}
	card := func(c *Card) func(*Instance, string) error {
		return func(i *Instance, id string) error { return i.SetCard(id, c) }
	}
	const paidCheckout = "item.incomplete attempt.created attempt.updated item.ended item.active subscription.updated"
	start := step{"starter", buy("cplan_starter", Month), paidCheckout, "free ended, starter active"}
	for name, steps := range map[string][]step{
		"renewed": {start,
			{"a month", pass(31 * day), "attempt.created attempt.updated item.updated subscription.updated", "free ended, starter active"}},
		"trial": {
			{"pro", buy("cplan_pro", Annual), "item.ended item.active subscription.updated", "free ended, pro active T"},
			{"almost", pass(12 * day), "item.freeTrialEnding", "free ended, pro active T"},
			{"paid", pass(3 * day), "attempt.created attempt.updated item.updated subscription.updated", "free ended, pro active"}},
		"one trial": {
			{"pro", buy("cplan_pro", Month), "item.ended item.active subscription.updated", "free ended, pro active T"},
			{"cancel", (*Instance).Cancel, "item.canceled item.upcoming subscription.updated", "free upcoming, pro canceled T"},
			{"over", pass(15 * day), "item.ended item.active subscription.updated", "free active, pro ended T"},
			{"late", buy("cplan_late", Annual), paidCheckout, "free ended, pro ended T, late active"}},
		"upgrade": {start,
			{"team", buy("cplan_team", Month), paidCheckout, "free ended, starter ended, team active"}},
		"downgrade": {
			{"team", buy("cplan_team", Month), paidCheckout, "free ended, team active"},
			{"starter", buy("cplan_starter", Month), "item.canceled item.upcoming subscription.updated", "free ended, team canceled, starter upcoming"},
			{"month", pass(31 * day), "item.ended attempt.created attempt.updated item.active subscription.updated", "free ended, team ended, starter active"}},
		"downgrade taken back": {
			{"team", buy("cplan_team", Month), paidCheckout, "free ended, team active"},
			{"starter", buy("cplan_starter", Month), "item.canceled item.upcoming subscription.updated", "free ended, team canceled, starter upcoming"},
			{"resume", (*Instance).Resume, "item.abandoned item.active subscription.updated", "free ended, team active, starter abandoned"}},
		"canceled and resumed": {start,
			{"cancel", (*Instance).Cancel, "item.canceled item.upcoming subscription.updated", "free upcoming, starter canceled"},
			{"resume", (*Instance).Resume, "item.abandoned item.active subscription.updated", "free abandoned, starter active"},
			{"cancel", (*Instance).Cancel, "item.canceled item.upcoming subscription.updated", "free upcoming, starter canceled"},
			{"over", pass(31 * day), "item.ended item.active subscription.updated", "free active, starter ended"}},
		"past due and paid": {start, {"", fail(1), "", "free ended, starter active"},
			{"failed", pass(31 * day), "attempt.created attempt.updated item.pastDue subscription.pastDue", "free ended, starter past_due"},
			{"paid", pass(3 * day), "attempt.created attempt.updated item.active subscription.active", "free ended, starter active"}},
		"past due and ended": {start, {"", fail(9), "", "free ended, starter active"},
			{"failed", pass(31 * day), "attempt.created attempt.updated item.pastDue subscription.pastDue", "free ended, starter past_due"},
			{"given up", pass(12 * day), strings.Repeat("attempt.created attempt.updated subscription.updated ", 3) + "item.ended item.active subscription.active",
				"free active, starter ended"}},
		"failed checkout": {{"", fail(1), "", "free active"},
			{"starter", declined("cplan_starter"), "item.incomplete attempt.created attempt.updated subscription.updated", "free active, starter incomplete"},
			{"again", buy("cplan_starter", Month), paidCheckout, "free ended, starter incomplete, starter active"},
			{"a day", pass(day), "item.abandoned subscription.updated", "free ended, starter abandoned, starter active"}},
		"downgrade canceled": {
			{"team", buy("cplan_team", Month), paidCheckout, "free ended, team active"},
			{"starter", buy("cplan_starter", Month), "item.canceled item.upcoming subscription.updated", "free ended, team canceled, starter upcoming"},
			{"cancel", cancelItem(2), "item.abandoned item.upcoming subscription.updated", "free upcoming, team canceled, starter abandoned"},
			{"month", pass(31 * day), "item.ended item.active subscription.updated", "free active, team ended, starter abandoned"}},
		"canceled by item and bought again": {start,
			{"cancel", cancelItem(1), "item.canceled item.upcoming subscription.updated", "free upcoming, starter canceled"},
			{"again", buy("cplan_starter", Month), "item.abandoned item.active subscription.updated", "free abandoned, starter active"}},
		"a card that declines": {{"", card(&Card{Last4: "0341", Declines: true}), "", "free active"},
			{"starter", declined("cplan_starter"), "item.incomplete attempt.created attempt.updated subscription.updated", "free active, starter incomplete"},
			{"", card(nil), "", "free active, starter incomplete"},
			{"starter", buy("cplan_starter", Month), paidCheckout, "free ended, starter incomplete, starter active"}},
		"deleted": {start,
			{"delete", (*Instance).DeleteUser, "user.deleted item.ended subscription.updated", "free ended, starter ended"},
			{"a year", pass(365 * day), "", "free ended, starter ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			i, seen := instance(t, Options{Dialect: specification}), 0
			id := newUser(t, i)
			if got := told(i, &seen); got != "user.created subscription.created" {
				t.Errorf("sign-up: %s", got)
			}
			for _, s := range steps {
				must(t, s.do(i, id))
				if got := told(i, &seen); got != s.told {
					t.Errorf("%s told\n %s, want\n %s", s.name, got, s.told)
				}
				if got := holds(i); got != s.holds {
					t.Errorf("%s: %s, want %s", s.name, got, s.holds)
				}
			}
		})
	}
}

func TestWhatCannotBe(t *testing.T) {
	i := instance(t, Options{})
	id := newUser(t, i)
	must(t, i.Subscribe(id, "cplan_starter", Month))
	for name, err := range map[string]error{
		"a plan nobody sells": i.Subscribe(id, "cplan_none", Month), "the default plan": i.Subscribe(id, "cplan_free", Month),
		"a period not sold": i.Subscribe(id, "cplan_team", Annual), "the plan one has": i.Subscribe(id, "cplan_starter", Month),
		"to resume what runs": i.Resume(id), "nobody": i.Cancel("user_none"),
		"to cancel the default plan": i.CancelItem(id, i.Users()[0].Subscription.Items[0].ID), "to cancel nothing": i.CancelItem(id, "csub_item_none"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := i.CreateUser(id, Profile{}); err == nil {
		t.Error("two users with one id")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("an instance without a default plan")
	}
}

func TestAnUpgradeIsChargedLessTheRest(t *testing.T) {
	i := instance(t, Options{Start: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)})
	id := newUser(t, i)
	must(t, i.Subscribe(id, "cplan_starter", Month))
	pass(t, i, 15*day)
	must(t, i.Subscribe(id, "cplan_team", Month))
	if a := i.Users()[0].Attempts[1]; a.Credit != 450 || a.Amount+a.Credit != 4900 || a.Status != "paid" {
		t.Errorf("%+v", a)
	}
}

func TestAPreviewIsWhatThenHappens(t *testing.T) {
	april := func(d int) time.Time { return time.Date(2026, 4, d, 0, 0, 0, 0, time.UTC) }
	i := instance(t, Options{Start: april(1)})
	id := newUser(t, i)
	quote := func(plan string, p Period) Quote {
		t.Helper()
		q, err := i.Preview(id, plan, p)
		must(t, err)
		if again, err := i.Preview(id, plan, p); err != nil || !reflect.DeepEqual(q, again) {
			t.Errorf("another time %+v, %v", again, err)
		}
		return q
	}
	// buy subscribes, and compares what came of it with what was said of it.
	buy := func(plan string, p Period, want Quote) {
		t.Helper()
		q := quote(plan, p)
		want.Plan, want.Period, want.Fee = q.Plan, p, q.Plan.Fee(p)
		if q.Plan.ID != plan || !reflect.DeepEqual(q, want) {
			t.Errorf("%s is\n %+v, want\n %+v", plan, q, want)
		}
		before := len(i.Users()[0].Attempts)
		must(t, i.Subscribe(id, plan, p))
		u, due, credit := i.Users()[0], int64(0), int64(0)
		for _, a := range u.Attempts[before:] {
			due, credit = due+a.Amount, credit+a.Credit
		}
		it := u.Subscription.Items[len(u.Subscription.Items)-1]
		if it.PlanID != plan || due != q.Due || credit != q.Credit || it.FreeTrial != q.Trial || (it.Status == Upcoming) == q.Immediate ||
			!it.PeriodStart.Equal(q.PeriodStart) || !it.PeriodEnd.Equal(q.PeriodEnd) {
			t.Errorf("%s came to %+v for %d less %d, want %+v", plan, it, due, credit, q)
		}
	}
	buy("cplan_pro", Month, Quote{Trial: true, Immediate: true, PeriodStart: april(1), PeriodEnd: april(15)})
	buy("cplan_team", Month, Quote{Due: 4900, Immediate: true, PeriodStart: april(1), PeriodEnd: april(1).AddDate(0, 1, 0)})
	pass(t, i, april(16).Sub(i.Time()))
	buy("cplan_starter", Month, Quote{PeriodStart: april(1).AddDate(0, 1, 0), PeriodEnd: april(1).AddDate(0, 2, 0)})
	must(t, i.Resume(id))
	buy("cplan_pro", Annual, Quote{Due: 19000 - 2450, Credit: 2450, DaysLeft: 15, Days: 30, Immediate: true, PeriodStart: april(16), PeriodEnd: april(16).AddDate(1, 0, 0)})
	must(t, i.Cancel(id))
	buy("cplan_pro", Annual, Quote{Resumes: true, Immediate: true, PeriodStart: april(16), PeriodEnd: april(16).AddDate(1, 0, 0)})

	must(t, i.FailPayments(id, 1))
	if _, err := i.Preview(id, "cplan_pro", Annual); !errors.Is(err, ErrHeld) {
		t.Error(err)
	}
	if _, err := i.Preview(id, "cplan_free", Month); !errors.Is(err, ErrNotSold) {
		t.Error(err)
	}
	pass(t, i, 366*day)
	if _, err := i.Preview(id, "cplan_pro", Annual); !errors.Is(err, ErrPastDue) {
		t.Error(err)
	}
	at := i.Time().Truncate(time.Second)
	buy("cplan_team", Month, Quote{Due: 4900 + 19000, PastDue: 19000, Immediate: true, PeriodStart: at, PeriodEnd: at.AddDate(0, 1, 0)})
	if got := holds(i); got != "free abandoned, pro ended T, team ended, starter abandoned, pro ended, team active" {
		t.Error(got)
	}
	must(t, i.FailPayments(id, 1))
	pass(t, i, 32*day)
	must(t, i.Cancel(id))
	at = i.Time().Truncate(time.Second)
	buy("cplan_starter", Month, Quote{Due: 900 + 4900, PastDue: 4900, Immediate: true, PeriodStart: at, PeriodEnd: at.AddDate(0, 1, 0)})
	if q, err := i.Preview(id, "cplan_team", Month); err != nil || q.PastDue != 0 || i.Users()[0].Subscription.Items[6].LifetimePaid != 900 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestAClockIsFollowed(t *testing.T) {
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	i := instance(t, Options{Start: now, Now: func() time.Time { return now }})
	must(t, i.Subscribe(newUser(t, i), "cplan_starter", Month))
	now = now.Add(31 * day)
	if got := i.Users()[0]; len(got.Attempts) != 2 {
		t.Errorf("%d attempts", len(got.Attempts))
	}
}

// body is an event as a receiver sees it.
type body struct {
	Type      string         `json:"type"`
	Object    string         `json:"object"`
	Timestamp int64          `json:"timestamp"`
	Instance  string         `json:"instance_id"`
	Data      map[string]any `json:"data"`
}

func decode(t *testing.T, e Event) body {
	t.Helper()
	var b body
	if err := json.Unmarshal(e.Body, &b); err != nil {
		t.Fatalf("%s: %v", e.Body, err)
	}
	return b
}

func names(data map[string]any) string {
	var all []string
	for name := range data {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// documented are the fields of each kind in the specification of the webhooks (2025-04-15); of user, those every user has.
var documented = map[string]string{
	"email":            "body body_plain data delivered_by_clerk email_address_id from_email_name id object slug status subject to_email_address user_id",
	"session":          "abandon_at actor client_id created_at expire_at id last_active_at object status updated_at user user_id",
	"subscription":     "active_at canceled_at created_at ended_at id items latest_payment_id object past_due_at payer payer_id payment_source_id status updated_at",
	"subscriptionItem": "created_at id interval is_free_trial object payer period_end period_start plan plan_id status subscription_id updated_at",
	"paymentAttempt": "billing_date charge_type created_at failed_at failed_reason gateway_external_id id instance_id invoice_id paid_at payee payer payment_id " +
		"payment_source statement_id status subscription_items totals updated_at",
}

func TestEventsHaveTheDocumentedFields(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 1, Dialect: specification}, 40, 400)
	must(t, err)
	for _, e := range i.Events() {
		b := decode(t, e)
		kind, _, _ := strings.Cut(b.Type, ".")
		if b.Type != e.Type || b.Object != "event" || b.Instance != i.ID || b.Timestamp != e.At.UnixMilli() || !strings.HasPrefix(e.ID, "msg_") {
			t.Fatalf("envelope %+v of %+v", b, e)
		}
		switch {
		case kind != "user":
			if names(b.Data) != documented[kind] {
				t.Fatalf("%s has\n %s, want\n %s", b.Type, names(b.Data), documented[kind])
			}
			if kind == "session" {
				continue
			}
			if payer, _ := b.Data["payer"].(map[string]any); payer["user_id"] != e.UserID {
				t.Fatalf("%s is of %v, not %s", b.Type, payer, e.UserID)
			}
		case b.Type == "user.deleted":
			if names(b.Data) != "deleted id object" {
				t.Fatalf("%s has %s", b.Type, names(b.Data))
			}
		case b.Data["id"] != e.UserID || b.Data["object"] != "user":
			t.Fatalf("%s is of %v", b.Type, b.Data["id"])
		}
	}
}

// seen is the form of one field in an event.
func form(data map[string]any, field string) string {
	v, ok := data[field]
	switch {
	case !ok:
		return field + " absent"
	case v == nil:
		return field + " null"
	case v == "":
		return field + " empty"
	}
	return field + " present"
}

func TestEachContradictionIsSpoken(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 2}, 60, 600)
	must(t, err)
	found := map[string]bool{}
	for _, e := range i.Events() {
		b := decode(t, e)
		if b.Timestamp < 1e11 {
			found["seconds"] = true
		} else {
			found["milliseconds"] = true
		}
		kind, _, _ := strings.Cut(b.Type, ".")
		payer, _ := b.Data["payer"].(map[string]any)
		switch kind {
		case "subscriptionItem":
			found["object "+b.Data["object"].(string)] = true
			for _, field := range []string{"interval", "plan_period", "subscription_id", "is_free_trial", "canceled_at", "amount", "plan", "plan_id", "payer"} {
				found[form(b.Data, field)] = true
			}
			if b.Data["plan"] == nil && b.Data["plan_id"] == nil {
				t.Fatalf("no plan at all: %s", e.Body)
			}
		case "paymentAttempt":
			for _, field := range []string{"charge_type", "type", "invoice_id"} {
				found[form(b.Data, field)] = true
			}
		case "subscription":
			if payer["user_id"] != e.UserID {
				t.Fatalf("whose? %s", e.Body)
			}
		}
		if payer != nil {
			found[form(payer, "organization_id")] = true
		}
	}
	for _, want := range []string{
		"seconds", "milliseconds", "object commerce_subscription_item", "object subscription_item", "object billing_subscription_item",
		"interval present", "plan_period present", "subscription_id present", "subscription_id null", "subscription_id absent",
		"is_free_trial present", "is_free_trial absent", "canceled_at absent", "canceled_at null", "canceled_at present", "amount absent", "amount present",
		"plan null", "plan present", "plan_id absent", "plan_id present", "payer absent", "payer present", "charge_type present", "type present",
		"invoice_id absent", "invoice_id present", "organization_id empty", "organization_id null", "organization_id absent",
	} {
		if !found[want] {
			t.Errorf("never: %s", want)
		}
	}
}

func TestPeriodsFollowEachOther(t *testing.T) {
	date := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }
	i := instance(t, Options{Start: date(4, 1)})
	id := newUser(t, i)
	item := func(n int) Item { return *i.Users()[0].Subscription.Items[n] }
	is := func(what string, it Item, start, end time.Time) {
		t.Helper()
		if !it.PeriodStart.Equal(start) || !it.PeriodEnd.Equal(end) {
			t.Errorf("%s: %v to %v", what, it.PeriodStart, it.PeriodEnd)
		}
	}
	must(t, i.Subscribe(id, "cplan_starter", Month))
	is("first", item(1), date(4, 1), date(5, 1))
	pass(t, i, 30*day)
	is("second", item(1), date(5, 1), date(6, 1))
	must(t, i.FailPayments(id, 1))
	pass(t, i, 31*day)
	is("past due", item(1), date(5, 1), date(6, 1))
	pass(t, i, 4*day)
	is("paid late", item(1), date(6, 1), date(7, 1))
	must(t, i.Cancel(id))
	is("the default plan is next", item(0), date(7, 1), time.Time{})
	if item(1).CanceledAt.IsZero() {
		t.Error("canceled never")
	}
	must(t, i.Resume(id))
	if !item(1).CanceledAt.IsZero() {
		t.Error("still canceled")
	}
}

func TestATrialIsToldWhereOnlyTheTruthIsWritten(t *testing.T) {
	i := instance(t, Options{Dialect: &Dialect{NoFalseTrial: true}})
	must(t, i.Subscribe(newUser(t, i), "cplan_pro", Month))
	var told []any
	for _, e := range i.Events() {
		if b := decode(t, e); strings.HasPrefix(b.Type, "subscriptionItem.") {
			told = append(told, b.Data["is_free_trial"])
		}
	}
	if len(told) != 2 || told[0] != nil || told[1] != true {
		t.Errorf("%v", told)
	}
}
