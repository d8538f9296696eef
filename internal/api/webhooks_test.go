package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	standin "souk/internal/devcloud/clerk"
	"souk/internal/souktest"
)

var (
	hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of the webhooks tests"))
	nextSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("the one that follows after it"))
)

// hooked is a shop that Clerk tells of events.
type hooked struct {
	*souktest.Shop
	t     *testing.T
	clerk *souktest.Clerk
	more  []string     // settings of a further instance
	sent  atomic.Int64 // events so far
}

// eachHooked runs test with such a shop on every engine.
func eachHooked(t *testing.T, test func(t *testing.T, s *hooked)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { test(t, newHooked(t, url, nil)) })
}

// newHooked starts the shop; now is its clock, nil the real one. Clerk's Backend API knows nobody.
func newHooked(t *testing.T, url string, now func() time.Time) *hooked {
	t.Helper()
	const key = "sk_test_hunter2hunter2hunter2"
	instance, err := standin.New(standin.Options{Plans: standin.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(standin.NewAPI(instance, key, nil))
	t.Cleanup(backend.Close)
	s := &hooked{t: t, clerk: souktest.NewClerk(t)}
	s.more = append(s.clerk.Env(), "CLERK_SECRET_KEY="+key, "CLERK_API_URL="+backend.URL, "CLERK_WEBHOOK_SIGNING_SECRET="+hookSecret+","+nextSecret)
	s.Shop = souktest.NewAt(t, url, now, s.more...)
	return s
}

// user is a client with a token of a Clerk user.
func (s *hooked) user(id, email string) *souktest.Client {
	return s.Bearer(s.clerk.Token(s.t, id, map[string]any{"email": email}, nil)).For(s.t)
}

// signed is a client whose next request has a good signature of body. It may be sent to another instance.
func signed(t *testing.T, c *souktest.Client, secret, id string, at time.Time, body []byte) *souktest.Client {
	t.Helper()
	signature, err := standin.Sign(secret, id, at, body)
	if err != nil {
		t.Fatal(err)
	}
	return c.With("Svix-Id", id).With("Svix-Timestamp", strconv.FormatInt(at.Unix(), 10)).With("Svix-Signature", signature)
}

const hookPath = "/api/webhooks/clerk/"

// deliver sends a body under an id, signed now.
func (s *hooked) deliver(id string, body []byte) *souktest.Answer {
	s.t.Helper()
	return signed(s.t, s.Nobody().For(s.t), hookSecret, id, time.Now(), body).Post(hookPath, body)
}

// tell sends an event under an id of its own, and wants a word as the answer.
func (s *hooked) tell(want, kind string, data souktest.Object) {
	s.t.Helper()
	a := s.deliver(fmt.Sprintf("msg_%d", s.sent.Add(1)), event(kind, data)).Is(200)
	if got := a.Object().Text("status"); got != want {
		s.t.Fatalf("%s is %s, want %s", kind, got, want)
	}
}

func event(kind string, data souktest.Object) []byte {
	text, _ := json.Marshal(souktest.Object{"object": "event", "type": kind, "timestamp": time.Now().UnixMilli(), "data": data})
	return text
}

// with is an object with fields written over it; nil takes a name away.
func with(base souktest.Object, more ...souktest.Object) souktest.Object {
	for _, m := range more {
		maps.Copy(base, m)
	}
	maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
	return base
}

// person is the data of a user event.
func person(id, email string, updated time.Time, more ...souktest.Object) souktest.Object {
	return with(souktest.Object{
		"object": "user", "id": id, "first_name": "Ben", "last_name": "Buyer", "image_url": "https://img.example.test/ben.png",
		"primary_email_address_id": "idn_1", "public_metadata": souktest.Object{}, "created_at": updated.UnixMilli(), "updated_at": updated.UnixMilli(),
		"email_addresses": []souktest.Object{{"id": "idn_1", "email_address": email, "verification": souktest.Object{"status": "verified"}}},
	}, more...)
}

const month = 30 * 24 * time.Hour

// item is the data of a subscriptionItem event: of the plan cplan_pro, from at on for a month.
func item(id, user, status string, at time.Time, more ...souktest.Object) souktest.Object {
	return with(souktest.Object{
		"object": "commerce_subscription_item", "id": id, "status": status, "plan_id": "cplan_pro", "interval": "month", "is_free_trial": false,
		"payer": souktest.Object{"user_id": user}, "created_at": at.UnixMilli(), "updated_at": at.UnixMilli(),
		"period_start": at.UnixMilli(), "period_end": at.Add(month).UnixMilli(),
	}, more...)
}

// attempt is the data of a paymentAttempt event for an item.
func attempt(id, user, itemID, status string, at time.Time, more ...souktest.Object) souktest.Object {
	return with(souktest.Object{
		"id": id, "status": status, "charge_type": "checkout", "payer": souktest.Object{"user_id": user}, "created_at": at.UnixMilli(),
		"updated_at": at.UnixMilli(), "paid_at": at.UnixMilli(), "totals": souktest.Object{"grand_total": souktest.Object{"amount": 1900, "currency": "USD"}},
		"subscription_items": []souktest.Object{{"id": itemID, "plan_id": "cplan_pro", "interval": "month"}},
	}, more...)
}

// plan puts up a product whose one price is the monthly cplan_pro.
func (s *hooked) plan(price ...souktest.Object) stall {
	fields := with(souktest.Object{"billing_period": "monthly", "clerk_plan_id": "cplan_pro"}, price...)
	return offer(s.user("user_ana", "ana@example.test"), souktest.Object{"feature_keys": []string{"pro", "coach"}}, fields)
}

func (s *hooked) count(query string, args ...any) int64 {
	s.t.Helper()
	return count(s.t, s.Shop, query, args...)
}

// features are the features that a user has by what the shop knows, in order.
func (s *hooked) features(c *souktest.Client) string {
	s.t.Helper()
	return fmt.Sprint(c.Get("/api/billing/features/").Is(200).Object()["enabled_features"])
}

// effects is what events have done: every row that they may write, counted.
func (s *hooked) effects() string {
	s.t.Helper()
	var text strings.Builder
	for _, table := range []string{"profiles", "customers", "subscriptions", "entitlements", "transactions", "order_events", "download_grants"} {
		fmt.Fprintf(&text, "%s %d ", table, s.count(`SELECT count(*) FROM `+table))
	}
	fmt.Fprintf(&text, "fulfilled %d", s.count(`SELECT count(*) FROM orders WHERE status = 'fulfilled'`))
	return text.String()
}

// work runs the jobs until the test ends. It comes back when they are all at work, as they are some seconds after a start.
func (s *hooked) work() {
	s.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- s.Jobs.Run(s.t.Context()) }()
	s.t.Cleanup(func() {
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
	soon(s.t, "the jobs run", func() bool { return s.count(`SELECT count(*) FROM river_leader`) == 1 })
}

// soon waits for what has to come within the ten seconds that the contract gives.
func soon(t *testing.T, what string, there func() bool) {
	t.Helper()
	for began := time.Now(); !there(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

// N14, N15: what is not signed as it should be is refused alike, and leaves nothing, not in the log either.
func TestForgedWebhooksLeaveNothing(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		log := logged(t)
		const id, canary = "msg_forged", "canary-of-the-body"
		body := event("user.created", person("user_forged", canary+"@example.test", time.Now()))
		other := "whsec_" + base64.StdEncoding.EncodeToString([]byte("the secret of another endpoint"))
		now := time.Now()
		good := signed(t, s.Nobody(), hookSecret, id, now, body)
		signature := good.Header("Svix-Signature")
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write(body)
		_ = w.Close()
		var tidy bytes.Buffer
		if err := json.Indent(&tidy, body, "", " "); err != nil {
			t.Fatal(err)
		}
		for name, a := range map[string]*souktest.Answer{
			"no signature":         s.Nobody().With("Svix-Id", id).With("Svix-Timestamp", good.Header("Svix-Timestamp")).Post(hookPath, body),
			"an empty one":         good.With("Svix-Signature", "v1,").Post(hookPath, body),
			"a prefix of it":       good.With("Svix-Signature", signature[:len(signature)-4]).Post(hookPath, body),
			"not base64":           good.With("Svix-Signature", "v1,"+strings.Repeat("!", 44)).Post(hookPath, body),
			"v0 alone":             good.With("Svix-Signature", "v0"+signature[2:]).Post(hookPath, body),
			"another's secret":     signed(t, s.Nobody(), other, id, now, body).Post(hookPath, body),
			"an empty secret":      signed(t, s.Nobody(), "", id, now, body).Post(hookPath, body),
			"written anew":         good.Post(hookPath, tidy.Bytes()),
			"another id":           good.With("Svix-Id", "msg_other").Post(hookPath, body),
			"another time":         good.With("Svix-Timestamp", strconv.FormatInt(now.Unix()+1, 10)).Post(hookPath, body),
			"zipped":               good.Post(hookPath, zipped.Bytes()),
			"six minutes ago":      signed(t, s.Nobody(), hookSecret, id, now.Add(-6*time.Minute), body).Post(hookPath, body),
			"in six minutes":       signed(t, s.Nobody(), hookSecret, id, now.Add(6*time.Minute), body).Post(hookPath, body),
			"no number":            good.With("Svix-Timestamp", "yesterday").Post(hookPath, body),
			"a number of 20 digit": good.With("Svix-Timestamp", strings.Repeat("9", 20)).Post(hookPath, body),
			"signed and no event":  s.deliver(id, []byte(`{"data":{}}`)),
		} {
			if a.Status != 400 || strings.Contains(string(a.Body), canary) {
				t.Errorf("%s: %d, want 400: %s", name, a.Status, a.Body)
			}
			if code := a.Object().Text("code"); name != "signed and no event" && code != "webhook_signature" {
				t.Errorf("%s: %s tells more than that the signature is wrong", name, code)
			}
		}
		if left := s.effects(); s.count(`SELECT count(*) FROM webhook_events`) != 0 || !strings.HasPrefix(left, "profiles 0 ") {
			t.Errorf("left: %s", left)
		}
		good.With("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" "+signature).Post(hookPath, body).Is(200)
		signed(t, s.Nobody(), nextSecret, "msg_next", now, body).Post(hookPath, body).Is(200)
		for _, secret := range []string{canary, strings.TrimPrefix(hookSecret, "whsec_"), strings.TrimPrefix(nextSecret, "whsec_"), signature[3:]} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is logged:\n%s", secret, log)
			}
		}
	})
}

// N16: one event, however often and wherever it comes, has one effect; what differs under its id has none, and is seen.
func TestOneEventHasOneEffect(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		log := logged(t)
		instances := []*souktest.Shop{s.Shop, s.Shop}
		if s.DB.Engine == db.Postgres {
			instances[1] = souktest.New(t, s.Config.DatabaseURL.Reveal(), s.more...)
			log = logged(t)
		}
		p, ben := s.plan(), s.user("user_ben", "ben@example.test")
		addFile(s.user("user_ana", ""), p.product, "guide")
		path := place(ben, p.price, 1)
		body := event("subscriptionItem.active", item("csub_item_1", "user_ben", "active", time.Now()))
		words := make([]string, 50)
		atOnce(len(words), func(i int) {
			words[i] = signed(t, instances[i%2].Nobody(), hookSecret, "msg_once", time.Now(), body).Post(hookPath, body).Is(200).Object().Text("status")
		})
		slices.Sort(words)
		if words[0] != "duplicate" || words[48] != "duplicate" || words[49] != "processed" {
			t.Errorf("answers %v", words)
		}
		const want = "profiles 2 customers 1 subscriptions 1 entitlements 4 transactions 1 order_events 3 download_grants 1 fulfilled 1"
		if got := s.effects(); got != want || ben.Get(path).Object().Text("status") != "fulfilled" {
			t.Errorf("effects: %s, want %s", got, want)
		}
		if status := s.deliver("msg_anew", body).Is(200).Object().Text("status"); status != "processed" || s.effects() != want {
			t.Errorf("the same object under a new id is %s: %s", status, s.effects())
		}

		canary := "canary-of-the-other-body"
		other := event("subscriptionItem.ended", item("csub_item_1", "user_ben", "ended", time.Now().Add(time.Hour), souktest.Object{"note": canary}))
		for range 2 {
			if status := s.deliver("msg_once", other).Is(200).Object().Text("status"); status != "ignored" {
				t.Errorf("another body under the id is %s", status)
			}
		}
		if n := s.count(`SELECT count(*) FROM webhook_events WHERE event_id = 'msg_once' AND conflicts AND status = 'review'`); n != 1 {
			t.Errorf("%d kept for review", n)
		}
		if s.effects() != want || s.features(ben) != "[coach pro]" {
			t.Errorf("another body had an effect: %s, %s", s.effects(), s.features(ben))
		}
		if text := log.String(); strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "event=msg_once") || strings.Contains(text, canary) {
			t.Errorf("logged:\n%s", text)
		}
		checkInvariants(t, s.Shop)
	})
}

// N17: the newest counts, whatever comes last, and nobody is brought back to life.
func TestOlderEventsUndoNothing(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		s.plan()
		now := time.Now()
		profile := func(c *souktest.Client) string { return c.Get("/api/profile/").Is(200).Object().Text("email") }
		ben := s.user("user_ben", "")
		s.tell("processed", "user.updated", person("user_ben", "new@example.test", now))
		s.tell("processed", "user.created", person("user_ben", "old@example.test", now.Add(-time.Hour)))
		s.tell("processed", "user.updated", person("user_ben", "older@example.test", now.Add(-time.Minute)))
		if got := profile(ben); got != "new@example.test" {
			t.Errorf("the address is %s", got)
		}
		around := func(status string, at time.Time) souktest.Object {
			return souktest.Object{"id": "csub_1", "status": status, "payer": souktest.Object{"user_id": "user_ben"}, "updated_at": at.UnixMilli(),
				"items": []souktest.Object{item("csub_item_1", "user_ben", status, at)}}
		}
		s.tell("processed", "subscription.updated", around("ended", now))
		s.tell("processed", "subscription.updated", around("active", now.Add(-time.Minute)))
		s.tell("processed", "subscriptionItem.active", item("csub_item_1", "user_ben", "active", now.Add(-time.Hour)))
		if got := s.features(ben); got != "[]" || s.count(`SELECT count(*) FROM subscriptions WHERE status = 'canceled'`) != 1 {
			t.Errorf("an older event gave %s", got)
		}

		s.tell("processed", "user.deleted", souktest.Object{"id": "user_ben", "object": "user", "deleted": true})
		s.tell("processed", "user.created", person("user_ben", "late@example.test", now.Add(time.Hour)))
		s.tell("processed", "user.updated", person("user_ben", "later@example.test", now.Add(2*time.Hour)))
		s.tell("processed", "user.deleted", souktest.Object{"id": "user_never", "object": "user", "deleted": true})
		s.tell("processed", "user.created", person("user_never", "never@example.test", now.Add(time.Hour)))
		for _, id := range []string{"user_ben", "user_never"} {
			s.user(id, "token@example.test").Get("/api/me/").Is(401)
			if n := s.count(`SELECT count(*) FROM profiles WHERE clerk_user_id = $1 AND NOT is_active AND email = '' AND first_name = '' AND image_url = ''`, id); n != 1 {
				t.Errorf("%s is back", id)
			}
			if n := s.count(`SELECT count(*) FROM webhook_events WHERE subject = $1 AND payload <> ''`, id); n != 0 {
				t.Errorf("%d payloads of %s are kept", n, id)
			}
		}
	})
}

// N18: what is no event is refused; what means nothing here is kept, and has no effect.
func TestOddWebhooks(t *testing.T) {
	eachHooked(t, func(t *testing.T, s *hooked) {
		deep := `{"type":"user.created","data":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
		filled := func(n int) string { // an event of n bytes
			const head, tail = `{"type":"odd.big","data":"`, `"}`
			return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
		}
		for name, c := range map[string]struct {
			body   string
			status int
		}{
			"a list": {`[]`, 400}, "a text": {`"user.created"`, 400}, "nothing": {``, 400}, "null": {`null`, 400}, "half": {`{"type":"user.created"`, 400},
			"no type": {`{"data":{}}`, 400}, "a type that is none": {`{"type":7,"data":{}}`, 400}, "too deep": {deep, 400},
			"not UTF-8": {"{\"type\":\"user.created\xff\"}", 400}, "a NUL": {`{"type":"user.\u0000"}`, 400},
			"too large": {filled(513 << 10), 413},
		} {
			if a := s.deliver("msg_refused", []byte(c.body)); a.Status != c.status {
				t.Errorf("%s: %d, want %d: %s", name, a.Status, c.status, a.Body)
			}
		}
		if n := s.count(`SELECT count(*) FROM webhook_events`); n != 0 {
			t.Errorf("%d kept of what is no event", n)
		}
		for name, body := range map[string]string{
			"unknown":     `{"type":"sms.created","data":{"id":"sms_1"},"api_version":"2099-01-01"}`,
			"unknown-too": `{"type":"user.promoted","data":{"id":"user_1"}}`, "no-data": `{"type":"user.created"}`,
			"no-id": `{"type":"user.created","data":{"email_addresses":[{"email_address":7}]}}`, "no-object": `{"type":"subscriptionItem.active","data":[7]}`,
			"odd-fields": `{"type":"subscriptionItem.active","data":{"id":{},"status":[],"plan":"x","payer":7,"updated_at":"soon"}}`,
			"huge-times": `{"type":"user.deletion","data":{"id":"user_1","updated_at":1e400}}`, "large": filled(512 << 10),
			"nul": `{"type":"odd","data":"\u0000"}`, "nul-user": `{"type":"odd","data":{"user_id":"a\u0000b"}}`, "no-status": `{"type":"paymentAttempt.updated","data":{"id":"a","status":"lost"}}`,
		} {
			if a := s.deliver("msg_"+name, []byte(body)); a.Status != 200 || a.Object().Text("status") != "ignored" {
				t.Errorf("%s: %d %s, want ignored", name, a.Status, a.Body)
			}
			if n := s.count(`SELECT count(*) FROM webhook_events WHERE event_id = $1 AND status IN ('ignored', 'review')`, "msg_"+name); n != 1 {
				t.Errorf("%s: kept %d times", name, n)
			}
		}
		if got := s.effects(); strings.Trim(got, "abcdefghijklmnopqrstuvwxyz_ 0") != "" {
			t.Errorf("effects: %s", got)
		}
		s.tell("processed", "user.created", person("user_nul", "nul@example.test", time.Now(), souktest.Object{"first_name": "B\x00en"}))
		if n := s.count(`SELECT count(*) FROM profiles WHERE clerk_user_id = 'user_nul' AND first_name = 'Ben'`); n != 1 {
			t.Error("a name with a NUL keeps its user out")
		}
	})
}
