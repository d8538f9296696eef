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
		id = s.dispute(p, amount, "fraudulent", inquiry).ID
		return nil
	})
	return id, err
}

func (s *Stripe) dispute(p *intent, amount int64, reason string, inquiry bool) *dispute {
	d := &dispute{
		ID: newID("du"), Intent: p.ID, Charge: p.Charge, Status: "needs_response", Reason: reason, Amount: amount, Currency: p.Currency,
		Created: unix(s.o.Now()), Inquiry: inquiry,
	}
	if inquiry {
		d.Status = "warning_needs_response"
	} else {
		p.Disputed = true
	}
	s.state.put(d)
	s.state.put(p)
	s.tell("charge.dispute.created", wireDispute(d))
	if !inquiry {
		s.tell("charge.dispute.funds_withdrawn", wireDispute(d))
	}
	return d
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
		if status == "won" {
			s.tell("charge.dispute.funds_reinstated", wireDispute(d))
		}
		return nil
	})
}

func getDispute(c *call) (any, error) {
	d := c.state.Disputes[c.id]
	if d == nil {
		return nil, missing("dispute", "dispute", c.id)
	}
	return wireDispute(d), nil
}

func listDisputes(c *call) (any, error) {
	payment, charge := c.text("payment_intent", 200), c.text("charge", 200)
	return listed(c, "dispute", newest(c.state.Disputes, func(d *dispute) int64 { return d.Created }), func(d *dispute) string { return d.ID },
		func(d *dispute) int64 { return d.Created },
		func(d *dispute) bool {
			return (payment == "" || d.Intent == payment) && (charge == "" || d.Charge == charge)
		}, wireDispute)
}

// evidence is what a shop can answer a dispute with; here none does.
var evidence = func() object {
	all := object{"enhanced_evidence": object{}}
	for _, name := range []string{
		"access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
		"customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
		"duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
		"refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier", "shipping_date",
		"shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
	} {
		all[name] = nil
	}
	return all
}()

// wireDispute is a dispute as the API shows it.
func wireDispute(d *dispute) object {
	kind := "chargeback"
	if d.Inquiry {
		kind = "inquiry"
	}
	return object{
		"id": d.ID, "object": "dispute", "amount": d.Amount, "balance_transactions": []any{}, "charge": d.Charge, "created": d.Created, "currency": d.Currency,
		"enhanced_eligibility_types": []any{}, "evidence": evidence,
		"evidence_details": object{
			"due_by": d.Created + 7*24*60*60, "enhanced_eligibility": object{}, "has_evidence": false, "past_due": false, "submission_count": 0,
		},
		"is_charge_refundable": d.Inquiry, "livemode": false, "metadata": object{}, "payment_intent": d.Intent,
		"payment_method_details": object{"type": "card", "card": object{"brand": "visa", "case_type": kind, "network_reason_code": "10.4"}},
		"reason":                 d.Reason, "status": d.Status,
	}
}
