package stripe

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// way is something to pay with.
type way struct{ Card, Name, Does string }

var ways = []way{
	{CardPays, "4242 4242 4242 4242", "pays at once"},
	{CardDeclined, "4000 0000 0000 0002", "is declined"},
	{CardInsufficient, "4000 0000 0000 9995", "lacks the funds"},
	{CardChallenge, "4000 0025 0000 3155", "asks for 3-D Secure"},
	{CardDisputed, "4000 0000 0000 0259", "pays, and is disputed"},
	{CardSlowRefund, "4000 0000 0000 7726", "pays; refunds take a minute"},
	{CardBadRefund, "4000 0000 0000 5126", "pays; refunds fail later"},
	{BankPays, "Bank debit", "pays in a minute"},
	{BankFails, "Bank debit", "fails in a minute"},
}

func isWay(card string) bool {
	return slices.ContainsFunc(ways, func(w way) bool { return w.Card == card })
}

// ways are those that the shop takes.
func (s *session) ways() []way {
	return slices.DeleteFunc(slices.Clone(ways), func(w way) bool { return !s.takes(methodOf(w.Card)) })
}

type land struct{ Code, Name string }

// lands are where buyers can be, for the tax: see taxRates.
var lands = []land{{"DE", "Germany"}, {"FR", "France"}, {"JP", "Japan"}, {"GB", "United Kingdom"}, {"US", "United States"}}

// payView is what the page of a session shows.
type payView struct {
	session // as it would be paid now
	Until   time.Time
	Step    string // pay, challenge, paid, processing, failed, expired
	Shop    string // the host that the buyer comes from
	Card    string // that was chosen; only ever one of the test cards
	Problem string // with the card number, or with the country
	Field   string // that Problem is about; empty: the payment
	Ways    []way
	Lands   []land
}

// Rate is the tax of a country, in per cent.
func (v payView) Rate(country string) int64 { return taxRates[country] }

// Back is where the page leads when it is done, or its session is over.
func (v payView) Back() string {
	if v.Step == "expired" {
		return v.CancelURL
	}
	return v.success()
}

// payView reads the session of a page as the form that was sent, if any, would pay it.
func (s *Stripe) payView(r *http.Request) (v payView, err error) {
	err = s.change(r.Context(), func() error {
		c := s.state.Sessions[r.PathValue("session")]
		if c == nil {
			return errNoPage
		}
		v = payView{session: *c, Ways: c.ways(), Lands: lands, Problem: c.Note, Until: time.Unix(c.Expires, 0)}
		if p := s.state.Intents[c.Intent]; p != nil && p.Status != "succeeded" {
			v.Step = map[string]string{"requires_action": "challenge", "processing": "processing", "requires_payment_method": "failed"}[p.Status]
		}
		return nil
	})
	if typed := cardOf(r.PostForm.Get("card")); isWay(typed) {
		v.Card = typed
	}
	switch {
	case v.Status == "expired":
		v.Step = "expired"
	case v.PaymentStatus == "paid":
		v.Step = "paid"
	case v.Status == "open" && v.Step != "challenge":
		v.Step = "pay"
	}
	if v.Status == "open" {
		v.addTax(s.country(cmp.Or(landOf(r), v.Country)))
	}
	if u, err := url.Parse(v.SuccessURL); err == nil {
		v.Shop = u.Host
	}
	return v, err
}

// success is where a buyer goes who has paid.
func (s *session) success() string {
	return strings.ReplaceAll(s.SuccessURL, "{CHECKOUT_SESSION_ID}", s.ID)
}

func (s *Stripe) showPayPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.payView(r)
	if err == nil {
		v.render(w, http.StatusOK)
	}
	return err
}

var plainOrigin = regexp.MustCompile(`^https?://[A-Za-z0-9.:\[\]-]+$`)

// render shows the page. Its form leads to the shop, which a browser must be told.
func (v payView) render(w http.ResponseWriter, status int) {
	origin := ""
	if u, err := url.Parse(v.SuccessURL); err == nil && plainOrigin.MatchString(u.Scheme+"://"+u.Host) {
		origin = u.Scheme + "://" + u.Host
	}
	pages.Render(w, status, "pay.html", origin, v)
}

// cardOf is a card number without the spaces that people type.
func cardOf(text string) string { return strings.Join(strings.Fields(text), "") }

// landOf is the country of a form, or empty if it has none of those on the list.
func landOf(r *http.Request) string {
	country := r.PostForm.Get("country")
	if slices.ContainsFunc(lands, func(l land) bool { return l.Code == country }) {
		return country
	}
	return ""
}

// payOnPage does what the form asks: it pays with the card, or with the one whose button was pressed, or answers the 3-D Secure
// question.
func (s *Stripe) payOnPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.payView(r)
	if err != nil {
		return err
	}
	form := r.PostForm
	card := cardOf(cmp.Or(form.Get("use"), form.Get("card")))
	status := http.StatusUnprocessableEntity
	switch answer, total := form.Get("challenge"), form.Get("total"); {
	case v.Status != "open":
		return s.answerPaid(w, r, "", ErrNotOpen)
	case answer == "complete" || answer == "fail":
		result, err := s.Challenge(r.Context(), v.ID, answer == "complete")
		return s.answerPaid(w, r, result, err)
	case landOf(r) == "" && form.Get("country") != "":
		v.Problem, v.Field = "Choose a country from the list.", "country"
	case card == "":
		v.Problem, v.Field = "Enter the number of a test card, or choose one below.", "card"
	case !isWay(card):
		v.Problem, v.Field = "This is not the number of a test card. Only those below work here; nothing was charged or kept.", "card"
	case total != "" && total != strconv.FormatInt(v.Total, 10):
		v.Problem, v.Field = "With the country the tax has changed: the total is now "+amount(v.Total, v.Currency)+". Pay again if you agree.", "country"
		status = http.StatusConflict
	default:
		result, err := s.Pay(r.Context(), v.ID, card, landOf(r))
		return s.answerPaid(w, r, result, err)
	}
	v.render(w, status)
	return nil
}

// answerPaid leads on from an attempt to pay.
func (s *Stripe) answerPaid(w http.ResponseWriter, r *http.Request, result Result, err error) error {
	if err != nil && !errors.Is(err, ErrNotOpen) && !errors.Is(err, ErrNotPossible) {
		return err
	}
	v, err := s.payView(r)
	switch {
	case err != nil:
		return err
	case v.Status == "complete": // by this attempt, or by one at the same time
		http.Redirect(w, r, v.success(), http.StatusSeeOther)
	case result == Challenged:
		http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	case result == Declined:
		v.render(w, http.StatusPaymentRequired)
	default:
		v.render(w, http.StatusConflict)
	}
	return nil
}
