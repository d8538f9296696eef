package app

import (
	"context"
	"math"

	"souk/internal/inbox"
)

// Webhooks gives the newest events of the inbox: of one status, or of all when it is empty.
func (a *App) Webhooks(ctx context.Context, status string, limit int) ([]inbox.Event, error) {
	return a.inbox.List(ctx, inbox.Status(status), math.MaxInt64, limit)
}

// Webhook gives one event.
func (a *App) Webhook(ctx context.Context, id int64) (inbox.Event, error) {
	return a.inbox.Get(ctx, id)
}

// ReplayWebhook handles an event again and says what became of it.
func (a *App) ReplayWebhook(ctx context.Context, id int64) (inbox.Status, error) {
	return a.inbox.Replay(ctx, id)
}
