package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"text/tabwriter"

	"souk/internal/app"
)

type reconcile struct{}

func (reconcile) Help() string {
	return `It asks Stripe for every session, refund and dispute that is new or not decided, and applies what the shop did not know. Then
it asks Clerk's Backend API for its users and for what each of them holds, puts right what the shop has otherwise, and prints every difference:
whose, which item, and what was done about it. With Clerk it goes on where the last run stopped, and stops by itself after ten minutes or on Ctrl-C; the next
one goes on. "souk serve" does the same every 15 minutes; while one asks Clerk, another does not. The exit code is 1 then, and when Stripe or Clerk
could not be asked.`
}

func (reconcile) Run(ctx context.Context, p *program) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return p.with(ctx, func(a *app.App) error {
		stripe, clerk := p.reconcileStripe(ctx, a), p.reconcileClerk(ctx, a)
		switch {
		case errors.Is(stripe, app.ErrNoProvider):
			return clerk
		case errors.Is(clerk, app.ErrNoProvider):
			return stripe
		}
		return errors.Join(stripe, clerk)
	})
}

func (p *program) reconcileStripe(ctx context.Context, a *app.App) error {
	t, err := a.ReconcileStripe(ctx)
	if errors.Is(err, app.ErrNoProvider) {
		return err
	}
	if err != nil && a.Config.StandInStripe() {
		p.printf("Stripe: the stand-in answers only while souk serve runs.\n")
		return app.ErrNoProvider
	}
	p.printf("Stripe: sessions, refunds and disputes compared: %d. Differences: %d. ", t.Asked, t.Drifted()+t.Unrepaired())
	if n := t.Unrepaired(); n > 0 {
		p.printf("Not repaired: %d, the log says why. ", n)
	}
	switch {
	case err != nil:
		p.printf("Not complete.\n")
		return fmt.Errorf("not everything could be compared with Stripe: %w", err)
	case t.Failed > 0:
		p.printf("Not complete.\n")
		return fmt.Errorf("not everything could be compared with Stripe (failed: %d); the log says why", t.Failed)
	}
	p.printf("Complete.\n")
	return nil
}

func (p *program) reconcileClerk(ctx context.Context, a *app.App) error {
	t, err := a.Reconcile(ctx)
	if errors.Is(err, app.ErrNoProvider) {
		return err
	}
	if len(t.Drift) > 0 {
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "USER\tITEM\tREPAIRED\tWHAT")
		for _, d := range t.Drift {
			item, repaired := d.ItemID, "no"
			if item == "" {
				item = "-"
			}
			if d.Kind.Repaired() {
				repaired = "yes"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", oneLine(d.UserID), oneLine(item), repaired, oneLine(d.What))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if more := t.Drifted - len(t.Drift); more > 0 {
			p.printf("… and %d more, in the log.\n", more)
		}
	}
	p.printf("Clerk: users compared: %d. Differences: %d. ", t.Users, t.Drifted)
	switch {
	case err != nil:
		p.printf("Not complete.\n")
		return fmt.Errorf("not everything could be compared with Clerk: %w", err)
	case t.Failed > 0:
		p.printf("Not complete.\n")
		return fmt.Errorf("Clerk could not be asked about all users (failed: %d); the log says why", t.Failed) //nolint:staticcheck // a name
	case !t.Complete:
		p.printf("Not complete: run it again, and it goes on.\n")
	default:
		p.printf("Complete.\n")
	}
	return nil
}
