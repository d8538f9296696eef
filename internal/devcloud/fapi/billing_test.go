package fapi_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

// cents is the amount of money at a path of names in an answer, "none" where there is null.
func cents(o object, path ...string) string {
	for _, name := range path[:len(path)-1] {
		o, _ = o[name].(object)
	}
	money, ok := o[path[len(path)-1]].(object)
	if !ok {
		return "none"
	}
	return fmt.Sprint(money["amount"])
}

// date is a time of an answer.
func date(at any) string {
	n, ok := at.(float64)
	if !ok {
		return "never"
	}
	return time.UnixMilli(int64(n)).UTC().Format("Jan 2 2006")
}

// totals are the figures that the SDK shows in a checkout.
func totals(o object) string {
	t := o["totals"].(object)
	text := fmt.Sprintf("%s (%s a month), past due %s, credit %s, total %s, now %s, then %s from %s", cents(t, "subtotal"), cents(t, "base_fee"), cents(t, "past_due"), cents(t, "credit"),
		cents(t, "grand_total"), cents(t, "total_due_now"), cents(t, "totals_due_per_period", "grand_total"), date(o["plan_period_start"]))
	if o["free_trial_ends_at"] != nil {
		text += ", free until " + date(o["free_trial_ends_at"]) + " and then " + cents(t, "total_due_after_free_trial")
	}
	if o["is_immediate_plan_change"] != true {
		text += ", later"
	}
	if o["needs_payment_method"] == true {
		text += ", by card"
	}
	return text
}

// holds are the items of the subscription, and what is charged next.
func (b *browser) holds() string {
	b.t.Helper()
	s := b.must("GET", "/me/billing/subscription")
	var items []string
	for _, item := range s["subscription_items"].([]any) {
		it := item.(object)
		text := fmt.Sprintf("%s %s %s", it["plan"].(object)["slug"], it["plan_period"], it["status"])
		if it["is_free_trial"] == true {
			text += " trial"
		}
		if it["canceled_at"] != nil {
			text += " canceled"
		}
		if it["status"] == "upcoming" {
			text += " from " + date(it["period_start"])
		} else if it["period_end"] != nil {
			text += " until " + date(it["period_end"])
		}
		items = append(items, text)
	}
	next := "nothing"
	if n, ok := s["next_payment"].(object); ok {
		next = cents(n, "amount") + " on " + date(n["date"])
	}
	return strings.Join(items, ", ") + "; next " + next
}

func (b *browser) checkout(plan, period string) object {
	b.t.Helper()
	return b.must("POST", "/me/billing/checkouts", "plan_id", "cplan_"+plan, "plan_period", period)
}

// buy takes a plan with a new card, or with none where none is needed.
func (b *browser) buy(plan, period, card string) object {
	b.t.Helper()
	form := []string{}
	one := b.checkout(plan, period)
	if one["needs_payment_method"] == true {
		form = []string{"gateway", "stripe", "payment_token", card + ".1230"}
	}
	return b.must("PATCH", "/me/billing/checkouts/"+one["id"].(string)+"/confirm", form...)
}

// payments are the attempts to charge, newest first.
func (b *browser) payments() string {
	b.t.Helper()
	_, answer := b.ask("GET", "/me/billing/payment_attempts", "limit", "50")
	var all []string
	for _, p := range answer.(object)["data"].([]any) {
		p := p.(object)
		all = append(all, fmt.Sprintf("%s %s %s %s", p["charge_type"], p["status"], cents(p, "amount"), p["payment_method"].(object)["last4"]))
	}
	return strings.Join(all, ", ")
}

func TestPlansAreShownToEverybody(t *testing.T) {
	b := open(t).browser()
	_, answer := b.ask("GET", "/billing/plans", "payer_type", "user", "limit", "50", "offset", "0")
	var got []string
	for _, p := range answer.(object)["data"].([]any) {
		p := p.(object)
		got = append(got, fmt.Sprintf("%s %s %s %s %v", p["slug"], cents(p, "fee"), cents(p, "annual_fee"), cents(p, "annual_monthly_fee"), p["free_trial_days"]))
	}
	want := []string{"free 0 none none <nil>", "starter 900 9000 750 <nil>", "pro 1900 19000 1583 14", "team 4900 none none <nil>", "late none 12000 1000 7"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if _, answer := b.ask("GET", "/billing/plans", "payer_type", "org"); len(answer.(object)["data"].([]any)) != 0 {
		t.Error("organizations are sold plans")
	}
	if p := b.must("GET", "/billing/plans/cplan_pro"); p["features"].([]any)[1].(object)["name"] != "Ai coach" {
		t.Errorf("%v", p)
	}
	if got := b.refused("GET", "/billing/plans/cplan_none"); got != "resource_not_found" {
		t.Error(got)
	}
	for _, path := range []string{"/me/billing/subscription", "/me/billing/payment_methods", "/me/billing/statements", "/me/billing/payment_attempts", "/me/billing/credits"} {
		if got := b.refused("GET", path); got != "authentication_invalid" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// Each step lets days pass, and takes a plan. The 30 days of the first month begin on 23 November at noon.
func TestWhatPlansCost(t *testing.T) {
	type step struct {
		days         int
		plan, period string
		costs, holds string
	}
	starter := step{0, "starter", "month", "900 (900 a month), past due none, credit none, total 900, now 900, then 900 from Nov 23 2026, by card",
		"starter month active until Dec 23 2026; next 900 on Dec 23 2026"}
	team := step{0, "team", "month", "4900 (4900 a month), past due none, credit none, total 4900, now 4900, then 4900 from Nov 23 2026, by card",
		"team month active until Dec 23 2026; next 4900 on Dec 23 2026"}
	for name, steps := range map[string][]step{
		"by the year": {{0, "starter", "annual", "9000 (750 a month), past due none, credit none, total 9000, now 9000, then 9000 from Nov 23 2026, by card",
			"starter annual active until Nov 23 2027; next 9000 on Nov 23 2027"},
			{30, "starter", "month", "900 (900 a month), past due none, credit none, total 900, now 0, then 900 from Nov 23 2027, later",
				"starter annual active canceled until Nov 23 2027, starter month upcoming from Nov 23 2027; next 900 on Nov 23 2027"},
			{335, "", "", "", "starter month active until Dec 23 2027; next 900 on Dec 23 2027"}},
		"a trial": {{0, "pro", "month", "1900 (1900 a month), past due none, credit none, total 1900, now 0, then 1900 from Nov 23 2026, free until Dec 7 2026 and then 1900, by card",
			"pro month active trial until Dec 7 2026; next 1900 on Dec 7 2026"},
			{14, "", "", "", "pro month active until Jan 7 2027; next 1900 on Jan 7 2027"}},
		"half a month, then dearer": {starter,
			{15, "team", "month", "4900 (4900 a month), past due none, credit 450, total 4450, now 4450, then 4900 from Dec 8 2026, by card",
				"team month active until Jan 8 2027; next 4900 on Jan 8 2027"}},
		"a third of a month, then by the year": {starter,
			{10, "starter", "annual", "9000 (750 a month), past due none, credit 600, total 8400, now 8400, then 9000 from Dec 3 2026, by card",
				"starter annual active until Dec 3 2027; next 9000 on Dec 3 2027"}},
		"no trial for who has paid": {starter,
			{20, "pro", "annual", "19000 (1583 a month), past due none, credit 300, total 18700, now 18700, then 19000 from Dec 13 2026, by card",
				"pro annual active until Dec 13 2027; next 19000 on Dec 13 2027"}},
		"cheaper": {team,
			{7, "starter", "month", "900 (900 a month), past due none, credit none, total 900, now 0, then 900 from Dec 23 2026, later",
				"team month active canceled until Dec 23 2026, starter month upcoming from Dec 23 2026; next 900 on Dec 23 2026"},
			{1, "free", "month", "0 (0 a month), past due none, credit none, total 0, now 0, then 0 from Dec 23 2026, later",
				"free month upcoming from Dec 23 2026, team month active canceled until Dec 23 2026; next nothing"},
			{1, "team", "month", "4900 (4900 a month), past due none, credit none, total 4900, now 0, then 4900 from Nov 23 2026",
				"team month active until Dec 23 2026; next 4900 on Dec 23 2026"}},
		"free": {starter,
			{7, "free", "month", "0 (0 a month), past due none, credit none, total 0, now 0, then 0 from Dec 23 2026, later",
				"free month upcoming from Dec 23 2026, starter month active canceled until Dec 23 2026; next nothing"},
			{23, "", "", "", "free month active; next nothing"},
			{0, "pro", "month", "1900 (1900 a month), past due none, credit none, total 1900, now 1900, then 1900 from Dec 23 2026, by card",
				"pro month active until Jan 23 2027; next 1900 on Jan 23 2027"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			b := s.browser()
			b.signUp("ana@example.test")
			if got := b.holds(); got != "free month active; next nothing" {
				t.Errorf("at first: %s", got)
			}
			for _, st := range steps {
				s.instance.Advance(time.Duration(st.days) * day)
				if st.plan != "" {
					if got := totals(b.checkout(st.plan, st.period)); got != st.costs {
						t.Errorf("%s by the %s costs\n %s, want\n %s", st.plan, st.period, got, st.costs)
					}
					if done := b.buy(st.plan, st.period, "pm_card_visa"); done["status"] != "completed" || done["needs_payment_method"] != false {
						t.Errorf("%v", done)
					}
				}
				if got := b.holds(); got != st.holds {
					t.Errorf("after %d days and %s by the %s:\n %s, want\n %s", st.days, st.plan, st.period, got, st.holds)
				}
			}
		})
	}
}

func TestTheTokenSaysAtOnceWhatWasTaken(t *testing.T) {
	b := open(t).browser()
	b.signUp("ana@example.test")
	one := b.checkout("starter", "month")
	_, answer := b.ask("PATCH", "/me/billing/checkouts/"+one["id"].(string)+"/confirm", "gateway", "stripe", "payment_token", "pm_card_visa.1230")
	session := answer.(object)["client"].(object)["sessions"].([]any)[0].(object)
	if token := session["last_active_token"].(object)["jwt"].(string); !strings.Contains(token, `"pla":"u:starter"`) || !strings.Contains(token, `"fea":"u:starter"`) {
		t.Error(token)
	}
}

func TestACheckoutIsItsPayersAndHappensOnce(t *testing.T) {
	s := open(t)
	ana, ben := s.browser(), s.browser()
	ana.signUp("ana@example.test")
	ben.signUp("ben@example.test")
	one := ana.checkout("starter", "month")
	path := "/me/billing/checkouts/" + one["id"].(string)
	form := []string{"gateway", "stripe", "payment_token", "pm_card_mastercard.1230"}
	if got := ben.refused("GET", path) + ben.refused("PATCH", path) + ben.refused("PATCH", path+"/confirm", form...); got != strings.Repeat("resource_not_found", 3) {
		t.Errorf("somebody else's checkout: %s", got)
	}
	if got := ana.refused("PATCH", path+"/confirm"); got != "form_param_missing" {
		t.Errorf("without a card: %s", got)
	}
	if got := ana.refused("PATCH", path, "promo_code", "HALF"); got != "promo_code_invalid promo_code" {
		t.Error(got)
	}
	first, again := ana.must("PATCH", path+"/confirm", form...), ana.must("PATCH", path+"/confirm", form...)
	if first["status"] != "completed" || again["status"] != "completed" || first["payment_method"].(object)["last4"] != "4444" || ana.payments() != "checkout paid 900 4444" {
		t.Errorf("%v, %v, %s", first, again, ana.payments())
	}
	s.restart()
	if got := ana.must("GET", path); got["status"] != "completed" {
		t.Errorf("after a restart: %v", got)
	}
	for _, c := range []struct{ plan, period, want string }{
		{"starter", "month", "already_subscribed"}, {"none", "month", "resource_not_found"}, {"pro", "week", "form_param_value_invalid plan_period"},
		{"team", "annual", "form_param_value_invalid plan_period"},
	} {
		if got := ana.refused("POST", "/me/billing/checkouts", "plan_id", "cplan_"+c.plan, "plan_period", c.period); got != c.want {
			t.Errorf("%s by the %s: %s", c.plan, c.period, got)
		}
	}

	late := "/me/billing/checkouts/" + ana.checkout("team", "month")["id"].(string) + "/confirm"
	s.instance.Advance(2 * day)
	if got := ana.refused("PATCH", late, form...); got != "checkout_changed" {
		t.Errorf("a credit of other days: %s", got)
	}
	late = "/me/billing/checkouts/" + ana.checkout("team", "month")["id"].(string) + "/confirm"
	s.pass(61 * time.Minute)
	if got := ana.refused("PATCH", late, form...); got != "checkout_expired" {
		t.Errorf("an hour later: %s", got)
	}
	if got := ana.payments(); got != "checkout paid 900 4444" {
		t.Error(got)
	}
}

// The plan is the instance's, the checkout and the card are the Frontend API's: a process that dies between them leaves none of it.
func TestAPlanItsCheckoutAndItsCardAreKeptAtOnce(t *testing.T) {
	for _, kind := range []string{"payer", "user", "event"} {
		t.Run(kind, func(t *testing.T) {
			s := open(t)
			b := s.browser()
			b.signUp("ana@example.test")
			path := "/me/billing/checkouts/" + b.checkout("starter", "month")["id"].(string)
			pay := func() int {
				status, _ := b.ask("PATCH", path+"/confirm", "gateway", "stripe", "payment_token", "pm_card_visa.1230")
				return status
			}
			for _, change := range []string{"INSERT", "UPDATE"} {
				s.exec(fmt.Sprintf(`CREATE TRIGGER full_%[1]s BEFORE %[1]s ON objects WHEN NEW.kind = '%[2]s' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`, change, kind))
			}
			if got := pay(); got != http.StatusInternalServerError {
				t.Errorf("what could not be kept was answered with %d", got)
			}
			s.restart()
			s.exec(`DROP TRIGGER full_INSERT`)
			s.exec(`DROP TRIGGER full_UPDATE`)
			if one, got := b.must("GET", path), b.holds(); one["status"] != "needs_confirmation" || !strings.HasPrefix(got, "free month active; ") || b.payments() != "" {
				t.Errorf("a part of it was kept: the checkout is %v; %s; paid %q", one["status"], got, b.payments())
			}
			if got := pay(); got != http.StatusOK || b.payments() != "checkout paid 900 4242" {
				t.Errorf("once more: %d, %s", got, b.payments())
			}
		})
	}
}

func TestADeclinedCardTakesNothing(t *testing.T) {
	b := open(t).browser()
	b.signUp("ana@example.test")
	declined := []string{"gateway", "stripe", "payment_token", "pm_card_chargeDeclined.1230"}
	if got := b.refused("POST", "/me/billing/payment_methods", declined...); got != "card_declined" {
		t.Errorf("to keep it: %s", got)
	}
	for _, plan := range []string{"pro", "starter"} { // a trial is not charged yet
		path := "/me/billing/checkouts/" + b.checkout(plan, "month")["id"].(string)
		if got := b.refused("PATCH", path+"/confirm", declined...); got != "card_declined" {
			t.Errorf("%s: %s", plan, got)
		}
		if got := b.must("GET", path); got["status"] != "needs_confirmation" {
			t.Errorf("%s: %v", plan, got)
		}
	}
	if got := b.holds(); got != "free month active; next nothing" {
		t.Error(got)
	}
	if got := b.payments(); got != "checkout failed 900 0002" {
		t.Error(got)
	}
	if list := b.must("GET", "/me/billing/payment_methods")["data"].([]any); len(list) != 0 {
		t.Errorf("the card was kept: %v", list)
	}
	if list := b.must("GET", "/me/billing/statements")["data"].([]any); len(list) != 0 {
		t.Errorf("a statement of nothing: %v", list)
	}
	b.buy("starter", "month", "pm_card_visa")
	path := "/me/billing/checkouts/" + b.checkout("team", "month")["id"].(string)
	if got := b.refused("PATCH", path+"/confirm", declined...); got != "card_declined" {
		t.Error(got)
	}
	b.instance.Advance(30 * day)
	if got := b.payments(); got != "recurring paid 900 4242, checkout failed 4000 0002, checkout paid 900 4242, checkout failed 900 0002" {
		t.Errorf("the card from before pays on: %s", got)
	}
}

func TestCardsAreKept(t *testing.T) {
	s := open(t)
	b := s.browser()
	id := b.signUp("ana@example.test")
	if in := b.must("POST", "/me/billing/payment_methods/initialize", "gateway", "stripe"); !strings.HasPrefix(in["external_client_secret"].(string), "seti_") {
		t.Errorf("%v", in)
	}
	add := func(token string) string {
		t.Helper()
		return b.must("POST", "/me/billing/payment_methods", "gateway", "stripe", "payment_token", token)["id"].(string)
	}
	cards := func() string {
		t.Helper()
		var all []string
		for _, m := range b.must("GET", "/me/billing/payment_methods")["data"].([]any) {
			m := m.(object)
			text := fmt.Sprintf("%s %s %v/%v", m["card_type"], m["last4"], m["expiry_month"], m["expiry_year"])
			if m["is_default"] == true {
				text += " default"
			}
			all = append(all, text)
		}
		user, _ := s.instance.User(id)
		return fmt.Sprintf("%s; %+v", strings.Join(all, ", "), *user.Card)
	}
	visa, amex := add("pm_card_visa.1230"), add("pm_card_amex.0131")
	if again := add("pm_card_visa.0632"); again != visa {
		t.Error("the same card is kept twice")
	}
	charged := func(id, brand, last4 string, declines bool) string {
		return fmt.Sprintf("; {ID:%s Brand:%s Last4:%s Declines:%t}", id, brand, last4, declines)
	}
	if got := cards(); got != "visa 4242 6/2032 default, amex 0005 1/2031"+charged(visa, "visa", "4242", false) {
		t.Error(got)
	}
	b.must("PUT", "/me/billing/payers/default_payment_method", "payment_method_id", amex)
	s.restart()
	if got := cards(); got != "visa 4242 6/2032, amex 0005 1/2031 default"+charged(amex, "amex", "0005", false) {
		t.Errorf("after a restart: %s", got)
	}
	if one := b.checkout("starter", "month"); one["payment_method"].(object)["last4"] != "0005" {
		t.Errorf("another card is offered: %v", one["payment_method"])
	}
	one := b.checkout("starter", "month")
	b.must("PATCH", "/me/billing/checkouts/"+one["id"].(string)+"/confirm", "payment_method_id", visa)
	if got := cards(); got != "visa 4242 6/2032 default, amex 0005 1/2031"+charged(visa, "visa", "4242", false) {
		t.Errorf("what paid last is offered next: %s", got)
	}
	if gone := b.must("DELETE", "/me/billing/payment_methods/"+visa); gone["deleted"] != true {
		t.Errorf("%v", gone)
	}
	if got := cards(); got != "amex 0005 1/2031 default"+charged(amex, "amex", "0005", false) {
		t.Error(got)
	}
	b.must("DELETE", "/me/billing/payment_methods/"+amex)
	if got := cards(); got != charged(amex, "amex", "0005", true) {
		t.Errorf("the last one is gone: %s", got)
	}
	for token, want := range map[string]string{
		"pm_card_visa.1026": "expired_card", "pm_card_visa.1330": "form_param_value_invalid payment_token", "pm_card_visa": "form_param_value_invalid payment_token",
		"pm_1234.1230": "form_param_value_invalid payment_token", "": "form_param_value_invalid payment_token",
	} {
		if got := b.refused("POST", "/me/billing/payment_methods", "gateway", "stripe", "payment_token", token); got != want {
			t.Errorf("%q: %s", token, got)
		}
	}
	other := s.browser()
	other.signUp("ben@example.test")
	mine := add("pm_card_visa.1126") // until the end of this month
	one = other.checkout("starter", "month")
	if got := other.refused("PATCH", "/me/billing/checkouts/"+one["id"].(string)+"/confirm", "payment_method_id", mine); got != "resource_not_found" {
		t.Errorf("somebody else's card: %s", got)
	}
	if got := other.refused("DELETE", "/me/billing/payment_methods/"+mine) + other.refused("PUT", "/me/billing/payers/default_payment_method", "payment_method_id", mine); got != "resource_not_foundresource_not_found" {
		t.Errorf("somebody else's card: %s", got)
	}
	done := other.must("PATCH", "/me/billing/checkouts/"+one["id"].(string)+"/confirm", "gateway", "stripe", "use_test_card", "true")
	if done["payment_method"].(object)["last4"] != "4242" {
		t.Errorf("%v", done)
	}
}

func TestACardThatFailsLater(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	b.buy("starter", "month", "pm_card_chargeCustomerFail")
	s.instance.Advance(30 * day)
	if got := b.holds(); got != "starter month past_due until Dec 23 2026; next 900 on Dec 26 2026" {
		t.Error(got)
	}
	if b.must("GET", "/me/billing/subscription")["status"] != "past_due" {
		t.Error("the subscription is not past due")
	}
	if got := b.refused("POST", "/me/billing/checkouts", "plan_id", "cplan_starter", "plan_period", "month"); got != "subscription_past_due" {
		t.Error(got)
	}
	if got := totals(b.checkout("team", "month")); got != "4900 (4900 a month), past due 900, credit none, total 5800, now 5800, then 4900 from Dec 23 2026, by card" {
		t.Error(got)
	}
	good := b.must("POST", "/me/billing/payment_methods", "gateway", "stripe", "payment_token", "pm_card_visa.1230")
	b.must("PUT", "/me/billing/payers/default_payment_method", "payment_method_id", good["id"].(string))
	s.instance.Advance(3 * day)
	if got := b.holds(); got != "starter month active until Jan 23 2027; next 900 on Jan 23 2027" {
		t.Errorf("with a good card: %s", got)
	}
	if got := b.payments(); got != "recurring paid 900 4242, recurring failed 900 0341, checkout paid 900 0341" {
		t.Error(got)
	}
	b.must("DELETE", "/me/billing/payment_methods/"+good["id"].(string))
	s.instance.Advance(30 * day)
	item := b.must("GET", "/me/billing/subscription")["subscription_items"].([]any)[0].(object)
	if item["status"] != "past_due" || item["past_due_at"] == nil {
		t.Errorf("%v", item)
	}
	if one := b.checkout("free", "month"); one["is_immediate_plan_change"] != true {
		t.Errorf("%v", one)
	}
	b.must("DELETE", "/me/billing/subscription_items/"+item["id"].(string))
	if got := b.holds(); got != "free month active; next nothing" {
		t.Errorf("what is past due ends at once: %s", got)
	}
	if got := totals(b.checkout("starter", "annual")); got != "9000 (750 a month), past due 900, credit none, total 9900, now 9900, then 9000 from Jan 25 2027, by card" {
		t.Errorf("what was past due is paid next: %s", got)
	}
	b.buy("starter", "annual", "pm_card_visa")
	if got := b.payments(); !strings.HasPrefix(got, "checkout paid 9900 4242, recurring failed 900 0341, recurring paid 900 4242, ") {
		t.Error(got)
	}
	if got := b.holds(); got != "starter annual active until Jan 25 2028; next 9000 on Jan 25 2028" {
		t.Error(got)
	}
}

func TestItemsAreCanceled(t *testing.T) {
	s := open(t)
	b, other := s.browser(), s.browser()
	b.signUp("ana@example.test")
	other.signUp("ben@example.test")
	item := func(slug string) string {
		t.Helper()
		for _, it := range b.must("GET", "/me/billing/subscription")["subscription_items"].([]any) {
			if it := it.(object); it["plan"].(object)["slug"] == slug {
				return "/me/billing/subscription_items/" + it["id"].(string)
			}
		}
		t.Fatalf("there is no item of %s", slug)
		return ""
	}
	if got := b.refused("DELETE", item("free")); got != "subscription_item_not_cancelable" {
		t.Error(got)
	}
	b.buy("team", "month", "pm_card_visa")
	if got := other.refused("DELETE", item("team")); got != "resource_not_found" {
		t.Errorf("somebody else's: %s", got)
	}
	if gone := b.must("DELETE", item("team")); gone["deleted"] != true {
		t.Errorf("%v", gone)
	}
	if got := b.holds(); got != "free month upcoming from Dec 23 2026, team month active canceled until Dec 23 2026; next nothing" {
		t.Error(got)
	}
	if got := b.refused("DELETE", item("team")); got != "subscription_item_not_cancelable" {
		t.Errorf("twice: %s", got)
	}
	b.buy("starter", "month", "")
	b.must("DELETE", item("starter"))
	if got := b.holds(); got != "free month upcoming from Dec 23 2026, team month active canceled until Dec 23 2026; next nothing" {
		t.Errorf("what was upcoming never starts: %s", got)
	}
}

func TestTheHistoryAddsUp(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	b.buy("starter", "month", "pm_card_visa")
	s.instance.Advance(5 * day)
	b.buy("team", "month", "pm_card_visa") // 4900 less 25 of 30 days of 900
	s.instance.Advance(31 * day)
	var got []string
	list := b.must("GET", "/me/billing/statements")
	for _, st := range list["data"].([]any) {
		st := b.must("GET", "/me/billing/statements/"+st.(object)["id"].(string))
		text := fmt.Sprintf("%s %s %s:", date(st["timestamp"]), st["status"], cents(st, "totals", "grand_total"))
		for _, g := range st["groups"].([]any) {
			g := g.(object)
			for _, p := range g["items"].([]any) {
				p := b.must("GET", "/me/billing/payment_attempts/"+p.(object)["id"].(string))
				item := p["subscription_item"].(object)
				text += fmt.Sprintf(" %s %s %s of %s less %s", date(g["timestamp"]), item["plan"].(object)["slug"], cents(p, "totals", "grand_total"), cents(item, "amount"), cents(item, "credits", "proration", "amount"))
			}
		}
		got = append(got, text)
	}
	want := []string{
		"Dec 28 2026 open 4900: Dec 28 2026 team 4900 of 4900 less none",
		"Nov 23 2026 closed 5050: Nov 23 2026 starter 900 of 900 less none Nov 28 2026 team 4150 of 4900 less 750",
	}
	if !slices.Equal(got, want) || list["total_count"] != 2.0 {
		t.Errorf("%q, %v", got, list["total_count"])
	}
	if got := b.payments(); got != "recurring paid 4900 4242, checkout paid 4150 4242, checkout paid 900 4242" {
		t.Error(got)
	}
	if _, answer := b.ask("GET", "/me/billing/payment_attempts", "limit", "1", "offset", "2"); answer.(object)["total_count"] != 3.0 || cents(answer.(object)["data"].([]any)[0].(object), "amount") != "900" {
		t.Errorf("%v", answer)
	}
	if credits := b.must("GET", "/me/billing/credits"); credits["balance"] != nil {
		t.Errorf("%v", credits)
	}
	if history := b.must("GET", "/me/billing/credits/history"); history["total_count"] != 0.0 {
		t.Errorf("%v", history)
	}
	other := s.browser()
	other.signUp("ben@example.test")
	mine := list["data"].([]any)[0].(object)
	attempt := mine["groups"].([]any)[0].(object)["items"].([]any)[0].(object)["id"].(string)
	if got := other.refused("GET", "/me/billing/statements/"+mine["id"].(string)) + other.refused("GET", "/me/billing/payment_attempts/"+attempt); got != "resource_not_foundresource_not_found" {
		t.Errorf("somebody else's: %s", got)
	}
}

func TestStripesScriptIsOurs(t *testing.T) {
	b := open(t).browser()
	res, err := b.http.Get(b.origin + "/__clerk/stripe.js")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") || !strings.Contains(string(text), "window.Stripe =") {
		t.Errorf("%v %v %.80s", err, res.Header, text)
	}
	b.signUp("ana@example.test")
	tokens := regexp.MustCompile(`"pm_card_\w+"`).FindAllString(string(text), -1)
	for _, token := range tokens {
		status, answer := b.ask("POST", "/me/billing/payment_methods", "gateway", "stripe", "payment_token", strings.Trim(token, `"`)+".1230")
		if status != 200 && answer.(object)["errors"].([]any)[0].(object)["code"] != "card_declined" {
			t.Errorf("%s: %v", token, answer)
		}
	}
	if len(tokens) != 5 {
		t.Errorf("its cards are %q", tokens)
	}
	_, answer := b.ask("GET", "/environment")
	if key := answer.(object)["commerce_settings"].(object)["billing"].(object)["stripe_publishable_key"]; key == "" || key == nil {
		t.Error("without a key the SDK never shows the form of a card")
	}
}
