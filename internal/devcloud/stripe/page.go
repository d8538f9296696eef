package stripe

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"souk/internal/httpx"
	"souk/internal/money"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"amount": amount, "when": when, "upper": strings.ToUpper}).ParseFS(files, "pages/*.html"))

// amount is money of Stripe's in the currency's own form, such as 12.50 USD.
func amount(n int64, currency string) string {
	code := strings.ToUpper(currency)
	switch code { // https://docs.stripe.com/currencies#special-cases
	case "ISK", "UGX":
		n /= 100
	case "MGA":
		n *= 100
	}
	return money.Format(n, code) + " " + code
}

const pagePolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pageRoutes are the pages for people. A form of another site is refused.
func (s *Stripe) pageRoutes(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	page := func(pattern string, do func(w http.ResponseWriter, r *http.Request)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+Prefix+path, guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			httpx.NameRoute(r, Prefix+strings.TrimSuffix(path, "{$}"))
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			do(w, r)
		})))
	}
	style, _ := files.ReadFile("pages/stripe.css") // embedded: it is there
	mux.Handle("GET "+Prefix+"/stripe.css", httpx.Static("text/css; charset=utf-8", style))
	page("GET /pay/{id}", s.payPage)
	page("POST /pay/{id}", s.payForm)
	s.controlRoutes(page)
}

// show answers with a page.
func show(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, view); err != nil {
		httpx.WriteProblem(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the client may be gone
}

// testCard is a way to pay that the page offers.
type testCard struct{ Number, Name, What string }

var testCards = []testCard{
	{CardPays, "4242 4242 4242 4242", "pays"},
	{CardDeclined, "4000 0000 0000 0002", "is declined"},
	{CardInsufficient, "4000 0000 0000 9995", "is declined: insufficient funds"},
	{CardChallenge, "4000 0025 0000 3155", "asks for 3-D Secure"},
	{BankPays, "Bank debit", "takes a minute, then works"},
	{BankFails, "Bank debit without funds", "takes a minute, then fails"},
}

var countries = []struct{ Code, Name string }{{"DE", "Germany"}, {"FR", "France"}, {"GB", "United Kingdom"}, {"JP", "Japan"}, {"US", "United States"}}

type payView struct {
	ID, Status, Currency string
	Lines                []line
	Subtotal, Tax, Total int64
	AskTax, Challenge    bool
	Email, Fault, Typed  string
	Country              string
	Cards                []testCard
	Countries            any
	CancelURL, BackURL   string
}

func (s *Stripe) viewOf(id string) (v payView, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	c := s.state.Sessions[id]
	if c == nil {
		return v, false
	}
	v = payView{
		ID: c.ID, Status: c.Status, Currency: c.Currency, Lines: slices.Clone(c.Lines), Subtotal: c.Subtotal, Tax: c.Tax, Total: c.Total,
		AskTax: c.AutomaticTax, Email: c.Email, Fault: c.Note, Cards: testCards, Countries: countries, Country: c.Country, CancelURL: c.CancelURL,
		BackURL: strings.ReplaceAll(c.SuccessURL, "{CHECKOUT_SESSION_ID}", c.ID),
	}
	if p := s.state.Intents[c.Intent]; p != nil && p.Status == "requires_action" {
		v.Challenge = true
	}
	return v, true
}

func (s *Stripe) payPage(w http.ResponseWriter, r *http.Request) {
	v, found := s.viewOf(r.PathValue("id"))
	if !found {
		show(w, r, http.StatusNotFound, "pay.html", payView{Status: "unknown"})
		return
	}
	show(w, r, http.StatusOK, "pay.html", v)
}

// payForm pays, or answers the 3-D Secure question.
func (s *Stripe) payForm(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return
	}
	var result Result
	var err error
	card := strings.Join(strings.Fields(r.PostForm.Get("card")), "")
	switch {
	case r.PostForm.Has("challenge"):
		result, err = s.Challenge(r.Context(), id, r.PostForm.Get("challenge") == "complete")
	case slices.ContainsFunc(testCards, func(c testCard) bool { return c.Number == card }):
		result, err = s.Pay(r.Context(), id, card, r.PostForm.Get("country"))
	default:
		err = ErrCardUnknown
	}
	v, found := s.viewOf(id)
	switch {
	case !found:
		show(w, r, http.StatusNotFound, "pay.html", payView{Status: "unknown"})
	case errors.Is(err, ErrCardUnknown):
		v.Typed, v.Fault = card, "Type one of the test cards below, or choose one. Real cards are not taken."
		show(w, r, http.StatusUnprocessableEntity, "pay.html", v)
	case err != nil: // it was paid, or expired, just now
		show(w, r, http.StatusConflict, "pay.html", v)
	case result == Succeeded || result == Processing:
		http.Redirect(w, r, v.BackURL, http.StatusSeeOther)
	case result == Challenged:
		http.Redirect(w, r, Prefix+"/pay/"+id, http.StatusSeeOther)
	default:
		show(w, r, http.StatusPaymentRequired, "pay.html", v)
	}
}
