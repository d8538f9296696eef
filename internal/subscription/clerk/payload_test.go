package clerk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"souk/internal/devcloud/clerk"
	"souk/internal/lenient"
	"souk/internal/subscription"
)

func object(t *testing.T, text string) lenient.Object {
	t.Helper()
	o, ok := lenient.Parse([]byte(text))
	if !ok {
		t.Fatalf("%s is no object", text)
	}
	return o
}

func micros(ms int64) string {
	at := time.UnixMilli(ms)
	return subscription.TimeFact(&at)
}

var sent = time.UnixMilli(1790000000000).UTC()

// Every way in which Clerk's documents write an item says the same.
func TestAnItemIsReadInEveryForm(t *testing.T) {
	want := subscription.Report{
		ItemID: "csub_item_1", UserID: "user_1", At: time.UnixMilli(1795000000123).UTC(),
		Facts: map[subscription.Fact]string{
			subscription.FactStatus: "active", subscription.FactPlan: "cplan_1", subscription.FactPeriod: "monthly",
			subscription.FactStart: micros(1794000000000), subscription.FactEnd: micros(1797000000000),
		},
	}
	for name, text := range map[string]string{
		"the schema": `{"object":"commerce_subscription_item","id":"csub_item_1","status":"active","updated_at":1795000000123,"period_start":1794000000000,
			"period_end":1797000000000,"interval":"month","plan_id":"cplan_1","plan":{"id":"cplan_1","slug":"pro","is_recurring":true,"amount":900},
			"payer":{"id":"cpayer_1","user_id":"user_1","organization_id":""},"subscription_id":null}`,
		"the types": `{"object":"subscription_item","id":"csub_item_1","status":"active","updated_at":1795000000123,"period_start":1794000000000,
			"period_end":1797000000000,"plan_period":"month","plan":{"id":"cplan_1","amount":900},"payer":{"user_id":"user_1","organization_id":null},
			"amount":{"amount":900,"currency":"USD"},"subscription_id":""}`,
		"times in seconds": `{"id":"csub_item_1","status":"active","updated_at":1795000000.123,"period_start":1794000000,"period_end":1797000000,
			"interval":"month","plan_id":"cplan_1","user_id":"user_1"}`,
		"times as text": `{"id":"csub_item_1","status":"ACTIVE","updated_at":"2026-11-18T11:06:40.123Z","period_start":"1794000000000",
			"period_end":"2026-12-11T14:40:00Z","interval":"monthly","plan_id":" cplan_1 ","payer":{"user_id":"user_1"}}`,
		"the flat form": `{"id":"csub_item_1","status":"active","updated_at":1795000000123,"current_period_start":1794000000000,
			"current_period_end":1797000000000,"billing_period":"monthly","plan_id":"cplan_1","user_id":"user_1"}`,
		"nothing but nulls else": `{"id":"csub_item_1","status":"active","updated_at":1795000000123,"period_start":1794000000000,"period_end":1797000000000,
			"interval":"month","plan_period":null,"plan_id":"cplan_1","plan":null,"price_id":null,"payer":{"user_id":"user_1"},"seats":null,"items":null}`,
		"in a subscription": `{"object":"commerce_subscription","id":"","status":"active","updated_at":1,"payer":{"user_id":"user_1"},"items":[
			{"id":"csub_item_1","status":"active","updated_at":1795000000123,"period_start":1794000000000,"period_end":1797000000000,"interval":"month",
			"plan_id":"cplan_1"}]}`,
	} {
		got := Reports("", object(t, text), sent)
		if len(got) != 1 {
			t.Errorf("%s: %d reports", name, len(got))
			continue
		}
		got[0].Free = false
		if name == "in a subscription" { // it names its parent, which has no id here
			delete(got[0].Facts, subscription.FactParent)
		}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("%s (- want, + got):\n%s", name, diff)
		}
	}
}

func TestWhatIsLeftOutIsNoFact(t *testing.T) {
	r := Reports("subscriptionItem.updated", object(t, `{"id":"csub_item_1","status":"","plan_id":"cplan_1","period_end":null}`), sent)
	want := []subscription.Report{{ItemID: "csub_item_1", At: sent, Facts: map[subscription.Fact]string{
		subscription.FactPlan: "cplan_1", subscription.FactEnd: "", // null is said: it has no end
	}}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

func TestTheNameOfAnEventSaysWhatItsStatusDoesNot(t *testing.T) {
	for eventType, want := range map[string]string{
		"subscriptionItem.active": "active", "subscriptionItem.canceled": "canceled", "subscriptionItem.upcoming": "upcoming",
		"subscriptionItem.ended": "ended", "subscriptionItem.abandoned": "abandoned", "subscriptionItem.incomplete": "incomplete",
		"subscriptionItem.pastDue": "past_due", "subscriptionItem.freeTrialEnding": "active", "billing.subscription.paused": "paused",
		"billing.subscription.pastDue": "past_due", "billing.subscription.active": "active", "subscriptionItem.updated": "",
		"billing.subscription.created": "",
	} {
		r := Reports(eventType, object(t, `{"id":"csub_item_1","plan_id":"cplan_1","status":null}`), sent)
		if len(r) != 1 || r[0].Facts[subscription.FactStatus] != want {
			t.Errorf("%s: %+v, want %q", eventType, r, want)
		}
	}
	r := Reports("subscriptionItem.active", object(t, `{"id":"csub_item_1","plan_id":"cplan_1","status":"ended"}`), sent)
	if r[0].Facts[subscription.FactStatus] != "ended" {
		t.Error("the event's name has more weight than the item's own status")
	}
}

func TestWhatCostsNothingIsFree(t *testing.T) {
	for text, want := range map[string]bool{
		`{"amount":0}`: false, `{"amount":900}`: false, `{"is_recurring":false}`: true, `{"is_default":true,"amount":900}`: true,
		`{"fee":{"amount":0},"is_recurring":true}`: false, `{}`: false, `null`: false,
	} {
		r := Reports("", object(t, `{"id":"i","status":"active","plan_id":"p","plan":`+text+`}`), sent)
		if r[0].Free != want {
			t.Errorf("plan %s: free %v", text, r[0].Free)
		}
	}
}

func TestOnlyAnActiveItemWithoutAnEndIsFree(t *testing.T) {
	for status, want := range map[string]bool{"active": true, "upcoming": false, "incomplete": false, "ended": false} {
		r := Reports("", object(t, `{"id":"i","status":"`+status+`","plan_id":"p","period_end":null}`), sent)
		if r[0].Free != want {
			t.Errorf("%s without an end: free %v", status, r[0].Free)
		}
	}
}

func TestASubscriptionWithoutItemsIsNoReport(t *testing.T) {
	for _, text := range []string{
		`{"id":"csub_1","payer":{"user_id":"user_1"},"items":[]}`, `{"id":"csub_1","items":null}`, `{}`, `{"items":[{}, {"status":"active"}, 5, null]}`,
	} {
		if got := Reports("subscription.updated", object(t, text), sent); len(got) != 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestAPaymentIsReadInEveryForm(t *testing.T) {
	want := subscription.Payment{
		ID: "pay_1", UserID: "user_1", Status: subscription.PaymentSucceeded, AmountCents: 2900, Currency: "USD", Paid: time.UnixMilli(1795000000000).UTC(),
		Items: []subscription.Report{{ItemID: "csub_item_1", Facts: map[subscription.Fact]string{subscription.FactPlan: "cplan_1", subscription.FactPeriod: "yearly"}}},
	}
	const items = `"subscription_items":[{"id":"csub_item_1","status":"active","plan_id":"cplan_1","plan_period":"annual"}]`
	for name, text := range map[string]string{
		"the schema": `{"id":"pay_1","status":"paid","paid_at":1795000000000,"charge_type":"checkout","payer":{"user_id":"user_1","organization_id":""},
			"totals":{"subtotal":{"amount":3000,"currency":"USD"},"grand_total":{"amount":2900,"amount_formatted":"29.00","currency":"USD"}},` + items + `}`,
		"the prose": `{"id":"pay_1","status":"paid","paid_at":1795000000,"failed_at":null,"type":"checkout","payer":{"user_id":"user_1"},
			"totals":{"grand_total":{"amount":2900,"currency":"usd"}},` + items + `}`,
		"the Backend API": `{"id":"pay_1","status":"paid","paid_at":1795000000000,"charge_type":"checkout","user_id":"user_1",
			"amount":{"amount":2900,"currency":"USD"},` + items + `}`,
	} {
		got, ok := Payment(object(t, text), sent)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v (- want, + got):\n%s", name, ok, diff)
		}
	}
	for text, wantRenewal := range map[string]bool{`"charge_type":"recurring"`: true, `"type":"recurring"`: true, `"charge_type":null`: false, `"a":1`: false} {
		if got, _ := Payment(object(t, `{"id":"pay_1","status":"failed",`+text+`}`), sent); got.Renewal != wantRenewal || got.Status != subscription.PaymentFailed {
			t.Errorf("%s: %+v", text, got)
		}
	}
	for _, text := range []string{`{"id":"pay_1","status":"floating"}`, `{"id":"pay_1"}`, `{"status":"paid"}`, `{"id":5,"status":"paid"}`} {
		if got, ok := Payment(object(t, text), sent); ok {
			t.Errorf("%s was read as %+v", text, got)
		}
	}
}

func TestAnOrganisationIsNoUser(t *testing.T) {
	for text, want := range map[string]bool{
		`{"payer":{"organization_id":"org_1","user_id":""}}`: true, `{"payer":{"organization_id":"org_1","user_id":null}}`: true,
		`{"payer":{"organization_id":"","user_id":"user_1"}}`: false, `{"payer":{}}`: false, `{}`: false, `{"organization_id":"org_1"}`: true,
	} {
		if got := OfOrganisation(object(t, text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// Whatever is signed, reading it ends.
func FuzzReports(f *testing.F) {
	f.Add([]byte(`{"id":"csub_1","items":[{"id":"csub_item_1","status":"active","updated_at":1e300,"period_end":"x"}]}`))
	f.Add([]byte(`{"id":"i","status":"active","plan":[],"payer":"x","updated_at":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		data, ok := lenient.Parse(text)
		if !ok {
			return
		}
		for _, r := range Reports("subscriptionItem.active", data, sent) {
			if r.ItemID == "" {
				t.Error("a report without an item")
			}
			if _, err := json.Marshal(r.Facts); err != nil {
				t.Error(err)
			}
		}
		_, _ = Payment(data, sent)
		_ = OfOrganisation(data)
	})
}

// What is left of a payload of an erased user means the same, and names nobody.
func TestAScrubbedEventMeansTheSame(t *testing.T) {
	instance, err := clerk.SimulateYear(clerk.Options{Seed: 7}, 20, 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range instance.Events() {
		before, _ := lenient.Parse(e.Body)
		after, ok := lenient.Parse(Scrub(e.Body))
		if !ok {
			t.Fatalf("%s is nothing when scrubbed", e.Type)
		}
		for _, word := range []string{"example.test", "User", "pi_"} {
			if strings.Contains(string(Scrub(e.Body)), word) {
				t.Errorf("%s still holds %s: %s", e.Type, word, Scrub(e.Body))
			}
		}
		if diff := cmp.Diff(Reports(e.Type, before.Object("data"), sent), Reports(e.Type, after.Object("data"), sent)); diff != "" {
			t.Errorf("%s: %s", e.Type, diff)
		}
		paid, isPayment := Payment(before.Object("data"), sent)
		again, stillPayment := Payment(after.Object("data"), sent)
		if diff := cmp.Diff(paid, again); diff != "" || isPayment != stillPayment {
			t.Errorf("%s: %s", e.Type, diff)
		}
	}
}
