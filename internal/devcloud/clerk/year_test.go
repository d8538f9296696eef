package clerk

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAYearIsItsSeed(t *testing.T) {
	year := func(seed uint64) *Instance {
		i, err := SimulateYear(Options{Seed: seed}, 200, 2000)
		must(t, err)
		return i
	}
	first, again, other := year(7).Events(), year(7).Events(), year(8).Events()
	if len(first) != len(again) {
		t.Fatalf("%d and %d events", len(first), len(again))
	}
	for n := range first {
		if first[n].ID != again[n].ID || !bytes.Equal(first[n].Body, again[n].Body) {
			t.Fatalf("event %d differs", n)
		}
	}
	if first[0].ID == other[0].ID {
		t.Error("another seed, the same year")
	}
}

func TestAYearHasEverything(t *testing.T) {
	for seed := range uint64(4) {
		start := time.Now()
		i, err := SimulateYear(Options{Seed: seed}, 200, 2000)
		must(t, err)
		took := time.Since(start)
		events, kinds := i.Events(), map[string]int{}
		for n, e := range events {
			kinds[e.Type]++
			if n > 0 && e.At.Before(events[n-1].At) {
				t.Fatal("time went back")
			}
		}
		t.Logf("seed %d: %d events in %v: %v", seed, len(events), took, kinds)
		if len(events) < 1900 || len(events) > 2100 {
			t.Errorf("seed %d: %d events", seed, len(events))
		}
		for _, kind := range []string{
			"session.created", "user.created", "user.updated", "user.deleted", "subscription.created", "subscription.updated", "subscription.active", "subscription.pastDue",
			"subscriptionItem.active", "subscriptionItem.updated", "subscriptionItem.canceled", "subscriptionItem.ended", "subscriptionItem.upcoming",
			"subscriptionItem.abandoned", "subscriptionItem.incomplete", "subscriptionItem.pastDue", "subscriptionItem.freeTrialEnding",
			"paymentAttempt.created", "paymentAttempt.updated",
		} {
			if kinds[kind] < 5 {
				t.Errorf("seed %d: %s %d times", seed, kind, kinds[kind])
			}
		}
		never, states := 0, map[string]int{}
		for n, u := range i.Users() {
			if n%5 == 4 && len(u.Subscription.Items) == 1 && !u.Deleted {
				never++
			}
			for _, it := range u.Subscription.Items[1:] {
				states[fmt.Sprint(it.Status)]++
			}
		}
		if never != 40 || states["active"] < 10 || states["canceled"] < 5 || states["upcoming"] < 2 || states["ended"] < 20 {
			t.Errorf("seed %d: %d never subscribed; %v", seed, never, states)
		}
	}
}

// Whoever applies events by updated_at alone must end at the truth, in whatever order they come.
func TestTheNewestEventOfAnItemIsTheTruth(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 3, Dialect: specification}, 200, 2000)
	must(t, err)
	type state struct{ text, event string }
	at := map[string]state{}       // by item and updated_at
	newest := map[string]float64{} // by item
	for _, e := range i.Events() {
		b := decode(t, e)
		items, _ := b.Data["items"].([]any)
		if kind, _, _ := strings.Cut(b.Type, "."); kind == "subscriptionItem" {
			items = []any{b.Data}
		} else if kind == "paymentAttempt" {
			items, _ = b.Data["subscription_items"].([]any)
		}
		for _, one := range items {
			it, _ := one.(map[string]any)
			id, updated := it["id"].(string), it["updated_at"].(float64)
			text := fmt.Sprint(it["status"], it["is_free_trial"], it["plan_id"], it["interval"], it["period_start"], it["period_end"])
			key := fmt.Sprint(id, updated)
			if before, ok := at[key]; ok && before.text != text {
				t.Fatalf("%s is %s in %s and %s in %s, at one time", id, before.text, before.event, text, b.Type)
			}
			at[key] = state{text, b.Type}
			newest[id] = max(newest[id], updated)
		}
	}
	for _, u := range i.Users() {
		for _, it := range u.Subscription.Items {
			end := any(nil)
			if !it.PeriodEnd.IsZero() {
				end = float64(it.PeriodEnd.UnixMilli())
			}
			want := fmt.Sprint(it.Status, it.FreeTrial, it.PlanID, it.Period, float64(it.PeriodStart.UnixMilli()), end)
			if got := at[fmt.Sprint(it.ID, newest[it.ID])].text; got != want || newest[it.ID] != float64(it.UpdatedAt.UnixMilli()) {
				t.Errorf("%s: events say %s, truth is %s", it.ID, got, want)
			}
		}
	}
}

func TestEqualTimesOnRequest(t *testing.T) {
	equal := func(share float64) (n int) {
		i, err := SimulateYear(Options{Seed: 3, Dialect: specification, EqualTimes: share}, 50, 500)
		must(t, err)
		at := map[string]string{}
		for _, e := range i.Events() {
			if b := decode(t, e); strings.HasPrefix(b.Type, "subscriptionItem.") {
				key, status := fmt.Sprint(b.Data["id"], b.Data["updated_at"]), fmt.Sprint(b.Data["status"])
				if at[key] != "" && at[key] != status {
					n++
				}
				at[key] = status
			}
		}
		return n
	}
	if none, some := equal(0), equal(0.3); none != 0 || some == 0 {
		t.Errorf("%d and %d items with two states at one time", none, some)
	}
}

func TestTheOlderFlatEvents(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 4, Flat: true}, 40, 400)
	must(t, err)
	kinds := map[string]int{}
	for _, e := range i.Events() {
		b := decode(t, e)
		kinds[b.Type]++
		if strings.HasPrefix(b.Type, "subscription") {
			t.Fatalf("%s among flat events", b.Type)
		}
		if !strings.HasPrefix(b.Type, "billing.") {
			continue
		}
		payer, _ := b.Data["payer"].(map[string]any)
		if b.Data["user_id"] != e.UserID && payer["user_id"] != e.UserID || b.Data["plan_id"] == nil || b.Data["status"] == nil {
			t.Fatalf("%s", e.Body)
		}
	}
	for _, kind := range []string{"created", "updated", "active", "canceled", "pastDue"} {
		if kinds["billing.subscription."+kind] == 0 {
			t.Errorf("never billing.subscription.%s: %v", kind, kinds)
		}
	}
}
