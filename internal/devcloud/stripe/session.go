package stripe

import (
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"strings"
)

var (
	sessionParams = []string{
		"mode", "success_url", "cancel_url", "client_reference_id", "customer_email", "expires_at", "metadata[]", "automatic_tax[enabled]",
		"payment_method_types[]", "locale", "expand[]", "payment_intent_data[metadata][]",
		"payment_intent_data[description]", "payment_intent_data[receipt_email]", "line_items[][quantity]", "line_items[][price_data][currency]",
		"line_items[][price_data][unit_amount]", "line_items[][price_data][product_data][name]", "line_items[][price_data][product_data][description]",
		"line_items[][price_data][tax_behavior]", "adaptive_pricing[enabled]", "submit_type",
	}
	sessionNumbers = []string{"expires_at", "line_items[][quantity]", "line_items[][price_data][unit_amount]"}
)

const (
	maxLines  = 100
	minExpiry = 30 * 60
	maxExpiry = 24 * 60 * 60
	maxAmount = 99_999_999
	taxRate   = 19 // per cent, where a rate is known: see taxRates
)

// taxRates are made up but for their places: per cent, by the buyer's country.
var taxRates = map[string]int64{"DE": taxRate, "FR": 20, "GB": 20, "US": 0, "JP": 10}

// three are the currencies with three decimals, which Stripe takes in steps of ten.
var three = map[string]bool{"bhd": true, "jod": true, "kwd": true, "omr": true, "tnd": true}

func createSession(c *call) (any, error) {
	now := unix(c.o.Now())
	s := &session{
		ID: newID("cs_test"), Status: "open", PaymentStatus: "unpaid", ClientReference: c.text("client_reference_id"), Email: c.text("customer_email"),
		SuccessURL: c.text("success_url"), CancelURL: c.text("cancel_url"), Created: now, Expires: now + maxExpiry, AutomaticTax: c.text("automatic_tax[enabled]") == "true",
	}
	s.URL = c.o.Origin + Prefix + "/pay/" + s.ID
	if c.form.Has("expires_at") {
		s.Expires = c.number("expires_at")
	}
	var err error
	if s.Metadata, err = c.metadata("metadata"); err != nil {
		return nil, err
	}
	if s.IntentMetadata, err = c.metadata("payment_intent_data[metadata]"); err != nil {
		return nil, err
	}
	if err := c.readLines(s); err != nil {
		return nil, err
	}
	switch {
	case c.text("mode") != "payment":
		return nil, invalid("", "mode", "The stand-in knows mode=payment alone")
	case !isURL(s.SuccessURL):
		return nil, invalid("url_invalid", "success_url", "Not a valid URL")
	case s.CancelURL != "" && !isURL(s.CancelURL):
		return nil, invalid("url_invalid", "cancel_url", "Not a valid URL")
	case len(s.ClientReference) > 200:
		return nil, invalid("", "client_reference_id", "At most 200 characters")
	case s.Expires < now+minExpiry || s.Expires > now+maxExpiry:
		return nil, invalid("", "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	case s.Email != "" && !isEmail(s.Email):
		return nil, invalid("email_invalid", "customer_email", "Invalid email address: %s", s.Email)
	case len(s.Lines) == 0:
		return nil, invalid("parameter_missing", "line_items", "Missing required param: line_items.")
	case s.Subtotal < 1 || s.Subtotal > maxAmount:
		return nil, invalid("amount_too_small", "", "The Checkout Session's total amount must be 1 to %d", maxAmount)
	}
	c.state.put(s)
	return wireSession(c, s), nil
}

// Total is what a line costs.
func (l line) Total() int64 { return l.UnitAmount * l.Quantity }

// readLines reads what is sold, and sums it up.
func (c *call) readLines(s *session) error {
	for n := range maxLines + 1 {
		at := fmt.Sprintf("line_items[%d]", n)
		price := at + "[price_data]"
		if !c.form.Has(price + "[currency]") {
			if c.form.Has(at + "[quantity]") {
				return invalid("parameter_missing", price+"[currency]", "Missing required param: %s[currency].", price)
			}
			return nil
		}
		l := line{Name: c.text(price + "[product_data][name]"), UnitAmount: c.number(price + "[unit_amount]"), Quantity: c.number(at + "[quantity]")}
		currency := strings.ToLower(c.text(price + "[currency]"))
		switch {
		case n == maxLines:
			return invalid("", "line_items", "At most %d line items", maxLines)
		case len(currency) != 3 || s.Currency != "" && currency != s.Currency:
			return invalid("", price+"[currency]", "Invalid currency: %s", currency)
		case l.Name == "" || len([]rune(l.Name)) > 250:
			return invalid("parameter_missing", price+"[product_data][name]", "A name of 1 to 250 characters is required")
		case !c.form.Has(price+"[unit_amount]") || l.UnitAmount < 0 || l.UnitAmount > maxAmount:
			return invalid("parameter_invalid_integer", price+"[unit_amount]", "Invalid unit_amount")
		case three[currency] && l.UnitAmount%10 != 0:
			return invalid("", price+"[unit_amount]", "Amounts in %s must be a multiple of 10", currency)
		case l.Quantity < 1 || l.Quantity > 999_999:
			return invalid("parameter_invalid_integer", at+"[quantity]", "Invalid quantity")
		}
		s.Currency = currency
		s.Lines = append(s.Lines, l)
		if s.Subtotal += l.Total(); s.Subtotal > maxAmount {
			return invalid("amount_too_large", "line_items", "The total is more than %d", maxAmount)
		}
		s.Total = s.Subtotal
	}
	return nil
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && strings.Contains(text[strings.LastIndex(text, "@"):], ".")
}

// addTax adds the tax of the buyer's country, if the session is to have one.
func (s *session) addTax(country string) {
	s.Country, s.Tax = country, 0
	if s.AutomaticTax {
		s.Tax = (s.Subtotal*taxRates[country] + 50) / 100
		if three[s.Currency] {
			s.Tax -= s.Tax % 10
		}
	}
	s.Total = s.Subtotal + s.Tax
}

func (c *call) session() (*session, error) {
	s := c.state.Sessions[c.r.PathValue("id")]
	if s == nil {
		return nil, missing("checkout.session", c.r.PathValue("id"))
	}
	return s, nil
}

func getSession(c *call) (any, error) {
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	return wireSession(c, s), nil
}

func listSessions(c *call) (any, error) {
	all := newest(c.state.Sessions, func(s *session) int64 { return s.Created })
	some := all[:0]
	for _, s := range all {
		if (c.text("payment_intent") == "" || s.Intent == c.text("payment_intent")) && (c.text("status") == "" || s.Status == c.text("status")) {
			some = append(some, s)
		}
	}
	return page(c, some, func(s *session) string { return s.ID }, func(s *session) int64 { return s.Created }, func(s *session) any { return wireSession(c, s) })
}

func expireSession(c *call) (any, error) {
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	if s.Status != "open" {
		return nil, invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", s.Status)
	}
	c.expire(s)
	return wireSession(c, s), nil
}

func (s *Stripe) expire(c *session) {
	c.Status, c.URL = "expired", ""
	s.state.put(c)
	s.tell("checkout.session.expired", wireSession(nil, c))
}

// wireSession is a session as the API shows it. c may be nil: nothing is expanded.
func wireSession(c *call, s *session) object {
	var intentOf, address any = nil, nil
	if s.Intent != "" {
		intentOf = s.Intent
		if c != nil && (c.expands("payment_intent") || c.expands("data.payment_intent")) {
			intentOf = wireIntent(c, c.state.Intents[s.Intent])
		}
	}
	if s.Country != "" {
		address = object{"city": nil, "country": s.Country, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
	}
	var details any
	if s.Email != "" || s.Country != "" {
		details = object{"address": address, "business_name": nil, "email": orNull(s.Email), "individual_name": nil, "name": nil, "phone": nil, "tax_exempt": "none", "tax_ids": []any{}}
	}
	taxStatus := any(nil)
	if s.AutomaticTax {
		taxStatus = "requires_location_inputs"
		if s.Country != "" {
			taxStatus = "complete"
		}
	}
	return object{
		"id": s.ID, "object": "checkout.session", "adaptive_pricing": object{"enabled": false}, "after_expiration": nil, "allow_promotion_codes": nil,
		"amount_subtotal": s.Subtotal, "amount_total": s.Total, "automatic_tax": object{"enabled": s.AutomaticTax, "liability": nil, "provider": nil, "status": taxStatus},
		"billing_address_collection": nil, "cancel_url": orNull(s.CancelURL), "client_reference_id": orNull(s.ClientReference), "client_secret": nil,
		"collected_information": nil, "consent": nil, "consent_collection": nil, "created": s.Created, "currency": s.Currency, "currency_conversion": nil,
		"custom_fields": []any{}, "custom_text": object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"customer": nil, "customer_account": nil, "customer_creation": "if_required", "customer_details": details, "customer_email": orNull(s.Email), "discounts": []any{},
		"expires_at": s.Expires, "invoice": nil, "invoice_creation": nil, "livemode": false, "locale": nil, "metadata": orEmpty(s.Metadata), "mode": "payment",
		"origin_context": nil, "payment_intent": intentOf, "payment_link": nil, "payment_method_collection": "if_required",
		"payment_method_configuration_details": nil, "payment_method_options": object{}, "payment_method_types": []any{"card", "us_bank_account"},
		"payment_status": s.PaymentStatus, "permissions": nil, "phone_number_collection": object{"enabled": false}, "recovered_from": nil,
		"saved_payment_method_options": nil, "setup_intent": nil, "shipping_address_collection": nil, "shipping_cost": nil, "shipping_options": []any{},
		"status": s.Status, "submit_type": nil, "subscription": nil, "success_url": s.SuccessURL,
		"total_details": object{"amount_discount": 0, "amount_shipping": 0, "amount_tax": s.Tax}, "ui_mode": "hosted_page", "url": orNull(s.URL), "wallet_options": nil,
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}
