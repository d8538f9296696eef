package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"souk/internal/fault"
	"souk/internal/inbox"
)

// maxWebhook is the largest webhook that is read, in bytes.
const maxWebhook = 512 << 10

type webhookIn struct {
	RawBody []byte `contentType:"application/json"`
	header  http.Header
}

// Resolve keeps the headers as they came: one that is there twice must be seen.
func (in *webhookIn) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.header = r.Header
	return nil
}

type webhookOut struct {
	Status inbox.Status `json:"status" enum:"processed,duplicate,ignored,deferred" example:"processed"`
}

var errNoWebhookSecret = fault.New(fault.Unavailable, "webhook_not_configured", "No secret is configured to verify this webhook with.")

// clerkWebhook verifies the raw bytes before anything reads them.
func (a *API) clerkWebhook(ctx context.Context, in *webhookIn) (*body[webhookOut], error) {
	if len(a.ClerkKeys) == 0 {
		return nil, errNoWebhookSecret
	}
	id, _, err := inbox.VerifySvix(a.ClerkKeys, in.header, in.RawBody, a.Now())
	if err != nil {
		return nil, err
	}
	status, err := a.Inbox.Accept(ctx, "clerk", id, in.RawBody)
	if err != nil {
		return nil, err
	}
	return &body[webhookOut]{webhookOut{status}}, nil
}

// stripeWebhook is the same for Stripe, whose events have their id inside.
func (a *API) stripeWebhook(ctx context.Context, in *webhookIn) (*body[webhookOut], error) {
	if len(a.StripeKeys) == 0 {
		return nil, errNoWebhookSecret
	}
	if err := inbox.VerifyStripe(a.StripeKeys, in.header, in.RawBody, a.Now()); err != nil {
		return nil, err
	}
	status, err := a.Inbox.Accept(ctx, "stripe", "", in.RawBody)
	if err != nil {
		return nil, err
	}
	return &body[webhookOut]{webhookOut{status}}, nil
}
