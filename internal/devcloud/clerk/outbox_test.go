package clerk

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/devcloud/store"
)

// shop hears events. Its answers are those of the list, and then 200.
type shop struct {
	url string

	mu      sync.Mutex
	answers []int
	heard   []string // ids, in the order in which they came
	wrong   []string // ids that were signed wrongly
	secret  string
	changed chan struct{}
}

func newShop(t *testing.T, answers ...int) *shop {
	t.Helper()
	s := &shop{answers: answers, changed: make(chan struct{}, 1000)}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *shop) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	id := r.Header.Get("Svix-Id")
	at, _ := time.ParseDuration(r.Header.Get("Svix-Timestamp") + "s")
	if want, err := Sign(s.secret, id, time.Unix(int64(at.Seconds()), 0), body); err != nil || want != r.Header.Get("Svix-Signature") || time.Since(time.Unix(int64(at.Seconds()), 0)) > time.Minute {
		s.wrong = append(s.wrong, id)
	}
	s.heard = append(s.heard, id)
	status := http.StatusOK
	if len(s.answers) > 0 {
		status, s.answers = s.answers[0], s.answers[1:]
	}
	w.WriteHeader(status)
	s.changed <- struct{}{}
}

func (s *shop) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.heard)
}

// hears gives an instance that tells the shop.
func (s *shop) hears(t *testing.T, path string) *Instance {
	t.Helper()
	i := kept(t, path, Options{Start: time.Now(), Now: time.Now, Plans: SamplePlans(), Dialect: specification, Webhook: s.url})
	s.secret = i.WebhookSecret()
	return i
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "clerk.db") }

func ids(events []Event) (list []string) {
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

// running runs the instance until the test ends.
func running(t *testing.T, i *Instance) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
	})
}

func allTold(t *testing.T, i *Instance) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if left := i.Told(ctx); left > 0 {
		t.Fatalf("%d events are not told", left)
	}
}

func TestEventsAreSentAsTheyCome(t *testing.T) {
	s := newShop(t)
	i := s.hears(t, file(t))
	running(t, i)
	for _, name := range []string{"ana", "ben", "cyn", "dan"} {
		id, err := i.CreateUser("", Profile{Email: name + "@example.test"})
		must(t, err)
		must(t, i.Subscribe(id, "cplan_starter", Month))
		must(t, i.Cancel(id))
	}
	allTold(t, i)
	of := map[string][]string{} // by user
	for _, e := range i.Events() {
		of[e.UserID] = append(of[e.UserID], e.ID)
	}
	heard := s.all()
	for user, events := range of {
		if got := slices.DeleteFunc(slices.Clone(heard), func(id string) bool { return !slices.Contains(events, id) }); !slices.Equal(got, events) {
			t.Errorf("of %s came %v, want %v", user, got, events)
		}
	}
	if len(heard) != len(i.Events()) || len(s.wrong) > 0 {
		t.Errorf("%d of %d events, %d not signed", len(heard), len(i.Events()), len(s.wrong))
	}
	var took []time.Duration
	for range 20 {
		for len(s.changed) > 0 {
			<-s.changed
		}
		start := time.Now()
		must(t, i.UpdateUser(i.Users()[0].ID, func(p *Profile) { p.LastName += "x" }))
		<-s.changed
		took = append(took, time.Since(start))
	}
	sort.Slice(took, func(a, b int) bool { return took[a] < took[b] })
	t.Logf("an event takes %v", took[10])
	if took[10] > 500*time.Millisecond { // it takes some milliseconds, but for a busy machine
		t.Errorf("half of the events took more than %v", took[10])
	}
}

func TestWhatFailsIsTriedAgainAndLetsOthersPass(t *testing.T) {
	s := newShop(t, 500, 302)
	i := s.hears(t, file(t))
	newUser(t, i)
	must(t, i.Drain(t.Context()))
	events := ids(i.Events()) // user.created and subscription.created
	if got := s.all(); !slices.Equal(got, events) {
		t.Fatalf("%v, want %v", got, events)
	}
	if log := i.Sent(); !log[0].Waits || !log[1].Waits || log[1].Answers[0] != 500 || log[0].Answers[0] != 302 {
		t.Errorf("%+v", log)
	}
	running(t, i)
	allTold(t, i)
	if got := s.all(); !slices.Equal(got, append(events, events...)) {
		t.Errorf("%v", got)
	}
	if log := i.Sent(); log[0].Waits || !slices.Equal(log[1].Answers, []int{500, 200}) {
		t.Errorf("%+v", log)
	}
}

func TestAnEventIsGivenUp(t *testing.T) {
	i := instance(t, Options{Webhook: "http://127.0.0.1:1/", Dialect: specification})
	newUser(t, i)
	e := i.events[0]
	for try := range sendTries {
		if !e.waits() {
			t.Fatalf("given up after %d", try)
		}
		i.sent(e, 0, false)
	}
	if e.waits() || len(e.Answers) != sendTries {
		t.Errorf("%+v", e)
	}
	if e = i.events[1]; true {
		i.sent(e, 400, true) // the receiver has asked for it
		if e.waits() {
			t.Errorf("%+v", e)
		}
	}
}

func TestARestartGoesOnSending(t *testing.T) {
	s, path := newShop(t, 503, 503), file(t)
	i := s.hears(t, path)
	newUser(t, i)
	must(t, i.Drain(t.Context()))
	again := s.hears(t, path)
	running(t, again)
	allTold(t, again)
	if got, want := s.all(), ids(again.Events()); len(got) != 4 || !slices.Equal(got[2:], want) || len(s.wrong) > 0 {
		t.Errorf("%v of %v, wrong %v", got, want, s.wrong)
	}
}

func TestEventsAreHeldBackAndSentByHand(t *testing.T) {
	s := newShop(t)
	i := s.hears(t, file(t))
	must(t, i.Hold(true))
	newUser(t, i)
	must(t, i.Drain(t.Context()))
	allTold(t, i) // what is held is not waited for
	if got := s.all(); len(got) > 0 || !i.Holds() || !i.Sent()[0].Held || i.Sent()[0].Waits {
		t.Fatalf("%v, %+v", got, i.Sent()[0])
	}
	events := ids(i.Events())
	must(t, i.Resend(events[1]))
	must(t, i.Drain(t.Context()))
	must(t, i.Hold(false))
	must(t, i.Drain(t.Context()))
	must(t, i.Release())
	must(t, i.Drain(t.Context()))
	must(t, i.Resend(events[0]))
	must(t, i.Drain(t.Context()))
	if got := s.all(); !slices.Equal(got, []string{events[1], events[0], events[0]}) {
		t.Errorf("%v of %v", got, events)
	}
	if i.Resend("msg_none") == nil {
		t.Error("an event that there is not is sent")
	}
}

func TestFaultsWhileItRuns(t *testing.T) {
	// what came of so many events under faults
	run := func(f Faults) (s *shop, i *Instance) {
		s = newShop(t)
		i = s.hears(t, file(t))
		must(t, i.SetFaults(f))
		id := newUser(t, i)
		for range 40 {
			must(t, i.UpdateUser(id, func(p *Profile) { p.LastName += "x" }))
		}
		return s, i
	}
	s, i := run(Faults{Seed: 1, DropShare: 0.5})
	must(t, i.Drain(t.Context()))
	dropped := 0
	for _, e := range i.Sent() {
		if e.Dropped {
			dropped++
		}
		if e.Dropped == slices.Contains(s.all(), e.ID) || e.Waits {
			t.Errorf("%+v", e)
		}
	}
	if dropped < 10 || dropped > 32 {
		t.Errorf("%d dropped", dropped)
	}
	lost := i.Sent()[slices.IndexFunc(i.Sent(), func(e SentEvent) bool { return e.Dropped })].ID
	must(t, i.Resend(lost))
	must(t, i.Drain(t.Context()))
	if !slices.Contains(s.all(), lost) {
		t.Error("what was dropped cannot be sent by hand")
	}

	s, i = run(Faults{Seed: 1, MaxCopies: 3})
	must(t, i.Drain(t.Context()))
	if got := len(s.all()); got < 60 || got > 120 {
		t.Errorf("42 events came as %d", got)
	}
	s, i = run(Faults{Seed: 1, Shuffle: true})
	must(t, i.Drain(t.Context()))
	if got, want := s.all(), ids(i.Events()); slices.Equal(got, want) || len(got) != len(want) {
		t.Errorf("%d of %d events, in order", len(got), len(want))
	}
	_, i = run(Faults{Seed: 1, MaxDelay: time.Hour})
	if log := i.Sent(); !log[0].Waits || i.events[5].NextAt.Sub(i.events[5].At) < time.Minute {
		t.Errorf("%+v", i.events[5])
	}
	_, same := run(Faults{Seed: 1, MaxDelay: time.Hour})
	for n, e := range i.events {
		if d := e.NextAt.Sub(e.At) - same.events[n].NextAt.Sub(same.events[n].At); d.Abs() > time.Second {
			t.Errorf("event %d is late by other %v", n, d)
		}
	}
	for _, f := range []Faults{{DropShare: 2}, {DropShare: -1}, {MaxCopies: 11}, {MaxCopies: -1}, {MaxDelay: 2 * time.Hour}, {MaxDelay: -1}, {ForgeShare: 0.1}} {
		if i.SetFaults(f) == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

func TestASeedDoesTheSameAgain(t *testing.T) {
	i := newShop(t).hears(t, file(t))
	id := newUser(t, i)
	fates := func(seed uint64) (all []bool) {
		must(t, i.SetFaults(Faults{Seed: seed, DropShare: 0.5}))
		for range 20 {
			must(t, i.UpdateUser(id, func(p *Profile) { p.LastName += "x" }))
			all = append(all, i.Sent()[0].Dropped)
		}
		return all
	}
	first, other, again := fates(7), fates(8), fates(7)
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("%v, then %v by the same seed, and %v by another", first, again, other)
	}
}

func TestToldSaysHowManyAreLeft(t *testing.T) {
	i := instance(t, Options{Webhook: "http://127.0.0.1:1/", Dialect: specification})
	newUser(t, i)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if left := i.Told(ctx); left != 2 {
		t.Errorf("%d are left", left)
	}
	if got := strings.Count(i.WebhookSecret(), "whsec_"); got != 1 {
		t.Error("no secret")
	}
}

func TestEventsThatAreHeldBackAreNotKeptForEver(t *testing.T) {
	file, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "clerk.db"))
	must(t, err)
	i, err := Open(t.Context(), file, Options{Plans: SamplePlans(), Webhook: "http://127.0.0.1:9/", Dialect: &Dialect{}})
	must(t, err)
	must(t, i.Hold(true))
	err = i.Together(func(within *Instance) map[store.Key]any {
		for n := range 2*keptEvents + 10 {
			_, err := within.CreateUser("", Profile{Email: strconv.Itoa(n) + "@example.test"})
			must(t, err)
		}
		return nil
	})
	if left := len(i.Sent()); err != nil || left != 2*keptEvents || !i.Sent()[left-1].Held {
		t.Errorf("%d are left, %v", left, err)
	}
}
