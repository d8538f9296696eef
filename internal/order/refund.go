package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/jobs"
	"souk/internal/money"
)

// RefundStatus is where a refund stands.
type RefundStatus string

// The states of a refund. One that succeeded may still fail: then the money came back to the shop.
const (
	RefundRequested RefundStatus = "requested" // the provider is to be asked
	RefundPending   RefundStatus = "pending"   // the provider has it
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
	RefundCanceled  RefundStatus = "canceled"
)

var refundArrows = map[RefundStatus][]RefundStatus{
	RefundRequested: {RefundPending, RefundSucceeded, RefundFailed, RefundCanceled},
	RefundPending:   {RefundSucceeded, RefundFailed, RefundCanceled},
	RefundSucceeded: {RefundFailed, RefundCanceled},
}

// Refund is money that goes back to a buyer, or is to.
type Refund struct {
	ID            int64
	OrderID       int64
	TransactionID int64  // the payment that goes back
	Key           string // under which the provider is asked
	ExternalID    string // the provider's id; empty until it has answered
	Status        RefundStatus
	AmountCents   int64
	Currency      string
	Reason        string // the seller's words; the buyer reads them
	Failure       string // why it failed, in the provider's word
	Actor         string // seller, system, or a provider's name
	Lines         []RefundLine
	SucceededAt   *time.Time // stays when it failed after
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// counts says that the refund takes, or took, of what can be refunded.
func (r Refund) counts() bool { return r.Status != RefundFailed && r.Status != RefundCanceled }

// RefundLine is units of an item whose money goes back.
type RefundLine struct {
	OrderItemID int64
	Quantity    int64
}

// RefundRequest is what a seller wants to give back: the units of Lines, or an amount without taking any unit back, or all that
// is left when both are nil.
type RefundRequest struct {
	Lines       []RefundLine
	AmountCents *int64
	Reason      string
}

const maxReason = 1000 // characters

var (
	errRefundElsewhere = fault.New(fault.Conflict, "refund_elsewhere",
		"This order was paid through Clerk, which takes no refunds: give the money back in the Stripe account that belongs to Clerk, and end the subscription there.")
	errNothingLeft = fault.New(fault.Conflict, "nothing_to_refund", "Nothing of this order is left to refund.")
)

// Refund asks for money of a seller's order to go back. What it bought is taken back once the money is on its way: for a payment
// by hand at once, else when the provider says so. A second request for the whole changes nothing.
func (s *Service) Refund(ctx context.Context, seller int64, publicID string, want RefundRequest) (Sale, error) {
	sale, err := s.Sale(ctx, seller, publicID)
	if err != nil {
		return Sale{}, err
	}
	var checks fault.Checks
	checks.Add(want.Lines == nil || want.AmountCents == nil, "body.amount_cents", "must not be given beside items")
	checks.Text("body.reason", &want.Reason, &want.Reason, 0, maxReason)
	if err := checks.Err(); err != nil {
		return Sale{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.refund(ctx, tx, sale.Order, want) })
	if err != nil {
		return Sale{}, err
	}
	return s.Sale(ctx, seller, publicID)
}

func (s *Service) refund(ctx context.Context, tx *db.Tx, o Order, want RefundRequest) error {
	o, err := s.lock(ctx, tx, o)
	if err != nil {
		return err
	}
	whole := want.Lines == nil && want.AmountCents == nil
	if whole && o.Status == Refunded {
		return nil
	}
	if !o.Status.settled() {
		return ErrTransition
	}
	paid, err := paymentOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if paid.Provider == Clerk {
		return errRefundElsewhere
	}
	before, err := refundsOf(ctx, tx, paid.ID)
	if err != nil {
		return err
	}
	left := paid.AmountCents
	var underway []RefundLine
	for _, r := range before {
		if r.counts() {
			left -= r.AmountCents
		}
		if r.Status == RefundRequested || r.Status == RefundPending {
			underway = append(underway, r.Lines...)
		}
	}
	r := Refund{TransactionID: paid.ID, AmountCents: left, Currency: paid.Currency, Reason: want.Reason, Actor: "seller"}
	switch {
	case whole && left <= 0 && paid.AmountCents > 0:
		return nil // it is on its way already
	case whole:
	case left <= 0 && want.AmountCents != nil:
		return errNothingLeft
	case want.AmountCents != nil:
		r.AmountCents = *want.AmountCents
		var checks fault.Checks
		checks.Add(r.AmountCents >= 1 && r.AmountCents <= left, "body.amount_cents", fmt.Sprintf("must be 1 to %d, which is what is left", left))
		step := s.step(paid)
		checks.Add(r.AmountCents%step == 0 || r.AmountCents == left, "body.amount_cents", fmt.Sprintf("must be a multiple of %d in %s", step, paid.Currency))
		if err := checks.Err(); err != nil {
			return err
		}
	default:
		r.Lines = want.Lines
		if r.AmountCents, err = priceOf(o, want.Lines, underway, left, s.step(paid)); err != nil {
			return err
		}
	}
	return s.askRefund(ctx, tx, o, r)
}

// lock reads o anew, with its row held; of an order that is paid again each period the customer's before, as everybody does.
func (s *Service) lock(ctx context.Context, tx *db.Tx, o Order) (Order, error) {
	if o.Items[0].Recurring() {
		if err := s.People.Lock(ctx, tx, o.CustomerID); err != nil {
			return Order{}, err
		}
	}
	return lockByPublicID(ctx, tx, o.PublicID)
}

// step is in what amounts a payment can go back.
func (s *Service) step(paid Transaction) int64 {
	if paid.Provider == Stripe && s.CardStep != nil {
		return s.CardStep(paid.Currency)
	}
	return 1
}

// priceOf is what goes back for units of an order: their share of what was charged, tax included. The last units of an order take
// what the rounding of the others left.
func priceOf(o Order, lines, underway []RefundLine, left, step int64) (int64, error) {
	var checks fault.Checks
	free := map[int64]int64{}
	for _, item := range o.Items {
		free[item.ID] = o.Standing(item)
	}
	for _, l := range underway {
		free[l.OrderItemID] -= l.Quantity
	}
	net, named := int64(0), map[int64]bool{}
	for n, l := range lines {
		at := fmt.Sprintf("body.items[%d].", n)
		item, ok := o.item(l.OrderItemID)
		checks.Add(ok && !named[l.OrderItemID], at+"order_item", "must be an item of this order, each once")
		checks.Add(!ok || l.Quantity >= 1 && l.Quantity <= free[l.OrderItemID], at+"quantity",
			fmt.Sprintf("must be 1 to %d, which is how many are not refunded", free[l.OrderItemID]))
		named[l.OrderItemID] = true
		net += item.UnitAmountCents * l.Quantity // bounded by the order's total
		free[l.OrderItemID] -= l.Quantity
	}
	if err := checks.Err(); err != nil {
		return 0, err
	}
	amount := share(o.TotalCents, net, o.SubtotalCents)
	amount -= amount % step
	last := true
	for _, units := range free {
		last = last && units == 0
	}
	if last {
		return left, nil
	}
	if amount > left {
		return 0, fault.InvalidField("body.items", fmt.Sprintf("cost %s %s together, but only %s is left to refund",
			money.Format(amount, o.Currency), o.Currency, money.Format(left, o.Currency)))
	}
	return amount, nil
}

// share is total × part / whole, rounded down.
func share(total, part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	product := new(big.Int).Mul(big.NewInt(total), big.NewInt(part))
	return product.Quo(product, big.NewInt(whole)).Int64()
}

func (o Order) item(id int64) (Item, bool) {
	for _, item := range o.Items {
		if item.ID == id {
			return item, true
		}
	}
	return Item{}, false
}

// AskRefund is the job that asks the provider for a refund.
type AskRefund struct {
	RefundID int64 `json:"refund_id"`
}

// Kind is the job's name in the queue.
func (AskRefund) Kind() string { return "refund" }

// askRefund writes a refund down. Money that a provider holds is asked for by a job; what was paid by hand goes back by hand.
func (s *Service) askRefund(ctx context.Context, tx *db.Tx, o Order, r Refund) error {
	now := s.Now()
	r.OrderID, r.Key, r.Status, r.CreatedAt, r.UpdatedAt = o.ID, uuid.NewString(), RefundRequested, now, now
	if err := insertRefund(ctx, tx, &r); err != nil {
		return err
	}
	if err := s.happened(ctx, tx, o, Event{Kind: "refund_requested", Actor: r.Actor, Detail: r.detail(), CreatedAt: now}); err != nil {
		return err
	}
	paid, err := transactionByID(ctx, tx, r.TransactionID)
	if err != nil {
		return err
	}
	if paid.Provider == Stripe && r.AmountCents > 0 {
		return s.Jobs.Insert(ctx, tx, AskRefund{r.ID}, jobs.Insert{})
	}
	_, err = s.moveRefund(ctx, tx, o, paid, r, RefundSucceeded, "")
	return err
}

// detail is what the timeline tells of a refund.
func (r Refund) detail() []byte {
	told := map[string]any{"refund": r.ID, "amount_cents": r.AmountCents, "currency": r.Currency}
	if r.Reason != "" {
		told["reason"] = r.Reason
	}
	if r.Failure != "" {
		told["failure"] = r.Failure
	}
	if r.SucceededAt != nil && !r.counts() {
		told["after_success"] = true
	}
	if len(r.Lines) > 0 {
		lines := []map[string]any{}
		for _, l := range r.Lines {
			lines = append(lines, map[string]any{"order_item": l.OrderItemID, "quantity": l.Quantity})
		}
		told["lines"] = lines
	}
	return detail(told)
}

// RefundByID gives a refund and the payment that it is of.
func (s *Service) RefundByID(ctx context.Context, id int64) (Refund, Transaction, error) {
	r, err := refundByID(ctx, s.DB, id)
	if err != nil {
		return Refund{}, Transaction{}, db.NotFound(err, fault.Absent("refund"))
	}
	paid, err := transactionByID(ctx, s.DB, r.TransactionID)
	return r, paid, err
}

// OpenRefunds gives up to limit refunds whose end is not known, and of which nothing was heard since before, by id behind after.
func (s *Service) OpenRefunds(ctx context.Context, before time.Time, after int64, limit int) ([]Waiting, error) {
	return openRefunds(ctx, s.DB, before, after, limit)
}

// RefundReport is what the provider says of a refund.
type RefundReport struct {
	ExternalID  string
	Key         string // ours, if the refund was asked for here
	PaymentID   string
	Status      RefundStatus
	AmountCents int64
	Currency    string
	Failure     string // why it failed
}

// FollowRefund brings an order in line with what the provider says of a refund, be it one that nobody asked for here. On its
// success the order, or the lines that it is for, are taken back, once. One that is for an amount alone takes nothing back, unless
// nothing of the payment is left.
func (s *Service) FollowRefund(ctx context.Context, r RefundReport) (out Outcome, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, paid, lacks, err := s.lockPaid(ctx, tx, r.PaymentID)
		if err != nil || lacks != "" {
			out = Outcome{Lacks: lacks}
			return err
		}
		out = Outcome{OrderID: o.ID}
		if r.Currency != paid.Currency || r.AmountCents < 1 || r.AmountCents > paid.AmountCents {
			out.Refused = "it is not of the payment's amount and currency"
			return nil
		}
		there, err := refundByReport(ctx, tx, paid.ID, r)
		if errors.Is(err, db.ErrNoRows) {
			there, err = s.foreignRefund(ctx, tx, o, paid, r)
			out.Changed = true
		}
		if err != nil {
			return err
		}
		if there.ExternalID == "" {
			if err := nameRefund(ctx, tx, there.ID, r.ExternalID); err != nil {
				return err
			}
		}
		moved, err := s.moveRefund(ctx, tx, o, paid, there, r.Status, r.Failure)
		out.Changed = out.Changed || moved
		return err
	})
	return out, err
}

// lockPaid finds a payment of Stripe's and its order, whose row is held. lacks says what is not known yet.
func (s *Service) lockPaid(ctx context.Context, tx *db.Tx, paymentID string) (o Order, paid Transaction, lacks string, err error) {
	if paymentID == "" {
		return Order{}, Transaction{}, PaymentKey("unknown"), nil
	}
	paid, err = transactionByExternal(ctx, tx, Stripe, paymentID)
	if errors.Is(err, db.ErrNoRows) {
		return Order{}, Transaction{}, PaymentKey(paymentID), nil
	}
	if err != nil {
		return Order{}, Transaction{}, "", err
	}
	if o, err = byID(ctx, tx, paid.OrderID); err == nil {
		o, err = s.lock(ctx, tx, o)
	}
	if err == nil { // it may have changed while the lock was waited for
		paid, err = transactionByID(ctx, tx, paid.ID)
	}
	return o, paid, "", err
}

// foreignRefund writes down a refund that was made at the provider. What of its money a report of the payment told before, without
// a name, is not counted again.
func (s *Service) foreignRefund(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r RefundReport) (Refund, error) {
	now := s.Now()
	fresh := Refund{
		OrderID: o.ID, TransactionID: paid.ID, Key: Stripe + ":" + r.ExternalID, ExternalID: r.ExternalID, Status: RefundRequested,
		AmountCents: r.AmountCents, Currency: r.Currency, Actor: Stripe, CreatedAt: now, UpdatedAt: now,
	}
	nameless, err := namelessRefunds(ctx, tx, paid.ID)
	if err != nil {
		return Refund{}, err
	}
	counted := int64(0)
	for _, n := range nameless {
		taken := min(n.AmountCents, r.AmountCents-counted)
		if taken > 0 {
			counted += taken
			if err := shrinkRefund(ctx, tx, n.ID, n.AmountCents-taken); err != nil {
				return Refund{}, err
			}
		}
	}
	if counted > 0 { // its effect is there
		fresh.Status, fresh.SucceededAt = RefundSucceeded, &now
	}
	if err := insertRefund(ctx, tx, &fresh); err != nil {
		return Refund{}, err
	}
	if more := r.AmountCents - counted; counted > 0 && more > 0 {
		return fresh, s.takeBack(ctx, tx, o, paid, Refund{ID: fresh.ID, AmountCents: more, Currency: r.Currency, Actor: Stripe})
	}
	return fresh, nil
}

// ChargeReport is what the provider says of the money that a payment moved.
type ChargeReport struct {
	PaymentID     string
	RefundedCents int64 // all refunds together, those that are pending too
	Currency      string
	AtOnce        bool // refunds of such a payment succeed at once
}

// FollowCharge makes up for refunds that were not told of by themselves. ask says that the provider is to be asked for them, since
// they may be pending.
func (s *Service) FollowCharge(ctx context.Context, r ChargeReport) (out Outcome, ask bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, paid, lacks, err := s.lockPaid(ctx, tx, r.PaymentID)
		if err != nil || lacks != "" {
			out = Outcome{Lacks: lacks}
			return err
		}
		out = Outcome{OrderID: o.ID}
		if r.Currency != paid.Currency || r.RefundedCents < 0 || r.RefundedCents > paid.AmountCents {
			out.Refused = "it is not of the payment's amount and currency"
			return nil
		}
		known, err := refundsOf(ctx, tx, paid.ID)
		if err != nil {
			return err
		}
		missing := r.RefundedCents
		for _, n := range known {
			if n.counts() || n.SucceededAt != nil {
				missing -= n.AmountCents
			}
		}
		if missing <= 0 {
			return nil
		}
		if ask = !r.AtOnce; ask {
			return nil
		}
		out.Changed = true
		now := s.Now()
		nameless := Refund{
			OrderID: o.ID, TransactionID: paid.ID, Key: fmt.Sprintf("%s:%s:%d", Stripe, r.PaymentID, r.RefundedCents), Status: RefundRequested,
			AmountCents: missing, Currency: r.Currency, Actor: Stripe, CreatedAt: now, UpdatedAt: now,
		}
		if err := insertRefund(ctx, tx, &nameless); err != nil {
			return err
		}
		_, err = s.moveRefund(ctx, tx, o, paid, nameless, RefundSucceeded, "")
		return err
	})
	return out, ask, err
}

// FailRefund records that the provider refuses a refund, and why in its word.
func (s *Service) FailRefund(ctx context.Context, id int64, why string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := refundByID(ctx, tx, id)
		if err != nil {
			return err
		}
		o, err := byID(ctx, tx, r.OrderID)
		if err != nil {
			return err
		}
		if o, err = s.lock(ctx, tx, o); err != nil {
			return err
		}
		paid, err := transactionByID(ctx, tx, r.TransactionID)
		if err != nil {
			return err
		}
		if r, err = refundByID(ctx, tx, id); err != nil || r.Status != RefundRequested {
			return err
		}
		_, err = s.moveRefund(ctx, tx, o, paid, r, RefundFailed, why)
		return err
	})
}

// moveRefund takes a refund to a state, if there is an arrow, and does what follows. The order's row is held.
func (s *Service) moveRefund(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r Refund, to RefundStatus, failure string) (moved bool, err error) {
	for _, may := range refundArrows[r.Status] {
		moved = moved || may == to
	}
	now := s.Now()
	if !moved {
		return false, heardRefund(ctx, tx, r.ID, now)
	}
	from := r.Status
	r.Status, r.Failure, r.UpdatedAt = to, cmp.Or(failure, r.Failure), now
	if to == RefundSucceeded {
		r.SucceededAt = &now
	}
	if won, err := updateRefund(ctx, tx, r, from); err != nil || !won {
		return false, cmp.Or(err, error(ErrTransition))
	}
	switch {
	case to == RefundSucceeded:
		return true, s.takeBack(ctx, tx, o, paid, r)
	case from == RefundSucceeded && !paid.Extra && o.Status.settled():
		if o, err = s.changeRefunded(ctx, tx, o, r, -1); err == nil {
			err = s.Follow(ctx, tx, o)
		}
	}
	if err == nil && !r.counts() {
		err = s.happened(ctx, tx, o, Event{Kind: "refund_failed", Actor: cmp.Or(paid.Provider, r.Actor), Detail: r.detail(), CreatedAt: now})
	}
	return true, err
}

// takeBack does what the success of a refund asks for.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, o Order, paid Transaction, r Refund) error {
	all, err := refundsOf(ctx, tx, paid.ID)
	if err != nil {
		return err
	}
	left := paid.AmountCents
	for _, n := range all {
		if n.Status == RefundSucceeded {
			left -= n.AmountCents
		}
	}
	now, kind := s.Now(), "refunded"
	switch {
	case paid.Extra:
		kind = "extra_refunded"
	case o.Status.settled():
		if o, err = s.changeRefunded(ctx, tx, o, r, 1); err != nil {
			return err
		}
		if whole := left <= 0 && (paid.AmountCents > 0 || len(r.Lines) == 0 || !o.anyStanding()); whole {
			if o, err = s.becomeRefunded(ctx, tx, o); err != nil {
				return err
			}
		}
		if err := s.Follow(ctx, tx, o); err != nil {
			return err
		}
	}
	if left <= 0 && (paid.Extra || !o.Status.settled()) {
		if err := setTransactionStatus(ctx, tx, paid.ID, "refunded", now); err != nil {
			return err
		}
	}
	return s.happened(ctx, tx, o, Event{Kind: kind, Actor: cmp.Or(r.Actor, paid.Provider), Detail: r.detail(), CreatedAt: now})
}

func (o Order) anyStanding() bool {
	for _, item := range o.Items {
		if o.Standing(item) > 0 {
			return true
		}
	}
	return false
}

// becomeRefunded ends an order whose money is back.
func (s *Service) becomeRefunded(ctx context.Context, tx *db.Tx, o Order) (Order, error) {
	now := s.Now()
	won, err := move(ctx, tx, o.ID, o.Status, Refunded, now)
	if err != nil || !won {
		return o, cmp.Or(err, error(ErrTransition))
	}
	o.Status, o.RefundedAt, o.UpdatedAt = Refunded, &now, now
	return o, nil
}

// changeRefunded counts the money and the units of a refund on the order, or off it again.
func (s *Service) changeRefunded(ctx context.Context, tx *db.Tx, o Order, r Refund, sign int64) (Order, error) {
	if err := addRefunded(ctx, tx, o.ID, sign*r.AmountCents, s.Now()); err != nil {
		return o, err
	}
	for _, l := range r.Lines {
		if err := addRefundedUnits(ctx, tx, l.OrderItemID, sign*l.Quantity, s.Now()); err != nil {
			return o, err
		}
	}
	return byID(ctx, tx, o.ID)
}
