package fapi

import (
	"cmp"
	_ "embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/devcloud/clerk"
)

// payer is what is kept of a user who pays.
type payer struct {
	Methods   []*method   // oldest first
	Default   string      // the id of the method that renewals are charged to, and that a checkout offers
	Checkouts []*checkout // oldest first
}

// method is a card.
type method struct {
	ID        string
	Card      string // the key in cards
	Month     int    // of its end
	Year      int
	CreatedAt time.Time
}

// testCard is a card of Stripe's that no money is behind: https://docs.stripe.com/testing
type testCard struct {
	brand, last4 string
	declines     bool // always
	fails        bool // after the checkout, when a plan is renewed
}

// cards are the payment tokens that stripe.js makes of numbers, which have the names of Stripe's payment methods for tests.
var cards = map[string]testCard{
	"pm_card_visa":               {brand: "visa", last4: "4242"},
	"pm_card_mastercard":         {brand: "mastercard", last4: "4444"},
	"pm_card_amex":               {brand: "amex", last4: "0005"},
	"pm_card_chargeDeclined":     {brand: "visa", last4: "0002", declines: true},
	"pm_card_chargeCustomerFail": {brand: "visa", last4: "0341", fails: true},
}

//go:embed stripe.js
var stripeJS []byte

// stripeScript serves what takes the place of https://js.stripe.com/v3.
func stripeScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(stripeJS) // the browser may be gone
}

const maxCheckouts = 20 // of a payer; the oldest is forgotten

// payer is what is kept of the user, made when there is nothing.
func (c *call) payer(userID string) *payer {
	p := c.payers[userID]
	if p == nil {
		p = &payer{}
		c.payers[userID] = p
	}
	c.keep("payer", userID, p)
	return p
}

func (p *payer) method(id string) *method {
	for _, m := range p.Methods {
		if m.ID == id {
			return m
		}
	}
	return nil
}

func (c *call) methods() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	all := []any{}
	if p := c.payers[user.ID]; p != nil {
		for _, m := range p.Methods {
			all = append(all, p.methodJSON(m))
		}
	}
	return cut(c, all), nil
}

func (p *payer) methodJSON(m *method) map[string]any {
	return map[string]any{
		"object": "commerce_payment_method", "id": m.ID, "payment_type": "card", "card_type": cards[m.Card].brand, "last4": cards[m.Card].last4,
		"is_default": m.ID == p.Default, "is_removable": true, "status": "active", "wallet_type": nil, "expiry_month": m.Month, "expiry_year": m.Year,
		"created_at": clerk.Milliseconds(m.CreatedAt), "updated_at": clerk.Milliseconds(m.CreatedAt),
	}
}

func (c *call) initializeMethod() (any, error) {
	if _, _, err := c.me(); err != nil {
		return nil, err
	}
	return map[string]any{
		"object": "commerce_payment_method_initialize", "id": newID("cpmi"), "external_client_secret": newID("seti") + "_secret_dev", "external_gateway_id": "acct_dev",
		"payment_method_order": []string{"card"},
	}, nil
}

// newMethod is the card of the request, not yet kept: the token of stripe.js is the card's name, a dot, and the month and the year of
// its end, as in pm_card_visa.1230.
func (c *call) newMethod() (*method, error) {
	token := c.text("payment_token")
	if c.form.Get("use_test_card") == "true" {
		token = "pm_card_visa.1144"
	}
	if c.text("gateway") != "stripe" {
		return nil, unprocessable("form_param_value_invalid", "The only gateway is stripe.", "gateway")
	}
	name, end, _ := strings.Cut(token, ".")
	_, known := cards[name]
	month, year := 0, 0
	if len(end) == 4 {
		month, _ = strconv.Atoi(end[:2])
		year, _ = strconv.Atoi(end[2:])
	}
	if !known || month < 1 || month > 12 || year < 1 {
		return nil, unprocessable("form_param_value_invalid", "There is no such test card.", "payment_token")
	}
	m := &method{ID: newID("cpm"), Card: name, Month: month, Year: 2000 + year, CreatedAt: c.now}
	if !time.Date(m.Year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC).After(c.now) {
		return nil, &problem{http.StatusUnprocessableEntity, "expired_card", "Your card has expired.", ""}
	}
	return m, nil
}

// kept is the same card where it is kept already, with the end that was given last.
func (p *payer) kept(m *method) *method {
	for _, old := range p.Methods {
		if old.Card == m.Card {
			old.Month, old.Year = m.Month, m.Year
			return old
		}
	}
	return m
}

// add keeps a card, the same one once.
func (p *payer) add(m *method) {
	if !slices.Contains(p.Methods, m) {
		p.Methods = append(p.Methods, m)
	}
	p.Default = cmp.Or(p.Default, m.ID)
}

func (c *call) addMethod() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	m, err := c.newMethod()
	if err != nil {
		return nil, err
	}
	if cards[m.Card].declines {
		return nil, errDeclined
	}
	p := c.payer(user.ID)
	m = p.kept(m)
	p.add(m)
	return p.methodJSON(m), c.charge(user.ID, p)
}

// charge has the instance charge renewals to the default card. Who has taken the last one away can pay no more.
func (c *call) charge(userID string, p *payer) error {
	if m := p.method(p.Default); m != nil {
		return c.in.SetCard(userID, cardOf(m, cards[m.Card].fails))
	}
	user, _ := c.in.User(userID)
	if user.Card == nil {
		return nil
	}
	gone := *user.Card
	gone.Declines = true
	return c.in.SetCard(userID, &gone)
}

func cardOf(m *method, declines bool) *clerk.Card {
	return &clerk.Card{ID: m.ID, Brand: cards[m.Card].brand, Last4: cards[m.Card].last4, Declines: declines}
}

func (c *call) removeMethod() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	p := c.payer(user.ID)
	m := p.method(c.r.PathValue("id"))
	if m == nil {
		return nil, errMissing
	}
	p.Methods = slices.DeleteFunc(p.Methods, func(other *method) bool { return other == m })
	if p.Default == m.ID {
		p.Default = ""
		if n := len(p.Methods); n > 0 {
			p.Default = p.Methods[n-1].ID
		}
	}
	return map[string]any{"object": "commerce_payment_method", "id": m.ID, "deleted": true}, c.charge(user.ID, p)
}

func (c *call) defaultMethod() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	p := c.payer(user.ID)
	m := p.method(c.text("payment_method_id"))
	if m == nil {
		return nil, errMissing
	}
	p.Default = m.ID
	return p.methodJSON(m), c.charge(user.ID, p)
}
