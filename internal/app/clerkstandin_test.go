package app_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/devcloud"
	"souk/internal/devcloud/clerk"
	"souk/internal/souktest"
)

// subscriber is a buyer of the demo shop's plans at the stand-in for Clerk, of which the shop is told by webhooks alone.
type subscriber struct {
	*souktest.Client
	t  *testing.T
	s  *souktest.Shop
	at *clerk.Instance
	id string
}

func newSubscriber(t *testing.T, s *souktest.Shop, email string) *subscriber {
	t.Helper()
	b := &subscriber{t: t, s: s, at: s.ClerkBackend.Instance}
	var err error
	if b.id, err = b.at.CreateUser("", clerk.Profile{Email: email, FirstName: "Ana"}); err != nil {
		t.Fatal(err)
	}
	b.Client = s.As(email).For(t)
	b.hear()
	if me := b.Get("/api/me/").Is(200).Object(); !strings.Contains(fmt.Sprint(me), b.id) {
		t.Fatalf("who signs in is not the user who signed up: %v", me)
	}
	return b
}

// hear delivers the events, each of which the shop has to take, and works what follows.
func (b *subscriber) hear() {
	b.t.Helper()
	if err := b.at.Drain(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.s.Work()
	for _, e := range b.at.Sent() {
		if e.Waits || len(e.Answers) != 1 || e.Answers[0] != 200 {
			b.t.Fatalf("%s: waits %v, answers %v", e.Type, e.Waits, e.Answers)
		}
	}
}

// has is what the shop gives the buyer now, and how its subscriptions stand, those that are over aside.
func (b *subscriber) has() string {
	b.t.Helper()
	var features, plans []string
	for _, e := range b.Get("/api/account/entitlements/").Is(200).List() {
		features = append(features, e.Text("feature_key"))
	}
	for _, sub := range b.Get("/api/account/subscriptions/").Is(200).List() {
		if status := sub.Text("status"); status != "canceled" || sub["cancel_at_period_end"] == true {
			plans = append(plans, fmt.Sprint(sub.Text("product_name"), " ", status))
		}
	}
	slices.Sort(features)
	slices.Sort(plans)
	return strings.Join(slices.Compact(features), " ") + ": " + strings.Join(plans, ", ")
}

func TestTheShopFollowsTheStandInForClerk(t *testing.T) {
	const (
		day              = 24 * time.Hour
		letters, circle  = "cplan_founder_letters", "cplan_founder_circle"
		ofLetters        = "founder_letters letter_archive"
		ofCircle         = "founder_circle " + ofLetters
		nothing          = ": "
		lettersRun       = ofLetters + ": Founder Letters active"
		circleRuns       = ofCircle + ": Founder Circle active"
		circleIsOnTrial  = ofCircle + ": Founder Circle trialing"
		lettersAreUnpaid = ": Founder Letters past_due"
	)
	type step struct {
		name string
		do   func(b *subscriber) error
		has  string
	}
	buy := func(plan string, p clerk.Period) func(*subscriber) error {
		return func(b *subscriber) error { return b.at.Subscribe(b.id, plan, p) }
	}
	pass := func(d time.Duration) func(*subscriber) error {
		return func(b *subscriber) error { _, err := b.at.Advance(d); return err }
	}
	cancel := func(b *subscriber) error { return b.at.Cancel(b.id) }
	fail := func(n int) func(*subscriber) error {
		return func(b *subscriber) error { return b.at.FailPayments(b.id, n) }
	}
	start := step{"taken", buy(letters, clerk.Month), lettersRun}
	lives := map[string][]step{
		"renewed, canceled and ended": {start,
			{"a month", pass(32 * day), lettersRun}, {"a year", pass(365 * day), lettersRun},
			{"canceled", cancel, ofLetters + ": Founder Letters canceled"}, {"almost over", pass(20 * day), ofLetters + ": Founder Letters canceled"},
			{"over", pass(12 * day), nothing}, {"again", buy(letters, clerk.Annual), lettersRun}, {"eleven months", pass(330 * day), lettersRun}},
		"canceled and resumed": {start, {"canceled", cancel, ofLetters + ": Founder Letters canceled"},
			{"resumed", func(b *subscriber) error { return b.at.Resume(b.id) }, lettersRun}, {"a month", pass(32 * day), lettersRun}},
		"past due and paid":  {start, {"", fail(1), lettersRun}, {"a month", pass(32 * day), lettersAreUnpaid}, {"paid", pass(3 * day), lettersRun}},
		"past due and ended": {start, {"", fail(9), lettersRun}, {"a month", pass(32 * day), lettersAreUnpaid}, {"given up", pass(12 * day), nothing}},
		"a trial that converts": {{"taken", buy(circle, clerk.Month), circleIsOnTrial}, {"almost over", pass(13 * day), circleIsOnTrial},
			{"paid", pass(2 * day), circleRuns}, {"a month", pass(32 * day), circleRuns}},
		"a trial that is canceled": {{"taken", buy(circle, clerk.Month), circleIsOnTrial},
			{"canceled", cancel, ofCircle + ": Founder Circle canceled"}, {"over", pass(15 * day), nothing}},
		"upgraded and downgraded": {start, {"upgraded", buy(circle, clerk.Month), circleRuns},
			{"downgraded", buy(letters, clerk.Month), ofCircle + ": Founder Circle canceled, Founder Letters incomplete"},
			{"a month", pass(32 * day), lettersRun}},
		"declined": {{"", fail(1), nothing}, {"taken", func(b *subscriber) error {
			if err := b.at.Subscribe(b.id, letters, clerk.Month); !errors.Is(err, clerk.ErrDeclined) {
				return fmt.Errorf("not declined: %w", err)
			}
			return nil
		}, ": Founder Letters incomplete"}, {"a day", pass(25 * time.Hour), nothing}},
	}
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		if _, err := s.Seed(t.Context()); err != nil {
			t.Fatal(err)
		}
		for n, name := range slices.Sorted(maps.Keys(lives)) { // while those of the earlier ones go on
			t.Run(name, func(t *testing.T) {
				b := newSubscriber(t, s, fmt.Sprintf("ana%d@example.test", n))
				for _, step := range lives[name] {
					if err := step.do(b); err != nil {
						t.Fatalf("%s: %v", step.name, err)
					}
					b.hear()
					if got := b.has(); got != step.has {
						t.Errorf("%s: %q, want %q", step.name, got, step.has)
					}
				}
				if tally, err := s.Reconcile(t.Context()); err != nil || !tally.Complete || tally.Drifted > 0 {
					t.Errorf("the shop has %+v otherwise, %v", tally.Drift, err)
				}
			})
		}
	})
}

// Who has gone at Clerk is erased here.
func TestWhoLeavesTheStandInForClerkIsErased(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		if _, err := s.Seed(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := newSubscriber(t, s, "ana@example.test")
		if err := b.at.Subscribe(b.id, "cplan_founder_letters", clerk.Month); err != nil {
			t.Fatal(err)
		}
		b.hear()
		if err := b.at.DeleteUser(b.id); err != nil {
			t.Fatal(err)
		}
		b.hear()
		b.Get("/api/me/").Is(401)
	})
}

func TestTheBackendAPIRevokesSessions(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	at := s.ClerkBackend.Instance
	id, err := at.CreateUser("", clerk.Profile{Email: "ana@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	session, _ := signIn(t, s, id)
	other, _ := signIn(t, s, id) // at another browser
	ask := s.Nobody().With("Authorization", "Bearer "+s.ClerkBackend.SecretKey)
	const path = devcloud.BackendPrefix + "/v1/sessions"
	listed := func(query string) (ids []string) {
		for _, one := range ask.Get(path + query).Is(200).List() {
			ids = append(ids, one.Text("id"))
		}
		return ids
	}
	if got := listed("?user_id=" + id); !slices.Equal(got, []string{other, session}) {
		t.Errorf("%v, want the newest first", got)
	}
	if got := listed("?user_id=user_none"); len(got) > 0 || len(listed("?status=ended&user_id="+id)) > 0 || len(listed("?limit=1&user_id="+id)) != 1 {
		t.Errorf("%v of nobody", got)
	}
	ask.Get(path).Is(422)
	if got := ask.Post(path+"/"+session+"/revoke", nil).Is(200).Object(); got.Text("status") != "revoked" || got.Text("id") != session {
		t.Errorf("%v", got)
	}
	ask.Post(path+"/"+session+"/revoke", nil).Is(404)
	ask.Get(path + "/" + session).Is(404)
	if got := ask.Get(path + "/" + other).Is(200).Object(); got.Text("status") != "active" || got.Text("user_id") != id {
		t.Errorf("%v", got)
	}
	if last := at.Sent()[0]; last.Type != "session.revoked" || !strings.Contains(string(last.Body), session) {
		t.Errorf("%s: %s", last.Type, last.Body)
	}
}
