package order

import (
	"context"
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
