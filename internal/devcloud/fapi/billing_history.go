package fapi

import (
	"slices"
	"time"

	"souk/internal/devcloud/clerk"
)

func (c *call) payments() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	all := []any{}
	for _, a := range slices.Backward(user.Attempts) {
		all = append(all, c.paymentJSON(user, a))
	}
	return bare{cut(c, all)}, nil
}

func (c *call) payment() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	for _, a := range user.Attempts {
		if a.ID == c.r.PathValue("id") {
			return bare{c.paymentJSON(user, a)}, nil
		}
	}
	return nil, errMissing
}

func (c *call) paymentJSON(user clerk.User, a *clerk.Attempt) map[string]any {
	items := user.Subscription.Items
	n := slices.IndexFunc(items, func(it *clerk.Item) bool { return it.ID == a.ItemID })
	item := c.itemJSON(items[max(0, n)])
	if a.Credit > 0 {
		item["credit"], item["credits"] = map[string]any{"amount": clerk.Money(a.Credit)}, creditsJSON(a.Credit, 0, 0) // of how many days is not kept
	}
	return map[string]any{
		"object": "commerce_payment", "id": a.ID, "amount": clerk.Money(a.Amount), "status": a.Status, "charge_type": a.ChargeType, "paid_at": clerk.Milliseconds(a.PaidAt),
		"failed_at": clerk.Milliseconds(a.FailedAt), "updated_at": clerk.Milliseconds(a.UpdatedAt), "subscription_item": item,
		"payment_method": map[string]any{
			"object": "commerce_payment_method", "id": a.Card.ID, "payment_type": "card", "card_type": a.Card.Brand, "last4": a.Card.Last4, "status": "active",
		},
		"totals": map[string]any{
			"subtotal": clerk.Money(a.Amount + a.Credit), "tax_total": clerk.Money(0), "grand_total": clerk.Money(a.Amount), "base_fee": nil, "discounts": nil,
		},
	}
}

// statementsOf are those of the months in which something was paid, newest first.
func (c *call) statementsOf(user clerk.User) []map[string]any {
	var all []map[string]any
	for len(user.Attempts) > 0 {
		n := slices.IndexFunc(user.Attempts, func(a *clerk.Attempt) bool { return a.StatementID != user.Attempts[0].StatementID })
		if n < 0 {
			n = len(user.Attempts)
		}
		month := slices.DeleteFunc(slices.Clone(user.Attempts[:n]), func(a *clerk.Attempt) bool { return a.Status != "paid" })
		if user.Attempts = user.Attempts[n:]; len(month) > 0 {
			all = append(all, c.statementJSON(user, month))
		}
	}
	slices.Reverse(all)
	return all
}

// statementJSON has a group for each day.
func (c *call) statementJSON(user clerk.User, paid []*clerk.Attempt) map[string]any {
	var sum int64
	var groups []map[string]any
	var day time.Time
	for _, a := range paid {
		sum += a.Amount
		if of := a.CreatedAt.UTC().Truncate(24 * time.Hour); of != day {
			day = of
			groups = append(groups, map[string]any{"object": "commerce_statement_group", "id": a.StatementID + "_" + of.Format(time.DateOnly), "timestamp": clerk.Milliseconds(a.CreatedAt), "items": []any{}})
		}
		group := groups[len(groups)-1]
		group["items"] = append(group["items"].([]any), c.paymentJSON(user, a))
	}
	first, now, status := paid[0].CreatedAt.UTC(), c.in.Time().UTC(), "closed"
	if clerk.SameMonth(first, now) {
		status = "open"
	}
	return map[string]any{
		"object": "commerce_statement", "id": paid[0].StatementID, "status": status, "timestamp": clerk.Milliseconds(first), "groups": groups,
		"totals": map[string]any{"subtotal": clerk.Money(sum), "tax_total": clerk.Money(0), "grand_total": clerk.Money(sum)},
	}
}

func (c *call) statements() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	return cut(c, c.statementsOf(user)), nil
}

func (c *call) statement() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	for _, s := range c.statementsOf(user) {
		if s["id"] == c.r.PathValue("id") {
			return s, nil
		}
	}
	return nil, errMissing
}
