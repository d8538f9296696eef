package stripe_test

import (
	"slices"
	"testing"

	stripego "github.com/stripe/stripe-go/v85"

	"souk/internal/devcloud/stripe"
)

func TestASessionIsPaidRefundedAndDisputed(t *testing.T) {
	s := open(t)
	session := s.session()
	if session.Status != "open" || session.PaymentStatus != "unpaid" || session.AmountTotal != 2500 || session.PaymentIntent != nil || session.URL == "" {
		t.Fatalf("a new session: %+v", session)
	}
	if result, err := s.Pay(t.Context(), session.ID, stripe.CardDeclined, ""); err != nil || result != stripe.Declined {
		t.Fatalf("declined card: %q, %v", result, err)
	}
	if got := s.look(session.ID); got.Status != "open" || got.PaymentIntent.LastPaymentError == nil || got.PaymentIntent.LastPaymentError.DeclineCode != "generic_decline" {
		t.Fatalf("after a decline: %+v", got)
	}
	if result, err := s.Pay(t.Context(), session.ID, stripe.CardPays, ""); err != nil || result != stripe.Succeeded {
		t.Fatalf("good card: %q, %v", result, err)
	}
	paid := s.look(session.ID)
	if paid.Status != "complete" || paid.PaymentStatus != "paid" || paid.URL != "" || paid.PaymentIntent.AmountReceived != 2500 ||
		!paid.PaymentIntent.LatestCharge.Paid || paid.PaymentIntent.Metadata["order"] != "42" || paid.CustomerDetails.Email != "buyer@example.test" {
		t.Fatalf("after paying: %+v", paid)
	}
	want := []string{"charge.failed", "payment_intent.payment_failed", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"}
	if got := s.told(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	refund, err := s.api.V1Refunds.Create(t.Context(), &stripego.RefundCreateParams{PaymentIntent: &paid.PaymentIntent.ID, Amount: stripego.Int64(500)})
	if err != nil || refund.Status != "succeeded" || refund.Charge.ID != paid.PaymentIntent.LatestCharge.ID {
		t.Fatalf("refund: %+v, %v", refund, err)
	}
	if got, want := s.told(), []string{"refund.created", "charge.refunded"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	dispute, err := s.Dispute(t.Context(), paid.PaymentIntent.ID, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.api.V1Refunds.Create(t.Context(), &stripego.RefundCreateParams{PaymentIntent: &paid.PaymentIntent.ID})
	if e := refusal(t, err); e.Code != stripego.ErrorCodeChargeDisputed {
		t.Errorf("a disputed charge was refunded: %+v", e)
	}
	if err := s.CloseDispute(t.Context(), dispute, "lost"); err != nil {
		t.Fatal(err)
	}
	got, err := s.api.V1Disputes.Retrieve(t.Context(), dispute, nil)
	if err != nil || got.Status != "lost" || got.PaymentIntent.ID != paid.PaymentIntent.ID {
		t.Errorf("the dispute is %+v, %v", got, err)
	}
	if got, want := s.told(), []string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	var events int
	for e, err := range s.api.V1Events.List(t.Context(), &stripego.EventListParams{}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.PendingWebhooks != 0 {
			t.Errorf("%s still waits", e.Type)
		}
		events++
	}
	if events < 9 {
		t.Errorf("%d events are listed", events)
	}
}
