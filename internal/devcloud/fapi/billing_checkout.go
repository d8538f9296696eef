package fapi

import (
	"net/http"
	"slices"
	"time"

	"souk/internal/devcloud/clerk"
)

// checkout is a plan on its way to be taken, and stays to be asked for when it is.
type checkout struct {
	ID        string
	Quote     clerk.Quote
	Secret    string // that of a card's form
	Method    string // what it was paid with; empty: nothing, or not yet
	CreatedAt time.Time
	Completed bool
}

// checkoutLife is how long a checkout can be confirmed.
const checkoutLife = time.Hour

var (
	errExpired = &problem{http.StatusUnprocessableEntity, "checkout_expired", "This checkout has expired. Close it, and choose the plan again.", ""}
	errChanged = &problem{http.StatusConflict, "checkout_changed", "What this costs has changed meanwhile. Close it, and choose the plan again.", ""}
)

// quote is what a checkout of the plan would do now. That of the default plan cancels what is held.
func (c *call) quote(user clerk.User, planID string, period clerk.Period) (clerk.Quote, error) {
	plan := c.planOf(planID)
	if !plan.Default {
		q, err := c.in.Preview(user.ID, planID, period)
		return q, refused(err)
	}
	old := user.Held()
	if old == nil || old.Status == clerk.Canceled && upcoming(user).PlanID == planID {
		return clerk.Quote{}, refused(clerk.ErrHeld)
	}
	q := clerk.Quote{Plan: plan, Period: clerk.Month, PeriodStart: old.PeriodEnd}
	if old.Status == clerk.PastDue {
		q.Immediate, q.PeriodStart = true, c.in.Time()
	}
	return q, nil
}

// upcoming is what follows a canceled item.
func upcoming(user clerk.User) *clerk.Item {
	n := slices.IndexFunc(user.Subscription.Items, func(it *clerk.Item) bool { return it.Status == clerk.Upcoming })
	return user.Subscription.Items[max(0, n)]
}

func (c *call) startCheckout() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	plan, period := c.text("plan_id"), clerk.Period(c.text("plan_period"))
	if !slices.ContainsFunc(c.in.Plans(), func(p clerk.Plan) bool { return p.ID == plan }) {
		return nil, errMissing
	}
	if period != clerk.Month && period != clerk.Annual {
		return nil, unprocessable("form_param_value_invalid", "A period is month or annual.", "plan_period")
	}
	q, err := c.quote(user, plan, period)
	if err != nil {
		return nil, err
	}
	one := &checkout{ID: newID("cchk"), Quote: q, Secret: newID("seti") + "_secret_dev", CreatedAt: c.now}
	p := c.payer(user.ID)
	if len(p.Checkouts) == maxCheckouts {
		p.Checkouts = p.Checkouts[1:]
	}
	p.Checkouts = append(p.Checkouts, one)
	return c.checkoutJSON(user, p, one), nil
}

// checkout is that of the path, which is nobody else's.
func (c *call) checkout() (clerk.User, *payer, *checkout, error) {
	user, _, err := c.me()
	if err != nil {
		return user, nil, nil, err
	}
	if p := c.payers[user.ID]; p != nil {
		for _, one := range p.Checkouts {
			if one.ID == c.r.PathValue("id") {
				return user, p, one, nil
			}
		}
	}
	return user, nil, nil, errMissing
}

func (c *call) readCheckout() (any, error) {
	user, p, one, err := c.checkout()
	if err != nil {
		return nil, err
	}
	return c.checkoutJSON(user, p, one), nil
}

// updateCheckout takes a promo code. The stand-in has none.
func (c *call) updateCheckout() (any, error) {
	if c.text("promo_code") != "" {
		return nil, unprocessable("promo_code_invalid", "This promo code is not valid.", "promo_code")
	}
	return c.readCheckout()
}

// confirmCheckout takes the plan. A second time it changes nothing.
func (c *call) confirmCheckout() (any, error) {
	user, p, one, err := c.checkout()
	if err != nil {
		return nil, err
	}
	if one.Completed {
		return c.checkoutJSON(user, p, one), nil
	}
	if c.now.Sub(one.CreatedAt) > checkoutLife {
		return nil, errExpired
	}
	q, err := c.quote(user, one.Quote.Plan.ID, one.Quote.Period)
	if err != nil {
		return nil, err
	}
	if q.Due != one.Quote.Due || q.Fee != one.Quote.Fee || q.Trial != one.Quote.Trial || q.Immediate != one.Quote.Immediate {
		return nil, errChanged
	}
	m, err := c.paysWith(p, one)
	if err != nil {
		return nil, err
	}
	if err := c.take(user, q, m); err != nil {
		return nil, err
	}
	c.keep("payer", user.ID, p)
	one.Completed = true
	if m != nil {
		p.add(m)
		p.Default, one.Method = m.ID, m.ID
		if err := c.charge(user.ID, p); err != nil {
			return nil, err
		}
	}
	user, _ = c.in.User(user.ID)
	return c.checkoutJSON(user, p, one), nil
}

// paysWith is the card that the request names, nil when none is needed.
func (c *call) paysWith(p *payer, one *checkout) (*method, error) {
	switch {
	case c.text("payment_method_id") != "":
		m := p.method(c.text("payment_method_id"))
		if m == nil {
			return nil, unprocessable("resource_not_found", "This payment method was removed.", "")
		}
		return m, nil
	case c.form.Has("payment_token") || c.form.Has("use_test_card"):
		m, err := c.newMethod()
		if err != nil {
			return nil, err
		}
		return p.kept(m), nil
	case one.Quote.Due > 0 || one.Quote.Trial:
		return nil, unprocessable("form_param_missing", "A payment method is needed.", "")
	}
	return nil, nil
}

// take has the instance do what the quote says, and charge the card for it.
func (c *call) take(user clerk.User, q clerk.Quote, m *method) error {
	if q.Plan.Default {
		return c.takeDefault(user)
	}
	if m != nil {
		declines := cards[m.Card].declines
		if declines && q.Due == 0 {
			return errDeclined // as soon as it is attached
		}
		if err := c.in.SetCard(user.ID, cardOf(m, declines)); err != nil {
			return err
		}
	}
	err := c.in.Subscribe(user.ID, q.Plan.ID, q.Period)
	if err != nil && m != nil {
		_ = c.in.SetCard(user.ID, user.Card) // the user was there a moment ago
	}
	return refused(err)
}

// takeDefault cancels what is held, or the plan that would follow it.
func (c *call) takeDefault(user clerk.User) error {
	it := user.Held()
	if it.Status == clerk.Canceled {
		it = upcoming(user)
	}
	return c.in.CancelItem(user.ID, it.ID)
}

func (c *call) checkoutJSON(user clerk.User, p *payer, one *checkout) map[string]any {
	q := one.Quote
	totals := totalsJSON(q.Plan, q.Period, q.PastDue-q.Credit)
	totals["total_due_now"], totals["total_due_per_period"], totals["totals_due_per_period"] = clerk.Money(q.Due), clerk.Money(q.Fee), totalsJSON(q.Plan, q.Period, 0)
	for _, name := range []string{"past_due", "credit", "credits", "discounts", "total_due_after_free_trial"} {
		totals[name] = nil
	}
	if q.PastDue > 0 {
		totals["past_due"] = clerk.Money(q.PastDue)
	}
	if q.Credit > 0 {
		totals["credit"], totals["credits"] = clerk.Money(q.Credit), creditsJSON(q.Credit, q.DaysLeft, q.Days)
	}
	body := map[string]any{
		"object": "commerce_checkout", "id": one.ID, "external_client_secret": one.Secret, "external_gateway_id": "acct_dev", "status": "needs_confirmation",
		"plan": planJSON(q.Plan), "plan_period": q.Period, "plan_period_start": clerk.Milliseconds(q.PeriodStart), "totals": totals, "payer": payerJSON(user),
		"is_immediate_plan_change": q.Immediate, "needs_payment_method": q.Due > 0 || q.Trial,
	}
	if q.Trial {
		body["free_trial_ends_at"], totals["total_due_after_free_trial"] = clerk.Milliseconds(q.PeriodEnd), clerk.Money(q.Fee)
	}
	offered := p.Default
	if one.Completed {
		body["status"], body["needs_payment_method"], offered = "completed", false, one.Method
	}
	if m := p.method(offered); m != nil {
		body["payment_method"] = p.methodJSON(m)
	}
	return body
}

func payerJSON(user clerk.User) map[string]any {
	return map[string]any{
		"object": "commerce_payer", "id": user.Subscription.PayerID, "user_id": user.ID, "email": user.Email, "first_name": clerk.OrNull(user.FirstName),
		"last_name": clerk.OrNull(user.LastName), "organization_id": nil, "organization_name": nil, "created_at": clerk.Milliseconds(user.CreatedAt), "updated_at": clerk.Milliseconds(user.UpdatedAt),
	}
}
