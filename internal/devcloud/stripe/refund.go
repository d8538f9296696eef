package stripe

import (
	"context"
	"slices"
)

func createRefund(c *call) (any, error) {
	p := c.state.Intents[c.text("payment_intent")]
	for _, other := range c.state.Intents {
		if charge := c.text("charge"); p == nil && charge != "" && other.Charge == charge {
			p = other
		}
	}
	switch {
	case c.text("payment_intent") == "" && c.text("charge") == "":
		return nil, invalid("parameter_missing", "payment_intent", "One of charge and payment_intent is required")
	case p == nil:
		return nil, missing("payment_intent", c.text("payment_intent"))
	case p.Status != "succeeded":
		return nil, invalid("payment_intent_unexpected_state", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", p.ID)
	case p.Disputed:
		return nil, invalid("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", p.Charge)
	case p.Refunded == p.Amount:
		return nil, invalid("charge_already_refunded", "", "Charge %s has already been refunded.", p.Charge)
	}
	amount := p.Amount - p.Refunded
	if c.form.Has("amount") {
		amount = c.number("amount")
	}
	reason := c.text("reason")
	metadata, err := c.metadata("metadata")
	switch {
	case err != nil:
		return nil, err
	case amount < 1:
		return nil, invalid("parameter_invalid_integer", "amount", "Invalid positive integer")
	case amount > p.Amount-p.Refunded:
		return nil, invalid("amount_too_large", "amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, p.Amount-p.Refunded)
	case reason != "" && !slices.Contains([]string{"duplicate", "fraudulent", "requested_by_customer"}, reason):
		return nil, invalid("", "reason", "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer")
	}
	return wireRefund(c.refund(p, amount, reason, metadata)), nil
}

// refund gives money back. That of a bank takes long, as all do when Settings.RefundsPending says so.
func (s *Stripe) refund(p *intent, amount int64, reason string, metadata map[string]string) *refund {
	r := &refund{
		ID: newID("re"), Intent: p.ID, Charge: p.Charge, Status: "succeeded", Amount: amount, Currency: p.Currency, Reason: reason, Metadata: metadata,
		Created: unix(s.o.Now()),
	}
	if s.state.Settings.RefundsPending || p.Method != "card" {
		r.Status = "pending"
	}
	p.Refunded += amount
	s.state.put(r)
	s.state.put(p)
	s.tell("refund.created", wireRefund(r))
	s.tell("charge.refunded", s.wireCharge(p))
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
		if p.Status != "succeeded" || p.Disputed || amount < 1 || amount > p.Amount-p.Refunded {
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
		r.Status = "succeeded"
		kind := "refund.updated"
		if !ok {
			r.Status, r.Failure, kind = "failed", "lost_or_stolen_card", "refund.failed"
			p := s.state.Intents[r.Intent]
			p.Refunded -= r.Amount
			s.state.put(p)
		}
		s.state.put(r)
		s.tell(kind, wireRefund(r))
		return nil
	})
}

func getRefund(c *call) (any, error) {
	r := c.state.Refunds[c.r.PathValue("id")]
	if r == nil {
		return nil, missing("refund", c.r.PathValue("id"))
	}
	return wireRefund(r), nil
}

func listRefunds(c *call) (any, error) {
	all := slices.DeleteFunc(newest(c.state.Refunds, func(r *refund) int64 { return r.Created }), func(r *refund) bool {
		return c.text("payment_intent") != "" && r.Intent != c.text("payment_intent") || c.text("charge") != "" && r.Charge != c.text("charge")
	})
	return page(c, all, func(r *refund) string { return r.ID }, func(r *refund) int64 { return r.Created }, func(r *refund) any { return wireRefund(r) })
}

// wireRefund is a refund as the API shows it.
func wireRefund(r *refund) object {
	wire := object{
		"id": r.ID, "object": "refund", "amount": r.Amount, "balance_transaction": nil, "charge": r.Charge, "created": r.Created, "currency": r.Currency,
		"destination_details": object{"type": "card", "card": object{"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}},
		"metadata":            orEmpty(r.Metadata), "payment_intent": r.Intent, "reason": orNull(r.Reason), "receipt_number": nil, "source_transfer_reversal": nil,
		"status": r.Status, "transfer_reversal": nil,
	}
	if r.Failure != "" {
		wire["failure_reason"] = r.Failure
	}
	return wire
}
