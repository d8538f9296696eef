package api_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"souk/internal/souktest"
)

const (
	accountBookings = "/api/account/bookings/"
	sellerBookings  = "/api/seller/bookings/"
)

func bookingPath(list string, id int64) string { return fmt.Sprintf("%s%d/", list, id) }

// service is a published product with sessions of 90 minutes.
type service struct{ product, price, offer int64 }

func newService(seller *souktest.Client, name string) (svc service) {
	svc.product = seller.Post("/api/seller/products/", fmt.Sprintf(`{"name":%q,"product_type":"service","visibility":"published"}`, name)).Is(201).Object().ID()
	path := fmt.Sprintf("/api/seller/products/%d/", svc.product)
	svc.price = seller.Post(path+"prices/", `{"name":"A session","amount_cents":9000,"currency":"EUR"}`).Is(201).Object().ID()
	svc.offer = seller.Do("PUT", path+"service-offer/", `{"session_minutes":90}`).Is(200).Object().ID()
	return svc
}

// orderSessions is an order that is not paid yet: its path, and the id of its item.
func orderSessions(buyer *souktest.Client, svc service, quantity int) (path string, item int64) {
	order := buyer.Post("/api/account/orders/create/", fmt.Sprintf(`{"price_id":%d,"quantity":%d}`, svc.price, quantity)).Is(201).Object().Sub("order")
	return "/api/account/orders/" + order.Text("public_id") + "/", order.Subs("items")[0].ID()
}

func buySessions(buyer *souktest.Client, svc service, quantity int) (item int64) {
	path, item := orderSessions(buyer, svc, quantity)
	buyer.Post(path+"confirm/", `{"provider":"manual"}`).Is(200)
	return item
}

// inDays is a whole hour in the future, and RFC 3339.
func inDays(days int, hour time.Duration) string {
	return day(days).Add(hour * time.Hour).Format(time.RFC3339)
}

// today stays the same when midnight passes while the tests run.
var today = time.Now().UTC().Truncate(24 * time.Hour)

func day(days int) time.Time { return today.AddDate(0, 0, days) }

// request is a new unpaid request for a time.
func request(buyer *souktest.Client, offer int64, start string) int64 {
	return buyer.Post(accountBookings, fmt.Sprintf(`{"service_offer":%d,"scheduled_start":%q}`, offer, start)).Is(201).Object().ID()
}

func scheduleBody(svc service, item int64, start string) string {
	return fmt.Sprintf(`{"service_offer":%d,"order_item":%d,"scheduled_start":%q}`, svc.offer, item, start)
}

const confirm = `{"status":"confirmed"}`

func TestAPaidSessionFromScheduleToCompletion(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana := s.As("sal@example.test"), s.As("ana@example.test")
		svc := newService(sal, "An hour of mixing")
		item := buySessions(ana, svc, 2)
		untimed := ana.Get(accountBookings).Is(200).List()
		if len(untimed) != 2 || untimed[0].ID() < untimed[1].ID() || untimed[0]["scheduled_start"] != nil || untimed[0].Text("status") != "requested" ||
			untimed[0].Int("order_item") != item || untimed[0].Int("service_offer") != svc.offer {
			t.Fatalf("after the sale %v", untimed)
		}

		if f := ana.Post(accountBookings, fmt.Sprintf(`{"service_offer":%d,"order_item":%d}`, svc.offer, item)).Field(); f != "body.scheduled_start" {
			t.Error(f)
		}
		at := day(3).Add(9 * time.Hour)
		b := ana.Post(accountBookings, fmt.Sprintf(`{"service_offer":%d,"order_item":%d,"scheduled_start":%q,"customer_notes":" Two songs. ","status":"completed"}`,
			svc.offer, item, at.In(time.FixedZone("", 5*3600+1800)).Format(time.RFC3339))).Is(201).Object()
		if b.ID() != untimed[1].ID() || b.Text("scheduled_start") != at.Format(time.RFC3339) || b.Text("customer_notes") != "Two songs." ||
			b.Text("scheduled_end") != at.Add(90*time.Minute).Format(time.RFC3339) || b.Text("status") != "requested" || b.Text("product_name") != "An hour of mixing" {
			t.Errorf("scheduled %v", b)
		}
		// A product that is no longer sold still owes its sessions.
		sal.Patch(fmt.Sprintf("/api/seller/products/%d/", svc.product), `{"visibility":"archived"}`).Is(200)
		ana.Post(accountBookings, scheduleBody(svc, item, inDays(4, 9))).Is(201)
		if a := ana.Post(accountBookings, scheduleBody(svc, item, inDays(5, 9))).Is(409).Object(); a.Text("code") != "no_sessions_left" {
			t.Error(a)
		}

		mine, theirs := bookingPath(accountBookings, b.ID()), bookingPath(sellerBookings, b.ID())
		if p := ana.Patch(mine, `{"scheduled_start":null}`).Is(200).Object(); p["scheduled_start"] != nil || p["scheduled_end"] != nil || p.Int("order_item") != item {
			t.Errorf("without a time %v", p)
		}
		if a := sal.Patch(theirs, confirm); a.Field() != "body.scheduled_start" {
			t.Errorf("confirmed without a time: %s", a.Body)
		}
		ana.Patch(mine, fmt.Sprintf(`{"scheduled_start":%q}`, inDays(6, 9))).Is(200)

		seen := sal.Patch(theirs, `{"status":"confirmed","meeting_url":"https://meet.example.test/abc","internal_notes":"early"}`).Is(200).Object()
		if seen.Text("internal_notes") != "early" || seen.Sub("customer").Text("billing_email") != "ana@example.test" || seen.Sub("customer").ID() == 0 {
			t.Errorf("the seller sees %v", seen)
		}
		if _, there := seen.Sub("customer")["full_name"]; !there {
			t.Error("the customer has no full_name")
		}
		if a := ana.Get(mine).Is(200); strings.Contains(string(a.Body), "internal") || a.Object().Text("meeting_url") != "https://meet.example.test/abc" {
			t.Errorf("the buyer sees %s", a.Body)
		}
		if a := ana.Get(accountBookings).Is(200); strings.Contains(string(a.Body), "early") {
			t.Errorf("the buyer sees %s", a.Body)
		}
		ana.Patch(mine, fmt.Sprintf(`{"scheduled_start":%q}`, inDays(7, 9))).Is(409)
		ana.Patch(mine, `{"customer_notes":"late"}`).Is(409)
		sal.Patch(theirs, `{"scheduled_start":null}`).Is(422)
		// Sending back what came changes nothing, and moves nothing that is read-only.
		same := sal.Get(theirs).Is(200).Object()
		delete(same, "status")
		if again := sal.Patch(theirs, same).Is(200).Object(); again.Text("scheduled_start") != inDays(6, 9) || again.Text("status") != "confirmed" {
			t.Errorf("sent back %v", again)
		}
		sal.Patch(theirs, `{"status":"completed"}`).Is(200)
		for _, status := range []string{"requested", "confirmed", "completed", "canceled"} {
			sal.Patch(theirs, fmt.Sprintf(`{"status":%q}`, status)).Is(409)
		}
		sal.Patch(theirs, fmt.Sprintf(`{"scheduled_start":%q}`, inDays(8, 9))).Is(409)
		sal.Patch(theirs, `{"internal_notes":"went well"}`).Is(200)
		ana.Post(mine+"cancel/", nil).Is(409)
	})
}

func TestAServiceThatWasNeverDescribedIsStillOwed(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana := s.As("sal@example.test"), s.As("ana@example.test")
		product := sal.Post("/api/seller/products/", `{"name":"Advice","product_type":"service","visibility":"published"}`).Is(201).Object().ID()
		price := sal.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product), `{"name":"A session","amount_cents":0,"currency":"EUR"}`).Is(201).Object().ID()
		order := ana.Post("/api/account/orders/create/", fmt.Sprintf(`{"price_id":%d,"quantity":2}`, price)).Is(201).Object().Sub("order")
		owed := ana.Get(accountBookings).Is(200).List()
		if len(owed) != 2 || owed[0].Int("order_item") != order.Subs("items")[0].ID() {
			t.Fatalf("owed %v", owed)
		}
		b := ana.Post(accountBookings, scheduleBody(service{offer: owed[0].Int("service_offer")}, owed[0].Int("order_item"), inDays(3, 9))).Is(201).Object()
		if b.Text("scheduled_end") != inDays(3, 10) {
			t.Errorf("not an hour: %v", b)
		}
	})
}

func TestACanceledSessionIsThereAgain(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana := s.As("sal@example.test"), s.As("ana@example.test")
		svc := newService(sal, "Mixing")
		item := buySessions(ana, svc, 1)
		for range 3 {
			b := ana.Post(accountBookings, scheduleBody(svc, item, inDays(3, 9))).Is(201).Object()
			if c := ana.Post(bookingPath(accountBookings, b.ID())+"cancel/", nil).Is(200).Object(); c.Text("status") != "canceled" {
				t.Error(c)
			}
			b = ana.Post(accountBookings, scheduleBody(svc, item, inDays(3, 9))).Is(201).Object()
			sal.Patch(bookingPath(sellerBookings, b.ID()), confirm).Is(200)
			sal.Patch(bookingPath(sellerBookings, b.ID()), `{"status":"canceled"}`).Is(200)
		}
		if left := sal.Get(sellerBookings + "?status=requested").Is(200).List(); len(left) != 1 || left[0]["scheduled_start"] != nil {
			t.Errorf("left %v", left)
		}
		if all := sal.Get(sellerBookings + "?status=canceled").Is(200).List(); len(all) != 6 {
			t.Errorf("%d canceled, want 6", len(all))
		}
		page := sal.Get(sellerBookings + "?status=canceled&limit=4").Is(200)
		if rest := sal.Get(page.Next()).Is(200); len(rest.List()) != 2 || rest.Next() != "" {
			t.Errorf("the second page %s", rest.Body)
		}
		sal.Get(sellerBookings + "?status=lost").Is(422)
	})
}

func TestBookingsRefuseBadInput(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana, ben := s.As("sal@example.test"), s.As("ana@example.test"), s.As("ben@example.test")
		svc, other := newService(sal, "Mixing"), newService(sal, "Mastering")
		item := buySessions(ana, svc, 1)
		soon := inDays(3, 9)

		for body, field := range map[string]string{
			`{}`:                        "body",
			`{"service_offer":0}`:       "body.service_offer",
			`{"service_offer":"1"}`:     "body.service_offer",
			`{"service_offer":null}`:    "body.service_offer",
			`{"service_offer":1,"x":1}`: "body.x",
			`{"service_offer":1,"internal_notes":"x"}`:                                 "body.internal_notes",
			`{"service_offer":1,"order_item":-1}`:                                      "body.order_item",
			`{"service_offer":1,"customer_notes":null}`:                                "body.customer_notes",
			`{"service_offer":1,"customer_notes":"` + strings.Repeat("a", 5001) + `"}`: "body.customer_notes",
		} {
			if got := ana.Post(accountBookings, body).Field(); got != field {
				t.Errorf("%.80s: names %s, want %s", body, got, field)
			}
		}
		for _, start := range []string{
			inDays(-1, 9), "2020-01-01T00:00:00Z", time.Now().UTC().Add(-time.Second).Format(time.RFC3339), inDays(3652, 9), inDays(735, 0),
			"9999-12-31T23:59:59Z", "2027-02-30T09:00:00Z", "2027-01-01T25:00:00Z", "2027-01-01T09:00:00", "2027-01-01", "tomorrow", "",
			"2027-01-01T09:00:00+25:00",
		} {
			if got := ana.Post(accountBookings, scheduleBody(svc, item, start)).Field(); got != "body.scheduled_start" {
				t.Errorf("%s: names %s", start, got)
			}
		}
		ana.Post(accountBookings, scheduleBody(service{offer: 99999}, item, soon)).Is(404)
		ana.Post(accountBookings, scheduleBody(svc, 99999, soon)).Is(404)
		ben.Post(accountBookings, scheduleBody(svc, item, soon)).Is(404)
		order, unpaid := orderSessions(ana, svc, 1)
		for range 2 {
			if a := ana.Post(accountBookings, scheduleBody(svc, unpaid, soon)).Is(409).Object(); a.Text("code") != "order_not_paid" {
				t.Error(a)
			}
			ana.Post(order+"cancel/", nil)
		}
		if f := ana.Post(accountBookings, scheduleBody(other, item, soon)).Field(); f != "body.order_item" {
			t.Error(f)
		}
		if left := ana.Get(accountBookings).List(); len(left) != 1 || left[0]["scheduled_start"] != nil {
			t.Errorf("something was written: %v", left)
		}

		// An end is never the client's: it follows from the start, so it cannot lie before it.
		b := ana.Post(accountBookings, fmt.Sprintf(`{"service_offer":%d,"order_item":%d,"scheduled_start":%q,"scheduled_end":%q}`,
			svc.offer, item, soon, inDays(2, 9))).Is(201).Object()
		if b.Text("scheduled_end") <= b.Text("scheduled_start") {
			t.Errorf("ends before it starts: %v", b)
		}
		for body, field := range map[string]string{
			`{"meeting_url":"http://meet.example.test/"}`:                                  "body.meeting_url",
			`{"meeting_url":"javascript:alert(1)"}`:                                        "body.meeting_url",
			`{"meeting_url":"https://"}`:                                                   "body.meeting_url",
			`{"meeting_url":"//meet.example.test/"}`:                                       "body.meeting_url",
			`{"meeting_url":"https://shop@evil.example.test/"}`:                            "body.meeting_url",
			`{"meeting_url":"https://meet.example.test/\r\nx"}`:                            "body.meeting_url",
			`{"meeting_url":"https://meet.example.test/` + strings.Repeat("a", 500) + `"}`: "body.meeting_url",
			`{"meeting_url":null}`:                                                         "body.meeting_url",
			`{"status":"paid"}`:                                                            "body.status",
			`{"status":null}`:                                                              "body.status",
			`{"scheduled_start":"` + inDays(-1, 9) + `"}`:                                  "body.scheduled_start",
			`{"internal_notes":7}`:                                                         "body.internal_notes",
		} {
			if got := sal.Patch(bookingPath(sellerBookings, b.ID()), body).Field(); got != field {
				t.Errorf("%.80s: names %s, want %s", body, got, field)
			}
		}
		for _, status := range []string{"requested", "completed"} {
			sal.Patch(bookingPath(sellerBookings, b.ID()), fmt.Sprintf(`{"status":%q}`, status)).Is(409)
		}
		if after := ana.Get(bookingPath(accountBookings, b.ID())).Object(); after.Text("updated_at") != b.Text("updated_at") || after.Text("meeting_url") != "" {
			t.Errorf("something was written: %v", after)
		}
	})
}

func TestBookingsAreTheirOwners(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, sue, ana, ben := s.As("sal@example.test"), s.As("sue@example.test"), s.As("ana@example.test"), s.As("ben@example.test")
		svc := newService(sal, "Mixing")
		id := request(ana, svc.offer, inDays(3, 9))
		for _, id := range []int64{id, 99999} {
			mine, theirs := bookingPath(accountBookings, id), bookingPath(sellerBookings, id)
			ben.Get(mine).Is(404)
			ben.Patch(mine, `{"customer_notes":"x"}`).Is(404)
			ben.Post(mine+"cancel/", nil).Is(404)
			sal.Get(mine).Is(404)
			sal.Post(mine+"cancel/", nil).Is(404)
			for _, stranger := range []*souktest.Client{sue, ana} {
				stranger.Get(theirs).Is(404)
				stranger.Patch(theirs, confirm).Is(404)
			}
			s.Nobody().Get(mine).Is(401)
			s.Nobody().Patch(theirs, confirm).Is(401)
		}
		if n := len(ben.Get(accountBookings).List()) + len(sue.Get(sellerBookings).List()) + len(ana.Get(sellerBookings).List()); n != 0 {
			t.Errorf("strangers list %d bookings", n)
		}
		if b := ana.Get(bookingPath(accountBookings, id)).Is(200).Object(); b.Text("status") != "requested" || b.Text("customer_notes") != "" {
			t.Errorf("a stranger changed %v", b)
		}
	})
}

func TestAtMostFiveUnpaidRequestsWait(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana, ben := s.As("sal@example.test"), s.As("ana@example.test"), s.As("ben@example.test")
		svc := newService(sal, "Mixing")
		ana.Get(accountBookings).Is(200)
		body := fmt.Sprintf(`{"service_offer":%d}`, svc.offer)
		if n := together(32, func(int) *souktest.Answer { return ana.Post(accountBookings, body) }); n[201] != 5 || n[409] != 27 {
			t.Errorf("answers %v, want 5 made", n)
		}
		waiting := ana.Get(accountBookings).List()
		if len(waiting) != 5 || waiting[0]["order_item"] != nil {
			t.Errorf("waiting %v", waiting)
		}
		ben.Post(accountBookings, body).Is(201)
		ana.Post(bookingPath(accountBookings, waiting[0].ID())+"cancel/", nil).Is(200)
		ana.With("Idempotency-Key", "r").Post(accountBookings, body).Is(201)
		ana.With("Idempotency-Key", "r").Post(accountBookings, body).Is(201)
		ana.Post(accountBookings, body).Is(409)
		product := fmt.Sprintf("/api/seller/products/%d/", svc.product)
		sal.Patch(product, `{"visibility":"draft"}`).Is(200)
		ben.Post(accountBookings, body).Is(404)
		// What somebody asked for is not lost with its product.
		sal.Do("DELETE", product, nil).Is(204)
		if b := ben.Get(accountBookings).Is(200).List(); len(b) != 1 || b[0].Text("product_name") != "Mixing" {
			t.Errorf("after the product went %v", b)
		}
	})
}

func TestNSessionsAreScheduledExactlyNTimes(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana := s.As("sal@example.test"), s.As("ana@example.test")
		svc := newService(sal, "Mixing")
		item := buySessions(ana, svc, 3)
		n := together(32, func(i int) *souktest.Answer {
			return ana.Post(accountBookings, scheduleBody(svc, item, inDays(3+i, 9)))
		})
		if n[201] != 3 || n[409] != 29 {
			t.Errorf("answers %v, want 3 made", n)
		}
		if all := ana.Get(accountBookings).List(); len(all) != 3 || all[0]["scheduled_start"] == nil || all[2]["scheduled_start"] == nil {
			t.Errorf("bookings %v", all)
		}
	})
}

func TestConfirmedBookingsNeverOverlap(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, sue := s.As("sal@example.test"), s.As("sue@example.test")
		svc, sues := newService(sal, "Mixing"), newService(sue, "Mixing too")
		buyer := func(i int) *souktest.Client { return s.As(fmt.Sprintf("buyer%d@example.test", i)) }

		at := day(3).Add(9 * time.Hour)
		var ids []int64
		for i := range 32 { // each 90 minutes long, 2 minutes apart: all overlap each other
			ids = append(ids, request(buyer(i/5), svc.offer, at.Add(time.Duration(i)*2*time.Minute).Format(time.RFC3339)))
		}
		n := together(32, func(i int) *souktest.Answer { return sal.Patch(bookingPath(sellerBookings, ids[i]), confirm) })
		if n[200] != 1 || n[409] != 31 {
			t.Errorf("answers %v, want one confirmed", n)
		}
		if all := sal.Get(sellerBookings + "?status=confirmed").List(); len(all) != 1 {
			t.Errorf("confirmed %v", all)
		}

		// Another seller's slot is another slot; and [9, 10:30) ends where [10:30, 12) starts.
		sue.Patch(bookingPath(sellerBookings, request(buyer(7), sues.offer, at.Format(time.RFC3339))), confirm).Is(200)
		at = at.AddDate(0, 0, 5)
		first, next := request(buyer(8), svc.offer, at.Format(time.RFC3339)), request(buyer(8), svc.offer, at.Add(90*time.Minute).Format(time.RFC3339))
		sal.Patch(bookingPath(sellerBookings, next), confirm).Is(200)
		sal.Patch(bookingPath(sellerBookings, first), confirm).Is(200)

		// Moved onto another: refused whole, also what else was in the request.
		a := sal.Patch(bookingPath(sellerBookings, first), fmt.Sprintf(`{"scheduled_start":%q,"internal_notes":"moved"}`, at.Add(time.Second).Format(time.RFC3339)))
		if a.Is(409).Object().Text("code") != "slot_taken" {
			t.Errorf("%s", a.Body)
		}
		if b := sal.Get(bookingPath(sellerBookings, first)).Object(); b.Text("scheduled_start") != at.Format(time.RFC3339) || b.Text("internal_notes") != "" {
			t.Errorf("half written: %v", b)
		}
		// A buyer hears of it at once; an unconfirmed one is nobody's slot yet.
		taken := fmt.Sprintf(`{"service_offer":%d,"scheduled_start":%q}`, svc.offer, at.Add(time.Hour).Format(time.RFC3339))
		if a := buyer(9).Post(accountBookings, taken).Is(409).Object(); a.Text("code") != "slot_taken" {
			t.Error(a)
		}
		free := request(buyer(9), svc.offer, at.Add(4*time.Hour).Format(time.RFC3339))
		buyer(9).Patch(bookingPath(accountBookings, free), fmt.Sprintf(`{"scheduled_start":%q}`, at.Format(time.RFC3339))).Is(409)
		request(buyer(9), svc.offer, at.Add(4*time.Hour).Format(time.RFC3339))
		// A canceled one frees its slot.
		buyer(8).Post(bookingPath(accountBookings, first)+"cancel/", nil).Is(200)
		sal.Patch(bookingPath(sellerBookings, request(buyer(9), svc.offer, at.Format(time.RFC3339))), confirm).Is(200)
	})
}

// Berlin's clocks go forward on 2027-03-28 and back on 2027-10-31. An offset makes each time one instant, also in the hour that
// is missing and in the one that comes twice.
func TestTimesAroundAChangeOfClocksAreInstants(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		sal, ana, ben := s.As("sal@example.test"), s.As("ana@example.test"), s.As("ben@example.test")
		svc := newService(sal, "Mixing") // 90 minutes
		year := fmt.Sprint(time.Now().Year() + 1)
		for _, c := range []struct {
			buyer       *souktest.Client
			given, want string
			confirmed   int
		}{
			{ana, "-03-28T00:30:00+01:00", "-03-27T23:30:00Z", 200}, // ends as the clocks go from 2 to 3
			{ana, "-03-28T03:00:00+02:00", "-03-28T01:00:00Z", 200}, // starts right then
			{ana, "-03-28T02:30:00+01:00", "-03-28T01:30:00Z", 409}, // a time that no clock shows is 03:30 there: taken
			{ben, "-10-31T02:00:00+02:00", "-10-31T00:00:00Z", 200}, // the first 2 o'clock, until the second 2:30
			{ben, "-10-31T02:00:00+01:00", "-10-31T01:00:00Z", 409}, // the second one: half an hour too early
			{ben, "-10-31T02:30:00+01:00", "-10-31T01:30:00Z", 200},
		} {
			a := c.buyer.Post(accountBookings, fmt.Sprintf(`{"service_offer":%d,"scheduled_start":%q}`, svc.offer, year+c.given))
			if a.Status == 409 && c.confirmed == 409 {
				continue // told at once
			}
			b := a.Is(201).Object()
			if got := b.Text("scheduled_start"); got != year+c.want {
				t.Errorf("%s: %s, want %s", c.given, got, year+c.want)
			}
			if got := sal.Patch(bookingPath(sellerBookings, b.ID()), confirm).Status; got != c.confirmed {
				t.Errorf("%s: %d, want %d", c.given, got, c.confirmed)
			}
		}
	})
}

// Random calls of a seller and its buyers, against a model that is a list of intervals.
func TestBookingsBehaveAsTheModel(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		sal := s.As("sal@example.test")
		svc := newService(sal, "Mixing") // 90 minutes: three slots of half an hour
		type slot struct {
			id        int64
			start     int
			confirmed bool
		}
		var model []*slot
		free := func(at int, but *slot) bool {
			for _, o := range model {
				if o != but && o.confirmed && at < o.start+3 && o.start < at+3 {
					return false
				}
			}
			return true
		}
		text := func(at int) string { return day(2).Add(time.Duration(at) * 30 * time.Minute).Format(time.RFC3339) }
		want := func(ok bool, yes int) int {
			if ok {
				return yes
			}
			return 409
		}
		for step := range 150 {
			at := random.IntN(40)
			if len(model) == 0 || random.IntN(3) == 0 && len(model) < 24 {
				// A new buyer each time: an unpaid request is one of at most five.
				a := s.As(fmt.Sprintf("b%d@example.test", step)).Post(accountBookings, fmt.Sprintf(`{"service_offer":%d,"scheduled_start":%q}`, svc.offer, text(at)))
				if a.Status != want(free(at, nil), 201) {
					t.Fatalf("seed %d step %d: request at %d: %d %s", seed, step, at, a.Status, a.Body)
				}
				if a.Status == 201 {
					model = append(model, &slot{a.Object().ID(), at, false})
				}
				continue
			}
			i := random.IntN(len(model))
			b := model[i]
			path := bookingPath(sellerBookings, b.id)
			switch random.IntN(4) {
			case 0, 1:
				ok := !b.confirmed && free(b.start, b)
				if a := sal.Patch(path, confirm); a.Status != want(ok, 200) {
					t.Fatalf("seed %d step %d: confirm at %d: %d %s", seed, step, b.start, a.Status, a.Body)
				}
				b.confirmed = b.confirmed || ok
			case 2:
				ok := !b.confirmed || free(at, b)
				if a := sal.Patch(path, fmt.Sprintf(`{"scheduled_start":%q}`, text(at))); a.Status != want(ok, 200) {
					t.Fatalf("seed %d step %d: move from %d to %d: %d %s", seed, step, b.start, at, a.Status, a.Body)
				}
				if ok {
					b.start = at
				}
			case 3:
				sal.Patch(path, `{"status":"canceled"}`).Is(200)
				model = append(model[:i], model[i+1:]...)
			}
		}
		confirmed := 0
		for _, b := range model {
			if b.confirmed {
				confirmed++
			}
		}
		if got := len(sal.Get(sellerBookings + "?status=confirmed&limit=200").List()); got != confirmed {
			t.Errorf("seed %d: %d confirmed, the model has %d", seed, got, confirmed)
		}
	})
}
