package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

// N19: an event about what is not known yet is kept, gives nothing, and is applied within ten seconds of what it lacked.
func TestAnEventIsAppliedSoonAfterWhatItLackedCame(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		ana := s.user("user_ana", "ana@example.test")
		s.plan()
		late := offer(ana, souktest.Object{"name": "Late", "feature_keys": []string{"late"}}, nil)
		s.work()
		s.user("user_known", "known@example.test").Get("/api/me/").Is(200)
		mapped := func(fields souktest.Object) func() {
			return func() {
				ana.Post(fmt.Sprintf("/api/seller/products/%d/prices/", late.product),
					with(souktest.Object{"name": "Monthly", "amount_cents": 500, "currency": "USD", "billing_period": "monthly"}, fields)).Is(201)
			}
		}
		for _, c := range []struct {
			name, user string
			item       souktest.Object
			comes      func()
			features   string
		}{
			{"the user signs in", "user_signs_in", nil, func() { s.user("user_signs_in", "").Get("/api/me/").Is(200) }, "[coach pro]"},
			{"user.created", "user_created", nil, func() { s.tell("processed", "user.created", person("user_created", "a@example.test", time.Now())) }, "[coach pro]"},
			{"a price names the plan", "user_known", souktest.Object{"plan_id": "cplan_late"}, mapped(souktest.Object{"clerk_plan_id": "cplan_late"}), "[late]"},
			{"a price names the price", "user_known", souktest.Object{"plan_id": nil, "price_id": "cprice_late"},
				mapped(souktest.Object{"clerk_price_id": "cprice_late"}), "[late]"},
			{"a price is changed to name the plan", "user_known", souktest.Object{"plan_id": "cplan_changed"}, func() {
				ana.Patch(fmt.Sprintf("/api/seller/prices/%d/", unmapped(ana, late.product)), souktest.Object{"clerk_plan_id": "cplan_changed"}).Is(200)
			}, "[late]"},
			{"the user, then the plan", "user_both", souktest.Object{"plan_id": "cplan_both"}, func() {
				s.user("user_both", "").Get("/api/me/").Is(200)
				mapped(souktest.Object{"clerk_plan_id": "cplan_both"})()
			}, "[late]"},
			{"the subscription around it", "user_known", souktest.Object{"payer": nil, "subscription_id": "csub_around"}, func() {
				s.tell("processed", "subscription.created", souktest.Object{"id": "csub_around", "payer": souktest.Object{"user_id": "user_known"},
					"items": []souktest.Object{item("csub_item_first", "user_known", "incomplete", time.Now().Add(-time.Minute))}})
			}, "[coach pro]"},
		} {
			t.Run(c.name, func(t *testing.T) {
				id := "csub_item_" + strings.ReplaceAll(c.name, " ", "_")
				s.tell("deferred", "subscriptionItem.active", item(id, c.user, "active", time.Now(), c.item))
				if n := s.count(`SELECT count(*) FROM subscriptions WHERE clerk_subscription_id = $1`, id); n != 0 {
					t.Fatal("it is applied at once")
				}
				if _, err := s.DB.Exec(t.Context(), `DELETE FROM river_job WHERE kind = 'retry_waiting_events'`); err != nil { // the one that follows at once
					t.Fatal(err)
				}
				began := time.Now()
				c.comes()
				soon(t, "the item is there", func() bool {
					return s.count(`SELECT count(*) FROM subscriptions WHERE clerk_subscription_id = $1`, id) == 1
				})
				t.Logf("after %s", time.Since(began))
				var keys []string
				for _, e := range s.user(c.user, "").Get("/api/account/entitlements/").Is(200).List() {
					if e.Text("source_reference") == id {
						keys = append(keys, e.Text("feature_key"))
					}
				}
				if slices.Sort(keys); fmt.Sprint(keys) != c.features {
					t.Errorf("it gives %v, want %s", keys, c.features)
				}
				if n := s.count(`SELECT count(*) FROM webhook_events WHERE status = 'deferred'`); n != 0 {
					t.Errorf("%d events still wait", n)
				}
			})
		}
	})
}

// unmapped is a new price that names no plan.
func unmapped(seller *souktest.Client, product int64) int64 {
	return seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product),
		`{"name":"Later","amount_cents":5000,"currency":"USD","billing_period":"monthly"}`).Is(201).Object().ID()
}

// An event and what it lacks may come at the same moment, so that neither sees the other.
func TestAnEventAndWhatItLacksAtOnce(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		const users = 20
		s.plan()
		s.work()
		now := time.Now()
		atOnce(2*users, func(i int) {
			id := fmt.Sprintf("user_%d", i/2)
			body := event("user.created", person(id, id+"@example.test", now))
			if i%2 == 0 {
				body = event("subscriptionItem.active", item("csub_item_"+id, id, "active", now))
			}
			s.deliver(fmt.Sprintf("msg_%d", i), body).Is(200)
		})
		sent := time.Now()
		soon(t, "all are applied", func() bool { return s.count(`SELECT count(*) FROM subscriptions WHERE status = 'active'`) == users })
		soon(t, "none waits", func() bool { return s.count(`SELECT count(*) FROM webhook_events WHERE status <> 'processed'`) == 0 })
		t.Logf("within %s", time.Since(sent))
		if n := s.count(`SELECT count(*) FROM entitlements WHERE is_active`); n != 2*users {
			t.Errorf("%d entitlements, want %d", n, 2*users)
		}
	})
}

func TestSignInAndWebhookEndInTheSameProfile(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		now := time.Now()
		claims := map[string]any{"email": "old@example.test", "given_name": "Old", "family_name": "Name", "picture": "https://img.example.test/old.png"}
		signIn := func(id string) *souktest.Client {
			c := s.Bearer(s.clerk.Token(t, id, claims, nil))
			c.Get("/api/me/").Is(200)
			return c
		}
		webhook := func(id string) {
			s.tell("processed", "user.created", person(id, "new@example.test", now, souktest.Object{"public_metadata": souktest.Object{"entitlements": "beta"}}))
		}
		var profiles []string
		for id, steps := range map[string][]func(string){
			"user_a": {func(id string) { signIn(id) }, webhook}, "user_b": {webhook, func(id string) { signIn(id) }},
			"user_c": {func(id string) {
				atOnce(2, func(i int) { []func(string){func(id string) { signIn(id) }, webhook}[i](id) })
			}},
		} {
			for _, step := range steps {
				step(id)
			}
			p := signIn(id).Get("/api/profile/").Is(200).Object()
			profiles = append(profiles, fmt.Sprint(p.Text("email"), " ", p.Text("first_name"), " ", p.Text("last_name"), " ", p.Text("image_url"), " ", p["billing_features"]))
		}
		for _, p := range profiles {
			if p != "new@example.test Ben Buyer https://img.example.test/ben.png [beta]" {
				t.Errorf("a profile is %s", p)
			}
		}
		if n := s.count(`SELECT count(*) FROM profiles`); n != 3 {
			t.Errorf("%d profiles of 3 users", n)
		}
	})
}

// An order for a plan is paid by an item that began after it and by a paid attempt, whichever comes first, once.
func TestAnOrderForAPlanIsPaidByClerk(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		p := s.plan()
		active := func(user string) func() {
			return func() {
				s.tell("processed", "subscriptionItem.active", item("csub_item_"+user, user, "active", time.Now()))
			}
		}
		paid := func(user string) func() {
			return func() {
				s.tell("processed", "paymentAttempt.updated", attempt("cpayatt_"+user, user, "csub_item_"+user, "paid", time.Now()))
			}
		}
		for name, steps := range map[string][]func(string) func(){
			"item": {active, paid}, "attempt": {paid, active}, "twice": {paid, paid, active, active, paid},
		} {
			user := "user_" + name
			ben := s.user(user, name+"@example.test")
			created := ben.Post("/api/account/orders/create/", souktest.Object{"price_id": p.price}).Is(201).Object()
			if checkout := created.Sub("checkout"); checkout.Text("provider") != "clerk" {
				t.Errorf("%s: checkout %v", name, checkout)
			} else if bill := s.Nobody().Get("/api/checkout/" + created.Sub("order").Text("public_id") + "/").Is(200).Object(); bill.Text("checkout_url") != checkout.Text("checkout_url") {
				t.Errorf("%s: the public checkout %v, to the buyer %v", name, bill, checkout)
			}
			path := "/api/account/orders/" + created.Sub("order").Text("public_id") + "/"
			second := place(ben, p.price, 1)
			if n := s.count(`SELECT count(*) FROM orders WHERE status = 'pending_payment'`); n < 2 {
				t.Fatal("an order is not pending")
			}
			for i, step := range steps {
				step(user)()
				states := []string{ben.Get(path).Object().Text("status"), ben.Get(second).Object().Text("status")}
				if states[0]+" "+states[1] != "pending_payment fulfilled" { // the newest is what the buyer sees
					t.Errorf("%s: after step %d the orders are %v", name, i+1, states)
				}
			}
			if n := s.count(`SELECT count(*) FROM transactions x JOIN customers c ON c.id = x.customer_id WHERE c.external_customer_id = $1
				AND x.external_id = $2 AND x.status = 'succeeded' AND x.amount_cents = 1900`, user, "cpayatt_"+user); n != 1 {
				t.Errorf("%s: %d transactions of the attempt", name, n)
			}
			subs := ben.Get("/api/account/subscriptions/").Is(200).List()
			if len(subs) != 1 || subs[0].Text("status") != "active" || subs[0].Text("clerk_subscription_id") != "csub_item_"+user {
				t.Errorf("%s: subscriptions %v", name, subs)
			}
			if s.features(ben) != "[coach pro]" {
				t.Errorf("%s: features %s", name, s.features(ben))
			}
		}
		if n := s.count(`SELECT count(*) FROM transactions`); n != 3 {
			t.Errorf("%d transactions, want 3", n)
		}
		checkInvariants(t, s.Shop)

		old := s.user("user_old", "old@example.test")
		path := place(old, p.price, 1)
		s.tell("processed", "subscriptionItem.active", item("csub_item_old", "user_old", "active", time.Now().Add(-time.Hour)))
		if status := old.Get(path).Object().Text("status"); status != "pending_payment" {
			t.Errorf("an item from before the order makes it %s", status)
		}
		failed := s.user("user_failed", "failed@example.test")
		path = place(failed, p.price, 1)
		s.tell("processed", "paymentAttempt.updated", attempt("cpayatt_failed", "user_failed", "csub_item_failed", "failed", time.Now()))
		s.tell("processed", "subscriptionItem.incomplete", item("csub_item_failed", "user_failed", "incomplete", time.Now()))
		if status := failed.Get(path).Object().Text("status"); status != "pending_payment" || s.features(failed) != "[]" {
			t.Errorf("a failed attempt makes it %s and gives %s", status, s.features(failed))
		}
	})
}

// A buyer pays at Clerk for the plan, not for the price: an order of a price that was replaced meanwhile is paid all the same.
func TestAnOrderOutlivesItsPrice(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		p := s.plan()
		ana := s.user("user_ana", "ana@example.test")
		for name, tell := range map[string]func(user string){
			"item": func(user string) {
				s.tell("processed", "subscriptionItem.active", item("csub_item_"+user, user, "active", time.Now()))
			},
			"attempt": func(user string) {
				s.tell("processed", "paymentAttempt.updated", attempt("cpayatt_"+user, user, "csub_item_"+user, "paid", time.Now()))
			},
		} {
			ben := s.user("user_"+name, name+"@example.test")
			path := place(ben, p.price, 1)
			ana.Patch(fmt.Sprintf("/api/seller/prices/%d/", p.price), souktest.Object{"is_active": false, "is_default": false}).Is(200)
			p.price = ana.Post(fmt.Sprintf("/api/seller/products/%d/prices/", p.product), souktest.Object{
				"name": name, "amount_cents": 1900, "currency": "USD", "billing_period": "monthly", "clerk_plan_id": "cplan_pro",
			}).Is(201).Object().ID()
			yearly := ana.Post(fmt.Sprintf("/api/seller/products/%d/prices/", p.product), souktest.Object{
				"name": "Yearly", "amount_cents": 19000, "currency": "USD", "billing_period": "yearly", "clerk_plan_id": "cplan_pro",
			}).Is(201).Object().ID()
			other := place(ben, yearly, 1)
			tell("user_" + name)
			if got := ben.Get(path).Object().Text("status"); got != "fulfilled" {
				t.Errorf("%s: the order of the old price is %s", name, got)
			}
			if got := ben.Get(other).Object().Text("status"); got != "pending_payment" {
				t.Errorf("%s: the order of the yearly price is %s", name, got)
			}
			ana.Patch(fmt.Sprintf("/api/seller/prices/%d/", yearly), souktest.Object{"is_active": false}).Is(200)
		}
		checkInvariants(t, s.Shop)
	})
}

// Access follows what Clerk says of the item: at once, and at the end of a paid period by the clock alone.
func TestFeaturesFollowThePlan(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())).UTC().Truncate(time.Microsecond) }
		s := newHooked(t, url, now)
		s.plan()
		ben := s.user("user_ben", "ben@example.test")
		ben.Get("/api/me/").Is(200)
		began := time.Now()
		const all = "[coach pro]"
		for i, step := range []struct {
			status, features, shown string
			more                    souktest.Object
		}{
			{"incomplete", "[]", "incomplete", nil}, {"active", all, "trialing", souktest.Object{"is_free_trial": true}}, {"active", all, "active", nil},
			{"past_due", "[]", "past_due", nil}, {"active", all, "active", nil}, {"paused", "[]", "paused", nil}, {"upcoming", "[]", "incomplete", nil},
			{"active", all, "active", nil}, {"canceled", all, "canceled", nil},
		} {
			at := began.Add(time.Duration(i) * time.Second)
			s.tell("processed", "subscriptionItem.updated", item("csub_item_1", "user_ben", step.status, began, step.more, souktest.Object{"updated_at": at.UnixMilli()}))
			sub := ben.Get("/api/account/subscriptions/").Is(200).List()[0]
			if got := s.features(ben); got != step.features || sub.Text("status") != step.shown {
				t.Errorf("step %d, %s: %s gives %s, want %s", i, step.status, sub.Text("status"), got, step.features)
			}
			if canceled := step.status == "canceled"; sub["cancel_at_period_end"] != canceled || (sub["canceled_at"] != nil) != canceled {
				t.Errorf("step %d, %s: %v", i, step.status, sub)
			}
		}
		until := time.UnixMilli(began.Add(month).UnixMilli())
		fresh := func() *souktest.Client { return s.tokenAt("user_ben", now()) }
		ahead.Store(int64(time.Until(until) - 5*time.Second))
		if got := s.features(fresh()); got != all {
			t.Errorf("seconds before the end: %s", got)
		}
		ahead.Store(int64(time.Until(until) + time.Second))
		if got := s.features(fresh()); got != "[]" {
			t.Errorf("a second after the end: %s", got)
		}
		if n := len(fresh().Get("/api/account/entitlements/").Is(200).List()); n != 0 {
			t.Errorf("%d entitlements are current after the end", n)
		}
		ahead.Store(0)
		s.tell("processed", "subscriptionItem.active", item("csub_item_1", "user_ben", "active", began, souktest.Object{"updated_at": began.Add(time.Minute).UnixMilli()}))
		s.tell("processed", "subscriptionItem.ended", item("csub_item_1", "user_ben", "ended", began, souktest.Object{"updated_at": began.Add(2 * time.Minute).UnixMilli()}))
		if got := s.features(ben); got != "[]" {
			t.Errorf("what has ended gives %s", got)
		}
	})
}

// tokenAt is a client with a token that is good at another time than now.
func (s *hooked) tokenAt(user string, at time.Time) *souktest.Client {
	return s.Bearer(s.clerk.Token(s.t, user, map[string]any{"iat": at.Unix(), "nbf": at.Unix() - 10, "exp": at.Unix() + 60}, nil)).For(s.t)
}

// The older form of the events: one flat object, whose user is named in one of two ways.
func TestTheOlderFlatEvents(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		p := s.plan()
		yearly := s.plan(souktest.Object{"billing_period": "yearly", "clerk_price_id": "cprice_year", "amount_cents": 19000})
		began := time.Now()
		for i, form := range []souktest.Object{
			{"user_id": "user_0", "plan_id": "cplan_pro"}, {"payer": souktest.Object{"user_id": "user_1"}, "plan_id": "cplan_pro"},
			{"user_id": "user_2", "price_id": "cprice_year"},
		} {
			ben := s.user(fmt.Sprint("user_", i), "")
			price := p.price
			if form["price_id"] != nil {
				price = yearly.price
			}
			path := place(ben, price, 1)
			tell := func(kind, status string, after time.Duration) {
				at := began.Add(after)
				s.tell("processed", "billing.subscription."+kind, with(souktest.Object{
					"id": fmt.Sprint("csub_", i), "status": status, "current_period_start": began.Add(time.Second).UnixMilli(), "current_period_end": began.Add(month).UnixMilli(),
					"updated_at": at.UnixMilli(), "created_at": began.Add(time.Second).UnixMilli(),
				}, form))
			}
			want := func(features, status string) {
				t.Helper()
				sub := ben.Get("/api/account/subscriptions/").Is(200).List()
				if got := s.features(ben); got != features || len(sub) != 1 || sub[0].Text("status") != status || sub[0].Int("price") != price {
					t.Errorf("form %d: %s, %v; want %s, %s", i, got, sub, features, status)
				}
			}
			tell("created", "incomplete", time.Second)
			want("[]", "incomplete")
			tell("active", "active", 2*time.Second)
			want("[coach pro]", "active")
			if status := ben.Get(path).Object().Text("status"); status != "fulfilled" {
				t.Errorf("form %d: the order is %s", i, status)
			}
			tell("pastDue", "past_due", 3*time.Second)
			want("[]", "past_due")
			tell("updated", "active", 4*time.Second)
			want("[coach pro]", "active")
			tell("paused", "", 5*time.Second) // the name says it
			want("[]", "paused")
			tell("updated", "active", 6*time.Second)
			tell("canceled", "canceled", 7*time.Second)
			want("[coach pro]", "canceled")
			tell("updated", "expired", 8*time.Second)
			want("[]", "canceled")
		}
		checkInvariants(t, s.Shop)
	})
}

func TestOrganisationsBuyNothing(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		s.plan()
		before := s.effects()
		org := souktest.Object{"payer": souktest.Object{"organization_id": "org_1", "user_id": ""}}
		s.tell("ignored", "organization.created", souktest.Object{"id": "org_1", "created_by": "user_ben"})
		s.tell("ignored", "organizationMembership.created", souktest.Object{"id": "orgmem_1", "public_user_data": souktest.Object{"user_id": "user_ben"}})
		s.tell("ignored", "subscriptionItem.active", item("csub_item_1", "", "active", time.Now(), org))
		s.tell("ignored", "subscription.created", with(souktest.Object{"id": "csub_1", "items": []souktest.Object{item("csub_item_2", "", "active", time.Now(), org)}}, org))
		s.tell("ignored", "paymentAttempt.updated", attempt("cpayatt_1", "", "csub_item_1", "paid", time.Now(), org))
		if after := s.effects(); after != before {
			t.Errorf("effects: %s, before %s", after, before)
		}
	})
}
