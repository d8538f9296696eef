package stripe

import (
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"souk/internal/devcloud/page"
	"souk/internal/httpx"
	"souk/internal/money"
)

//go:embed pages
var files embed.FS

var pages = page.New(Prefix, files, "pages", template.FuncMap{"amount": amount, "mood": mood})

var errNoPage = &page.Refused{Status: 404, Title: "There is no such page", Message: "It may belong to a stand-in that began anew since. Go back to the shop, and start again from there."}

// pageRoutes are the pages for people.
func (s *Stripe) pageRoutes(mux *http.ServeMux) {
	style, _ := files.ReadFile("pages/stripe.css") // embedded: it is there
	mux.Handle("GET "+Prefix+"/stripe.css", httpx.Static("text/css; charset=utf-8", style))
	pages.Style(mux)
	pages.Handle(mux, "GET "+Prefix+"/pay/{session}", s.showPayPage)
	pages.Handle(mux, "POST "+Prefix+"/pay/{session}", s.payOnPage)
	pages.Handle(mux, "GET "+Prefix+"/{$}", s.controlPage)
	pages.Handle(mux, "POST "+Prefix+"/do/{$}", s.controlForm)
	pages.Handle(mux, Prefix+"/", func(http.ResponseWriter, *http.Request) error { return errNoPage })
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
		return 0, &page.Refused{Status: 422, Message: "An amount is a number such as " + money.Format(1250, as) + ", at most " + money.Format(maxAmount/by, as) + "."}
	}
	return n * by, nil
}
