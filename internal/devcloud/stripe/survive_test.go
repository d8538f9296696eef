package stripe_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	stripego "github.com/stripe/stripe-go/v85"

	"souk/internal/devcloud/stripe"
)

func survivor(cents int64) *stripego.CheckoutSessionCreateParams {
	params := &stripego.CheckoutSessionCreateParams{
		Mode: stripego.String("payment"), SuccessURL: stripego.String("http://127.0.0.1/success"),
		LineItems: []*stripego.CheckoutSessionCreateLineItemParams{{
			Quantity: stripego.Int64(1), PriceData: &stripego.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripego.String("usd"), UnitAmount: stripego.Int64(cents),
				ProductData: &stripego.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripego.String("Thing")},
			},
		}},
	}
	params.SetIdempotencyKey("one key")
	return params
}

// What was made, paid and not told of yet is there after a restart, and a request that comes again is answered as at first.
func TestARestartLosesNothing(t *testing.T) {
	s := open(t)
	first, err := s.api.V1CheckoutSessions.Create(t.Context(), survivor(1900))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pay(t.Context(), first.ID, stripe.CardPays, ""); err != nil {
		t.Fatal(err)
	}
	key, secret := s.SecretKey(), s.WebhookSecret()
	s.reopen()
	if s.SecretKey() != key || s.WebhookSecret() != secret {
		t.Error("a restart changes the keys")
	}
	again, err := s.api.V1CheckoutSessions.Create(t.Context(), survivor(1900))
	if err != nil || again.ID != first.ID || again.Status != stripego.CheckoutSessionStatusOpen || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a request that comes again: %v, %v", again, err)
	}
	if other, err := s.api.V1CheckoutSessions.Create(t.Context(), survivor(2900)); err == nil {
		t.Errorf("another request under the same key made %s", other.ID)
	}
	now, err := s.api.V1CheckoutSessions.Retrieve(t.Context(), first.ID, nil)
	if err != nil || now.PaymentStatus != stripego.CheckoutSessionPaymentStatusPaid {
		t.Errorf("the session after a restart: %v, %v", now, err)
	}
	s.mu.Lock()
	s.status = []int{http.StatusInternalServerError}
	s.mu.Unlock()
	for range 3 { // what is answered 500 is sent again later
		if err := s.Drain(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Minute) // longer than the first retry takes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	told := map[string]int{}
	for _, e := range s.got {
		told[string(e.Type)]++
	}
	if told["checkout.session.completed"] < 1 || told["payment_intent.succeeded"] < 1 {
		t.Errorf("after a restart the shop is told %v", told)
	}
	for _, e := range s.Events() {
		if e.Waits {
			t.Errorf("%s still waits: %v", e.Type, e.Answers)
		}
	}
}

func TestASessionIsPaidOnce(t *testing.T) {
	s := open(t)
	c, err := s.api.V1CheckoutSessions.Create(t.Context(), survivor(1900))
	if err != nil {
		t.Fatal(err)
	}
	var paid atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 16 {
		all.Go(func() {
			<-start
			if result, err := s.Pay(t.Context(), c.ID, stripe.CardPays, ""); err == nil && result == stripe.Succeeded {
				paid.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	if n := paid.Load(); n != 1 || len(s.Payments()) != 1 {
		t.Errorf("paid %d times, %d payments", n, len(s.Payments()))
	}
}
