package stripe_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"souk/internal/devcloud/stripe"
)

// site is a stand-in with its pages, and a browser without a script.
type site struct {
	*stripe.Stripe
	t      *testing.T
	origin string
	now    time.Time
	got    []string // types of the webhooks that came
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.Handler().ServeHTTP(w, r) })
	mux.HandleFunc("POST /webhooks", func(_ http.ResponseWriter, r *http.Request) {
		var e struct{ Type string }
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		s.got = append(s.got, e.Type)
	})
	server := httptest.NewUnstartedServer(mux)
	s.origin = "http://" + server.Listener.Addr().String()
	var err error
	if s.Stripe, err = stripe.Open(stripe.Options{Origin: s.origin, Webhooks: []string{s.origin + "/webhooks"}, Now: func() time.Time { return s.now }}); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// told gives what webhooks came since it was asked last.
func (s *site) told() (types string) {
	s.t.Helper()
	if err := s.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	types, s.got = strings.Join(s.got, " "), nil
	return types
}

type answer struct {
	status         int
	location, body string
	header         http.Header
}

// send sends a form, or with nil asks for a page.
func (s *site) send(path string, form url.Values, header ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.origin+path, nil)
	if form != nil {
		r, err = http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.origin+path, strings.NewReader(form.Encode()))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(body), res.Header}
}

var sessionID = regexp.MustCompile(`cs_test_[A-Z0-9]+`)

// checkout makes a session, and gives its id and the path of its page.
func (s *site) checkout(currency string, unitAmount string, more ...string) (id, path string) {
	s.t.Helper()
	form := url.Values{
		"mode": {"payment"}, "success_url": {"http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}"}, "cancel_url": {"http://127.0.0.1:9/canceled"},
		"customer_email": {"buyer@example.test"}, "line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {currency},
		"line_items[0][price_data][unit_amount]": {unitAmount}, "line_items[0][price_data][product_data][name]": {"Book <script>"},
	}
	for n := 0; n < len(more); n += 2 {
		form.Set(more[n], more[n+1])
	}
	made := s.send("/v1/checkout/sessions", form, "Authorization", "Bearer "+s.SecretKey())
	if made.status != http.StatusOK {
		s.t.Fatalf("%d %s", made.status, made.body)
	}
	id = sessionID.FindString(made.body)
	return id, stripe.Prefix + "/pay/" + id
}

// is asserts what a page answered: its status, where it leads, and what is written on it.
func (a answer) is(t *testing.T, status int, location string, parts ...string) {
	t.Helper()
	if a.status != status || a.location != location {
		t.Fatalf("answered %d %q, want %d %q\n%s", a.status, a.location, status, location, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Fatalf("%q is not on the page:\n%s", part, a.body)
		}
	}
}

func TestAPageIsPaidWithAPlainForm(t *testing.T) {
	s := newSite(t)
	for _, card := range []string{stripe.CardPays, "4242 4242 4242 4242", " 4242\t424242424242 "} {
		id, path := s.checkout("usd", "1999")
		shown := s.send(path, nil)
		shown.is(t, 200, "", "Pay 19.99\u00a0USD", "Book &lt;script&gt;", "buyer@example.test", `<label for="card">`, `href="http://127.0.0.1:9/canceled"`)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http://127.0.0.1:9",
			"Cache-Control":           "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if got := shown.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		s.send(path, url.Values{"card": {card}}).is(t, 303, "http://127.0.0.1:9/done?session="+id)
		s.send(path, nil).is(t, 200, "", "This is paid", "http://127.0.0.1:9/done?session="+id)
		s.send(path, url.Values{"card": {card}}).is(t, 303, "http://127.0.0.1:9/done?session="+id)
	}
	if n := len(s.Payments()); n != 3 {
		t.Errorf("%d payments, want 3", n)
	}
}

func TestAPageSaysWhyACardDoesNotPay(t *testing.T) {
	s := newSite(t)
	_, path := s.checkout("usd", "1999")
	s.send(path, url.Values{"card": {stripe.CardDeclined}}).is(t, 402, "", "Your card was declined.", `role="alert"`, `<a href="#card">`, `placeholder="4242 4242 4242 4242" value="4000000000000002"`)
	s.send(path, url.Values{"use": {stripe.CardInsufficient}, "card": {""}}).is(t, 402, "", "insufficient funds.", "Error: ", `placeholder="4242 4242 4242 4242" value=""`)
	s.send(path, nil).is(t, 200, "", "insufficient funds.")
	s.send(path, url.Values{}).is(t, 422, "", "Enter the number of a test card", `aria-invalid="true"`, `aria-describedby="card-hint card-wrong"`)
	other := s.send(path, url.Values{"card": {"5105 1051 0510 5100"}})
	other.is(t, 422, "", "not the number of a test card")
	if strings.Contains(other.body, "5105") {
		t.Error("a number that may be a real card's is shown again")
	}
	s.send(path, url.Values{"card": {stripe.CardPays}}).is(t, 303, "http://127.0.0.1:9/done?session="+sessionID.FindString(path))
}

func TestAPageAsksFor3DSecure(t *testing.T) {
	s := newSite(t)
	id, path := s.checkout("usd", "1999")
	s.send(path, url.Values{"card": {stripe.CardChallenge}}).is(t, 303, path)
	s.send(path, nil).is(t, 200, "", `name="challenge" value="complete"`, `name="challenge" value="fail"`)
	s.send(path, url.Values{"challenge": {"fail"}}).is(t, 402, "", "was not authenticated", `id="card"`)
	s.send(path, url.Values{"challenge": {"complete"}}).is(t, 409, "", `id="card"`)
	s.send(path, url.Values{"card": {stripe.CardChallenge}}).is(t, 303, path)
	s.send(path, url.Values{"challenge": {"complete"}}).is(t, 303, "http://127.0.0.1:9/done?session="+id)
}

func TestADebitIsOnItsWayForAMinute(t *testing.T) {
	s := newSite(t)
	for card, after := range map[string]string{stripe.BankPays: "This is paid", stripe.BankFails: "The bank did not pay"} {
		id, path := s.checkout("usd", "1999")
		s.send(path, url.Values{"use": {card}}).is(t, 303, "http://127.0.0.1:9/done?session="+id)
		s.send(path, nil).is(t, 200, "", "The payment is on its way")
		s.now = s.now.Add(time.Minute)
		s.send(path, nil).is(t, 200, "", after)
	}
}

func TestAnExpiredPageLeadsBack(t *testing.T) {
	s := newSite(t)
	_, path := s.checkout("usd", "1999")
	s.now = s.now.Add(24 * time.Hour)
	s.send(path, nil).is(t, 200, "", "This page has expired", `href="http://127.0.0.1:9/canceled"`, "5 Mar 2026, 05:06:07 UTC")
	s.send(path, url.Values{"card": {stripe.CardPays}}).is(t, 409, "", "This page has expired")
	if n := len(s.Payments()); n != 0 {
		t.Errorf("%d payments", n)
	}
}

func TestTheTaxFollowsTheCountry(t *testing.T) {
	s := newSite(t)
	_, path := s.checkout("eur", "10000", "automatic_tax[enabled]", "true")
	s.send(path, nil).is(t, 200, "", "Pay 119.00\u00a0EUR", `<option value="DE" selected>`, `name="total" value="11900"`)
	seen := url.Values{"card": {stripe.CardPays}, "country": {"FR"}, "total": {"11900"}}
	s.send(path, seen).is(t, 409, "", "the total is now 120.00\u00a0EUR", `<option value="FR" selected>`, `name="total" value="12000"`)
	s.send(path, url.Values{"card": {stripe.CardPays}, "country": {"XX"}}).is(t, 422, "", "Choose a country", `<a href="#country">`)
	seen.Set("total", "12000")
	if a := s.send(path, seen); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := s.Payments()[0].Amount; got != 12000 {
		t.Errorf("%d was paid, want 12000", got)
	}
}

func TestAmountsAreWrittenAsPeopleCountThem(t *testing.T) {
	s := newSite(t)
	for _, c := range [][3]string{
		{"usd", "1234567", "12,345.67\u00a0USD"}, {"jpy", "1250", "1,250\u00a0JPY"}, {"kwd", "12340", "12.340\u00a0KWD"}, {"isk", "500000", "5,000\u00a0ISK"},
		{"ugx", "70000", "700\u00a0UGX"}, {"mga", "500", "500\u00a0MGA"}, {"eur", "50", "0.50\u00a0EUR"},
	} {
		_, path := s.checkout(c[0], c[1])
		s.send(path, nil).is(t, 200, "", `<span class="sum">`+c[2]+"</span>")
	}
}

func TestPagesTakeFormsOfTheirOwnAlone(t *testing.T) {
	s := newSite(t)
	_, path := s.checkout("usd", "1999")
	form := url.Values{"card": {stripe.CardPays}}
	s.send(path, form, "Sec-Fetch-Site", "cross-site").is(t, 403, "", "Only the stand-in")
	s.send(path, form, "Sec-Fetch-Site", "same-site").is(t, 403, "")
	s.send(path, form, "Origin", "http://evil.example.test").is(t, 403, "")
	s.send(path, form, "Origin", "null").is(t, 403, "")
	s.send(path, url.Values{"card": {strings.Repeat("4", 20<<10)}}).is(t, 400, "")
	s.send(stripe.Prefix+"/pay/cs_test_NONE", form).is(t, 404, "", "There is no such page")
	s.send(stripe.Prefix+"/nothing", nil).is(t, 404, "")
	if n := len(s.Payments()); n != 0 {
		t.Fatalf("%d payments", n)
	}
	if a := s.send(path, form, "Sec-Fetch-Site", "same-origin", "Origin", s.origin); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
}
