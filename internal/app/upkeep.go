package app

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// sweepEvery is how often Upkeep sweeps.
const sweepEvery = time.Hour

// Upkeep sweeps at once and then every hour, until ctx is done. It returns when the sweep that runs has ended.
func (a *App) Upkeep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := a.Sweep(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "the sweep failed; the next one tries again", "cause", err.Error())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Sweep deletes what is left over: stored files that are nobody's any more, and answers whose Idempotency-Key has expired.
// It may run on several instances at once.
func (a *App) Sweep(ctx context.Context) error {
	return errors.Join(a.catalog.Sweep(ctx), a.idempotency.Forget(ctx))
}
