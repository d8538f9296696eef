package clerk

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	trialNotice  = 3 * 24 * time.Hour // before a trial ends
	retryPause   = 3 * 24 * time.Hour // between attempts to charge who is past due
	maxRetries   = 3                  // then the item ends
	checkoutLife = 24 * time.Hour     // of an incomplete item
)

// Why a checkout is refused. After ErrDeclined its item is left, incomplete.
var (
	ErrNotSold  = errors.New("nobody sells this plan by this period")
	ErrHeld     = errors.New("the plan is held already")
	ErrPastDue  = errors.New("what is past due has to be paid first")
	ErrDeclined = errors.New("the card is declined")
)

// Quote is what a checkout would do now.
type Quote struct {
	Plan        Plan
	Period      Period
	Fee         int64 // of each period
	Credit      int64 // what the rest of the plan that is held takes off
	DaysLeft    int   // of the Days of its period; 0 where there is no credit
	Days        int
	PastDue     int64     // what is still to be paid of a plan before
	Due         int64     // now
	Trial       bool      // the first Plan.TrialDays cost nothing
	Immediate   bool      // it takes over now, not when the period of what is held ends
	Resumes     bool      // it takes the cancellation of the plan back that is held
	PeriodStart time.Time // of the first period, or of the trial
	PeriodEnd   time.Time
}

// Preview says what Subscribe would do. The first paid plan starts at once, with its trial for who never had one nor paid. From a plan
// that is held, a dearer one takes over at once, less the rest of the old; a cheaper one is upcoming until the period ends. Any takes over
// at once from one that is past due, which is paid with it.
func (i *Instance) Preview(userID, planID string, period Period) (Quote, error) {
	defer i.lock()()
	u, err := i.living(userID)
	if err != nil {
		return Quote{}, err
	}
	return i.quote(u, planID, period)
}

func (i *Instance) quote(u *User, planID string, period Period) (q Quote, err error) {
	plan, ok := i.plan(planID)
	if !ok || plan.Default || plan.Fee(period) == 0 {
		return q, fmt.Errorf("%s by the %s: %w", planID, period, ErrNotSold)
	}
	start := i.now.Truncate(time.Second)
	q = Quote{Plan: plan, Period: period, Fee: plan.Fee(period), Immediate: true, PeriodStart: start, PeriodEnd: period.after(start)}
	held := u.Held()
	if held == nil {
		q.PastDue = u.Owed
		q.Due = q.Fee + q.PastDue
		if plan.TrialDays > 0 && u.EligibleForTrial() {
			q.Trial, q.Due, q.PeriodEnd = true, 0, start.AddDate(0, 0, plan.TrialDays)
		}
		return q, nil
	}
	old, _ := i.plan(held.PlanID)
	switch same := held.PlanID == planID && held.Period == period; {
	case same && held.Status == PastDue:
		return q, fmt.Errorf("user %s: %w", u.ID, ErrPastDue)
	case held.Status == PastDue:
		q.PastDue = u.Owed + old.Fee(held.Period)
		q.Due = q.Fee + q.PastDue
	case same && held.Status == Canceled:
		q.Resumes, q.PeriodStart, q.PeriodEnd = true, held.PeriodStart, held.PeriodEnd
	case same:
		return q, fmt.Errorf("user %s, %s: %w", u.ID, planID, ErrHeld)
	case q.Fee > old.Fee(held.Period):
		if q.DaysLeft, q.Days = i.rest(held); q.DaysLeft > 0 {
			q.Credit = min(old.Fee(held.Period)*int64(q.DaysLeft)/int64(q.Days), q.Fee)
		}
		q.Due = q.Fee - q.Credit
	default:
		q.Immediate, q.PeriodStart, q.PeriodEnd = false, held.PeriodEnd, period.after(held.PeriodEnd)
	}
	return q, nil
}

// Subscribe checks a plan out, see Preview, with the user's card.
func (i *Instance) Subscribe(userID, planID string, period Period) error {
	return i.changeUser(userID, func(u *User) error { return i.subscribe(u, planID, period) })
}

func (i *Instance) subscribe(u *User, planID string, period Period) error {
	q, err := i.quote(u, planID, period)
	if err != nil {
		return err
	}
	paid := true
	switch {
	case q.Resumes:
		i.resume(u, u.Held())
	case q.Trial:
		it := i.newItem(u, q.Plan, period, Active)
		it.FreeTrial, it.PeriodEnd = true, q.PeriodEnd
		i.replace(u, it)
	case q.Immediate:
		paid = i.checkout(u, q)
	default:
		held := u.Held()
		i.abandonUpcoming(u)
		if held.Status != Canceled {
			i.move(u, held, Canceled)
		}
		next := i.newItem(u, q.Plan, period, Upcoming)
		next.PeriodStart, next.PeriodEnd = q.PeriodStart, q.PeriodEnd
		i.emitItem("upcoming", u, next)
	}
	i.changed(u)
	if !paid {
		return fmt.Errorf("user %s, %s: %w", u.ID, planID, ErrDeclined)
	}
	return nil
}

// Cancel ends the paid plan with its period, and the default plan is upcoming. What is past due ends at once.
func (i *Instance) Cancel(userID string) error {
	return i.changeUser(userID, func(u *User) error { return i.cancel(u, u.Held()) })
}

// CancelItem is Cancel of one item. Where that is the upcoming one of a downgrade, the default plan is upcoming in its place.
func (i *Instance) CancelItem(userID, itemID string) error {
	return i.changeUser(userID, func(u *User) error { return i.cancelItem(u, itemID) })
}

func (i *Instance) cancelItem(u *User, itemID string) error {
	n := slices.IndexFunc(u.Subscription.Items, func(it *Item) bool { return it.ID == itemID })
	if n < 0 {
		return fmt.Errorf("user %s has no item %s", u.ID, itemID)
	}
	it, held := u.Subscription.Items[n], u.Held()
	if n == 0 || it.Status != Upcoming || held == nil {
		if it != held {
			held = nil
		}
		return i.cancel(u, held)
	}
	i.abandonUpcoming(u)
	i.freeAfter(u, held)
	i.changed(u)
	return nil
}

func (i *Instance) cancel(u *User, held *Item) error {
	if held == nil || held.Status == Canceled {
		return fmt.Errorf("user %s has nothing to cancel", u.ID)
	}
	if held.Status == PastDue {
		i.touch(&held.CanceledAt)
		i.end(u, held)
	} else {
		i.move(u, held, Canceled)
		i.freeAfter(u, held)
	}
	i.changed(u)
	return nil
}

// freeAfter has the default plan follow an item.
func (i *Instance) freeAfter(u *User, it *Item) {
	free := u.Subscription.Items[0]
	free.PeriodStart, free.EndedAt = it.PeriodEnd, time.Time{}
	i.move(u, free, Upcoming)
}

// Resume takes a cancellation or a downgrade back before the period ends.
func (i *Instance) Resume(userID string) error {
	return i.changeUser(userID, func(u *User) error {
		it := u.Held()
		if it == nil || it.Status != Canceled {
			return fmt.Errorf("user %s has canceled nothing", userID)
		}
		i.resume(u, it)
		i.changed(u)
		return nil
	})
}

func (i *Instance) resume(u *User, it *Item) {
	i.abandonUpcoming(u)
	it.CanceledAt = time.Time{}
	i.move(u, it, Active)
}

// SetCard says what the user pays with from now on; nil: a card that is as good as any.
func (i *Instance) SetCard(userID string, c *Card) error {
	return i.changeUser(userID, func(u *User) error { u.Card = c; return nil })
}

// FailPayments lets the next n attempts to charge the user fail; 0 heals.
func (i *Instance) FailPayments(userID string, n int) error {
	return i.changeUser(userID, func(u *User) error { u.Fails = n; return nil })
}

func (i *Instance) advanceTo(t time.Time) {
	for {
		u, it, at := i.nextDue()
		if u == nil || at.After(t) {
			break
		}
		if at.After(i.now) {
			i.now = at
		}
		i.fallDue(u, it)
	}
	if t.After(i.now) {
		i.now = t
	}
}

func (i *Instance) nextDue() (user *User, item *Item, first time.Time) {
	for _, u := range i.users {
		for _, it := range u.Subscription.Items {
			if at := it.due(); !at.IsZero() && (user == nil || at.Before(first)) {
				user, item, first = u, it, at
			}
		}
	}
	return user, item, first
}

// due is when time alone changes the item next; zero: never.
func (it *Item) due() time.Time {
	switch it.Status {
	case Active:
		if it.FreeTrial && !it.Noticed {
			return it.PeriodEnd.Add(-trialNotice)
		}
		return it.PeriodEnd
	case Canceled:
		return it.PeriodEnd
	case PastDue:
		return it.RetryAt
	case Incomplete:
		return it.CreatedAt.Add(checkoutLife)
	}
	return time.Time{}
}

func (i *Instance) fallDue(u *User, it *Item) {
	switch {
	case it.Status == Active && it.FreeTrial && !it.Noticed:
		it.Noticed = true
		i.touch(&it.UpdatedAt)
		i.emitItem("freeTrialEnding", u, it)
		return
	case it.Status == Active && !i.sells(it.PlanID):
		i.end(u, it)
	case it.Status == Active:
		i.renew(u, it, it.PeriodEnd, "updated")
	case it.Status == Canceled:
		i.end(u, it)
	case it.Status == PastDue && it.Retries >= maxRetries:
		i.end(u, it)
	case it.Status == PastDue && it.LifetimePaid == 0 && !it.FreeTrial: // a downgrade whose first period was never paid
		i.renew(u, it, it.PeriodStart, "active")
	case it.Status == PastDue:
		i.renew(u, it, it.PeriodEnd, "active")
	case it.Status == Incomplete:
		i.move(u, it, Abandoned)
	}
	i.changed(u)
}

// sells is false of a plan that is in no list any more.
func (i *Instance) sells(planID string) bool {
	_, sold := i.plan(planID)
	return sold
}

// renew charges for the period that begins at start. Who cannot pay is past due.
func (i *Instance) renew(u *User, it *Item, start time.Time, event string) {
	plan, _ := i.plan(it.PlanID)
	a := i.attempt(u, it, "recurring", plan.Fee(it.Period), 0)
	if i.charge(u, a) {
		it.Status, it.FreeTrial, it.PastDueAt, it.Retries = Active, false, time.Time{}, 0
		it.PeriodStart, it.PeriodEnd = start, it.Period.after(start)
		i.paid(u, it, a)
		i.emitItem(event, u, it)
		return
	}
	it.Retries++
	it.RetryAt = i.now.Add(retryPause)
	if it.Status == PastDue {
		i.emitAttempt("updated", u, a)
		return
	}
	i.touch(&it.UpdatedAt)
	it.Status, it.PastDueAt, it.Retries = PastDue, it.UpdatedAt, 0
	i.emitAttempt("updated", u, a)
	i.emitItem("pastDue", u, it)
}

// checkout charges for a new item that then takes over from what is held.
func (i *Instance) checkout(u *User, q Quote) (paid bool) {
	it := i.newItem(u, q.Plan, q.Period, Incomplete)
	it.PeriodEnd = q.Period.after(it.PeriodStart)
	i.emitItem("incomplete", u, it)
	a := i.attempt(u, it, "checkout", q.Due, q.Credit)
	a.PastDue = q.PastDue
	if !i.charge(u, a) {
		i.emitAttempt("updated", u, a)
		return false
	}
	it.Status, u.Owed = Active, 0
	i.paid(u, it, a)
	i.replace(u, it)
	return true
}

// replace ends what was held before it, and announces it.
func (i *Instance) replace(u *User, it *Item) {
	i.abandonUpcoming(u)
	for _, old := range u.Subscription.Items {
		if old != it && slices.Contains([]Status{Active, Canceled, PastDue}, old.Status) {
			i.move(u, old, Ended)
		}
	}
	i.emitItem("active", u, it)
}

// end ends an item and starts what is upcoming, or else the default plan. What is past due then is paid with the next checkout.
func (i *Instance) end(u *User, it *Item) {
	if it.Status == PastDue {
		plan, _ := i.plan(it.PlanID)
		u.Owed += plan.Fee(it.Period)
	}
	i.move(u, it, Ended)
	items := u.Subscription.Items
	next := items[0]
	if n := slices.IndexFunc(items, func(it *Item) bool { return it.Status == Upcoming }); n >= 0 {
		next = items[n]
	}
	if next != items[0] {
		i.renew(u, next, next.PeriodStart, "active")
		return
	}
	next.PeriodStart, next.EndedAt = i.now.Truncate(time.Second), time.Time{}
	i.move(u, next, Active)
}

func (i *Instance) abandonUpcoming(u *User) {
	for _, it := range u.Subscription.Items {
		if it.Status == Upcoming {
			i.move(u, it, Abandoned)
		}
	}
}

// move changes an item's state and announces it.
func (i *Instance) move(u *User, it *Item, to Status) {
	i.touch(&it.UpdatedAt)
	it.Status = to
	switch to {
	case Ended, Abandoned:
		it.EndedAt = it.UpdatedAt
	case Canceled:
		it.CanceledAt = it.UpdatedAt
	}
	i.emitItem(string(to), u, it)
}

// newItem adds an item that begins now, without announcing it.
func (i *Instance) newItem(u *User, plan Plan, period Period, status Status) *Item {
	it := &Item{ID: i.newID("csub_item_"), PlanID: plan.ID, Period: period, Status: status}
	i.touch(&it.UpdatedAt)
	it.CreatedAt, it.PeriodStart = it.UpdatedAt, it.UpdatedAt.Truncate(time.Second)
	u.Subscription.Items = append(u.Subscription.Items, it)
	return it
}

// changed announces the subscription after its items changed.
func (i *Instance) changed(u *User) {
	s, status, event := &u.Subscription, Active, "updated"
	if u.Deleted {
		status = Ended
	} else if slices.ContainsFunc(s.Items, func(it *Item) bool { return it.Status == PastDue }) {
		status = PastDue
	}
	i.touch(&s.UpdatedAt)
	if status != s.Status {
		switch status {
		case Active:
			event, s.ActiveAt, s.PastDueAt = "active", s.UpdatedAt, time.Time{}
		case PastDue:
			event, s.PastDueAt = "pastDue", s.UpdatedAt
		case Ended:
			s.EndedAt = s.UpdatedAt // there is no event subscription.ended
		}
	}
	s.Status = status
	i.emitSubscription(event, u)
}

// attempt begins to charge, and announces it.
func (i *Instance) attempt(u *User, it *Item, kind string, amount, credit int64) *Attempt {
	a := &Attempt{
		ID: i.newID("cpayatt_"), PaymentID: i.newID("cpay_"), StatementID: i.statement(u), Status: "pending", ChargeType: kind,
		ItemID: it.ID, Amount: amount, Credit: credit, Card: anyCard,
	}
	if u.Card != nil {
		a.Card = *u.Card
	}
	i.touch(&a.UpdatedAt)
	a.CreatedAt = a.UpdatedAt
	u.Attempts = append(u.Attempts, a)
	u.Subscription.LatestPayment = a.PaymentID
	i.emitAttempt("created", u, a)
	return a
}

// statement is that of the user and the month.
func (i *Instance) statement(u *User) string {
	if n := len(u.Attempts); n > 0 && SameMonth(u.Attempts[n-1].CreatedAt, i.now) {
		return u.Attempts[n-1].StatementID
	}
	return i.newID("cstmt_")
}

// SameMonth says whether two payments are on one statement.
func SameMonth(a, b time.Time) bool { return a.Year() == b.Year() && a.Month() == b.Month() }

// charge decides an attempt; what follows from it announces it.
func (i *Instance) charge(u *User, a *Attempt) bool {
	i.touch(&a.UpdatedAt)
	if u.Fails > 0 || u.Card != nil && u.Card.Declines {
		u.Fails = max(0, u.Fails-1)
		a.Status, a.FailedAt, a.DeclineCode = "failed", a.UpdatedAt, "insufficient_funds"
		return false
	}
	a.Status, a.PaidAt = "paid", a.UpdatedAt
	return true
}

func (i *Instance) paid(u *User, it *Item, a *Attempt) {
	it.LifetimePaid += a.Amount - a.PastDue
	i.touch(&it.UpdatedAt)
	i.emitAttempt("updated", u, a)
}

// rest is how many days of a paid period are left, and how many it has. Clerk credits whole days: its totals count them.
func (i *Instance) rest(it *Item) (left, days int) {
	until, whole := it.PeriodEnd.Sub(i.now), it.PeriodEnd.Sub(it.PeriodStart)
	if it.FreeTrial || until <= 0 || whole <= 0 {
		return 0, 0
	}
	const day = 24 * time.Hour
	return int((until + day - 1) / day), int((whole + day - 1) / day)
}

// Held is the paid item that gives access, nil for who has the default plan.
func (u *User) Held() *Item {
	for _, it := range u.Subscription.Items[1:] {
		if it.Status == Active || it.Status == Canceled || it.Status == PastDue {
			return it
		}
	}
	return nil
}

// EligibleForTrial says whether the user never had a trial, nor paid.
func (u *User) EligibleForTrial() bool {
	return !slices.ContainsFunc(u.Subscription.Items, func(it *Item) bool { return it.Noticed || it.FreeTrial || it.LifetimePaid > 0 })
}

// Access is what a user may: the slug of the plan, and those of its features. What a deleted or unknown user may is nothing.
func (i *Instance) Access(userID string) (plan string, features []string) {
	defer i.lock()()
	u, err := i.living(userID)
	if err != nil {
		return "", nil
	}
	it := u.Held()
	if it == nil {
		it = u.Subscription.Items[0]
	}
	p, _ := i.plan(it.PlanID)
	return p.Slug, slices.Clone(p.Features)
}
