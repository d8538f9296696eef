package stripe

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"
)

// What can be paid with: https://docs.stripe.com/testing#cards. The two banks are the stand-in's own.
const (
	CardPays         = "4242424242424242"
	CardDeclined     = "4000000000000002"
	CardInsufficient = "4000000000009995"
	CardChallenge    = "4000002500003155" // asks for 3-D Secure
	CardDisputed     = "4000000000000259" // pays, and is disputed at once
	CardSlowRefund   = "4000000000007726" // pays; a refund takes a while
	CardBadRefund    = "4000000000005126" // pays; a refund succeeds, and fails a while later
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

// settlesAfter is how long a debit takes, and a refund that takes long.
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
		if !isWay(card) || !c.takes(methodOf(card)) {
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
		p = &intent{
			ID: newID("pi"), Session: c.ID, Currency: c.Currency, Metadata: c.IntentMetadata, Email: c.ReceiptEmail, Description: c.Description,
			Created: unix(s.o.Now()),
		}
		c.Intent = p.ID
	}
	p.Amount, p.Card, p.Method, p.Problem, c.Note = c.Total, card, "card", problem{}, ""
	s.state.put(p)
	s.state.put(c)
	switch card {
	case CardChallenge:
		p.Status, p.Charge = "requires_action", ""
		s.tell("payment_intent.requires_action", wireIntent(p))
		return Challenged
	case CardDeclined:
		s.decline(p, problem{Code: "card_declined", Bank: "generic_decline", Message: "Your card was declined."})
		return Declined
	case CardInsufficient:
		s.decline(p, problem{Code: "card_declined", Bank: "insufficient_funds", Message: "Your card has insufficient funds."})
		return Declined
	case BankPays, BankFails:
		p.Status, p.Method, p.SettleOK, p.SettleAt = "processing", debitOf(p.Currency), card == BankPays, unix(s.o.Now().Add(settlesAfter))
		p.Charge, c.Status, c.URL = newID("ch"), "complete", ""
		s.tell("charge.pending", wireCharge(p))
		s.tell("payment_intent.processing", wireIntent(p))
		s.tell("checkout.session.completed", wireSession(c))
		return Processing
	}
	s.succeed(p)
	if card == CardDisputed {
		s.dispute(p, p.Amount, "fraudulent", false)
	}
	return Succeeded
}

// methodOf is card, or any of the debits.
func methodOf(card string) string {
	if card == BankPays || card == BankFails {
		return debits[0]
	}
	return "card"
}

// debitOf is the bank debit of a currency.
func debitOf(currency string) string {
	if currency == "eur" {
		return "sepa_debit"
	}
	return "us_bank_account"
}

// problem is why the last attempt to pay failed: Stripe's code, the bank's, and the words for the buyer.
type problem struct{ Code, Bank, Message string }

var bankRefused = problem{Code: "payment_method_provider_decline", Message: "The bank did not pay."}

// decline ends an attempt that moved no money. Another may follow.
func (s *Stripe) decline(p *intent, why problem) {
	if p.Status != "processing" { // that has its charge
		p.Charge = newID("ch")
	}
	p.Status, p.Problem, p.SettleAt = "requires_payment_method", why, 0
	c := s.state.Sessions[p.Session]
	if c.Status == "open" {
		c.Note = why.Message
	}
	s.state.put(p)
	s.state.put(c)
	s.tell("charge.failed", wireCharge(p))
	s.tell("payment_intent.payment_failed", wireIntent(p))
}

// succeed moves the money of a payment.
func (s *Stripe) succeed(p *intent) {
	late := p.Status == "processing"
	if !late {
		p.Charge = newID("ch")
	}
	p.Status, p.SettleAt = "succeeded", 0
	c := s.state.Sessions[p.Session]
	c.Status, c.PaymentStatus, c.URL, c.Note = "complete", "paid", "", ""
	s.state.put(p)
	s.state.put(c)
	s.tell("charge.succeeded", wireCharge(p))
	s.tell("payment_intent.succeeded", wireIntent(p))
	if late {
		s.tell("checkout.session.async_payment_succeeded", wireSession(c))
	} else {
		s.tell("checkout.session.completed", wireSession(c))
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
		result, p.Status = Declined, "requires_payment_method"
		p.Problem = problem{Code: "payment_intent_authentication_failure", Message: "The payment was not authenticated. Choose another way to pay and try again."}
		c.Note = p.Problem.Message
		s.state.put(p)
		s.state.put(c)
		s.tell("payment_intent.payment_failed", wireIntent(p))
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
	s.decline(p, bankRefused)
	s.tell("checkout.session.async_payment_failed", wireSession(s.state.Sessions[p.Session]))
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
	p := c.state.Intents[c.id]
	if p == nil {
		return nil, missing("payment_intent", "intent", c.id)
	}
	return wireIntent(p), nil
}

func listIntents(c *call) (any, error) {
	return listed(c, "payment_intent", newest(c.state.Intents, func(p *intent) int64 { return p.Created }), func(p *intent) string { return p.ID },
		func(p *intent) int64 { return p.Created }, func(*intent) bool { return true }, wireIntent)
}

// charged is the payment whose last attempt is a charge; nil: none.
func (s *Stripe) charged(charge string) *intent {
	for _, p := range s.state.Intents {
		if p.Charge == charge && charge != "" {
			return p
		}
	}
	return nil
}

func getCharge(c *call) (any, error) {
	p := c.charged(c.id)
	if p == nil {
		return nil, missing("charge", "charge", c.id)
	}
	return wireCharge(p), nil
}

func listCharges(c *call) (any, error) {
	payment := c.text("payment_intent", 200)
	return listed(c, "charge", newest(c.state.Intents, func(p *intent) int64 { return p.Created }), func(p *intent) string { return p.Charge },
		func(p *intent) int64 { return p.Created },
		func(p *intent) bool { return p.Charge != "" && (payment == "" || p.ID == payment) }, wireCharge)
}

// methodID is the payment method of the last attempt.
func (p *intent) methodID() any {
	if p.Charge == "" && p.Status != "requires_action" {
		return nil
	}
	return "pm_" + strings.TrimPrefix(p.ID, "pi_")
}

// wireIntent is a payment intent as the API shows it.
func wireIntent(p *intent) object {
	var action, failure, canceled, why any
	received, method := int64(0), p.methodID()
	switch p.Status {
	case "succeeded":
		received = p.Amount
	case "requires_action":
		action = object{"type": "use_stripe_sdk", "use_stripe_sdk": object{}}
	case "requires_payment_method":
		method = nil
	case "canceled":
		canceled, why, method = p.CanceledAt, "expired", nil
	}
	if p.Problem.Code != "" && p.Status != "succeeded" {
		f := object{"code": p.Problem.Code, "doc_url": "https://stripe.com/docs/error-codes/" + p.Problem.Code, "message": p.Problem.Message, "type": "card_error"}
		if p.Problem.Bank != "" {
			f["decline_code"] = p.Problem.Bank
		}
		if p.Charge != "" {
			f["charge"] = p.Charge
		}
		failure = f
	}
	return object{
		"id": p.ID, "object": "payment_intent", "amount": p.Amount, "amount_capturable": 0, "amount_details": object{"tip": object{}}, "amount_received": received,
		"application": nil, "application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": canceled, "cancellation_reason": why,
		"capture_method": "automatic_async", "client_secret": p.ID + "_secret_" + strings.TrimPrefix(p.Session, "cs_test_"), "confirmation_method": "automatic",
		"created": p.Created, "currency": p.Currency, "customer": nil, "customer_account": nil, "description": orNull(p.Description),
		"excluded_payment_method_types": nil, "last_payment_error": failure, "latest_charge": orNull(p.Charge), "livemode": false,
		"metadata": orEmpty(p.Metadata), "next_action": action, "on_behalf_of": nil, "payment_method": method, "payment_method_configuration_details": nil,
		"payment_method_options": object{}, "payment_method_types": []string{"card", debitOf(p.Currency)}, "processing": nil,
		"receipt_email": orNull(p.Email), "review": nil, "setup_future_usage": nil, "shipping": nil, "statement_descriptor": nil,
		"statement_descriptor_suffix": nil, "status": p.Status, "transfer_data": nil, "transfer_group": nil,
	}
}

// wireCharge is the last charge of a payment as the API shows it.
func wireCharge(p *intent) object {
	status := map[string]string{"succeeded": "succeeded", "processing": "pending"}[p.Status]
	paid, captured := status == "succeeded", int64(0)
	outcome := object{
		"advice_code": nil, "network_advice_code": nil, "network_decline_code": nil, "network_status": "approved_by_network", "reason": nil,
		"risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized",
	}
	var code, message any
	if paid {
		captured = p.Amount
	} else if status == "" {
		status, code, message = "failed", p.Problem.Code, p.Problem.Message
		outcome["network_status"], outcome["type"], outcome["reason"] = "declined_by_network", "issuer_declined", orNull(p.Problem.Bank)
		outcome["seller_message"] = "The bank did not return any further details with this decline."
	}
	return object{
		"id": p.Charge, "object": "charge", "amount": p.Amount, "amount_captured": captured, "amount_refunded": p.Refunded, "application": nil,
		"application_fee": nil, "application_fee_amount": nil, "balance_transaction": nil,
		"billing_details": object{
			"address": object{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil},
			"email":   orNull(p.Email), "name": nil, "phone": nil, "tax_id": nil,
		},
		"calculated_statement_descriptor": "SOUK", "captured": paid, "created": p.Created, "currency": p.Currency, "customer": nil,
		"description": orNull(p.Description), "disputed": p.Disputed, "failure_balance_transaction": nil, "failure_code": code, "failure_message": message,
		"fraud_details": object{}, "livemode": false, "metadata": orEmpty(p.Metadata), "on_behalf_of": nil, "outcome": outcome, "paid": paid,
		"payment_intent": p.ID, "payment_method": p.methodID(), "payment_method_details": p.details(), "receipt_email": orNull(p.Email), "receipt_number": nil,
		"receipt_url": nil, "refunded": paid && p.Refunded == p.Amount, "review": nil, "shipping": nil, "source_transfer": nil,
		"statement_descriptor": nil, "statement_descriptor_suffix": nil, "status": status, "transfer_data": nil, "transfer_group": nil,
	}
}

// details is how Stripe describes what paid.
func (p *intent) details() object {
	switch p.Method {
	case "sepa_debit":
		return object{"type": p.Method, p.Method: object{
			"bank_code": "37040044", "branch_code": "", "country": "DE", "fingerprint": "standin3000", "last4": "3000", "mandate": nil,
		}}
	case "us_bank_account":
		return object{"type": p.Method, p.Method: object{
			"account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK", "fingerprint": "standin6789", "last4": "6789",
			"payment_reference": nil, "routing_number": "110000000",
		}}
	}
	last := p.Card[max(0, len(p.Card)-4):]
	var secure any
	if p.Card == CardChallenge {
		secure = object{
			"authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": nil, "result": "authenticated",
			"result_reason": nil, "transaction_id": "standin" + strings.TrimPrefix(p.ID, "pi_"), "version": "2.2.0",
		}
	}
	unavailable := object{"status": "unavailable"}
	return object{"type": "card", "card": object{
		"amount_authorized": p.Amount, "authorization_code": nil, "brand": "visa",
		"checks":  object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
		"country": "US", "exp_month": 12, "exp_year": 2034, "extended_authorization": object{"status": "disabled"}, "fingerprint": "standin" + last,
		"funding": "credit", "incremental_authorization": unavailable, "installments": nil, "last4": last, "mandate": nil, "multicapture": unavailable,
		"network": "visa", "network_token": object{"used": false}, "network_transaction_id": nil,
		"overcapture":      object{"maximum_amount_capturable": p.Amount, "status": "unavailable"},
		"regulated_status": "unregulated", "three_d_secure": secure, "wallet": nil,
	}}
}
