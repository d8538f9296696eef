package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"html/template"
	"net/http"

	"souk/internal/fault"
	"souk/internal/httpx"
	"souk/internal/money"
	"souk/internal/order"
)

//go:embed checkout.html
var checkoutHTML string

//go:embed checkout.css
var checkoutCSS string

var checkoutTemplate = template.Must(template.New("checkout").Parse(checkoutHTML))

// checkoutPolicy lets the page have its own style and nothing else.
var checkoutPolicy = func() string {
	sum := sha256.Sum256([]byte(checkoutCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}()

type checkoutView struct {
	Title, Total, Text string
	Style              template.CSS
}

// checkoutTexts say, by state, what the page tells. It is open to all who have its address, so it says nothing of the buyer.
var checkoutTexts = map[order.Status]checkoutView{
	order.Draft:          {Title: "This order is not placed yet", Text: "There is nothing to pay."},
	order.PendingPayment: {Title: "This order waits for payment", Text: "Nothing can be paid on this page. Pay the seller as you agreed; the seller will confirm the payment, and you will then find what you bought in your account."},
	order.Paid:           {Title: "This order is paid", Text: "Thank you. You find what you bought in your account."},
	order.Fulfilled:      {Title: "This order is paid", Text: "Thank you. You find what you bought in your account."},
	order.Canceled:       {Title: "This order was canceled", Text: "There is nothing to pay."},
	order.Refunded:       {Title: "This order was refunded", Text: "There is nothing to pay."},
}

// checkoutPage is where an order without a payment provider is waited for.
func (a *API) checkoutPage(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	bill, err := a.Orders.Bill(r.Context(), r.PathValue("public_id"))
	view := checkoutTexts[bill.Status]
	view.Total = money.Format(bill.TotalCents, bill.Currency) + " " + bill.Currency
	switch {
	case fault.KindOf(err) == fault.NotFound:
		status, view = http.StatusNotFound, checkoutView{Title: "There is no such order", Text: "Please check the address."}
	case err != nil:
		httpx.WriteProblem(w, r, err)
		return
	}
	view.Style = template.CSS(checkoutCSS) //nolint:gosec // our own file
	var page bytes.Buffer
	if err := checkoutTemplate.Execute(&page, view); err != nil {
		httpx.WriteProblem(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", checkoutPolicy)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client may be gone
}
