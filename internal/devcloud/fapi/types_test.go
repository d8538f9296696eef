package fapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"souk/internal/nodetest"
)

// The answers about billing are those that Clerk's own types describe, no field more and none less.
func TestAnswersHaveClerksTypes(t *testing.T) {
	var source strings.Builder
	source.WriteString("import type * as clerk from '@clerk/shared/types';\n")
	answers := 0
	is := func(kind string, answer any) {
		t.Helper()
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		answers++
		_, _ = fmt.Fprintf(&source, "export const answer%d: clerk.%s = %s;\n", answers, kind, text)
	}
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	_, plans := b.ask("GET", "/billing/plans")
	is("BillingPlanJSON[]", plans.(object)["data"])
	is("BillingPlanJSON", b.must("GET", "/billing/plans/cplan_late"))
	is("BillingSubscriptionJSON", b.must("GET", "/me/billing/subscription"))
	is("BillingInitializedPaymentMethodJSON", b.must("POST", "/me/billing/payment_methods/initialize", "gateway", "stripe"))
	is("BillingCheckoutJSON", b.checkout("pro", "annual")) // a trial
	is("BillingCheckoutJSON", b.buy("starter", "month", "pm_card_chargeCustomerFail"))
	s.instance.Advance(5 * day)
	is("BillingCheckoutJSON", b.checkout("team", "month")) // with a credit
	is("BillingCheckoutJSON", b.checkout("free", "month")) // later
	s.instance.Advance(26 * day)
	is("BillingSubscriptionJSON", b.must("GET", "/me/billing/subscription")) // past due
	is("BillingCheckoutJSON", b.buy("team", "month", "pm_card_visa"))
	is("BillingCheckoutJSON", b.buy("starter", "month", ""))
	is("BillingSubscriptionJSON", b.must("GET", "/me/billing/subscription")) // with an upcoming item
	is("BillingPaymentMethodJSON[]", b.must("GET", "/me/billing/payment_methods")["data"])
	is("BillingStatementJSON[]", b.must("GET", "/me/billing/statements")["data"])
	_, payments := b.ask("GET", "/me/billing/payment_attempts")
	is("BillingPaymentJSON[]", payments.(object)["data"])
	is("BillingCreditBalanceJSON", b.must("GET", "/me/billing/credits"))

	out := nodetest.Run(t, "testdata/types", "@clerk/shared", "check.js", []byte(source.String()))
	if len(out) > 0 {
		t.Errorf("line n is answer n-1 of this test:\n%s", out)
	}
}
