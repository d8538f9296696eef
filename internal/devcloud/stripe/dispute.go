package stripe

import (
	"context"
	"slices"
)

// Dispute has a buyer's bank want a payment back; amount 0 is all of it. With inquiry it only asks.
func (s *Stripe) Dispute(ctx context.Context, paymentID string, amount int64, inquiry bool) (id string, err error) {
	err = s.change(ctx, func() error {
		p := s.state.Intents[paymentID]
		if p == nil {
			return ErrUnknown
		}
		if amount == 0 {
			amount = p.Amount - p.Refunded
		}
		if p.Status != "succeeded" || p.Disputed || amount < 1 || amount > p.Amount {
			return ErrNotPossible
		}
		d := &dispute{ID: newID("du"), Intent: p.ID, Charge: p.Charge, Status: "needs_response", Reason: "fraudulent", Amount: amount, Currency: p.Currency, Created: unix(s.o.Now())}
		if inquiry {
			d.Status = "warning_needs_response"
		} else {
			p.Disputed = true
		}
		id = d.ID
		s.state.put(d)
		s.state.put(p)
		s.tell("charge.dispute.created", wireDispute(d))
		return nil
	})
	return id, err
}

// CloseDispute decides a dispute: won, lost, or warning_closed for one that only asks.
func (s *Stripe) CloseDispute(ctx context.Context, id, status string) error {
	return s.change(ctx, func() error {
		d := s.state.Disputes[id]
		if d == nil {
			return ErrUnknown
		}
		asks := d.Status == "warning_needs_response"
		if !asks && d.Status != "needs_response" || asks != (status == "warning_closed") || !slices.Contains([]string{"won", "lost", "warning_closed"}, status) {
			return ErrNotPossible
		}
		d.Status = status
		p := s.state.Intents[d.Intent]
		p.Disputed = status == "lost"
		s.state.put(d)
		s.state.put(p)
		s.tell("charge.dispute.closed", wireDispute(d))
		return nil
	})
}

func getDispute(c *call) (any, error) {
	d := c.state.Disputes[c.r.PathValue("id")]
	if d == nil {
		return nil, missing("dispute", c.r.PathValue("id"))
	}
	return wireDispute(d), nil
}

func listDisputes(c *call) (any, error) {
	all := slices.DeleteFunc(newest(c.state.Disputes, func(d *dispute) int64 { return d.Created }), func(d *dispute) bool {
		return c.text("payment_intent") != "" && d.Intent != c.text("payment_intent") || c.text("charge") != "" && d.Charge != c.text("charge")
	})
	return page(c, all, func(d *dispute) string { return d.ID }, func(d *dispute) int64 { return d.Created }, func(d *dispute) any { return wireDispute(d) })
}

// wireDispute is a dispute as the API shows it.
func wireDispute(d *dispute) object {
	return object{
		"id": d.ID, "object": "dispute", "amount": d.Amount, "balance_transactions": []any{}, "charge": d.Charge, "created": d.Created, "currency": d.Currency,
		"enhanced_eligibility_types": []any{}, "evidence": object{}, "evidence_details": object{"due_by": d.Created + 7*24*60*60, "has_evidence": false, "past_due": false, "submission_count": 0},
		"is_charge_refundable": d.Status == "warning_needs_response", "livemode": false, "metadata": object{}, "payment_intent": d.Intent, "reason": d.Reason, "status": d.Status,
	}
}
