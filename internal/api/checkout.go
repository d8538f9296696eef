package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

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
	Refresh            string // the address that the page goes to by itself after two seconds; empty: nowhere
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

// waitsAtMost is how often the page after a payment looks again by itself.
const waitsAtMost = 30

// successPage is where a buyer comes back to who has paid. The provider's word may be later than the buyer.
func (a *API) successPage(w http.ResponseWriter, r *http.Request) {
	publicID := r.URL.Query().Get("order")
	bill, err := a.Orders.Confirmed(r.Context(), publicID)
	if fault.KindOf(err) == fault.Upstream {
		slog.WarnContext(r.Context(), "an order could not be confirmed", "order", publicID, "cause", errors.Unwrap(err))
		err = nil
	}
	view := checkoutTexts[bill.Status]
	switch {
	case bill.Status != order.PendingPayment:
	case bill.Attempt == order.AttemptProcessing:
		view = viewProcessing
	case bill.Attempt == order.AttemptFailed:
		view = checkoutView{Title: "The payment did not work", Text: "Nothing was charged.", Link: "/checkout/" + publicID + "/", LinkText: "Pay another way"}
	default:
		tries, _ := strconv.Atoi(r.URL.Query().Get("tries")) // what is no number is none
		again := "/checkout/success?" + url.Values{"order": {publicID}, "tries": {strconv.Itoa(tries + 1)}}.Encode()
		view = checkoutView{Title: "Your payment is being confirmed", Text: "This takes a moment. The page goes on by itself.", Refresh: again}
		if tries >= waitsAtMost {
			view = checkoutView{
				Title: "This takes longer than usual", Link: again, LinkText: "Look again",
				Text: "You need not wait here: you get a mail when the payment is confirmed, and find what you bought in your account. If nothing was charged, you can pay again.",
			}
		}
	}
	a.showCheckout(w, r, bill, view, err)
}

// cancelPage is where a buyer comes back to who has not paid.
func (a *API) cancelPage(w http.ResponseWriter, r *http.Request) {
	publicID := r.URL.Query().Get("order")
	bill, err := a.Orders.Bill(r.Context(), publicID)
	view := checkoutTexts[bill.Status]
	if bill.Status == order.PendingPayment {
		view = checkoutView{Title: "You have not paid yet", Text: "Nothing was charged. The order waits for you.", Link: "/checkout/" + publicID + "/", LinkText: "Go on to payment"}
	}
	a.showCheckout(w, r, bill, view, err)
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
