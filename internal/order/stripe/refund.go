package stripe

import (
	"context"
	"errors"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"souk/internal/order"
)

// keysLast is how long Stripe surely knows the key of a request, and to spare: it forgets keys after a day.
const keysLast = time.Hour

// Refund asks Stripe for a refund that is written down, and applies the answer. Once more asks for no second one.
func (s *Service) Refund(ctx context.Context, id int64) error {
	r, paid, err := s.Orders.RefundByID(ctx, id)
	if err != nil || r.Status != order.RefundRequested && r.Status != order.RefundPending {
		return err
	}
	told, err := s.refundOf(ctx, r, paid)
	var refused *stripe.Error
	if errors.As(err, &refused) && permanent(refused) && r.ExternalID == "" {
		why := string(refused.Code)
		if why == "" {
			why = string(refused.Type)
		}
		return s.Orders.FailRefund(ctx, r.ID, why)
	}
	if err != nil {
		return failure(ctx, err)
	}
	_, err = s.Orders.FollowRefund(ctx, RefundOf(told))
	return err
}

func (s *Service) refundOf(ctx context.Context, r order.Refund, paid order.Transaction) (*stripe.Refund, error) {
	if r.ExternalID != "" {
		return s.api.V1Refunds.Retrieve(ctx, r.ExternalID, nil)
	}
	if s.Now().Sub(r.CreatedAt) > keysLast {
		for there, err := range s.refundsOf(ctx, paid.ExternalID) {
			if err != nil || there.Metadata[metaRefund] == r.Key {
				return there, err
			}
		}
	}
	params := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(paid.ExternalID), Amount: stripe.Int64(toStripe(r.AmountCents, r.Currency)),
		Metadata: map[string]string{metaRefund: r.Key},
	}
	params.SetIdempotencyKey("souk-refund-" + r.Key)
	return s.api.V1Refunds.Create(ctx, params)
}

func (s *Service) refundsOf(ctx context.Context, paymentID string) stripe.Seq2[*stripe.Refund, error] {
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(paymentID)}
	params.Limit = stripe.Int64(page)
	return s.api.V1Refunds.List(ctx, params).All(ctx)
}

// AskPayment brings an order in line with what Stripe says of the refunds of its payment.
func (s *Service) AskPayment(ctx context.Context, paymentID string) error {
	for told, err := range s.refundsOf(ctx, paymentID) {
		if err != nil {
			return failure(ctx, err)
		}
		if _, err := s.Orders.FollowRefund(ctx, RefundOf(told)); err != nil {
			return err
		}
	}
	return nil
}
