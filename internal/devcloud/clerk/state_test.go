package clerk

import (
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"souk/internal/devcloud/store"
)

// kept opens an instance on a file, as another process would after the last.
func kept(t *testing.T, path string, o Options) *Instance {
	t.Helper()
	file, err := store.Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { _ = file.Close() })
	if o.Plans == nil {
		o.Plans, o.Dialect = SamplePlans(), specification
	}
	i, err := Open(t.Context(), file, o)
	must(t, err)
	return i
}

func TestARestartForgetsNothing(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "clerk.db"), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	o := Options{Start: now, Now: func() time.Time { return now }, Webhook: "http://127.0.0.1:1/"}
	first := kept(t, path, o)
	ana := newUser(t, first)
	ben, err := first.CreateUser("user_ben", Profile{Email: "ben@example.test", Password: "hash", Others: []Address{{"old@example.test", true}}, PublicMetadata: map[string]any{"a": "b"}})
	must(t, err)
	must(t, first.Subscribe(ana, "cplan_starter", Month))
	must(t, first.Subscribe(ben, "cplan_pro", Month))
	must(t, first.SetCard(ben, &Card{ID: "csrc_2", Brand: "amex", Last4: "0005"}))
	must(t, first.SignIn(ben))
	pass(t, first, 12*day) // the trial's end is announced
	must(t, first.FailPayments(ana, 2))
	must(t, first.SetFaults(Faults{Seed: 7, MaxCopies: 3}))
	must(t, first.Hold(true))
	must(t, first.EmailSent(Email{To: "ana@example.test"}))
	_, err = first.CreateUser("user_gone", Profile{Email: "gone@example.test"})
	must(t, err)
	must(t, first.DeleteUser("user_gone"))

	second := kept(t, path, o)
	if second.ID != first.ID || second.WebhookSecret() != first.WebhookSecret() || second.Faults() != first.Faults() || !second.Holds() ||
		second.Ahead() != 12*day || !second.Time().Equal(first.Time()) {
		t.Errorf("%s %v %v, ahead %v", second.ID, second.Time(), second.Faults(), second.Ahead())
	}
	if a, b := first.Users(), second.Users(); !reflect.DeepEqual(a, b) {
		t.Errorf("users\n %+v, were\n %+v", b, a)
	}
	if a, b := first.Sent(), second.Sent(); len(a) < 15 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d events, were %d", len(b), len(a))
	}
	pass(t, second, 20*day) // as a caller of the first would have seen it
	if u, _ := second.User(ana); u.Subscription.Status != PastDue || u.Fails != 1 {
		t.Errorf("%+v", u)
	}
	for n := range 3 {
		must(t, kept(t, path, o).SignIn(ana)) // of a restart each
		if events := kept(t, path, o).Events(); len(events) != len(second.Events())+n+1 {
			t.Errorf("%d events", len(events))
		}
	}
	ids := map[string]bool{}
	for _, e := range kept(t, path, o).Events() {
		if ids[e.ID] {
			t.Errorf("%s twice", e.ID)
		}
		ids[e.ID] = true
	}
}

func TestWhatFellDueWhileItWasOffHappensAfterwards(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "clerk.db"), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	o := Options{Start: now, Now: func() time.Time { return now }}
	first := kept(t, path, o)
	id := newUser(t, first)
	must(t, first.Subscribe(id, "cplan_starter", Month))
	now = now.Add(70 * day)
	second := kept(t, path, o)
	if u, _ := second.User(id); len(u.Attempts) != 3 || u.Subscription.Items[1].PeriodEnd.Before(now) {
		t.Errorf("%d payments, until %v", len(u.Attempts), u.Subscription.Items[1].PeriodEnd)
	}
	if u, _ := kept(t, path, o).User(id); len(u.Attempts) != 3 { // a reader had it kept
		t.Errorf("%d payments are kept", len(u.Attempts))
	}
	now = now.Add(-day) // a clock that is put back
	if again := kept(t, path, o); again.Time().Before(second.Time()) {
		t.Errorf("it is %v again", again.Time())
	}
}

func TestOnlySoManyOldEventsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clerk.db")
	i := kept(t, path, Options{})
	id := newUser(t, i)
	must(t, i.change(func() error {
		for n := range keptEvents + 10 {
			i.emit(fmt.Sprint("test.", n), id, map[string]any{})
		}
		i.events[1].Copies = 1 // still to be sent
		i.keep(i.events[1])
		return nil
	}))
	file, err := store.Open(t.Context(), path)
	must(t, err)
	defer func() { _ = file.Close() }()
	rows := 0
	must(t, file.Load(t.Context(), eventKind, func(string, []byte) error { rows++; return nil }))
	if rows != keptEvents {
		t.Errorf("%d events are kept", rows)
	}
	for _, i := range []*Instance{i, kept(t, path, Options{})} {
		events := i.Events()
		if last := events[len(events)-1]; len(events) != keptEvents || events[0].Type != "subscription.created" || last.Type != fmt.Sprint("test.", keptEvents+9) {
			t.Errorf("%d events, %s to %s", len(events), events[0].Type, last.Type)
		}
	}
}

func TestAnotherProcessFindsAUserByAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clerk.db")
	i := kept(t, path, Options{})
	id := newUser(t, i)
	other, err := store.Open(t.Context(), path)
	must(t, err)
	defer func() { _ = other.Close() }()
	for email, want := range map[string]string{"USER1@example.test": id, "nobody@example.test": ""} {
		if got, err := FindUser(t.Context(), other, email); err != nil || got != want {
			t.Errorf("%s is %q, %v", email, got, err)
		}
	}
	must(t, i.DeleteUser(id))
	if got, err := FindUser(t.Context(), other, "user1@example.test"); err != nil || got != "" {
		t.Errorf("who is gone is %q, %v", got, err)
	}
}

func TestTheClockGoesForwardWithinLimits(t *testing.T) {
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	i := instance(t, Options{Start: now, Now: func() time.Time { return now }, Dialect: specification})
	id := newUser(t, i)
	must(t, i.Subscribe(id, "cplan_starter", Month))
	for _, d := range []time.Duration{0, -time.Second, maxAdvance + 1} {
		if _, err := i.Advance(d); err == nil {
			t.Errorf("%v is allowed", d)
		}
	}
	moved, err := i.Advance(31 * day)
	must(t, err)
	if got := moved.Now.Sub(now); got < 31*day || got > 31*day+time.Second || moved.Events != 4 || i.Ahead() != 31*day {
		t.Errorf("%+v, ahead %v", moved, i.Ahead())
	}
	now = now.Add(time.Hour)
	if got := i.Time().Sub(now); got != 31*day {
		t.Errorf("an hour later it is %v ahead", got)
	}
	must(t, i.UpdateUser(id, func(p *Profile) { p.LastName = "New" }))
	events := i.Events()
	last := decode(t, events[len(events)-1])
	if u, _ := i.User(id); u.UpdatedAt.Sub(now) > time.Second || last.Timestamp > now.Add(time.Second).UnixMilli() || !u.UpdatedAt.After(u.CreatedAt) {
		t.Errorf("a user is changed at %v, it is told at %v: that is not billing", u.UpdatedAt, last.Timestamp)
	}
	for err == nil && i.Ahead() < 2*maxAhead {
		_, err = i.Advance(maxAdvance)
	}
	if i.Ahead() > maxAhead {
		t.Errorf("it goes %v ahead", i.Ahead())
	}
}
