package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"souk/internal/config"
	"souk/internal/db"
	"souk/internal/httpx"
	"souk/internal/inbox"
	"souk/internal/jobs"
	"souk/internal/loopback"
	"souk/internal/order"
	"souk/internal/order/stripe"
)

// stripeProvider is Stripe's name in the inbox.
const stripeProvider = "stripe"

// stripeAccount is where one-time payments are taken: Stripe, or its stand-in. Without a key there is none.
type stripeAccount struct {
	origin, key string
	secrets     []string // of its webhooks
}

func (a stripeAccount) configured() bool { return a.key != "" }

func accountOf(cfg *config.Config) stripeAccount {
	account := stripeAccount{origin: cfg.Stripe.APIURL, key: cfg.Stripe.SecretKey.Reveal()}
	for _, secret := range cfg.Stripe.WebhookSecret {
		account.secrets = append(account.secrets, secret.Reveal())
	}
	return account
}

// keys are the keys that verify Stripe's webhooks. A secret that is none is a config.Fault.
func (a stripeAccount) keys() (keys []inbox.Key, err error) {
	var faults []error
	for _, secret := range a.secrets {
		key, err := inbox.ParseStripeSecret(secret)
		if err != nil {
			faults = append(faults, fmt.Errorf("STRIPE_WEBHOOK_SECRET %w", err))
		}
		keys = append(keys, key)
	}
	if len(faults) > 0 {
		return nil, config.Fault{Err: errors.Join(faults...)}
	}
	return keys, nil
}

// askStripe is how many requests a second one instance makes: half of what Stripe allows an account in test mode, where it allows
// less (https://docs.stripe.com/rate-limits).
const (
	askStripe  = 12
	askStandIn = 10_000 // has no limit
)

// StripeWebhooks is the path that Stripe's webhooks come to.
const StripeWebhooks = "/api/webhooks/stripe/"

// openStripe is the way to the account. closeIdle ends the connections that are kept.
func openStripe(cfg *config.Config, account stripeAccount, now func() time.Time) (way *stripe.Service, closeIdle func()) {
	requests := askStripe
	if u, err := url.Parse(account.origin); err == nil && loopback.Is(u.Hostname()) {
		requests = askStandIn
	}
	client, closeIdle := httpx.PoliteOutbound(requests, time.Second)
	way = stripe.New(account.origin, account.key, client)
	way.Now, way.PublicURL, way.AutomaticTax = now, cfg.PublicURL, cfg.Stripe.AutomaticTax
	return way, closeIdle
}

// payPage is Open of Stripe, or nil.
func (a *App) payPage() func(ctx context.Context, publicID string) (string, error) {
	if a.stripe == nil {
		return nil
	}
	return a.stripe.Open
}

// stripeEvent does what a webhook of Stripe's means.
func (a *App) stripeEvent(ctx context.Context, tx *db.Tx, e inbox.Event) (inbox.Outcome, error) {
	event, err := stripe.ReadEvent(e.Payload)
	if err != nil || len(event.Object) == 0 {
		return inbox.Outcome{Status: inbox.Review, Message: "it has no object"}, nil
	}
	if event.Live != a.stripe.Live {
		return inbox.Outcome{Status: inbox.Review, Message: fmt.Sprintf("live mode is %t, but the shop's key says %t", event.Live, a.stripe.Live)}, nil
	}
	effect, err := a.stripe.Follow(ctx, event)
	if err != nil {
		return inbox.Outcome{}, err
	}
	out := inbox.Outcome{Status: inbox.Processed}
	switch {
	case effect.Ignored:
		out = inbox.Outcome{Status: inbox.Ignored, Message: "it is not about anything that this shop sold, or of a type without effect"}
	case effect.Refused != "":
		out = inbox.Outcome{Status: inbox.Review, Message: effect.Refused}
	case effect.Lacks != "":
		out = inbox.Outcome{Status: inbox.Deferred, WaitsFor: effect.Lacks, Message: "not known yet: " + effect.Lacks}
	case effect.AskPayment != "":
		out.Message = "Stripe is asked for the refunds of the payment"
		if err := a.Jobs.Insert(ctx, tx, askPayment{effect.AskPayment}, jobs.Insert{}); err != nil {
			return inbox.Outcome{}, err
		}
	}
	if effect.OrderID != 0 {
		err = a.aboutBuyer(ctx, tx, effect.OrderID, &out)
	}
	return out, err
}

// aboutBuyer says in out whose order an event is about.
func (a *App) aboutBuyer(ctx context.Context, tx *db.Tx, orderID int64, out *inbox.Outcome) error {
	buyer, err := a.orders.Buyer(ctx, orderID)
	if err != nil {
		return err
	}
	if out.Subject, err = a.people.ClerkUserID(ctx, buyer); err != nil {
		return err
	}
	out.Erased, _, err = a.people.Erased(ctx, tx, out.Subject)
	return err
}

type askPayment struct {
	Payment string `json:"payment"`
}

func (askPayment) Kind() string { return "ask_stripe" }

type reconcileStripe struct{}

func (reconcileStripe) Kind() string { return "reconcile_stripe" }

// stripeJobs says what works the jobs that ask Stripe. What an older configuration left is refused, and waits.
func (a *App) stripeJobs() {
	need := func(work func(ctx context.Context) error) func(ctx context.Context) error {
		if a.stripe == nil {
			return func(context.Context) error { return order.ErrNoProvider }
		}
		return work
	}
	jobs.Handle(a.Jobs, func(ctx context.Context, j order.AskRefund) error {
		return need(func(ctx context.Context) error { return a.stripe.Refund(ctx, j.RefundID) })(ctx)
	})
	jobs.Handle(a.Jobs, func(ctx context.Context, j order.ExpireAttempts) error {
		return need(func(ctx context.Context) error { return a.stripe.Expire(ctx, j.OrderID) })(ctx)
	})
	jobs.Handle(a.Jobs, func(ctx context.Context, j askPayment) error {
		return need(func(ctx context.Context) error { return a.stripe.AskPayment(ctx, j.Payment) })(ctx)
	})
	jobs.Handle(a.Jobs, func(ctx context.Context, _ reconcileStripe) error {
		return need(func(ctx context.Context) error {
			_, err := a.ReconcileStripe(ctx)
			return err
		})(ctx)
	}, jobs.Timeout(reconcileFor+time.Minute))
	if a.stripe != nil {
		a.Jobs.Every(reconcileEvery, reconcileStripe{})
	}
}

// ErrNoProvider says that a provider is not configured.
var ErrNoProvider = order.ErrNoProvider

// ReconcileStripe compares sessions, refunds and disputes with Stripe's, and applies what the shop did not know.
func (a *App) ReconcileStripe(ctx context.Context) (stripe.Tally, error) {
	if a.stripe == nil {
		return stripe.Tally{}, order.ErrNoProvider
	}
	bounded, cancel := context.WithTimeout(ctx, reconcileFor)
	defer cancel()
	t, err := a.stripe.Reconcile(bounded)
	a.countReconciledStripe(t, err)
	slog.InfoContext(ctx, "reconciled with Stripe", "asked", t.Asked, "repaired", t.Drifted(), "refused", t.Unrepaired(), "failed", t.Failed, "complete", t.Complete)
	return t, err
}
