package clerk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Dialect is one way to write billing events. Clerk's specification of webhooks, the examples in it, the types of its JavaScript
// packages and its written guides contradict each other; each field below is such a contradiction. The zero value follows
// the specification's schemas.
type Dialect struct {
	// ItemObject is the object name of an item: commerce_subscription_item (also when empty), subscription_item in the examples,
	// billing_subscription_item in the guides.
	ItemObject string
	// PlanPeriod names the billing period plan_period, as the types do, and not interval.
	PlanPeriod bool
	// Seconds writes the envelope's timestamp in seconds, as the examples do, and not in milliseconds, as the prose does.
	Seconds bool
	// PeriodSeconds writes period_start and period_end in seconds. No document of the webhooks does; the tests of Clerk's Go SDK do.
	PeriodSeconds bool
	// SubscriptionID on events of items.
	SubscriptionID Absence
	// Unused is how the side of a payer that has no value is written: organization_id for a user.
	Unused Absence
	// NoPayer leaves the optional payer out of events of items. Those of subscriptions always have it.
	NoPayer bool
	// NoFalseTrial leaves is_free_trial out where it is false, NoTrial everywhere, as in the types. Random never picks NoTrial,
	// because then nothing but the Backend API tells a trial.
	NoFalseTrial, NoTrial bool
	// ItemTimes adds canceled_at, past_due_at and ended_at to items.
	ItemTimes bool
	// ItemMoney adds amount, lifetime_paid and next_payment to items.
	ItemMoney bool
	// Plan says how an item names its plan.
	Plan PlanForm
	// Type names the kind of a payment attempt type, as the prose does, and not charge_type.
	Type bool
	// NoInvoice leaves out the invoice_id of a payment attempt, as the examples do.
	NoInvoice bool
	// NoRequest leaves event_attributes out of the envelope.
	NoRequest bool
}

// Absence is how a field without a value is written.
type Absence string

// The forms that were seen. Written is the value itself, or an empty text where there is none.
const (
	Written Absence = ""
	Null    Absence = "null"
	Absent  Absence = "absent"
)

func (a Absence) put(fields map[string]any, name, value string) {
	switch a {
	case Null:
		fields[name] = nil
	case Written:
		fields[name] = value
	}
}

// PlanForm is how an item names its plan: both plan_id and plan are optional.
type PlanForm string

// The forms of a plan.
const (
	PlanBoth   PlanForm = ""
	PlanID     PlanForm = "id"     // plan is null
	PlanObject PlanForm = "object" // plan_id is left out
)

// randomDialect picks each field by itself.
func randomDialect(r *rand.Rand) Dialect {
	coin := func() bool { return r.IntN(2) == 0 }
	return Dialect{
		ItemObject: pick(r, "commerce_subscription_item", "subscription_item", "billing_subscription_item"),
		PlanPeriod: coin(), Seconds: coin(), PeriodSeconds: r.IntN(8) == 0,
		SubscriptionID: pick(r, Written, Null, Absent), Unused: pick(r, Written, Null, Absent),
		NoPayer: coin(), NoFalseTrial: coin(), ItemTimes: coin(), ItemMoney: coin(),
		Plan: pick(r, PlanBoth, PlanBoth, PlanID, PlanObject), Type: coin(), NoInvoice: coin(), NoRequest: coin(),
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// dialect is that of the next event.
func (i *Instance) dialect() Dialect {
	if i.o.Dialect != nil {
		return *i.o.Dialect
	}
	return randomDialect(i.style)
}

// emit tells of a user. Its time is a real one.
func (i *Instance) emit(kind, userID string, data map[string]any) {
	i.tell(i.dialect(), kind, userID, i.now.Add(-i.settings.Ahead), data)
}

// emitAs tells of billing.
func (i *Instance) emitAs(d Dialect, kind string, u *User, data map[string]any) {
	i.tell(d, kind, u.ID, i.now, data)
}

func (i *Instance) tell(d Dialect, kind, userID string, at time.Time, data map[string]any) {
	stamp := at.UnixMilli()
	if d.Seconds {
		stamp /= 1000
	}
	body := map[string]any{"object": "event", "type": kind, "data": data, "timestamp": stamp, "instance_id": i.ID}
	if !d.NoRequest {
		body["event_attributes"] = map[string]any{"http_request": map[string]any{"client_ip": "127.0.0.1", "user_agent": "Test/1.0"}}
	}
	i.post(Event{ID: i.newID("msg_"), Type: kind, UserID: userID, Body: encode(body), At: at})
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("a message of the stand-in for Clerk: %w", err)) // metadata that is no JSON
	}
	return text
}

func (i *Instance) emitItem(event string, u *User, it *Item) {
	d := i.dialect()
	if i.o.Flat {
		i.emitFlat(d, event, u, it)
		return
	}
	data := i.itemJSON(d, it)
	d.SubscriptionID.put(data, "subscription_id", u.Subscription.ID)
	if !d.NoPayer {
		data["payer"] = i.payerJSON(u, d.Unused)
	}
	kind := map[string]string{"past_due": "pastDue"}[event]
	if kind == "" {
		kind = event
	}
	i.emitAs(d, "subscriptionItem."+kind, u, data)
}

func (i *Instance) emitSubscription(event string, u *User) {
	if i.o.Flat {
		return
	}
	d, s := i.dialect(), &u.Subscription
	items := []any{}
	for _, it := range s.Items {
		if i.lists(it) {
			data := i.itemJSON(d, it)
			data["subscription_id"] = nil
			items = append(items, data)
		}
	}
	i.emitAs(d, "subscription."+event, u, map[string]any{
		"object": "commerce_subscription", "id": s.ID, "status": s.Status, "payer_id": s.PayerID, "payer": i.payerJSON(u, d.Unused),
		"active_at": Milliseconds(s.ActiveAt), "canceled_at": nil, "ended_at": Milliseconds(s.EndedAt), "past_due_at": Milliseconds(s.PastDueAt),
		"created_at": Milliseconds(s.CreatedAt), "updated_at": Milliseconds(s.UpdatedAt), "latest_payment_id": OrNull(s.LatestPayment),
		"payment_source_id": nil, "items": items,
	})
}

// lists says whether a subscription shows the item.
func (i *Instance) lists(it *Item) bool {
	return !i.o.HideEnded || it.Status != Ended && it.Status != Abandoned
}

// itemJSON is an item in an event, without what only some events have.
func (i *Instance) itemJSON(d Dialect, it *Item) map[string]any {
	plan, _ := i.plan(it.PlanID)
	object := d.ItemObject
	if object == "" {
		object = "commerce_subscription_item"
	}
	data := map[string]any{
		"object": object, "id": it.ID, "status": it.Status, "created_at": Milliseconds(it.CreatedAt), "updated_at": Milliseconds(it.UpdatedAt),
		"period_start": Milliseconds(it.PeriodStart), "period_end": Milliseconds(it.PeriodEnd), periodName(d): it.Period,
	}
	if d.PeriodSeconds {
		data["period_start"], data["period_end"] = seconds(it.PeriodStart), seconds(it.PeriodEnd)
	}
	if !d.NoTrial && (it.FreeTrial || !d.NoFalseTrial) {
		data["is_free_trial"] = it.FreeTrial
	}
	if d.ItemTimes {
		data["canceled_at"], data["past_due_at"], data["ended_at"] = Milliseconds(it.CanceledAt), Milliseconds(it.PastDueAt), Milliseconds(it.EndedAt)
	}
	if d.ItemMoney {
		data["amount"], data["lifetime_paid"] = Money(plan.Fee(it.Period)), Money(it.LifetimePaid)
		data["next_payment_amount"], data["next_payment_date"] = plan.Fee(it.Period), Milliseconds(it.PeriodEnd)
	}
	if d.Plan != PlanObject {
		data["plan_id"] = it.PlanID
	}
	if data["plan"] = nil; d.Plan != PlanID {
		data["plan"] = map[string]any{
			"id": plan.ID, "slug": plan.Slug, "name": plan.Name, "is_recurring": !plan.Default, "amount": plan.Monthly, "currency": "usd",
		}
	}
	return data
}

func periodName(d Dialect) string {
	if d.PlanPeriod {
		return "plan_period"
	}
	return "interval"
}

// emitFlat sends the older form: one object an item, with its user.
func (i *Instance) emitFlat(d Dialect, event string, u *User, it *Item) {
	kind := map[string]string{"upcoming": "created", "incomplete": "created", "active": "active", "canceled": "canceled", "past_due": "pastDue", "pastDue": "pastDue"}[event]
	if kind == "" {
		kind = "updated"
	}
	status := string(it.Status)
	if it.Status == Active && it.FreeTrial {
		status = "trialing"
	}
	data := map[string]any{
		"id": it.ID, "plan_id": it.PlanID, "status": status, "current_period_start": Milliseconds(it.PeriodStart), "current_period_end": Milliseconds(it.PeriodEnd),
		"created_at": Milliseconds(it.CreatedAt), "updated_at": Milliseconds(it.UpdatedAt), periodName(d): it.Period,
	}
	if d.NoPayer {
		data["user_id"] = u.ID
	} else {
		data["payer"] = i.payerJSON(u, d.Unused)
	}
	i.emitAs(d, "billing.subscription."+kind, u, data)
}

func (i *Instance) emitAttempt(event string, u *User, a *Attempt) {
	d := i.dialect()
	item := i.attemptItem(d, u, a)
	kind := "charge_type"
	if d.Type {
		kind = "type"
	}
	data := map[string]any{
		"id": a.ID, "instance_id": i.ID, "payment_id": a.PaymentID, "statement_id": a.StatementID,
		"gateway_external_id": "pi_" + strings.TrimPrefix(a.PaymentID, "cpay_"), "status": a.Status, kind: a.ChargeType,
		"created_at": Milliseconds(a.CreatedAt), "updated_at": Milliseconds(a.UpdatedAt), "billing_date": Milliseconds(a.CreatedAt),
		"paid_at": Milliseconds(a.PaidAt), "failed_at": Milliseconds(a.FailedAt), "failed_reason": a.reason(),
		"payee": map[string]any{
			"id": "cpayee_1", "gateway_type": "stripe", "gateway_external_id": "acct_1", "gateway_status": "active",
		},
		"payer": i.payerJSON(u, d.Unused), "totals": a.totals(), "subscription_items": []any{item},
		"payment_source": map[string]any{
			"id": a.Card.ID, "gateway": "stripe", "gateway_external_id": "pm_" + a.Card.Last4, "payment_method": "card", "status": "active",
			"card_type": a.Card.Brand, "last4": a.Card.Last4,
		},
	}
	if !d.NoInvoice {
		data["invoice_id"] = "cinv_" + strings.TrimPrefix(a.PaymentID, "cpay_")
	}
	i.emitAs(d, "paymentAttempt."+event, u, data)
}

func (i *Instance) attemptItem(d Dialect, u *User, a *Attempt) map[string]any {
	n := slices.IndexFunc(u.Subscription.Items, func(it *Item) bool { return it.ID == a.ItemID })
	item := i.itemJSON(d, u.Subscription.Items[n])
	if a.Credit > 0 {
		none := Money(0)
		item["credit"] = map[string]any{"amount": Money(a.Credit)}
		item["credits"] = map[string]any{"proration": map[string]any{"amount": Money(a.Credit)}, "payer": none, "total": Money(a.Credit)}
	}
	return item
}

func (a *Attempt) reason() any {
	if a.DeclineCode == "" {
		return nil
	}
	return map[string]any{"code": "card_declined", "decline_code": a.DeclineCode}
}

func (a *Attempt) totals() map[string]any {
	return map[string]any{"subtotal": Money(a.Amount + a.Credit), "tax_total": Money(0), "grand_total": Money(a.Amount)}
}

func (i *Instance) payerJSON(u *User, unused Absence) map[string]any {
	payer := map[string]any{
		"object": "commerce_payer", "id": u.Subscription.PayerID, "user_id": u.ID, "first_name": u.FirstName, "last_name": u.LastName,
		"email": u.Email, "image_url": i.picture(u), "created_at": Milliseconds(u.CreatedAt), "updated_at": Milliseconds(u.UpdatedAt),
	}
	unused.put(payer, "organization_id", "")
	unused.put(payer, "organization_name", "")
	return payer
}

// picture is the address of a user's picture.
func (i *Instance) picture(u *User) string {
	return cmp.Or(i.o.Pictures, "https://img.example.test/") + u.ID
}

// userJSON is a user in an event and in the Backend API. The primary address is not always the first.
func (i *Instance) userJSON(u *User) map[string]any {
	var addresses []any
	for _, a := range u.Others {
		status := "unverified"
		if a.Verified {
			status = "verified"
		}
		addresses = append(addresses, emailJSON(u, a.Email, status))
	}
	addresses = append(addresses, emailJSON(u, u.Email, "verified"))
	metadata := maps.Clone(u.PublicMetadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	none := []any{}
	return map[string]any{
		"object": "user", "id": u.ID, "external_id": nil, "username": nil, "first_name": OrNull(u.FirstName), "last_name": OrNull(u.LastName),
		"locale": nil, "image_url": i.picture(u), "profile_image_url": i.picture(u), "has_image": false,
		"primary_email_address_id": EmailID(u.ID, u.Email), "primary_phone_number_id": nil, "primary_web3_wallet_id": nil,
		"email_addresses": addresses, "phone_numbers": none, "web3_wallets": none, "passkeys": none, "external_accounts": none,
		"saml_accounts": none, "enterprise_accounts": none, "public_metadata": metadata,
		"private_metadata": map[string]any{"note": "for the server alone"}, "unsafe_metadata": map[string]any{"entitlements": "everything"},
		"password_enabled": u.Password != "", "two_factor_enabled": false, "totp_enabled": false, "backup_code_enabled": false, "banned": false, "locked": false,
		"lockout_expires_in_seconds": nil, "verification_attempts_remaining": 100, "delete_self_enabled": true, "create_organization_enabled": true,
		"mfa_enabled_at": nil, "mfa_disabled_at": nil, "last_sign_in_at": Milliseconds(u.SignedInAt), "last_active_at": Milliseconds(u.SignedInAt),
		"legal_accepted_at": nil, "created_at": Milliseconds(u.CreatedAt), "updated_at": Milliseconds(u.UpdatedAt),
	}
}

func emailJSON(u *User, address, status string) map[string]any {
	return map[string]any{
		"object": "email_address", "id": EmailID(u.ID, address), "email_address": address, "reserved": false, "linked_to": []any{},
		"verification": map[string]any{"status": status, "strategy": "email_code", "attempts": 1, "expire_at": nil},
		"created_at":   Milliseconds(u.CreatedAt), "updated_at": Milliseconds(u.CreatedAt),
	}
}

// EmailID is the id of a user's e-mail address.
func EmailID(userID, address string) string {
	sum := sha256.Sum256([]byte(userID + " " + strings.ToLower(address)))
	return "idn_" + hex.EncodeToString(sum[:12])
}

// Money is an amount of US cents in Clerk's form.
func Money(cents int64) map[string]any {
	return map[string]any{"amount": cents, "amount_formatted": fmt.Sprintf("%d.%02d", cents/100, cents%100), "currency": "usd", "currency_symbol": "$"}
}

// Milliseconds is a time in milliseconds, null for never.
func Milliseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// OrNull is a text, null for an empty one.
func OrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
