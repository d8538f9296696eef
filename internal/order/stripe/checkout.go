package stripe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"souk/internal/order"
)

// What the shop writes into Stripe's objects, to know them again.
const (
	metaOrder   = "souk_order"   // the order's public_id
	metaAttempt = "souk_attempt" // the attempt's number
	metaRefund  = "souk_refund"  // the refund's key
)

const (
	fresh     = 5 * time.Second // how long what Stripe said of an open session is believed
	maxName   = 250             // characters of a line that Stripe shows
	replayAge = time.Minute     // a creation that is repeated later is answered with what was true at first
)

// Open gives the address of Stripe's page for an order, whose session is made if there is none. Whoever has the order's address may
// ask. An order that is not to be paid (any more) is order's nothing_to_pay.
func (s *Service) Open(ctx context.Context, publicID string) (address string, err error) {
	for range 3 {
		p, err := s.Orders.Checkout(ctx, publicID)
		if err != nil {
			return "", err
		}
		a := p.Attempt
		usable := a.Status == order.AttemptOpen && a.ExpiresAt.After(s.Now())
		if usable && s.Now().Sub(a.CheckedAt) < fresh {
			return a.URL, nil
		}
		if err := s.heard(ctx, p); err != nil {
			if usable && errors.Is(err, ErrFailed) { // the page may work all the same
				return a.URL, nil
			}
			return "", err
		}
		if a.Status == order.AttemptProcessing {
			if p, err = s.Orders.Checkout(ctx, publicID); err != nil {
				return "", err
			}
			if p.Attempt.Status == order.AttemptProcessing {
				return "", ErrProcessing
			}
		}
	}
	return "", ErrFailed.Because(errors.New("the session of the order changes again and again"))
}

// Ask brings an order in line with what Stripe says of its live sessions.
func (s *Service) Ask(ctx context.Context, orderID int64) error {
	attempts, err := s.Orders.Attempts(ctx, orderID)
	for n := 0; n < len(attempts) && err == nil; n++ {
		err = s.heard(ctx, attempts[n])
	}
	return err
}

// hear asks Stripe about an attempt and applies what it says. One without a session gets it.
func (s *Service) hear(ctx context.Context, p order.Payable) (out order.Outcome, err error) {
	session, err := s.sessionOf(ctx, p)
	if err != nil || session == nil {
		return out, err
	}
	return s.Orders.FollowSession(ctx, SessionOf(session))
}

// heard is hear, and says in the log what somebody must look at: no event in the inbox may ever tell of it.
func (s *Service) heard(ctx context.Context, p order.Payable) error {
	out, err := s.hear(ctx, p)
	if err == nil && out.Refused != "" {
		slog.ErrorContext(ctx, "a payment is kept for review", "provider", "stripe", "order", p.PublicID, "attempt", p.Attempt.Number, "why", out.Refused)
	}
	return err
}

// sessionOf is the session of an attempt; nil if there is none, and the attempt is over.
func (s *Service) sessionOf(ctx context.Context, p order.Payable) (*stripe.CheckoutSession, error) {
	id := p.Attempt.SessionID
	if id == "" {
		session, err := s.create(ctx, p)
		if err != nil || session == nil || s.Now().Sub(p.Attempt.CreatedAt) < replayAge {
			return session, err
		}
		id = session.ID
	}
	params := &stripe.CheckoutSessionRetrieveParams{}
	params.AddExpand("payment_intent")
	session, err := s.api.V1CheckoutSessions.Retrieve(ctx, id, params)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return session, nil
}

// create gets or makes the session of an attempt: Stripe answers a request that comes again under its key with what it answered
// first.
func (s *Service) create(ctx context.Context, p order.Payable) (*stripe.CheckoutSession, error) {
	session, err := s.api.V1CheckoutSessions.Create(ctx, s.params(p))
	var refused *stripe.Error
	if errors.As(err, &refused) && refused.Param == "customer_email" {
		p.Email = ""
		session, err = s.api.V1CheckoutSessions.Create(ctx, s.params(p))
	}
	switch {
	case err == nil:
		return session, nil
	case errors.As(err, &refused) && refused.Type == stripe.ErrorTypeIdempotency && refused.HTTPStatusCode == 400:
		return s.find(ctx, p) // asked for before, and something of the request has changed since
	case errors.As(err, &refused) && refused.Param == "expires_at":
		// An attempt of long ago. Stripe would have answered with its session if it had one.
		return nil, s.Orders.Abandon(ctx, p.Attempt)
	}
	return nil, failure(ctx, err)
}

func (s *Service) params(p order.Payable) *stripe.CheckoutSessionCreateParams {
	meta := map[string]string{metaOrder: p.PublicID, metaAttempt: strconv.FormatInt(p.Attempt.Number, 10)}
	params := &stripe.CheckoutSessionCreateParams{
		Mode:              stripe.String(string(stripe.CheckoutSessionModePayment)),
		ClientReferenceID: stripe.String(p.PublicID),
		Metadata:          meta,
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{Metadata: meta},
		ExpiresAt:         stripe.Int64(p.Attempt.ExpiresAt.Unix()),
		SuccessURL:        stripe.String(s.PublicURL + "/checkout/success?order=" + p.PublicID),
		CancelURL:         stripe.String(s.PublicURL + "/checkout/cancel?order=" + p.PublicID),
	}
	if p.Email != "" {
		params.CustomerEmail = stripe.String(p.Email)
	}
	if s.AutomaticTax {
		params.AutomaticTax = &stripe.CheckoutSessionCreateAutomaticTaxParams{Enabled: stripe.Bool(true)}
	}
	for _, item := range p.Items {
		params.LineItems = append(params.LineItems, &stripe.CheckoutSessionCreateLineItemParams{
			Quantity: stripe.Int64(item.Quantity),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String(lower(p.Currency)), UnitAmount: stripe.Int64(toStripe(item.UnitAmountCents, p.Currency)),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(lineName(item))},
			},
		})
	}
	params.SetIdempotencyKey(fmt.Sprintf("souk-checkout-%s-%d", p.PublicID, p.Attempt.Number))
	return params
}

func lineName(item order.Item) string {
	name := item.ProductName
	if item.PriceName != "" {
		name += " (" + item.PriceName + ")"
	}
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName-1]) + "…"
	}
	return name
}

// find looks for the session of an attempt among those that were made since.
func (s *Service) find(ctx context.Context, p order.Payable) (*stripe.CheckoutSession, error) {
	params := &stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: p.Attempt.CreatedAt.Add(-skew).Unix()}}
	params.AddExpand("data.payment_intent")
	params.Limit = stripe.Int64(page)
	for session, err := range s.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, failure(ctx, err)
		}
		if session.Metadata[metaOrder] == p.PublicID && session.Metadata[metaAttempt] == strconv.FormatInt(p.Attempt.Number, 10) {
			return session, nil
		}
	}
	return nil, ErrFailed.Because(fmt.Errorf("no session of order %s, attempt %d", p.PublicID, p.Attempt.Number))
}

// Expire ends the live sessions of an order that is not to be paid at Stripe (any more). One that was paid meanwhile is heard.
func (s *Service) Expire(ctx context.Context, orderID int64) error {
	attempts, err := s.Orders.Attempts(ctx, orderID)
	for n := 0; n < len(attempts) && err == nil; n++ {
		err = s.expire(ctx, attempts[n])
	}
	return err
}

func (s *Service) expire(ctx context.Context, p order.Payable) error {
	if p.Status == order.PendingPayment {
		return nil
	}
	session, err := s.sessionOf(ctx, p)
	if err != nil || session == nil {
		return err
	}
	if session.Status == stripe.CheckoutSessionStatusOpen {
		expired, err := s.api.V1CheckoutSessions.Expire(ctx, session.ID, nil)
		var refused *stripe.Error
		switch {
		case err == nil:
			session = expired
		case errors.As(err, &refused) && permanent(refused): // it was paid, or expired, just now
			p.Attempt.SessionID = session.ID
			return s.heard(ctx, p)
		default:
			return failure(ctx, err)
		}
	}
	_, err = s.Orders.FollowSession(ctx, SessionOf(session))
	return err
}
