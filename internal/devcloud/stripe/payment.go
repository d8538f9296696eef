package stripe

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// What can be paid with: https://docs.stripe.com/testing#cards. The two banks are the stand-in's own.
const (
	CardPays         = "4242424242424242"
	CardDeclined     = "4000000000000002"
	CardInsufficient = "4000000000009995"
	CardChallenge    = "4000002500003155" // asks for 3-D Secure
	BankPays         = "bank-pays"        // a debit that takes a while, and works
	BankFails        = "bank-fails"       // and one that does not
)

// Result is what came of an attempt to pay.
type Result string

// The results of an attempt.
const (
	Succeeded  Result = "succeeded"
	Declined   Result = "declined"
	Challenged Result = "challenge"  // see Challenge
	Processing Result = "processing" // see Settle
)

// settlesAfter is how long a debit takes.
const settlesAfter = time.Minute

// Why nothing was paid.
var (
	ErrNotOpen     = errors.New("the session is not open")
	ErrUnknown     = errors.New("there is no such thing")
	ErrCardUnknown = errors.New("not one of the test cards")
	ErrNotPossible = errors.New("that is not possible in its state")
)

// Pay pays a session as somebody on its page would, from a country ("" for any). Of several at once one pays.
func (s *Stripe) Pay(ctx context.Context, sessionID, card, country string) (result Result, err error) {
	err = s.change(ctx, func() error {
		c := s.state.Sessions[sessionID]
		switch {
		case c == nil:
			return ErrUnknown
		case c.Status != "open":
			return ErrNotOpen
		}
		if !isWay(card) {
			return ErrCardUnknown
		}
		c.addTax(s.country(country))
		result = s.pay(c, card)
		return nil
	})
	return result, err
}

// country is where a buyer is who says so, or does not.
func (s *Stripe) country(said string) string { return cmp.Or(said, s.o.Country, "DE") }

func (s *Stripe) pay(c *session, card string) Result {
	p := s.state.Intents[c.Intent]
	if p == nil {
		p = &intent{ID: newID("pi"), Session: c.ID, Currency: c.Currency, Metadata: c.IntentMetadata, Email: c.Email, Created: unix(s.o.Now())}
		c.Intent = p.ID
	}
	p.Amount, p.Card, p.Method, c.Note = c.Total, card, "card", ""
	s.state.put(p)
	s.state.put(c)
	switch card {
	case CardPays:
		s.succeed(p)
		return Succeeded
	case CardDeclined, CardInsufficient:
		p.Status = "requires_payment_method"
		c.Note = "Your card was declined."
		if card == CardInsufficient {
			c.Note = "Your card has insufficient funds."
		}
		s.tell("payment_intent.payment_failed", wireIntent(nil, p))
		return Declined
	case CardChallenge:
		p.Status = "requires_action"
		return Challenged
	default: // a bank's
		p.Status, p.Method, p.SettleOK, p.SettleAt = "processing", "us_bank_account", card == BankPays, unix(s.o.Now().Add(settlesAfter))
		c.Status, c.URL = "complete", ""
		s.tell("payment_intent.processing", wireIntent(nil, p))
		s.tell("checkout.session.completed", wireSession(nil, c))
		return Processing
	}
}

// succeed moves the money of a payment.
func (s *Stripe) succeed(p *intent) {
	late := p.Status == "processing"
	p.Status, p.Charge, p.SettleAt = "succeeded", newID("ch"), 0
	c := s.state.Sessions[p.Session]
	c.Status, c.PaymentStatus, c.URL, c.Note = "complete", "paid", "", ""
	s.state.put(p)
	s.state.put(c)
	s.tell("charge.succeeded", s.wireCharge(p))
	s.tell("payment_intent.succeeded", wireIntent(nil, p))
	if late {
		s.tell("checkout.session.async_payment_succeeded", wireSession(nil, c))
	} else {
		s.tell("checkout.session.completed", wireSession(nil, c))
	}
}

// Challenge answers the 3-D Secure question of a session.
func (s *Stripe) Challenge(ctx context.Context, sessionID string, ok bool) (result Result, err error) {
	err = s.change(ctx, func() error {
		c := s.state.Sessions[sessionID]
		if c == nil {
			return ErrUnknown
		}
		p := s.state.Intents[c.Intent]
		if c.Status != "open" || p == nil || p.Status != "requires_action" {
			return ErrNotPossible
		}
		if ok {
			result = Succeeded
			s.succeed(p)
			return nil
		}
		result, p.Status, c.Note = Declined, "requires_payment_method", "The payment was not authenticated. Choose another way to pay and try again."
		s.state.put(p)
		s.state.put(c)
		s.tell("payment_intent.payment_failed", wireIntent(nil, p))
		return nil
	})
	return result, err
}

// Settle ends a payment that takes long.
func (s *Stripe) Settle(ctx context.Context, sessionID string, ok bool) error {
	return s.change(ctx, func() error {
		c := s.state.Sessions[sessionID]
		if c == nil {
			return ErrUnknown
		}
		p := s.state.Intents[c.Intent]
		if p == nil || p.Status != "processing" {
			return ErrNotPossible
		}
		s.settle(p, ok)
		return nil
	})
}

func (s *Stripe) settle(p *intent, ok bool) {
	if ok {
		s.succeed(p)
		return
	}
	p.Status, p.SettleAt = "requires_payment_method", 0
	s.state.put(p)
	s.tell("payment_intent.payment_failed", wireIntent(nil, p))
	s.tell("checkout.session.async_payment_failed", wireSession(nil, s.state.Sessions[p.Session]))
}

// ExpireSession ends an open session.
func (s *Stripe) ExpireSession(ctx context.Context, sessionID string) error {
	return s.change(ctx, func() error {
		c := s.state.Sessions[sessionID]
		if c == nil {
			return ErrUnknown
		}
		if c.Status != "open" {
			return ErrNotOpen
		}
		s.expire(c)
		return nil
	})
}

func getIntent(c *call) (any, error) {
	p := c.state.Intents[c.r.PathValue("id")]
	if p == nil {
		return nil, missing("payment_intent", c.r.PathValue("id"))
	}
	return wireIntent(c, p), nil
}

func getCharge(c *call) (any, error) {
	for _, p := range c.state.Intents {
		if p.Charge == c.r.PathValue("id") {
			return c.wireCharge(p), nil
		}
	}
	return nil, missing("charge", c.r.PathValue("id"))
}

// wireIntent is a payment intent as the API shows it.
func wireIntent(c *call, p *intent) object {
	var charge, action, failure any = orNull(p.Charge), nil, nil
	if c != nil && p.Charge != "" && (c.expands("latest_charge") || c.expands("payment_intent.latest_charge")) {
		charge = c.wireCharge(p)
	}
	received := int64(0)
	switch p.Status {
	case "succeeded":
		received = p.Amount
	case "requires_action":
		action = object{"type": "use_stripe_sdk", "use_stripe_sdk": object{}}
	case "requires_payment_method":
		code, message := "card_declined", "Your card was declined."
		if p.Method != "card" {
			code, message = "payment_method_provider_decline", "The bank did not pay."
		}
		failure = object{"code": code, "message": message, "type": "card_error"}
	}
	return object{
		"id": p.ID, "object": "payment_intent", "amount": p.Amount, "amount_capturable": 0, "amount_details": object{"tip": object{}}, "amount_received": received,
		"application": nil, "application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": nil, "cancellation_reason": nil,
		"capture_method": "automatic_async", "client_secret": nil, "confirmation_method": "automatic", "created": p.Created, "currency": p.Currency,
		"customer": nil, "customer_account": nil, "description": nil, "last_payment_error": failure, "latest_charge": charge, "livemode": false,
		"metadata": orEmpty(p.Metadata), "next_action": action, "on_behalf_of": nil, "payment_method": nil, "payment_method_configuration_details": nil,
		"payment_method_options": object{}, "payment_method_types": []any{"card", "us_bank_account"}, "processing": nil, "receipt_email": orNull(p.Email),
		"review": nil, "setup_future_usage": nil, "shipping": nil, "source": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil,
		"status": p.Status, "transfer_data": nil, "transfer_group": nil,
	}
}

// wireCharge is the charge of a payment as the API shows it.
func (s *Stripe) wireCharge(p *intent) object {
	method := object{"type": p.Method}
	if p.Method == "card" {
		last := p.Card
		if len(last) > 4 {
			last = last[len(last)-4:]
		}
		method["card"] = object{"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": last, "network": "visa"}
	} else {
		method["us_bank_account"] = object{"account_type": "checking", "bank_name": "Test bank", "last4": "6789", "routing_number": "110000000"}
	}
	return object{
		"id": p.Charge, "object": "charge", "amount": p.Amount, "amount_captured": p.Amount, "amount_refunded": p.Refunded, "application": nil,
		"application_fee": nil, "application_fee_amount": nil, "balance_transaction": nil,
		"billing_details":                 object{"address": object{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}, "email": orNull(p.Email), "name": nil, "phone": nil, "tax_id": nil},
		"calculated_statement_descriptor": "SOUK", "captured": true, "created": p.Created, "currency": p.Currency, "customer": nil, "description": nil,
		"disputed": p.Disputed, "failure_balance_transaction": nil, "failure_code": nil, "failure_message": nil, "fraud_details": object{}, "livemode": false,
		"metadata": orEmpty(p.Metadata), "on_behalf_of": nil, "outcome": nil, "paid": true, "payment_intent": p.ID, "payment_method": nil,
		"payment_method_details": method, "receipt_email": orNull(p.Email), "receipt_number": nil, "receipt_url": nil, "refunded": p.Refunded == p.Amount,
		"review": nil, "shipping": nil, "source_transfer": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": "succeeded",
		"transfer_data": nil, "transfer_group": nil,
	}
}
