// Package stripe sells the shop's orders through Stripe Checkout: it asks Stripe, and turns what Stripe says into the words of
// package order, which decides what follows. It stores nothing, and knows nothing of what an order gives.
package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"souk/internal/fault"
	"souk/internal/order"
)

// Version is the version of Stripe's API in which the shop asks and reads answers. Webhooks may come in another one, that of the
// endpoint: of them only fields are read that all versions since 2019 have.
const Version = stripe.APIVersion

// What a call fails with, beside context.Canceled. The cause, for the log, has Stripe's codes, never the key.
var (
	ErrFailed  = fault.New(fault.Upstream, "stripe_failed", "Stripe did not answer as it should. Try again.")
	ErrBusy    = fault.New(fault.Upstream, "stripe_busy", "Stripe has too much to do. Try again later.")
	ErrRefused = fault.New(fault.Upstream, "stripe_refused", "Stripe does not take what this shop asks for.")
	// ErrProcessing says that a buyer has paid, by a method that takes days to say whether it worked.
	ErrProcessing = fault.New(fault.Conflict, "payment_processing", "The payment of this order is on its way. It takes some days.")
)

// Service is the way to Stripe. Safe for concurrent use.
type Service struct {
	Orders       *order.Service
	Now          func() time.Time
	PublicURL    string // the origin that buyers come back to
	AutomaticTax bool   // Stripe works out the tax, and adds it or contains it as its settings say
	Live         bool   // the key is one for real money
	api          *stripe.Client
}

// New speaks to the API at origin (https://api.stripe.com) by client, which follows no redirect and bounds times and sizes.
func New(origin, key string, client *http.Client) *Service {
	backend := stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(strings.TrimRight(origin, "/")), HTTPClient: client, EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, MaxNetworkRetries: stripe.Int64(1),
	})
	return &Service{api: stripe.NewClient(key, stripe.WithBackends(backend)), Live: IsLive(key)}
}

// IsLive says that a secret key moves real money.
func IsLive(key string) bool { return !strings.Contains(key, "_test_") }

// failure is what the shop says of a call that failed with err.
func failure(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	var refused *stripe.Error
	if !errors.As(err, &refused) {
		return ErrFailed.Because(err)
	}
	cause := fmt.Errorf("status %d, %s %s, parameter %q, request %s", refused.HTTPStatusCode, refused.Type, refused.Code, refused.Param, refused.RequestID)
	switch {
	case refused.HTTPStatusCode == http.StatusTooManyRequests:
		return ErrBusy.Because(cause)
	case refused.HTTPStatusCode == http.StatusUnauthorized:
		return ErrRefused.Because(fmt.Errorf("STRIPE_SECRET_KEY is not accepted: %w", cause))
	case refused.HTTPStatusCode == http.StatusForbidden:
		return ErrRefused.Because(fmt.Errorf("STRIPE_SECRET_KEY may not do that: %w", cause))
	case permanent(refused):
		return ErrRefused.Because(cause)
	}
	return ErrFailed.Because(cause)
}

// permanent says that asking again the same way is of no use.
func permanent(e *stripe.Error) bool {
	switch e.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		return e.Type != stripe.ErrorTypeIdempotency && e.Code != stripe.ErrorCodeLockTimeout
	}
	return false
}

// Check asks Stripe for one of each thing that the shop looks for. The cause of its error says which of them Stripe does not give.
func (s *Service) Check(ctx context.Context) error {
	one := stripe.ListParams{Limit: stripe.Int64(1)}
	return cmp.Or(
		check(ctx, "sessions", s.api.V1CheckoutSessions.List(ctx, &stripe.CheckoutSessionListParams{ListParams: one})),
		check(ctx, "refunds", s.api.V1Refunds.List(ctx, &stripe.RefundListParams{ListParams: one})),
		check(ctx, "disputes", s.api.V1Disputes.List(ctx, &stripe.DisputeListParams{ListParams: one})),
	)
}

func check[T any](ctx context.Context, what string, list *stripe.V1List[T]) error {
	for _, err := range list.All(ctx) {
		if err != nil {
			return ErrFailed.Because(fmt.Errorf("%s: %w", what, cmp.Or(errors.Unwrap(failure(ctx, err)), err)))
		}
		break
	}
	return nil
}
