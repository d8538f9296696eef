package stripe

import (
	"bytes"
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
	return s.about(ctx, e)
}

// about finds out whose order an event without effect is about, since its object may name the buyer.
func (s *Service) about(ctx context.Context, e Event) (effect Effect, err error) {
	var object struct {
		Metadata map[string]string `json:"metadata"`
	}
	effect.Ignored = true
	if json.Unmarshal(e.Object, &object) == nil && object.Metadata[metaOrder] != "" {
		effect.OrderID, err = s.Orders.IDOf(ctx, object.Metadata[metaOrder])
	}
	return effect, err
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

// Same is a webhook's body without what changes from one delivery of an event to the next.
func Same(body []byte) []byte {
	var event map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&event) != nil {
		return body
	}
	delete(event, "pending_webhooks")
	same, err := json.Marshal(event)
	if err != nil {
		return body
	}
	return same
}

// kept are the fields of an event's object that Follow reads. None names a person.
var kept = []string{
	"id", "object", "created", "currency", "status", "payment_status", "payment_intent", "client_reference_id", "expires_at", "amount",
	"amount_subtotal", "amount_total", "amount_refunded", "reason", "failure_reason",
}

// Scrub is what remains of a webhook's body when its buyer is erased: what Follow reads, and nothing of the buyer.
func Scrub(body []byte) []byte {
	var event struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Livemode bool   `json:"livemode"`
		Data     struct {
			Object map[string]json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &event) != nil {
		return nil
	}
	object := map[string]any{}
	for _, name := range kept {
		if value, ok := event.Data.Object[name]; ok {
			object[name] = value
		}
	}
	object["metadata"] = ours(event.Data.Object["metadata"])
	var intent struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(event.Data.Object["payment_intent"], &intent) == nil && intent.ID != "" {
		object["payment_intent"] = intent.ID
	}
	scrubbed, err := json.Marshal(map[string]any{
		"id": event.ID, "type": event.Type, "livemode": event.Livemode, "data": map[string]any{"object": object},
	})
	if err != nil {
		return nil
	}
	return scrubbed
}

// ours are the entries of an object's metadata that the shop wrote.
func ours(metadata json.RawMessage) map[string]string {
	var all map[string]string
	_ = json.Unmarshal(metadata, &all) // none is none
	own := map[string]string{}
	for _, name := range []string{metaOrder, metaAttempt, metaRefund} {
		if value, ok := all[name]; ok {
			own[name] = value
		}
	}
	return own
}
