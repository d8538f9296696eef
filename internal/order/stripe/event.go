package stripe

import (
	"context"
	"encoding/json"
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"souk/internal/order"
)

// Event is what the shop reads of a webhook.
type Event struct {
	Type   string
	Live   bool // of real money
	Object json.RawMessage
}

// ReadEvent reads a webhook's body.
func ReadEvent(body []byte) (Event, error) {
	var e struct {
		Type     string `json:"type"`
		Livemode bool   `json:"livemode"`
		Data     struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	err := json.Unmarshal(body, &e)
	return Event{e.Type, e.Livemode, e.Data.Object}, err
}

// Effect is what became of an event.
type Effect struct {
	order.Outcome
	Ignored    bool   // events of its type, or about what this shop did not sell, have no effect
	AskPayment string // a payment whose refunds Stripe is to be asked for: see Service.AskPayment
}

// Follow does what an event says: https://docs.stripe.com/api/events/types. What it says of objects is applied in the transaction of
// ctx, if that has one; no network is used.
func (s *Service) Follow(ctx context.Context, e Event) (effect Effect, err error) {
	switch {
	case strings.HasPrefix(e.Type, "checkout.session."):
		return s.followSession(ctx, e)
	case e.Type == "charge.refunded":
		return s.followCharge(ctx, e)
	case strings.HasPrefix(e.Type, "refund."), e.Type == "charge.refund.updated":
		return s.followRefund(ctx, e)
	case strings.HasPrefix(e.Type, "charge.dispute."):
		return s.followDispute(ctx, e)
	}
	return Effect{Ignored: true}, nil
}

func unreadable() (Effect, error) {
	return Effect{Outcome: order.Outcome{Refused: "its object cannot be read"}}, nil
}

func (s *Service) followSession(ctx context.Context, e Event) (effect Effect, err error) {
	var c stripe.CheckoutSession
	if json.Unmarshal(e.Object, &c) != nil || c.ID == "" {
		return unreadable()
	}
	if c.Metadata[metaOrder] == "" {
		return Effect{Ignored: true}, nil
	}
	report := SessionOf(&c)
	if e.Type == "checkout.session.async_payment_failed" && report.Status == order.AttemptProcessing {
		report.Status = order.AttemptFailed
	}
	effect.Outcome, err = s.Orders.FollowSession(ctx, report)
	return effect, err
}

func (s *Service) followCharge(ctx context.Context, e Event) (effect Effect, err error) {
	var c stripe.Charge
	if json.Unmarshal(e.Object, &c) != nil || c.ID == "" {
		return unreadable()
	}
	if c.PaymentIntent == nil {
		return Effect{Ignored: true}, nil
	}
	if c.Refunds != nil { // in the form of older versions
		for _, r := range c.Refunds.Data {
			if r.PaymentIntent == nil {
				r.PaymentIntent = c.PaymentIntent
			}
			if effect.Outcome, err = s.Orders.FollowRefund(ctx, RefundOf(r)); err != nil || effect.Lacks != "" {
				return effect, err
			}
		}
	}
	out, ask, err := s.Orders.FollowCharge(ctx, chargeOf(&c))
	out.Changed = out.Changed || effect.Changed
	effect.Outcome = out
	if ask {
		effect.AskPayment = c.PaymentIntent.ID
	}
	return effect, err
}

func (s *Service) followRefund(ctx context.Context, e Event) (effect Effect, err error) {
	var r stripe.Refund
	if json.Unmarshal(e.Object, &r) != nil || r.ID == "" || refundStatus[r.Status] == "" {
		return unreadable()
	}
	if r.PaymentIntent == nil {
		return Effect{Ignored: true}, nil
	}
	effect.Outcome, err = s.Orders.FollowRefund(ctx, RefundOf(&r))
	return effect, err
}

func (s *Service) followDispute(ctx context.Context, e Event) (effect Effect, err error) {
	var d stripe.Dispute
	if json.Unmarshal(e.Object, &d) != nil || d.ID == "" {
		return unreadable()
	}
	if d.PaymentIntent == nil {
		return Effect{Ignored: true}, nil
	}
	report, ok := disputeOf(&d)
	if !ok {
		return Effect{Outcome: order.Outcome{Refused: "its status is not known"}}, nil
	}
	effect.Outcome, err = s.Orders.FollowDispute(ctx, report)
	return effect, err
}
