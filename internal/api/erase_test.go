package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/devcloud/stripe"
	"souk/internal/souktest"
)

// N31: what named a person is gone from every table; what was sold and paid stays.
func TestErasingAUserLeavesNothingThatNamesThem(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		const canary = "canary"
		email := canary + "@example.test"
		now := time.Now()
		payer := souktest.Object{"payer": souktest.Object{"user_id": "user_ben", "email": email, "first_name": canary}}
		p, ana, ben := s.plan(), s.user("user_ana", "ana@example.test"), s.user("user_ben", email)
		guide := offer(ana, souktest.Object{"name": "Guide", "feature_keys": []string{"guide"}}, nil)
		svc := newService(ana, "An hour")

		created := person("user_ben", email, now, souktest.Object{
			"first_name": canary, "last_name": canary, "image_url": "https://img.example.test/" + canary,
			"public_metadata": souktest.Object{"nickname": canary},
		})
		s.tell("processed", "user.created", created)
		if _, err := s.AddSeller(t.Context(), email); err != nil {
			t.Fatal(err)
		}
		ben.Patch("/api/account/customer/", souktest.Object{
			"full_name": canary, "company_name": canary, "tax_id": canary, "country": "DE", "metadata": souktest.Object{"phone": canary},
		}).Is(200)
		ben.With("Idempotency-Key", "k1").Post("/api/projects/", souktest.Object{"name": canary, "summary": canary}).Is(201)
		order := func(price int64) string {
			o := ben.Post("/api/account/orders/create/", souktest.Object{"price_id": price, "notes": canary}).Is(201).Object().Sub("order")
			return o.Text("public_id")
		}
		paid, open, subscribed := order(guide.price), order(guide.price), order(p.price)
		ben.Post("/api/account/orders/"+paid+"/confirm/", souktest.Object{"provider": "manual", "raw_payload": souktest.Object{"card": canary}}).Is(200)
		card := order(guide.price)
		to := s.Nobody().Get("/checkout/" + card + "/").Is(303).Header.Get("Location")
		if _, err := s.Stripe.Pay(t.Context(), to[strings.LastIndex(to, "/")+1:], stripe.CardPays, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.Stripe.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		ana.Post("/api/seller/orders/"+card+"/refund/", souktest.Object{"amount_cents": 100, "reason": canary + " was unhappy"}).Is(200)
		session := buySessions(ben, svc, 1)
		booked := ben.Post(accountBookings, souktest.Object{
			"service_offer": svc.offer, "order_item": session, "scheduled_start": inDays(3, 9), "customer_notes": canary,
		}).Is(201).Object().ID()
		ana.Patch(bookingPath(sellerBookings, booked), souktest.Object{"internal_notes": canary}).Is(200)
		sold := offer(ben, souktest.Object{"name": "Of the erased"}, nil)
		anas := place(ana, sold.price, 1)
		pay(ana, anas)
		shelf := sell(t, ben, "Never sold", 500)

		s.tell("processed", "subscriptionItem.active", item("csub_item_1", "user_ben", "active", now, payer))
		s.tell("processed", "paymentAttempt.updated", attempt("cpayatt_1", "user_ben", "csub_item_1", "paid", now, payer))
		s.tell("deferred", "subscriptionItem.active", item("csub_item_2", "user_ben", "active", now, payer, souktest.Object{"plan_id": "cplan_none"}))
		nameless := souktest.Object{"payer": souktest.Object{"user_id": "", "email": email, "first_name": canary}} // Clerk's examples write "" so
		s.tell("processed", "subscriptionItem.updated", item("csub_item_1", "", "active", now.Add(time.Second), nameless))
		s.tell("ignored", "session.created", souktest.Object{"id": "sess_1", "user_id": "user_ben", "user": created})
		s.tell("ignored", "organizationMembership.created", souktest.Object{"public_user_data": souktest.Object{"user_id": "user_ben", "identifier": email}})
		s.tell("ignored", "subscriptionItem.active", item("csub_item_3", "user_ben", "odd", now, payer)) // kept for review
		s.deliver("msg_1", event("user.created", created)).Is(200)                                       // with another timestamp: another body
		s.tell("processed", "user.created", person("user_cem", "cem@example.test", now, souktest.Object{"first_name": "witness"}))

		before := s.mentions(canary)
		for _, column := range []string{
			"profiles.email", "profiles.first_name", "profiles.last_name", "profiles.image_url", "profiles.public_metadata", "sellers.subject",
			"customers.billing_email", "customers.full_name", "customers.company_name", "customers.tax_id", "customers.metadata",
			"projects.name", "projects.summary", "projects.slug", "idempotency_keys.body", "orders.notes", "transactions.raw_payload", "refunds.reason", "order_events.detail",
			"bookings.customer_notes", "bookings.internal_notes", "webhook_events.payload",
		} {
			if !slices.Contains(before, column) {
				t.Errorf("%s holds no canary: the test does not go where it should", column)
			}
		}
		money := s.count(`SELECT sum(amount_cents) FROM transactions`)

		s.tell("processed", "user.deleted", souktest.Object{"id": "user_ben", "object": "user", "deleted": true})
		late := func() {
			t.Helper()
			s.tell("processed", "user.updated", person("user_ben", email, now.Add(time.Hour), souktest.Object{"first_name": canary}))
			s.tell("ignored", "session.removed", souktest.Object{"id": "sess_1", "user_id": "user_ben", "user": created})
			s.tell("processed", "subscriptionItem.ended", item("csub_item_1", "user_ben", "ended", now.Add(time.Hour), payer))
			s.deliver("msg_1", event("user.created", with(created, souktest.Object{"again": true}))).Is(200)
			s.Work()
		}
		late()
		late()
		if after := s.mentions(canary); len(after) > 0 {
			t.Errorf("still named in %v", after)
		}
		if len(s.mentions("witness")) != 2 || len(s.mentions("ana@example.test")) == 0 {
			t.Error("others are gone too")
		}
		s.Bearer(s.clerk.Token(t, "user_ben", map[string]any{"email": email, "given_name": canary, "picture": canary}, nil)).Get("/api/me/").Is(401)
		if after := s.mentions(canary); len(after) > 0 {
			t.Errorf("a token brings the name back to %v", after)
		}

		for id, want := range map[string]string{
			paid: "created paid fulfilled", open: "created buyer_erased", subscribed: "created paid fulfilled",
		} {
			o := ana.Get("/api/seller/orders/" + id + "/").Is(200).Object()
			var steps []string
			for _, e := range o.Subs("timeline") {
				steps = append(steps, e.Text("kind"))
			}
			if strings.Join(steps, " ") != want {
				t.Errorf("order %s went %v, want %s", id, steps, want)
			}
		}
		if s.count(`SELECT sum(amount_cents) FROM transactions`) != money || s.count(`SELECT count(*) FROM subscriptions WHERE status = 'canceled'`) != 1 {
			t.Error("what was paid is not on record any more")
		}
		for _, id := range []int64{sold.product, shelf.ID()} {
			if n := s.count(`SELECT count(*) FROM products WHERE id = $1 AND visibility = 'archived'`, id); n != 1 {
				t.Errorf("product %d is still for sale", id)
			}
		}
		if strings.Contains(string(s.Nobody().Get("/api/products/").Is(200).Body), "Of the erased") {
			t.Error("the public sees what nobody can deliver")
		}
		ana.Get(anas).Is(200)
		checkInvariants(t, s.Shop)
	})
}

// mentions are the columns of all tables that hold a word, in whatever form.
func (s *hooked) mentions(word string) (found []string) {
	s.t.Helper()
	query := `SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
	if s.DB.Engine == db.Postgres {
		query = `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'`
	}
	columns, err := db.All(s.t.Context(), s.DB, db.Value[string], query)
	if err != nil || len(columns) < 100 {
		s.t.Fatalf("%d columns, %v", len(columns), err)
	}
	for _, column := range columns {
		table, name, _ := strings.Cut(column, ".")
		text := fmt.Sprintf(`CAST(%q AS TEXT)`, name)
		if s.DB.Engine == db.Postgres && column == "idempotency_keys.body" {
			text = `encode(body, 'escape')`
		}
		if s.count(fmt.Sprintf(`SELECT count(*) FROM %q WHERE %s LIKE '%%%s%%'`, table, text, word)) > 0 {
			found = append(found, column)
		}
	}
	return found
}

// An event that is being handled while its user is erased leaves nothing either.
func TestErasingAUserWhileEventsCome(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		const users, events = 20, 6
		s.plan()
		now := time.Now()
		for i := range users {
			id := fmt.Sprint("user_", i)
			s.tell("processed", "user.created", person(id, id+"@example.test", now))
		}
		atOnce(users*events, func(i int) {
			id := fmt.Sprint("user_", i/events)
			body := event("user.deleted", souktest.Object{"id": id, "deleted": true})
			switch {
			case i%events > 3:
				body = event("session.created", souktest.Object{"id": fmt.Sprint("sess_", i), "user_id": id, "user": souktest.Object{"note": "canary"}})
			case i%events > 0:
				body = event("subscriptionItem.active", item(fmt.Sprint("csub_item_", i), id, "active", now, souktest.Object{"note": "canary"}))
			}
			s.deliver(fmt.Sprint("msg_at_once_", i), body).Is(200)
		})
		s.Work()
		if found := s.mentions("canary"); len(found) > 0 {
			t.Errorf("still in %v, %d times", found, s.count(`SELECT count(*) FROM webhook_events WHERE payload LIKE '%canary%'`))
		}
		if n := s.count(`SELECT count(*) FROM profiles WHERE deleted_at IS NOT NULL`); n != users {
			t.Errorf("%d of %d users are erased", n, users)
		}
	})
}
