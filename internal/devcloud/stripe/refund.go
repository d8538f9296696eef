package stripe

import (
	"context"
	"slices"
	"strings"
)

func createRefund(c *call) (any, error) {
	payment, charge, amount := c.text("payment_intent", 200), c.text("charge", 200), c.number("amount", 1, maxAmount, 0)
	reason, metadata := c.choice("reason", "", "duplicate", "fraudulent", "requested_by_customer"), c.metadata("metadata")
	if payment == "" && charge == "" {
		c.wrong(invalid("parameter_missing", "payment_intent", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	if err := c.done(); err != nil {
		return nil, err
	}
	p := c.state.Intents[payment]
	switch of := c.charged(charge); {
	case payment != "" && p == nil:
		return nil, missing("payment_intent", "payment_intent", payment)
	case charge != "" && of == nil:
		return nil, missing("charge", "charge", charge)
	case p != nil && of != nil && p != of:
		return nil, invalid("", "charge", "The charge %s is not one of the payment %s.", short(charge), p.ID)
	case p == nil:
		p = of
	}
	if amount == 0 {
		amount = p.Amount - p.Refunded
	}
	if err := p.refundable(amount); err != nil {
		return nil, err
	}
	return wireRefund(c.refund(p, amount, reason, metadata)), nil
}

// refundable says why an amount of a payment cannot go back, as Stripe says it.
func (p *intent) refundable(n int64) error {
	switch left := p.Amount - p.Refunded; {
	case p.Status != "succeeded":
		return refused("payment_intent_unexpected_state", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", p.ID)
	case p.Disputed:
		return refused("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", p.Charge)
	case left == 0:
		return refused("charge_already_refunded", "", "Charge %s has already been refunded.", p.Charge)
	case n > left:
		return refused("amount_too_large", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)", amount(n, p.Currency), amount(left, p.Currency))
	case n%step(p.Currency) != 0:
		return invalid("", "amount", "Invalid amount: in %s it must be a multiple of %d.", strings.ToUpper(p.Currency), step(p.Currency))
	}
	return nil
}

// refund gives money back. That of a bank takes long, as all do when Settings.RefundsPending says so: then SettleRefund ends them.
func (s *Stripe) refund(p *intent, amount int64, reason string, metadata map[string]string) *refund {
	now := s.o.Now()
	r := &refund{
		ID: newID("re"), Intent: p.ID, Charge: p.Charge, Status: "succeeded", Amount: amount, Currency: p.Currency, Reason: reason, Metadata: metadata,
		Created: unix(now),
	}
	switch later := unix(now.Add(settlesAfter)); {
	case s.state.Settings.RefundsPending:
		r.Status = "pending"
	case p.Method != "card" || p.Card == CardSlowRefund:
		r.Status, r.SettleAt, r.SettleOK = "pending", later, true
	case p.Card == CardBadRefund:
		r.SettleAt = later
	}
	p.Refunded += amount
	s.state.put(r)
	s.state.put(p)
	s.tell("refund.created", wireRefund(r))
	s.tell("charge.refunded", wireCharge(p))
	return r
}

// Refund gives money of a payment back as somebody in the dashboard would; amount 0 is all that is left.
func (s *Stripe) Refund(ctx context.Context, paymentID string, amount int64) (id string, err error) {
	err = s.change(ctx, func() error {
		p := s.state.Intents[paymentID]
		if p == nil {
			return ErrUnknown
		}
		if amount == 0 {
			amount = p.Amount - p.Refunded
		}
		if amount < 1 || p.refundable(amount) != nil {
			return ErrNotPossible
		}
		id = s.refund(p, amount, "requested_by_customer", nil).ID
		return nil
	})
	return id, err
}

// RefundsArePending has refunds take long from now on.
func (s *Stripe) RefundsArePending(ctx context.Context, on bool) error {
	return s.change(ctx, func() error {
		set := s.state.Settings
		set.RefundsPending = on
		s.state.put(set)
		return nil
	})
}

// SettleRefund ends a refund. One that succeeded can still fail.
func (s *Stripe) SettleRefund(ctx context.Context, id string, ok bool) error {
	return s.change(ctx, func() error {
		r := s.state.Refunds[id]
		if r == nil {
			return ErrUnknown
		}
		if r.Status == "failed" || ok && r.Status == "succeeded" {
			return ErrNotPossible
		}
		s.settleRefund(r, ok)
		return nil
	})
}

func (s *Stripe) settleRefund(r *refund, ok bool) {
	r.Status, r.SettleAt = "succeeded", 0
	if !ok {
		r.Status, r.Failure = "failed", "lost_or_stolen_card"
		p := s.state.Intents[r.Intent]
		p.Refunded -= r.Amount
		s.state.put(p)
	}
	s.state.put(r)
	s.tell("refund.updated", wireRefund(r))
	if !ok {
		s.tell("refund.failed", wireRefund(r))
	}
}

func getRefund(c *call) (any, error) {
	r := c.state.Refunds[c.id]
	if r == nil {
		return nil, missing("refund", "refund", c.id)
	}
	return wireRefund(r), nil
}

func listRefunds(c *call) (any, error) {
	payment, charge := c.text("payment_intent", 200), c.text("charge", 200)
	return listed(c, "refund", newest(c.state.Refunds, func(r *refund) int64 { return r.Created }), func(r *refund) string { return r.ID },
		func(r *refund) int64 { return r.Created },
		func(r *refund) bool {
			return (payment == "" || r.Intent == payment) && (charge == "" || r.Charge == charge)
		}, wireRefund)
}

// refundsOf is the list of a charge's refunds, in it.
func (s *Stripe) refundsOf(charge string) object {
	data, all := []any{}, newest(s.state.Refunds, func(r *refund) int64 { return r.Created })
	all = slices.DeleteFunc(all, func(r *refund) bool { return r.Charge != charge })
	for _, r := range all[:min(10, len(all))] {
		data = append(data, wireRefund(r))
	}
	return object{"object": "list", "url": "/v1/charges/" + charge + "/refunds", "has_more": len(all) > 10, "data": data}
}

// wireRefund is a refund as the API shows it.
func wireRefund(r *refund) object {
	wire := object{
		"id": r.ID, "object": "refund", "amount": r.Amount, "balance_transaction": nil, "charge": r.Charge, "created": r.Created, "currency": r.Currency,
		"destination_details": object{"type": "card", "card": object{"type": "refund"}}, "metadata": orEmpty(r.Metadata), "payment_intent": r.Intent,
		"reason": orNull(r.Reason), "receipt_number": nil, "source_transfer_reversal": nil, "status": r.Status, "transfer_reversal": nil,
	}
	if r.Failure != "" {
		wire["failure_reason"] = r.Failure
	}
	if r.Status == "pending" {
		wire["pending_reason"] = "processing"
	}
	return wire
}
