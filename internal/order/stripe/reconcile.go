package stripe

import (
	"context"
	"errors"
	"log/slog"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"souk/internal/order"
)

const (
	page     = 100             // objects of one answer
	skew     = 5 * time.Minute // how far the clocks of Stripe and of the shop may be apart
	overlap  = time.Hour       // what is asked for again, since it may have been underway
	longAgo  = 30 * 24 * time.Hour
	quiet    = time.Minute // what is younger is still being told of
	atOnce   = 100         // of the shop's own records
	maxFails = 10          // in a row: Stripe is down
)

// Tally is what a reconciliation did.
type Tally struct {
	Asked    int            // sessions, refunds and disputes that were compared
	Repaired map[string]int // by kind, those of which the shop did not know
	Refused  map[string]int // by kind, those that cannot be right, and had no effect: for somebody to look at
	Failed   int            // those that could not be compared
	Complete bool           // everything was
}

// Drifted is how much the shop did not know.
func (t Tally) Drifted() int { return sum(t.Repaired) }

// Unrepaired is how much of what Stripe says cannot be right.
func (t Tally) Unrepaired() int { return sum(t.Refused) }

func sum(kinds map[string]int) (n int) {
	for _, some := range kinds {
		n += some
	}
	return n
}

// Reconcile asks Stripe for every session, refund and dispute that is new since the last time, and for those that the shop still
// waits for, and applies what it says. Webhooks that never came are made up for by it.
func (s *Service) Reconcile(ctx context.Context) (t Tally, err error) {
	began := s.Now()
	last, err := s.Orders.ReconciledUntil(ctx)
	if err != nil {
		return t, err
	}
	since := began.Add(-longAgo)
	if last.After(since) {
		since = last.Add(-overlap)
	}
	r := &run{Service: s, since: stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}, before: began.Add(-quiet), tally: Tally{Repaired: map[string]int{}, Refused: map[string]int{}}}
	err = errors.Join(r.newSessions(ctx), r.newRefunds(ctx), r.newDisputes(ctx))
	if err == nil {
		err = errors.Join(r.quietOrders(ctx), r.quietRefunds(ctx), r.quietDisputes(ctx))
	}
	if err == nil && r.tally.Failed == 0 {
		r.tally.Complete = true
		err = s.Orders.SetReconciledUntil(ctx, began)
	}
	return r.tally, err
}

type run struct {
	*Service
	since  stripe.RangeQueryParams // what is new
	before time.Time               // what was not heard of since is asked about
	tally  Tally
	fails  int
}

// note counts what became of one report.
func (r *run) note(ctx context.Context, what, id string, out order.Outcome, err error) error {
	r.tally.Asked++
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.tally.Failed++
		slog.WarnContext(ctx, "could not be reconciled with Stripe", what, id, "cause", err.Error())
		if r.fails++; r.fails >= maxFails {
			return err
		}
		return nil
	}
	r.fails = 0
	switch {
	case out.Refused != "":
		r.tally.Refused[what]++
		slog.ErrorContext(ctx, "drift that no run repairs", "provider", "stripe", what, id, "why", out.Refused)
	case out.Changed:
		r.tally.Repaired[what]++
		slog.WarnContext(ctx, "drift", "provider", "stripe", what, id)
	}
	return nil
}

func (r *run) newSessions(ctx context.Context) error {
	params := &stripe.CheckoutSessionListParams{CreatedRange: &r.since}
	params.Limit = stripe.Int64(page)
	params.AddExpand("data.payment_intent")
	for c, err := range r.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return failure(ctx, err)
		}
		if c.Metadata[metaOrder] == "" {
			continue // not of this shop
		}
		report := SessionOf(c)
		out, err := r.Orders.FollowSession(ctx, report)
		if out.Lacks != "" && report.Status == order.AttemptPaid { // it was made after the backup that this database is from
			out.Refused = "it is paid, and its order is not known here"
		}
		if err := r.note(ctx, "session", c.ID, out, err); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) newRefunds(ctx context.Context) error {
	params := &stripe.RefundListParams{CreatedRange: &r.since}
	params.Limit = stripe.Int64(page)
	for n, err := range r.api.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			return failure(ctx, err)
		}
		out, err := r.Orders.FollowRefund(ctx, RefundOf(n))
		if err := r.note(ctx, "refund", n.ID, out, err); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) newDisputes(ctx context.Context) error {
	params := &stripe.DisputeListParams{CreatedRange: &r.since}
	params.Limit = stripe.Int64(page)
	for d, err := range r.api.V1Disputes.List(ctx, params).All(ctx) {
		if err != nil {
			return failure(ctx, err)
		}
		if err := r.followDispute(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) followDispute(ctx context.Context, d *stripe.Dispute) error {
	report, ok := disputeOf(d)
	if !ok {
		return r.note(ctx, "dispute", d.ID, order.Outcome{}, errors.New("its status is not known: "+string(d.Status)))
	}
	out, err := r.Orders.FollowDispute(ctx, report)
	return r.note(ctx, "dispute", d.ID, out, err)
}

// each works through what waits, in portions by id.
func (r *run) each(ctx context.Context, list func(ctx context.Context, before time.Time, after int64, limit int) ([]order.Waiting, error), do func(order.Waiting) error) error {
	for after := int64(0); ; {
		some, err := list(ctx, r.before, after, atOnce)
		if err != nil {
			return err
		}
		for _, w := range some {
			if err := do(w); err != nil {
				return err
			}
			after = w.ID
		}
		if len(some) < atOnce {
			return nil
		}
	}
}

// quietOrders asks about the attempts that are live, and of which nothing was heard for a while.
func (r *run) quietOrders(ctx context.Context) error {
	return r.each(ctx, r.Orders.Unheard, func(w order.Waiting) error {
		out, err := r.askOrder(ctx, w.ID)
		return r.note(ctx, "order", w.Name, out, err)
	})
}

// askOrder asks about an order's attempts. Those of an order that is not to be paid any more are ended.
func (r *run) askOrder(ctx context.Context, id int64) (out order.Outcome, err error) {
	attempts, err := r.Orders.Attempts(ctx, id)
	for n := 0; n < len(attempts) && err == nil; n++ { // one at most is live
		if attempts[n].Order.Status == order.PendingPayment {
			out, err = r.hear(ctx, attempts[n])
		} else {
			err = r.expire(ctx, attempts[n])
		}
	}
	return out, err
}

func (r *run) quietRefunds(ctx context.Context) error {
	return r.each(ctx, r.Orders.OpenRefunds, func(w order.Waiting) error {
		return r.note(ctx, "refund", w.Name, order.Outcome{}, r.Refund(ctx, w.ID))
	})
}

func (r *run) quietDisputes(ctx context.Context) error {
	return r.each(ctx, r.Orders.OpenDisputes, func(w order.Waiting) error {
		d, err := r.api.V1Disputes.Retrieve(ctx, w.Name, nil)
		if err != nil {
			return r.note(ctx, "dispute", w.Name, order.Outcome{}, failure(ctx, err))
		}
		return r.followDispute(ctx, d)
	})
}
