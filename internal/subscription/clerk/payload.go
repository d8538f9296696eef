package clerk

import (
	"cmp"
	"strings"
	"time"

	"souk/internal/lenient"
	"souk/internal/subscription"
)

// Reports reads the data of a subscription.*, subscriptionItem.* or billing.subscription.* webhook, or a subscription of the
// Backend API. eventType is empty for the latter. sent is when the message was, for what does not say when it changed.
//
// Clerk's documents disagree about nearly every field, and about the objects' names, so nothing is taken from those. What a
// message does not say is no fact of its report.
func Reports(eventType string, data lenient.Object, sent time.Time) []subscription.Report {
	items := data.Objects("items", "subscription_items")
	if len(items) == 0 {
		if r, ok := report(eventType, data, data, sent); ok {
			return []subscription.Report{r}
		}
		return nil
	}
	var reports []subscription.Report
	for _, item := range items {
		r, ok := report("", item, data, sent)
		if !ok {
			continue
		}
		if r.Parent == "" {
			r.Parent = data.Text("id")
			r.Facts[subscription.FactParent] = r.Parent
		}
		reports = append(reports, r)
	}
	return reports
}

// report reads one item; around is what holds it, or the item itself.
func report(eventType string, item, around lenient.Object, sent time.Time) (r subscription.Report, ok bool) {
	r = subscription.Report{ItemID: item.Text("id"), UserID: UserID(item), At: sent, Facts: map[subscription.Fact]string{}}
	if r.UserID == "" {
		r.UserID = UserID(around)
	}
	for _, o := range []lenient.Object{item, around} {
		if at, _ := o.Time("updated_at"); at != nil {
			r.At = *at
			break
		}
	}
	set := func(name subscription.Fact, value string) {
		if value != "" {
			r.Facts[name] = value
		}
	}
	set(subscription.FactStatus, status(item.Text("status"), eventType))
	setPlan(&r, item)
	r.Parent = item.Text("subscription_id")
	set(subscription.FactParent, r.Parent)
	if trial, there := item.Bool("is_free_trial"); there {
		set(subscription.FactTrial, map[bool]string{true: "true", false: "false"}[trial])
	}
	for name, names := range map[subscription.Fact][]string{
		subscription.FactStart: {"period_start", "current_period_start"}, subscription.FactEnd: {"period_end", "current_period_end"},
		subscription.FactCanceledAt: {"canceled_at"}, subscription.FactCreatedAt: {"created_at"},
	} {
		if at, there := item.Time(names...); there {
			r.Facts[name] = subscription.TimeFact(at)
		}
	}
	if end, said := r.Facts[subscription.FactEnd]; said && end == "" && r.Facts[subscription.FactStatus] == subscription.ProviderActive {
		r.Free = true // only the plan that everybody has runs without an end
	}
	return r, r.ItemID != "" && (len(r.Facts[subscription.FactStatus]) > 0 || r.Facts[subscription.FactPlan] != "")
}

func setPlan(r *subscription.Report, item lenient.Object) {
	plan := item.Object("plan")
	for name, value := range map[subscription.Fact]string{
		subscription.FactPlan:   cmp.Or(item.Text("plan_id"), plan.Text("id")),
		subscription.FactPrice:  cmp.Or(item.Text("price_id"), item.Object("price").Text("id")),
		subscription.FactPeriod: period(cmp.Or(item.Text("interval", "plan_period", "billing_period"), plan.Text("interval"))),
	} {
		if value != "" {
			r.Facts[name] = value
		}
	}
	recurring, said := plan.Bool("is_recurring")
	isDefault, _ := plan.Bool("is_default")
	r.Free = isDefault || said && !recurring // not by its amount: that of a plan sold by the year alone is 0 a month
}

func period(text string) string {
	switch strings.ToLower(text) {
	case "month", "monthly":
		return subscription.Monthly
	case "annual", "annually", "year", "yearly":
		return subscription.Yearly
	}
	return ""
}

// status is the item's own word, else what the event's name says.
func status(said, eventType string) string {
	switch said = strings.ToLower(said); said {
	case "":
	case "pastdue":
		return subscription.ProviderPastDue
	case "trial", "free_trial":
		return subscription.ProviderTrialing
	case "cancelled":
		return subscription.ProviderCanceled
	default:
		return said
	}
	switch _, name, _ := strings.Cut(strings.TrimPrefix(eventType, "billing."), "."); name {
	case "active", "canceled", "upcoming", "ended", "abandoned", "incomplete", "paused":
		return name
	case "pastDue":
		return subscription.ProviderPastDue
	case "freeTrialEnding":
		return subscription.ProviderActive
	}
	return ""
}

// UserID is the user that an object is about, or empty. An organisation's has none.
func UserID(data lenient.Object) string {
	return cmp.Or(data.Text("user_id"), data.Object("payer").Text("user_id"))
}

// OfOrganisation says that an object belongs to an organisation, which buys nothing here.
func OfOrganisation(data lenient.Object) bool {
	return UserID(data) == "" && cmp.Or(data.Text("organization_id"), data.Object("payer").Text("organization_id")) != ""
}

// Payment reads the data of a paymentAttempt.* webhook, or a payment attempt of the Backend API. ok is false when it is none.
func Payment(data lenient.Object, sent time.Time) (p subscription.Payment, ok bool) {
	p = subscription.Payment{ID: data.Text("id"), UserID: UserID(data), Paid: sent}
	switch strings.ToLower(data.Text("status")) {
	case "paid", "succeeded":
		p.Status = subscription.PaymentSucceeded
	case "failed":
		p.Status = subscription.PaymentFailed
	case "pending":
		p.Status = subscription.PaymentPending
	default:
		return p, false
	}
	p.Renewal = data.Text("charge_type", "type") == "recurring"
	for _, name := range []string{"paid_at", "failed_at", "updated_at", "created_at"} {
		if at, _ := data.Time(name); at != nil {
			p.Paid = *at
			break
		}
	}
	for _, total := range []lenient.Object{data.Object("totals").Object("grand_total"), data.Object("amount"), data.Object("totals").Object("subtotal")} {
		if amount, there := total.Int("amount"); there && amount >= 0 {
			p.AmountCents, p.Currency = amount, strings.ToUpper(total.Text("currency"))
			break
		}
	}
	for _, item := range data.Objects("subscription_items", "items") {
		r := subscription.Report{ItemID: item.Text("id"), UserID: UserID(item), Parent: item.Text("subscription_id"), Facts: map[subscription.Fact]string{}}
		setPlan(&r, item)
		if r.ItemID != "" {
			p.Items = append(p.Items, r)
		}
		if p.UserID == "" {
			p.UserID = r.UserID
		}
	}
	return p, p.ID != ""
}
