package stripe

import (
	"cmp"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"souk/internal/money"
)

const (
	maxLines  = 100
	minExpiry = 30 * 60
	maxExpiry = 24 * 60 * 60
	maxAmount = 99_999_999
)

// taxRates are made up but for their places: per cent, by the buyer's country.
var taxRates = map[string]int64{"DE": 19, "FR": 20, "GB": 20, "US": 0, "JP": 10}

// debits are the bank debits that a session may ask for; the page shows one way for both.
var debits = []string{"us_bank_account", "sepa_debit"}

// locales are the languages of Stripe's page. The stand-in's speaks English.
var locales = []string{
	"", "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it", "ja",
	"ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
}

func createSession(c *call) (any, error) {
	now := unix(c.o.Now())
	s := &session{
		ID: newID("cs_test"), Status: "open", PaymentStatus: "unpaid", Created: now, Expires: c.number("expires_at", 0, always, now+maxExpiry),
		ClientReference: c.text("client_reference_id", 200), Email: c.email("customer_email"), Locale: c.choice("locale", locales...),
		SuccessURL: c.address("success_url"), CancelURL: c.address("cancel_url"), SubmitType: c.choice("submit_type", "", "auto", "book", "donate", "pay"),
		Metadata: c.metadata("metadata"), IntentMetadata: c.metadata("payment_intent_data[metadata]"), AutomaticTax: c.truth("automatic_tax[enabled]"),
		Description: c.text("payment_intent_data[description]", 1000), ReceiptEmail: c.email("payment_intent_data[receipt_email]"),
		Methods: c.texts("payment_method_types", 40),
	}
	s.URL = c.o.Origin + Prefix + "/pay/" + s.ID
	if !c.has("success_url") {
		c.wrong(invalid("parameter_missing", "success_url", "Missing required param: success_url."))
	}
	switch mode := c.choice("mode", "", "payment", "setup", "subscription"); mode {
	case "payment":
	case "":
		c.wrong(invalid("parameter_missing", "mode", "Missing required param: mode."))
	default:
		c.wrong(invalid("", "mode", "The stand-in sells once: mode must be payment, not %s.", short(mode)))
	}
	c.choice("ui_mode", "hosted_page")
	if c.truth("adaptive_pricing[enabled]") {
		c.wrong(invalid("", "adaptive_pricing[enabled]", "The stand-in has no prices in other currencies."))
	}
	for n, method := range s.Methods {
		if method != "card" && !slices.Contains(debits, method) {
			c.wrong(invalid("", fmt.Sprintf("payment_method_types[%d]", n), "The stand-in takes card, %s, not %s.", strings.Join(debits, ", "), short(method)))
		}
	}
	if s.Expires < now+minExpiry {
		c.wrong(invalid("", "expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."))
	} else if s.Expires > now+maxExpiry {
		c.wrong(invalid("", "expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."))
	}
	c.readLines(s)
	if err := c.done(); err != nil {
		return nil, err
	}
	if least := max(1, leastCharge[s.Currency]); s.Subtotal < least {
		return nil, invalid("amount_too_small", "", "The Checkout Session's total amount due must add up to at least %s", amount(least, s.Currency))
	}
	c.state.put(s)
	return wireSession(s), nil
}

// email reads an e-mail address, or nothing.
func (f *form) email(name string) string {
	text := f.text(name, 800)
	if text != "" && !isEmail(text) {
		f.wrong(invalid("email_invalid", name, "Invalid email address: %s", short(text)))
	}
	return text
}

// address reads a URL, or nothing.
func (f *form) address(name string) string {
	text := f.text(name, 5000)
	if u, err := url.Parse(text); text != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		f.wrong(invalid("url_invalid", name, "Not a valid URL"))
	}
	return text
}

// Total is what a line costs.
func (l line) Total() int64 { return l.UnitAmount * l.Quantity }

// readLines reads what is sold, and sums it up.
func (c *call) readLines(s *session) {
	items := c.items("line_items")
	if len(items) == 0 {
		c.wrong(invalid("parameter_missing", "line_items", "Missing required param: line_items."))
	}
	if len(items) > maxLines {
		c.wrong(invalid("", "line_items", "A session has at most %d line items.", maxLines))
		return
	}
	for _, item := range items {
		if c.has(item + "[price]") {
			c.wrong(missing("price", item+"[price]", c.text(item+"[price]", 200)))
		}
		price := item + "[price_data]"
		l := line{
			ID: newID("li"), Name: c.need(price+"[product_data][name]", 5000), UnitAmount: c.number(price+"[unit_amount]", 0, maxAmount, -1),
			Quantity: c.number(item+"[quantity]", 1, 1<<31, -1), TaxBehavior: c.choice(price+"[tax_behavior]", "unspecified", "exclusive", "inclusive"),
		}
		c.text(price+"[product_data][description]", 40_000)
		c.metadata(price + "[product_data][metadata]")
		if l.UnitAmount < 0 {
			c.wrong(invalid("parameter_missing", price+"[unit_amount]", "Missing required param: %s[unit_amount].", price))
		}
		if l.Quantity < 0 {
			c.wrong(invalid("parameter_missing", item+"[quantity]", "Quantity is required. Add `quantity` to `%s`.", item))
		}
		currency := strings.ToLower(c.need(price+"[currency]", 3))
		c.checkCurrency(price+"[currency]", currency)
		c.checkStep(price+"[unit_amount]", l.UnitAmount, currency)
		if s.Currency = cmp.Or(s.Currency, currency); s.Currency != currency {
			c.wrong(invalid("", price+"[currency]", "A session has one currency: %s and %s were given.", s.Currency, short(currency)))
		}
		total, err := money.Times(max(0, l.UnitAmount), max(0, l.Quantity))
		if err != nil || total > maxAmount-s.Subtotal {
			c.wrong(invalid("amount_too_large", "line_items", "The Checkout Session's total amount must be no more than %d.", maxAmount))
			return
		}
		s.Lines, s.Subtotal = append(s.Lines, l), s.Subtotal+total
	}
	s.Total = s.Subtotal
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && strings.Contains(text[strings.LastIndex(text, "@"):], ".")
}

// addTax adds the tax of the buyer's country, if the session is to have one: on top of the lines, or contained in those that say so.
func (s *session) addTax(country string) {
	s.Country, s.Tax, s.Total = country, 0, s.Subtotal
	if !s.AutomaticTax {
		return
	}
	rate, unit := taxRates[country], step(s.Currency)
	s.Lines = slices.Clone(s.Lines) // others may look at the same session without the tax
	for n := range s.Lines {
		l := &s.Lines[n]
		base := int64(100)
		if l.TaxBehavior == "inclusive" {
			base += rate
		}
		l.Tax = (l.Total()*rate + base/2) / base
		l.Tax -= l.Tax % unit
		s.Tax += l.Tax
		if l.TaxBehavior != "inclusive" {
			s.Total += l.Tax
		}
	}
}

// takes says that the shop lets a session be paid by a method, such as card.
func (s *session) takes(method string) bool {
	return len(s.Methods) == 0 || slices.Contains(s.Methods, method) || method != "card" && slices.ContainsFunc(s.Methods, isDebit)
}

func isDebit(method string) bool { return slices.Contains(debits, method) }

func (c *call) session() (*session, error) {
	s := c.state.Sessions[c.id]
	if s == nil {
		return nil, missing("checkout.session", "session", c.id)
	}
	return s, nil
}

func getSession(c *call) (any, error) {
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	return wireSession(s), nil
}

func listSessions(c *call) (any, error) {
	payment, status, email := c.text("payment_intent", 200), c.choice("status", "", "open", "complete", "expired"), c.text("customer_details[email]", 800)
	return listed(c, "checkout.session", newest(c.state.Sessions, func(s *session) int64 { return s.Created }), func(s *session) string { return s.ID },
		func(s *session) int64 { return s.Created },
		func(s *session) bool {
			return (payment == "" || s.Intent == payment) && (status == "" || s.Status == status) && (email == "" || s.Email == email)
		}, wireSession)
}

func listLines(c *call) (any, error) {
	limit, after := int(c.number("limit", 1, 100, 10)), c.text("starting_after", 200)
	if err := c.done(); err != nil {
		return nil, err
	}
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	return s.lines(1+slices.IndexFunc(s.Lines, func(l line) bool { return l.ID == after }), limit), nil
}

func expireSession(c *call) (any, error) {
	if err := c.done(); err != nil {
		return nil, err
	}
	s, err := c.session()
	if err != nil {
		return nil, err
	}
	if s.Status != "open" {
		return nil, refused("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`.", s.Status)
	}
	c.expire(s)
	return wireSession(s), nil
}

func (s *Stripe) expire(c *session) {
	c.Status, c.URL = "expired", ""
	s.state.put(c)
	if p := s.state.Intents[c.Intent]; p != nil {
		p.Status, p.CanceledAt = "canceled", unix(s.o.Now())
		s.state.put(p)
		s.tell("payment_intent.canceled", wireIntent(p))
	}
	s.tell("checkout.session.expired", wireSession(c))
}

// lines is the list of what a session sells, from a place on.
func (s *session) lines(from, limit int) object {
	rest := s.Lines[from:]
	data := []any{}
	for _, l := range rest[:min(limit, len(rest))] {
		total := l.Total()
		if l.TaxBehavior != "inclusive" {
			total += l.Tax
		}
		data = append(data, object{
			"id": l.ID, "object": "item", "adjustable_quantity": nil, "amount_discount": 0, "amount_subtotal": l.Total(), "amount_tax": l.Tax,
			"amount_total": total, "currency": s.Currency, "description": l.Name, "metadata": object{}, "quantity": l.Quantity,
			"price": object{
				"id": "price" + strings.TrimPrefix(l.ID, "li"), "object": "price", "active": false, "billing_scheme": "per_unit", "created": s.Created,
				"currency": s.Currency, "custom_unit_amount": nil, "livemode": false, "lookup_key": nil, "metadata": object{}, "nickname": nil,
				"product": "prod" + strings.TrimPrefix(l.ID, "li"), "recurring": nil, "tax_behavior": l.TaxBehavior, "tiers_mode": nil,
				"transform_quantity": nil, "type": "one_time", "unit_amount": l.UnitAmount, "unit_amount_decimal": fmt.Sprint(l.UnitAmount),
			},
		})
	}
	return object{"object": "list", "url": "/v1/checkout/sessions/" + s.ID + "/line_items", "has_more": len(rest) > limit, "data": data}
}

// wireSession is a session as the API shows it.
func wireSession(s *session) object {
	var address any
	if s.Country != "" {
		address = object{"city": nil, "country": s.Country, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
	}
	var details any
	if s.Email != "" || s.Country != "" {
		details = object{"address": address, "business_name": nil, "email": orNull(s.Email), "individual_name": nil, "name": nil, "phone": nil, "tax_exempt": "none", "tax_ids": []any{}}
	}
	tax := object{"enabled": s.AutomaticTax, "liability": nil, "provider": nil, "status": nil}
	if s.AutomaticTax {
		tax["liability"], tax["provider"], tax["status"] = object{"type": "self"}, "stripe", "requires_location_inputs"
		if s.Country != "" {
			tax["status"] = "complete"
		}
	}
	return object{
		"id": s.ID, "object": "checkout.session", "adaptive_pricing": object{"enabled": false}, "after_expiration": nil, "allow_promotion_codes": nil,
		"amount_subtotal": s.Subtotal, "amount_total": s.Total, "automatic_tax": tax,
		"billing_address_collection": nil, "cancel_url": orNull(s.CancelURL), "client_reference_id": orNull(s.ClientReference), "client_secret": nil,
		"collected_information": nil, "consent": nil, "consent_collection": nil, "created": s.Created, "currency": s.Currency, "currency_conversion": nil,
		"custom_fields": []any{}, "custom_text": object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"customer": nil, "customer_account": nil, "customer_creation": "if_required", "customer_details": details, "customer_email": orNull(s.Email), "discounts": []any{},
		"expires_at": s.Expires, "integration_identifier": nil, "invoice": nil, "invoice_creation": object{"enabled": false, "invoice_data": object{
			"account_tax_ids": nil, "custom_fields": nil, "description": nil, "footer": nil, "issuer": nil, "metadata": object{}, "rendering_options": nil,
		}}, "livemode": false, "locale": orNull(s.Locale), "metadata": orEmpty(s.Metadata), "mode": "payment",
		"origin_context": nil, "payment_intent": orNull(s.Intent), "payment_link": nil, "payment_method_collection": "if_required",
		"payment_method_configuration_details": nil, "payment_method_options": object{}, "payment_method_types": s.methods(),
		"payment_status": s.PaymentStatus, "permissions": nil, "phone_number_collection": object{"enabled": false}, "recovered_from": nil,
		"saved_payment_method_options": nil, "setup_intent": nil, "shipping_address_collection": nil, "shipping_cost": nil, "shipping_options": []any{},
		"status": s.Status, "submit_type": orNull(s.SubmitType), "subscription": nil, "success_url": s.SuccessURL,
		"total_details": object{"amount_discount": 0, "amount_shipping": 0, "amount_tax": s.Tax}, "ui_mode": "hosted_page", "url": orNull(s.URL), "wallet_options": nil,
	}
}

// methods are the payment method types of a session.
func (s *session) methods() []string {
	if len(s.Methods) == 0 {
		return []string{"card", debitOf(s.Currency)}
	}
	return s.Methods
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
