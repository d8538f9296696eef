package subscription

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/identity"
	"souk/internal/order"
)

// Report is what a provider said of one item at one moment.
type Report struct {
	ItemID string
	UserID string          // the provider's; empty: it did not say
	Parent string          // the subscription around the item; empty: it did not say
	At     time.Time       // of the change that it reports
	Facts  map[Fact]string // those that it has
	Free   bool            // the item costs nothing, such as the plan that everybody has
	Sure   bool            // it is the provider's answer to a question, not a message that may be late
}

// said is a fact of the report, or empty.
func (r Report) said(name Fact) string { return r.Facts[name] }

// planOf is the plan that a report, or what is known of an item, names by what text gives of each fact.
func planOf(text func(Fact) string) (plan catalog.Plan, named bool) {
	plan = catalog.Plan{PlanID: text(FactPlan), PriceID: text(FactPrice), Period: text(FactPeriod)}
	return plan, plan.PlanID != "" || plan.PriceID != ""
}

// Outcome is what came of reports. Its keys are for inbox.Wake.
type Outcome struct {
	Changed int    // rows of subscriptions that are different now
	Lacks   string // what is not known yet: a key such as user:user_2abc or plan:cplan_1
	Dispute string // the key of an item of which two reports of one moment disagree: the provider must be asked about User
	User    string // the provider's id of the user, as far as it is known
	Refused string // why it cannot be right
}

// What events wait for.
func userKey(id string) string    { return identity.Key(id) }
func itemKey(id string) string    { return "item:" + id }
func parentKey(id string) string  { return "subscription:" + id }
func disputeKey(id string) string { return "dispute:" + id }

// Follow applies reports, which may be old, repeated, incomplete, and in any order: the same reports end in the same
// subscriptions. What one lacks does not keep the others from being applied.
func (s *Service) Follow(ctx context.Context, tx *db.Tx, reports []Report) (out Outcome, err error) {
	for _, r := range reports {
		one, err := s.follow(ctx, tx, r)
		if err != nil {
			return Outcome{}, err
		}
		out.Changed += one.Changed
		out.Lacks, out.Refused = cmp.Or(out.Lacks, one.Lacks), cmp.Or(out.Refused, one.Refused)
		out.Dispute, out.User = cmp.Or(out.Dispute, one.Dispute), cmp.Or(out.User, one.User)
	}
	return out, nil
}

func (s *Service) follow(ctx context.Context, tx *db.Tx, r Report) (Outcome, error) {
	sold, out, done, err := s.sold(ctx, tx, r)
	if err != nil || done {
		return out, err
	}
	h, lacks, err := s.holderOf(ctx, tx, r)
	if err != nil || lacks != "" {
		return Outcome{Lacks: lacks, User: r.UserID}, err
	}
	if err := s.People.Lock(ctx, tx, h.customerID); err != nil {
		return Outcome{}, err
	}
	out, err = s.followOf(ctx, tx, h.customerID, r, sold)
	out.User = h.userID
	return out, err
}

// followOf applies a report about an item of a customer, who is locked. sold is what sold gave.
func (s *Service) followOf(ctx context.Context, tx *db.Tx, customerID int64, r Report, sold catalog.Price) (Outcome, error) {
	sub, there, err := s.itemOf(ctx, tx, customerID, r, sold)
	if err != nil {
		return Outcome{}, err
	}
	if sub.CustomerID != customerID {
		return Outcome{Refused: "the item " + r.ItemID + " is another user's"}, nil
	}
	before := sub
	sub.facts = maps.Clone(sub.facts)
	merged, dispute := sub.facts.merge(r)
	plan, named := planOf(sub.facts.text)
	if !named {
		if there && sub.ProductID != 0 { // made by an order, and nobody said which plan it is
			return s.write(ctx, tx, before, sub, merged, dispute, r)
		}
		return Outcome{Lacks: itemKey(r.ItemID)}, nil
	}
	if said, _ := planOf(r.said); sold.ID == 0 || plan != said {
		if sold, err = s.Catalog.PlanPrice(ctx, tx, plan); errors.Is(err, db.ErrNoRows) {
			return Outcome{Lacks: plan.Key()}, nil
		}
		if err != nil {
			return Outcome{}, err
		}
	}
	sub.Price, sub.ProductID = sold, sold.ProductID
	return s.write(ctx, tx, before, sub, merged, dispute, r)
}

// sold is the price of the plan that a report names; without one it is empty. done: no price names that plan, and out is the answer
// to the report, whoever has it. A plan that costs nothing is not followed: reconciling finds it once somebody sells it. Reports say
// by turns that a plan costs nothing, so it is remembered.
func (s *Service) sold(ctx context.Context, tx *db.Tx, r Report) (price catalog.Price, out Outcome, done bool, err error) {
	plan, named := planOf(r.said)
	if !named {
		return catalog.Price{}, Outcome{}, false, nil
	}
	price, err = s.Catalog.PlanPrice(ctx, tx, plan)
	if !errors.Is(err, db.ErrNoRows) {
		return price, Outcome{}, false, err
	}
	if r.Free && plan.PlanID != "" {
		fresh, err := rememberFree(ctx, tx, plan.PlanID)
		if err == nil && fresh {
			err = s.Arrived(ctx, tx, plan.Key())
		}
		return catalog.Price{}, Outcome{}, true, err
	}
	free, err := isFree(ctx, tx, plan.PlanID)
	if err != nil || free {
		return catalog.Price{}, Outcome{}, true, err
	}
	return catalog.Price{}, Outcome{Lacks: plan.Key()}, true, nil
}

// holder is whom an item belongs to: a customer, and the provider's id of the user.
type holder struct {
	customerID int64
	userID     string
}

// holderOf finds the holder by the user's id, else by what is known of the item or its subscription.
func (s *Service) holderOf(ctx context.Context, tx *db.Tx, r Report) (h holder, lacks string, err error) {
	if r.UserID != "" {
		c, err := s.People.CustomerOf(ctx, tx, r.UserID)
		if errors.Is(err, identity.ErrUnknown) {
			return holder{}, userKey(r.UserID), nil
		}
		return holder{c.ID, r.UserID}, "", err
	}
	h, err = holderOfItem(ctx, tx, r.ItemID, r.Parent)
	if errors.Is(err, db.ErrNoRows) {
		if r.Parent != "" {
			return holder{}, parentKey(r.Parent), nil
		}
		return holder{}, itemKey(r.ItemID), nil
	}
	return h, "", err
}

// itemOf is the row of the item, or one that an order made and that has no item yet, or a new one. price is what sold gave.
func (s *Service) itemOf(ctx context.Context, tx *db.Tx, customerID int64, r Report, price catalog.Price) (sub Subscription, there bool, err error) {
	sub, err = byItem(ctx, tx, r.ItemID)
	if err == nil || !errors.Is(err, db.ErrNoRows) {
		return sub, err == nil, err
	}
	now := s.Now()
	fresh := Subscription{CustomerID: customerID, ClerkSubscriptionID: r.ItemID, facts: facts{}, CreatedAt: now, UpdatedAt: now}
	if status := r.said(FactStatus); price.ID == 0 || status != ProviderActive && status != ProviderTrialing {
		return fresh, false, nil
	}
	sub, err = madeByOrder(ctx, tx, customerID, price.ProductID)
	if errors.Is(err, db.ErrNoRows) {
		return fresh, false, nil
	}
	sub.ClerkSubscriptionID = r.ItemID
	return sub, true, err
}

// fromFacts sets what the facts say; what they do not say stays. ok is false when the status is none that is known.
func (s *Subscription) fromFacts() (ok bool) {
	for name, at := range map[Fact]**time.Time{FactStart: &s.PeriodStart, FactEnd: &s.PeriodEnd} {
		if _, said := s.facts[name]; said {
			*at = s.facts.time(name)
		}
	}
	s.parent = cmp.Or(s.facts.text(FactParent), s.parent)
	if _, said := s.facts[FactStatus]; said {
		if s.Status, ok = s.facts.state(); !ok {
			return false
		}
	}
	status := s.facts[FactStatus]
	s.CanceledAt = nil
	if s.facts.with(FactCanceledAt, FactStatus) {
		s.CanceledAt = s.facts.time(FactCanceledAt)
	}
	running := s.Status == Active || s.Status == Trialing
	s.CancelAtPeriodEnd = s.PeriodEnd != nil && (status.Value == ProviderCanceled || running && s.CanceledAt != nil)
	if s.Status == Canceled && s.CanceledAt == nil {
		if s.CanceledAt = s.facts.time(FactCanceledAt); s.CanceledAt == nil {
			s.CanceledAt = new(time.UnixMicro(status.At).UTC())
		}
	}
	return true
}

// write brings the row in line with its facts, and what hangs on it in line with the row.
func (s *Service) write(ctx context.Context, tx *db.Tx, before, sub Subscription, merged, dispute bool, r Report) (out Outcome, err error) {
	if dispute {
		erased, err := isErased(ctx, tx, sub.CustomerID)
		if err != nil {
			return Outcome{}, err
		}
		if erased { // nobody can be asked, and whom the provider does not know any more holds nothing
			sub.facts[FactStatus] = known{Value: ProviderEnded, At: max(r.At.UnixMicro(), sub.facts[FactStatus].At), Sure: true}
		} else {
			out.Dispute = disputeKey(r.ItemID)
		}
	}
	if _, said := sub.facts[FactStatus]; !said && sub.ID == 0 {
		return Outcome{Lacks: itemKey(r.ItemID)}, nil
	}
	if !sub.fromFacts() {
		return Outcome{Refused: fmt.Sprintf("the status %.40q is not known", sub.facts.text(FactStatus))}, nil
	}
	changed := !same(before, sub)
	if merged || changed {
		sub.UpdatedAt = s.Now()
		if sub.ID == 0 {
			err = insert(ctx, tx, &sub)
		} else {
			err = update(ctx, tx, sub)
		}
		if err != nil {
			return Outcome{}, err
		}
	}
	if changed {
		out.Changed = 1
	}
	if before.ID == 0 || before.ClerkSubscriptionID == "" || before.parent != sub.parent {
		for _, key := range []string{itemKey(r.ItemID), parentKey(sub.parent)} {
			if err := s.Arrived(ctx, tx, key); err != nil {
				return Outcome{}, err
			}
		}
	}
	given, err := s.Changed(ctx, tx, sub)
	if err != nil {
		return Outcome{}, err
	}
	if given {
		out.Changed = 1
	}
	// What the report says counts, not what the row says after newer ones: that the item was active once is proof enough.
	if said := r.said(FactStatus); slices.Contains([]string{ProviderActive, ProviderTrialing, ProviderCanceled}, said) {
		err = s.Orders.Prove(ctx, tx, order.Holding{CustomerID: sub.CustomerID, PriceID: sub.Price.ID, ItemID: r.ItemID, Since: sub.facts.began()})
	}
	return out, err
}

// same says that two rows tell a reader the same.
func same(a, b Subscription) bool {
	equal := func(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
	return a.ID == b.ID && a.ClerkSubscriptionID == b.ClerkSubscriptionID && a.Status == b.Status && a.ProductID == b.ProductID &&
		a.Price.ID == b.Price.ID && equal(a.PeriodStart, b.PeriodStart) && equal(a.PeriodEnd, b.PeriodEnd) &&
		a.CancelAtPeriodEnd == b.CancelAtPeriodEnd && equal(a.CanceledAt, b.CanceledAt) && a.parent == b.parent && b.ID != 0
}

// The states of a Payment, and the periods of a plan.
const (
	PaymentPending   = order.PaymentPending
	PaymentSucceeded = order.PaymentSucceeded
	PaymentFailed    = order.PaymentFailed

	Monthly = catalog.Monthly
	Yearly  = catalog.Yearly
)

// Payment is an attempt to pay for items, as the provider tells of it.
type Payment struct {
	ID          string
	UserID      string
	Status      string
	AmountCents int64
	Currency    string
	Renewal     bool
	Paid        time.Time // or when it was tried
	Items       []Report  // what it is for: id and plan
}

// FollowPayment keeps an attempt to pay, and has it pay the order that it is for.
func (s *Service) FollowPayment(ctx context.Context, tx *db.Tx, p Payment) (Outcome, error) {
	first := Report{UserID: p.UserID}
	if len(p.Items) > 0 {
		first.ItemID, first.Parent = p.Items[0].ItemID, p.Items[0].Parent
	}
	if first.UserID == "" && first.ItemID == "" {
		return Outcome{Refused: "it names neither a user nor an item"}, nil
	}
	h, lacks, err := s.holderOf(ctx, tx, first)
	if err != nil || lacks != "" {
		return Outcome{Lacks: lacks, User: p.UserID}, err
	}
	if err := s.People.Lock(ctx, tx, h.customerID); err != nil {
		return Outcome{}, err
	}
	attempt := order.ProviderPayment{
		ExternalID: p.ID, CustomerID: h.customerID, Status: p.Status, AmountCents: p.AmountCents, Currency: p.Currency, Renewal: p.Renewal, Paid: p.Paid,
	}
	for _, item := range p.Items {
		sold, out, done, err := s.sold(ctx, tx, item)
		if err != nil || out.Lacks != "" {
			out.User = h.userID
			return out, err
		}
		if done {
			continue
		}
		price := sold.ID
		if price == 0 { // it names no plan, but its row may
			sub, err := byItem(ctx, tx, item.ItemID)
			if errors.Is(err, db.ErrNoRows) {
				return Outcome{Lacks: itemKey(item.ItemID), User: h.userID}, nil
			}
			if err != nil {
				return Outcome{}, err
			}
			price = sub.Price.ID
		}
		attempt.Holdings = append(attempt.Holdings, order.Holding{PriceID: price, ItemID: item.ItemID})
	}
	return Outcome{User: h.userID}, s.Orders.RecordPayment(ctx, tx, attempt)
}

// ForgetHolder lets go on what waits for the provider to decide about items of a user who is erased: it will not any more.
func (s *Service) ForgetHolder(ctx context.Context, tx *db.Tx, profileID int64) error {
	items, err := itemsOfProfile(ctx, tx, profileID)
	for _, item := range items {
		if err == nil {
			err = s.Arrived(ctx, tx, disputeKey(item))
		}
	}
	return err
}
