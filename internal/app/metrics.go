package app

import (
	"context"
	"errors"

	"souk/internal/metrics"
	"souk/internal/subscription"
)

// stands is what operators see of the database among the metrics.
func (a *App) stands(ctx context.Context) (metrics.Stands, error) {
	events, inboxErr := a.inbox.Open(ctx)
	dead, jobsErr := a.Jobs.CountDead(ctx)
	reconciled, subscriptionErr := a.subscriptions.Reconciled(ctx)
	return metrics.Stands{Events: events, DeadJobs: dead, Reconciled: reconciled}, errors.Join(inboxErr, jobsErr, subscriptionErr)
}

func (a *App) countReconciled(t subscription.Tally, err error) {
	r := metrics.Reconciliation{Outcome: "partial", Users: t.Users, Unasked: t.Failed, Drift: map[metrics.Drift]int{}}
	switch {
	case errors.Is(err, subscription.ErrReconciling): // the one that runs is counted
		return
	case err != nil:
		r.Outcome = "failed"
	case t.Complete:
		r.Outcome = "complete"
	}
	for kind, n := range t.Kinds {
		r.Drift[metrics.Drift{Kind: string(kind), Repaired: kind.Repaired()}] += n
	}
	a.metrics.Reconciled(r)
}
