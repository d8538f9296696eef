package app

import (
	"context"
	"errors"
	"time"

	"souk/internal/jobs"
)

// sweepEvery is how often the shop sweeps.
const sweepEvery = time.Hour

// sweep is the job of Sweep.
type sweep struct{}

func (sweep) Kind() string { return "sweep" }

// schedule says what the shop's clock does.
func (a *App) schedule() {
	jobs.Handle(a.Jobs, func(ctx context.Context, _ sweep) error { return a.Sweep(ctx) })
	a.Jobs.Every(sweepEvery, sweep{})
}

// Sweep deletes what is left over: stored files that are nobody's any more, and answers whose Idempotency-Key has expired.
// It may run on several instances at once.
func (a *App) Sweep(ctx context.Context) error {
	return errors.Join(a.catalog.Sweep(ctx), a.idempotency.Forget(ctx))
}
