package stripe

import (
	"strconv"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"souk/internal/order"
)

func lower(currency string) string { return strings.ToLower(currency) }

// SessionOf is what a session of Stripe's says. Whether a payment that takes days has failed is seen in its payment_intent alone, if
// that is expanded, or in the event that tells of it: see FailedSession.
func SessionOf(c *stripe.CheckoutSession) order.SessionReport {
	currency := code(string(c.Currency))
	r := order.SessionReport{
		SessionID: c.ID, PublicID: c.Metadata[metaOrder], URL: c.URL, Currency: currency,
		SubtotalCents: fromStripe(c.AmountSubtotal, currency), TotalCents: fromStripe(c.AmountTotal, currency),
	}
	if c.ClientReferenceID != "" && c.ClientReferenceID != r.PublicID {
		r.PublicID = ""
	}
	r.Attempt, _ = strconv.ParseInt(c.Metadata[metaAttempt], 10, 64)
	if c.ExpiresAt > 0 {
		r.ExpiresAt = time.Unix(c.ExpiresAt, 0).UTC()
	}
	if c.TotalDetails != nil {
		r.TaxCents = fromStripe(c.TotalDetails.AmountTax, currency)
	}
	if c.PaymentIntent != nil {
		r.PaymentID = c.PaymentIntent.ID
	}
	switch {
	case c.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid:
		r.Status = order.AttemptPaid
	case c.Status == stripe.CheckoutSessionStatusExpired:
		r.Status = order.AttemptExpired
	case c.Status == stripe.CheckoutSessionStatusComplete:
		r.Status = order.AttemptProcessing
		if p := c.PaymentIntent; p != nil && (p.Status == stripe.PaymentIntentStatusRequiresPaymentMethod || p.Status == stripe.PaymentIntentStatusCanceled) {
			r.Status = order.AttemptFailed
		}
	default:
		r.Status = order.AttemptOpen
	}
	return r
}

var refundStatus = map[stripe.RefundStatus]order.RefundStatus{
	stripe.RefundStatusPending: order.RefundPending, stripe.RefundStatusRequiresAction: order.RefundPending,
	stripe.RefundStatusSucceeded: order.RefundSucceeded, stripe.RefundStatusFailed: order.RefundFailed,
	stripe.RefundStatusCanceled: order.RefundCanceled,
}

// RefundOf is what a refund of Stripe's says.
func RefundOf(r *stripe.Refund) order.RefundReport {
	currency := code(string(r.Currency))
	report := order.RefundReport{
		ExternalID: r.ID, Key: r.Metadata[metaRefund], Status: refundStatus[r.Status], AmountCents: fromStripe(r.Amount, currency), Currency: currency,
		Failure: string(r.FailureReason),
	}
	if r.PaymentIntent != nil {
		report.PaymentID = r.PaymentIntent.ID
	}
	return report
}

// chargeOf is what a charge of Stripe's says of its refunds. Those of cards succeed at once.
func chargeOf(c *stripe.Charge) order.ChargeReport {
	currency := code(string(c.Currency))
	report := order.ChargeReport{
		RefundedCents: fromStripe(c.AmountRefunded, currency), Currency: currency,
		AtOnce: c.PaymentMethodDetails == nil || c.PaymentMethodDetails.Type == stripe.ChargePaymentMethodDetailsTypeCard,
	}
	if c.PaymentIntent != nil {
		report.PaymentID = c.PaymentIntent.ID
	}
	return report
}

var disputePhase = map[stripe.DisputeStatus]order.DisputePhase{
	stripe.DisputeStatusWarningNeedsResponse: order.DisputeInquiry, stripe.DisputeStatusWarningUnderReview: order.DisputeInquiry,
	stripe.DisputeStatusNeedsResponse: order.DisputeOpen, stripe.DisputeStatusUnderReview: order.DisputeOpen,
	stripe.DisputeStatusWon: order.DisputeWon, stripe.DisputeStatusWarningClosed: order.DisputeWon, stripe.DisputeStatusPrevented: order.DisputeWon,
	stripe.DisputeStatusLost: order.DisputeLost,
}

// disputeOf is what a dispute of Stripe's says. ok is false for a status that Stripe did not have when this was written.
func disputeOf(d *stripe.Dispute) (report order.DisputeReport, ok bool) {
	currency := code(string(d.Currency))
	phase, ok := disputePhase[d.Status]
	report = order.DisputeReport{
		ExternalID: d.ID, Status: string(d.Status), Phase: phase, Reason: string(d.Reason), AmountCents: fromStripe(d.Amount, currency), Currency: currency,
	}
	if d.PaymentIntent != nil {
		report.PaymentID = d.PaymentIntent.ID
	}
	return report, ok
}
