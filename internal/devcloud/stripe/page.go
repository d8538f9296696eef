package stripe

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"souk/internal/httpx"
	"souk/internal/money"
)

const maxForm = 16 << 10

//go:embed pages
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"amount": amount,
	"utc":    func(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
	"stamp":  func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	"mood":   mood,
}).ParseFS(files, "pages/*.html"))

// refusedPage is a request for a page that is answered with words alone.
type refusedPage struct {
	status         int
	Title, Message string
}

func (r *refusedPage) Error() string { return r.Message }

var (
	errNoPage  = &refusedPage{404, "There is no such page", "It may belong to a stand-in that began anew since. Go back to the shop, and start again from there."}
	errForeign = &refusedPage{403, "Not from here", "Only the stand-in's own pages may send this."}
	errForm    = &refusedPage{400, "This cannot be read", "The form is too long, or is none."}
)

// pageRoutes are the pages for people. Their forms are plain, so that they work without a script, and from a terminal.
func (s *Stripe) pageRoutes(mux *http.ServeMux) {
	handle := func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			_, route, _ := strings.Cut(pattern, " ")
			httpx.NameRoute(r, strings.TrimSuffix(route, "{$}"))
			err := checkForm(w, r)
			if err == nil {
				err = handler(w, r)
			}
			if refused := (*refusedPage)(nil); errors.As(err, &refused) {
				render(w, refused.status, "refused.html", "", refused)
			} else if err != nil {
				httpx.WriteProblem(w, r, err)
			}
		})
	}
	style, _ := files.ReadFile("pages/stripe.css") // embedded: it is there
	mux.Handle("GET "+Prefix+"/stripe.css", httpx.Static("text/css; charset=utf-8", style))
	handle("GET "+Prefix+"/pay/{session}", s.showPayPage)
	handle("POST "+Prefix+"/pay/{session}", s.payOnPage)
	handle("GET "+Prefix+"/{$}", s.controlPage)
	handle("POST "+Prefix+"/do/{$}", s.controlForm)
	handle(Prefix+"/", func(http.ResponseWriter, *http.Request) error { return errNoPage })
}

// checkForm refuses forms that a page of somebody else's sends with the browser, and reads the others.
func checkForm(w http.ResponseWriter, r *http.Request) error {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return errForeign
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		return errForm
	}
	return nil
}

// render answers with a page. leadsTo is another origin that its form may lead to, or empty.
func render(w http.ResponseWriter, status int, name, leadsTo string, view any) {
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, view); err != nil {
		slog.Error("a page of the stand-in for Stripe", "page", name, "err", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", strings.TrimRight("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+leadsTo, " "))
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client may be gone
}

// written says how an amount is written: as an amount of which currency of ISO 4217, after division by what. Stripe's units are
// ISO's but for three currencies (https://docs.stripe.com/currencies#special-cases).
func written(currency string) (as string, by int64) {
	switch code := strings.ToUpper(currency); code {
	case "ISK", "UGX": // counted in hundredths that they do not have
		return code, 100
	case "MGA": // counted whole
		return "JPY", 1
	default:
		return code, 1
	}
}

// amount writes what Stripe counts for people.
func amount(n int64, currency string) string {
	as, by := written(currency)
	whole, part, _ := strings.Cut(money.Format(n/by, as), ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if part != "" {
		whole += "." + part
	}
	return whole + "\u00a0" + strings.ToUpper(currency)
}

// readAmount is amount backwards, without the currency and the commas.
func readAmount(text, currency string) (n int64, err error) {
	as, by := written(currency)
	_, decimals, _ := strings.Cut(money.Format(0, as), ".")
	whole, part, _ := strings.Cut(text, ".")
	if len(part) <= len(decimals) {
		n, err = strconv.ParseInt(whole+part+decimals[len(part):], 10, 64)
	}
	if err != nil || len(part) > len(decimals) || n < 1 || n > maxAmount/by {
		return 0, &refusedPage{status: 422, Message: "An amount is a number such as " + money.Format(1250, as) + ", at most " + money.Format(maxAmount/by, as) + "."}
	}
	return n * by, nil
}
