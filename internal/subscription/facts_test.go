package subscription

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// The same reports, in any order and any number, end in the same facts: what each leaves out comes from the others.
func TestFactsDoNotDependOnTheOrderOfReports(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var reports []Report
		for n := range 2 + r.IntN(8) {
			at := start.Add(time.Duration(n) * time.Hour)
			end := at.Add(30 * 24 * time.Hour).Add(123 * time.Millisecond)
			said := map[Fact]string{
				FactStatus: []string{ProviderActive, ProviderCanceled, ProviderPastDue, ProviderEnded}[r.IntN(4)],
				FactTrial:  fmt.Sprint(r.IntN(2) == 0), FactPlan: fmt.Sprint("cplan_", r.IntN(2)), FactEnd: TimeFact(&end), FactCanceledAt: "",
			}
			for name := range maps.Clone(said) {
				if r.IntN(3) == 0 {
					delete(said, name)
				}
			}
			report := Report{At: at, Facts: said}
			reports = append(reports, report)
			if whole := end.Truncate(time.Second); said[FactEnd] != "" { // the same change, told again in whole seconds
				again := maps.Clone(said)
				again[FactEnd] = TimeFact(&whole)
				reports = append(reports, Report{At: at, Facts: again})
			}
		}
		want := merged(t, reports)
		for range 20 {
			shuffled := append(reports[:len(reports):len(reports)], reports[r.IntN(len(reports))])
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if got := merged(t, shuffled); !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: %v after one order, %v after another", seed, got, want)
			}
		}
	}
}

func merged(t *testing.T, reports []Report) facts {
	t.Helper()
	f := facts{}
	for _, r := range reports {
		if _, dispute := f.merge(r); dispute {
			t.Fatalf("a dispute about %v", r)
		}
	}
	return f
}

func TestADisputeIsDecidedByTheProvider(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	report := func(status string, sure bool) Report {
		return Report{At: at, Facts: map[Fact]string{FactStatus: status}, Sure: sure}
	}
	for _, answer := range []string{ProviderActive, ProviderEnded, ProviderPastDue} {
		f := facts{}
		f.merge(report(ProviderActive, false))
		if changed, dispute := f.merge(report(ProviderEnded, false)); !dispute || !changed || f.text(FactStatus) != ProviderActive {
			t.Fatalf("disagreeing reports: changed %v, dispute %v, %v", changed, dispute, f)
		}
		if changed, dispute := f.merge(report(ProviderEnded, false)); !dispute || changed {
			t.Errorf("the same again: changed %v, dispute %v", changed, dispute)
		}
		if _, dispute := f.merge(report(answer, true)); dispute || f.text(FactStatus) != answer {
			t.Errorf("the answer %s: dispute %v, %v", answer, dispute, f)
		}
		for _, late := range []string{ProviderActive, ProviderEnded} {
			if changed, dispute := f.merge(report(late, false)); dispute || changed || f.text(FactStatus) != answer {
				t.Errorf("%s after the answer %s: changed %v, dispute %v, %v", late, answer, changed, dispute, f)
			}
		}
		newer := report(ProviderCanceled, false)
		newer.At = at.Add(time.Millisecond)
		if _, dispute := f.merge(newer); dispute || f.text(FactStatus) != ProviderCanceled {
			t.Errorf("a newer report after the answer: %v", f)
		}
	}
	// An answer that says nothing of it decides nothing.
	f := facts{}
	f.merge(report(ProviderActive, false))
	f.merge(Report{At: at.Add(time.Hour), Sure: true, Facts: map[Fact]string{FactTrial: "true"}})
	if _, dispute := f.merge(report(ProviderEnded, false)); !dispute {
		t.Error("no dispute after an answer about something else")
	}
}

func TestWhatTheFactsMean(t *testing.T) {
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		facts  map[Fact]string
		status Status
		on     bool
		until  bool
	}{
		{map[Fact]string{FactStatus: "active"}, Active, true, false},
		{map[Fact]string{FactStatus: "active", FactTrial: "true"}, Trialing, true, false},
		{map[Fact]string{FactStatus: "trialing"}, Trialing, true, false},
		{map[Fact]string{FactStatus: "canceled", FactEnd: TimeFact(&end)}, Canceled, true, true},
		{map[Fact]string{FactStatus: "canceled", FactTrial: "true", FactEnd: TimeFact(&end)}, Canceled, true, true},
		{map[Fact]string{FactStatus: "canceled", FactEnd: ""}, Canceled, false, false},
		{map[Fact]string{FactStatus: "active", FactCanceledAt: TimeFact(&end), FactEnd: TimeFact(&end)}, Active, true, true},
		{map[Fact]string{FactStatus: "active", FactCanceledAt: "", FactEnd: TimeFact(&end)}, Active, true, false},
		{map[Fact]string{FactStatus: "ended", FactEnd: TimeFact(&end)}, Canceled, false, false},
		{map[Fact]string{FactStatus: "expired"}, Canceled, false, false},
		{map[Fact]string{FactStatus: "abandoned"}, Canceled, false, false},
		{map[Fact]string{FactStatus: "past_due", FactEnd: TimeFact(&end)}, PastDue, false, false},
		{map[Fact]string{FactStatus: "paused"}, Paused, false, false},
		{map[Fact]string{FactStatus: "upcoming"}, Incomplete, false, false},
		{map[Fact]string{FactStatus: "incomplete"}, Incomplete, false, false},
	} {
		f := facts{}
		f.merge(Report{At: end, Facts: c.facts})
		sub := Subscription{ClerkSubscriptionID: "csub_item_1", facts: f}
		if !sub.fromFacts() {
			t.Errorf("%v: the status is not known", c.facts)
		}
		on, until := sub.Access()
		if sub.Status != c.status || on != c.on || (until != nil) != c.until {
			t.Errorf("%v: %s, access %v until %v; want %s, %v, an end %v", c.facts, sub.Status, on, until, c.status, c.on, c.until)
		}
	}
	unknown := Subscription{facts: facts{FactStatus: {Value: "floating"}}}
	if unknown.fromFacts() {
		t.Error("a status that nobody documents was understood")
	}
}
