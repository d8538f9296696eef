package fapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"souk/internal/devcloud/clerk"
)

// billingRoutes are those of plans, of what a user holds of them, and of what they cost.
func (s *Server) billingRoutes() {
	s.handle("GET /billing/plans", (*call).plans)
	s.handle("GET /billing/plans/{id}", (*call).plan)
	s.handle("GET /me/billing/subscription", (*call).subscription)
	s.handle("DELETE /me/billing/subscription_items/{id}", (*call).cancelItem)

	s.handle("POST /me/billing/checkouts", (*call).startCheckout)
	s.handle("GET /me/billing/checkouts/{id}", (*call).readCheckout)
	s.handle("PATCH /me/billing/checkouts/{id}", (*call).updateCheckout)
	s.handle("PATCH /me/billing/checkouts/{id}/confirm", (*call).confirmCheckout)

	s.handle("GET /me/billing/payment_methods", (*call).methods)
	s.handle("POST /me/billing/payment_methods", (*call).addMethod)
	s.handle("POST /me/billing/payment_methods/initialize", (*call).initializeMethod)
	s.handle("DELETE /me/billing/payment_methods/{id}", (*call).removeMethod)
	s.handle("PUT /me/billing/payers/default_payment_method", (*call).defaultMethod)
	s.routes.HandleFunc("GET "+Prefix+"/stripe.js", stripeScript)

	s.handle("GET /me/billing/statements", (*call).statements)
	s.handle("GET /me/billing/statements/{id}", (*call).statement)
	s.handle("GET /me/billing/payment_attempts", (*call).payments)
	s.handle("GET /me/billing/payment_attempts/{id}", (*call).payment)
	s.handle("GET /me/billing/credits", func(c *call) (any, error) {
		_, _, err := c.me()
		return map[string]any{"object": "commerce_credit_balance", "balance": nil}, err // nobody is given any
	})
	s.handle("GET /me/billing/credits/history", func(c *call) (any, error) {
		_, _, err := c.me()
		return listed[any](nil), err
	})
}

func (c *call) plans() (any, error) {
	all := []any{}
	for _, p := range c.in.Plans() {
		if c.form.Get("payer_type") != "org" {
			all = append(all, planJSON(p))
		}
	}
	return bare{cut(c, all)}, nil
}

func (c *call) plan() (any, error) {
	for _, p := range c.in.Plans() {
		if p.ID == c.r.PathValue("id") {
			return bare{planJSON(p)}, nil
		}
	}
	return nil, errMissing
}

// planOf is the plan of an id. One that was taken out of the instance since is shown by its id.
func (c *call) planOf(id string) clerk.Plan {
	plans := c.in.Plans()
	if n := slices.IndexFunc(plans, func(p clerk.Plan) bool { return p.ID == id }); n >= 0 {
		return plans[n]
	}
	return clerk.Plan{ID: id, Slug: id, Name: id}
}

func planJSON(p clerk.Plan) map[string]any {
	features := []any{}
	for _, slug := range p.Features {
		features = append(features, map[string]any{
			"object": "feature", "id": "feat_" + slug, "name": title(slug), "description": nil, "slug": slug, "avatar_url": nil,
		})
	}
	var fee, annual, annualMonthly, trial any
	if p.Monthly > 0 || p.Annual == 0 {
		fee = clerk.Money(p.Monthly)
	}
	if p.Annual > 0 {
		annual, annualMonthly = clerk.Money(p.Annual), clerk.Money(p.AnnualMonthly())
	}
	if p.TrialDays > 0 {
		trial = p.TrialDays
	}
	return map[string]any{
		"object": "commerce_plan", "id": p.ID, "slug": p.Slug, "name": p.Name, "description": clerk.OrNull(p.Description), "avatar_url": nil,
		"fee": fee, "annual_fee": annual, "annual_monthly_fee": annualMonthly, "is_default": p.Default, "is_recurring": !p.Default, "has_base_fee": !p.Default,
		"for_payer_type": "user", "publicly_visible": true, "features": features, "free_trial_enabled": p.TrialDays > 0, "free_trial_days": trial,
	}
}

// title writes a slug as people do: "ai-coach" is "Ai coach".
func title(slug string) string {
	letters := []rune(strings.NewReplacer("-", " ", "_", " ").Replace(slug))
	if len(letters) > 0 {
		letters[0] = unicode.ToUpper(letters[0])
	}
	return string(letters)
}

func (c *call) subscription() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	s := user.Subscription
	items, next := []any{}, any(nil)
	for _, it := range s.Items {
		if stands(it) {
			items = append(items, c.itemJSON(it))
			if n := c.nextPayment(it); n != nil {
				next = n
			}
		}
	}
	return map[string]any{
		"object": "commerce_subscription", "id": s.ID, "status": s.Status, "created_at": clerk.Milliseconds(s.CreatedAt), "updated_at": clerk.Milliseconds(s.UpdatedAt),
		"active_at": clerk.Milliseconds(s.ActiveAt), "past_due_at": clerk.Milliseconds(s.PastDueAt), "subscription_items": items, "next_payment": next,
		"eligible_for_free_trial": user.EligibleForTrial(),
	}, nil
}

// stands says whether an item is one that the user has, or will have.
func stands(it *clerk.Item) bool {
	return slices.Contains([]clerk.Status{clerk.Active, clerk.Canceled, clerk.PastDue, clerk.Upcoming}, it.Status)
}

// itemJSON has no status canceled: to the Frontend API, what is canceled is active until its period ends.
func (c *call) itemJSON(it *clerk.Item) map[string]any {
	plan, status := c.planOf(it.PlanID), it.Status
	if status == clerk.Canceled {
		status = clerk.Active
	}
	return map[string]any{
		"object": "commerce_subscription_item", "id": it.ID, "status": status, "plan": planJSON(plan), "plan_period": it.Period,
		"price_id": "cprice_" + strings.TrimPrefix(it.PlanID, "cplan_"), "amount": clerk.Money(plan.Fee(it.Period)), "next_payment": c.nextPayment(it),
		"is_free_trial": it.FreeTrial, "period_start": clerk.Milliseconds(it.PeriodStart), "period_end": clerk.Milliseconds(it.PeriodEnd), "created_at": clerk.Milliseconds(it.CreatedAt),
		"canceled_at": clerk.Milliseconds(it.CanceledAt), "past_due_at": clerk.Milliseconds(it.PastDueAt),
	}
}

// nextPayment is what is charged for an item next, nil for nothing. The SDK lets nobody cancel who has none.
func (c *call) nextPayment(it *clerk.Item) any {
	plan := c.planOf(it.PlanID)
	at := it.PeriodEnd
	switch {
	case plan.Default || it.Status == clerk.Canceled:
		return nil
	case it.Status == clerk.Upcoming:
		at = it.PeriodStart
	case it.Status == clerk.PastDue:
		at = it.RetryAt
	}
	totals := totalsJSON(plan, it.Period, 0)
	totals["credits"], totals["discounts"] = nil, nil
	return map[string]any{"date": clerk.Milliseconds(at), "amount": clerk.Money(plan.Fee(it.Period)), "totals": totals}
}

// totalsJSON is what a period costs, and more or less beside it. There are no taxes and no discounts. The base fee is that of a month,
// also where it is paid by the year.
func totalsJSON(plan clerk.Plan, period clerk.Period, beside int64) map[string]any {
	fee, month := plan.Fee(period), plan.Monthly
	if period == clerk.Annual {
		month = plan.AnnualMonthly()
	}
	return map[string]any{
		"subtotal": clerk.Money(fee), "base_fee": clerk.Money(month), "tax_total": clerk.Money(0), "grand_total": clerk.Money(fee + beside),
	}
}

// cancelItem ends an item with its period; what is past due ends at once, and what is upcoming never starts.
func (c *call) cancelItem() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("id")
	n := slices.IndexFunc(user.Subscription.Items, func(it *clerk.Item) bool { return it.ID == id && stands(it) })
	if n < 0 {
		return nil, errMissing
	}
	if err := c.in.CancelItem(user.ID, id); err != nil {
		return nil, unprocessable("subscription_item_not_cancelable", "This has been canceled already, or it is the plan that everybody has.", "")
	}
	return map[string]any{"object": "commerce_subscription_item", "id": id, "deleted": true}, nil
}

// refused is an error of the instance in Clerk's form.
func refused(err error) error {
	switch {
	case errors.Is(err, clerk.ErrNotSold):
		return unprocessable("form_param_value_invalid", "This plan is not sold by this period.", "plan_period")
	case errors.Is(err, clerk.ErrHeld):
		return unprocessable("already_subscribed", "You have this plan already.", "")
	case errors.Is(err, clerk.ErrPastDue):
		return unprocessable("subscription_past_due", "Your last payment failed. Choose another default payment method: it is charged within three days.", "")
	case errors.Is(err, clerk.ErrDeclined):
		return errDeclined
	}
	return err
}

var errDeclined = &problem{http.StatusUnprocessableEntity, "card_declined", "Your card was declined.", ""}

// creditsJSON is the credit for the days that were left of a period.
func creditsJSON(credit int64, left, days int) map[string]any {
	return map[string]any{
		"proration": map[string]any{
			"amount": clerk.Money(credit), "cycle_days_remaining": left, "cycle_days_total": days, "cycle_remaining_percent": 100 * float64(left) / float64(max(1, days)),
		},
		"payer": nil, "total": clerk.Money(credit),
	}
}
