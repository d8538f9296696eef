package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
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

// checkoutView is what the page shows. It is open to all who have its address, so it says nothing of the buyer.
type checkoutView struct {
	Title, Total, Text string
	Link, LinkText     string // to go on
	Style              template.CSS
	status             int
}

// checkoutTexts say, by state, what the page tells.
var checkoutTexts = map[order.Status]checkoutView{
	order.Draft:          {Title: "This order is not placed yet", Text: "There is nothing to pay."},
	order.PendingPayment: {Title: "This order waits for payment", Text: "Nothing can be paid on this page. Pay the seller as you agreed; the seller will confirm the payment, and you will then find what you bought in your account."},
	order.Paid:           {Title: "This order is paid", Text: "Thank you. You find what you bought in your account."},
	order.Fulfilled:      {Title: "This order is paid", Text: "Thank you. You find what you bought in your account."},
	order.Canceled:       {Title: "This order was canceled", Text: "There is nothing to pay. A payment that was underway goes back by itself."},
	order.Refunded:       {Title: "This order was refunded", Text: "There is nothing to pay."},
}

var (
	viewUnknown    = checkoutView{Title: "There is no such order", Text: "Please check the address.", status: http.StatusNotFound}
	viewProcessing = checkoutView{Title: "Your payment is on its way", Text: "The way of paying that you chose takes some days. You get a mail as soon as the money is there, and find what you bought in your account then. There is nothing more to do."}
)

// checkoutPage leads to the payment provider's page, or says why it does not.
func (a *API) checkoutPage(w http.ResponseWriter, r *http.Request) {
	publicID := r.PathValue("public_id")
	bill, err := a.Orders.Bill(r.Context(), publicID)
	if err != nil || a.PayPage == nil || bill.Status != order.PendingPayment || bill.Provider != order.Stripe || r.Method != http.MethodGet {
		a.showCheckout(w, r, bill, checkoutTexts[bill.Status], err)
		return
	}
	address, err := a.PayPage(r.Context(), publicID)
	switch {
	case err == nil:
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, address, http.StatusSeeOther)
	case fault.KindOf(err) == fault.Upstream || fault.KindOf(err) == fault.Unavailable:
		slog.ErrorContext(r.Context(), "the payment page cannot be opened", "order", publicID, "cause", errors.Unwrap(err))
		a.showCheckout(w, r, bill, checkoutView{
			Title: "The payment page does not open just now", Text: "Nothing was charged. Please try again in a moment.",
			Link: "/checkout/" + publicID + "/", LinkText: "Try again", status: http.StatusBadGateway,
		}, nil)
	case fault.KindOf(err) == fault.Conflict: // it changed meanwhile
		bill, err = a.Orders.Bill(r.Context(), publicID)
		view := checkoutTexts[bill.Status]
		if bill.Attempt == order.AttemptProcessing {
			view = viewProcessing
		}
		a.showCheckout(w, r, bill, view, err)
	default:
		a.showCheckout(w, r, bill, checkoutView{}, err)
	}
}

type checkoutStateOut struct {
	PublicID    string `json:"public_id" format:"uuid" example:"0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10"`
	Status      string `json:"status" enum:"draft,pending_payment,paid,fulfilled,canceled,refunded" example:"pending_payment"`
	Provider    string `json:"provider" enum:"stripe,clerk,manual" example:"stripe"`
	Currency    string `json:"currency" example:"USD"`
	TotalCents  int64  `json:"total_cents" example:"1900" doc:"In the currency's minor unit."`
	Amount      string `json:"amount" example:"19.00" doc:"The total with as many decimals as the currency has."`
	Attempt     string `json:"attempt" enum:"none,creating,open,processing,failed,expired,paid" example:"open" doc:"The newest try to pay on the provider's page. processing: paid by a method that takes days."`
	CheckoutURL string `json:"checkout_url" example:"https://shop.example.test/checkout/0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10/" doc:"Where to pay; empty when there is nothing to pay."`
}

// getCheckout says how an order stands to whoever has its id, so nothing of its buyer. The provider's word may be later than the
// buyer who comes back from its page, so it is asked.
func (a *API) getCheckout(ctx context.Context, in *OrderIn) (*body[checkoutStateOut], error) {
	bill, err := a.Orders.Confirmed(ctx, in.PublicID)
	if fault.KindOf(err) == fault.Upstream { // it is asked again the next time
		slog.WarnContext(ctx, "an order could not be confirmed", "order", in.PublicID, "cause", errors.Unwrap(err))
		err = nil
	}
	attempt := string(bill.Attempt)
	if attempt == "" {
		attempt = "none"
	}
	return &body[checkoutStateOut]{checkoutStateOut{
		PublicID: in.PublicID, Status: string(bill.Status), Provider: bill.Provider, Currency: bill.Currency, TotalCents: bill.TotalCents,
		Amount: money.Format(bill.TotalCents, bill.Currency), Attempt: attempt, CheckoutURL: bill.URL,
	}}, err
}

// showCheckout answers with the page of an order, or says that there is none.
func (a *API) showCheckout(w http.ResponseWriter, r *http.Request, bill order.Bill, view checkoutView, err error) {
	switch {
	case fault.KindOf(err) == fault.NotFound:
		view = viewUnknown
	case err != nil:
		httpx.WriteProblem(w, r, err)
		return
	default:
		view.Total = money.Format(bill.TotalCents, bill.Currency) + " " + bill.Currency
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
	if view.status == 0 {
		view.status = http.StatusOK
	}
	w.WriteHeader(view.status)
	_, _ = w.Write(page.Bytes()) // the client may be gone
}
