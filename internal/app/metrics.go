package app

import (
	"context"
	"errors"
	"time"

	"souk/internal/metrics"
	"souk/internal/order/stripe"
	"souk/internal/subscription"
)

// stands is what operators see of the database among the metrics.
func (a *App) stands(ctx context.Context) (metrics.Stands, error) {
	events, inboxErr := a.inbox.Open(ctx)
	dead, jobsErr := a.Jobs.CountDead(ctx)
	clerk, subscriptionErr := a.subscriptions.Reconciled(ctx)
	reconciled := map[string]time.Time{clerkProvider: clerk}
	var orderErr error
	if a.stripe != nil {
		reconciled[stripeProvider], orderErr = a.orders.ReconciledUntil(ctx)
	}
	mails, mailErr := a.notices.Open(ctx)
	return metrics.Stands{Events: events, DeadJobs: dead, Reconciled: reconciled, Mails: mails},
		errors.Join(inboxErr, jobsErr, subscriptionErr, orderErr, mailErr)
}

func (a *App) countReconciled(t subscription.Tally, err error) {
	r := metrics.Reconciliation{Provider: clerkProvider, Outcome: "partial", Users: t.Users, Unasked: t.Failed, Drift: map[metrics.Drift]int{}}
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

func (a *App) countReconciledStripe(t stripe.Tally, err error) {
	r := metrics.Reconciliation{Provider: stripeProvider, Outcome: "partial", Drift: map[metrics.Drift]int{}}
	switch {
	case err != nil:
		r.Outcome = "failed"
	case t.Complete:
		r.Outcome = "complete"
	}
	for kind, n := range t.Repaired {
		r.Drift[metrics.Drift{Kind: kind, Repaired: true}] += n
	}
	for kind, n := range t.Refused {
		r.Drift[metrics.Drift{Kind: kind, Repaired: false}] += n
	}
	a.metrics.Reconciled(r)
}
