package api

import (
	"context"

	"souk/internal/fault"
)

// maxWebhook is the largest webhook that is read, in bytes.
const maxWebhook = 512 << 10

type webhookIn struct {
	RawBody []byte `contentType:"application/json"`
}

type webhookOut struct {
	Status string `json:"status" enum:"processed,duplicate,ignored,deferred" example:"processed"`
}

var errNoWebhookSecret = fault.New(fault.Unavailable, "webhook_not_configured", "No secret is configured to verify this webhook with.")

func (a *API) clerkWebhook(context.Context, *webhookIn) (*body[webhookOut], error) {
	return nil, errNoWebhookSecret
}

func (a *API) stripeWebhook(context.Context, *webhookIn) (*body[webhookOut], error) {
	return nil, errNoWebhookSecret
}
