package cli

import (
	"context"
	"time"

	"souk/internal/app"
)

type webhooks struct {
	List   webhooksList   `cmd:"" help:"List the newest events that providers sent."`
	Show   webhooksShow   `cmd:"" help:"Print one event and its payload."`
	Replay webhooksReplay `cmd:"" help:"Handle an event again; one that was processed changes nothing."`
}

type webhooksList struct {
	Status string `enum:"processed,ignored,deferred,failed,review," default:"" help:"Only those: processed, ignored, deferred, failed or review."`
	Limit  int    `default:"50" help:"How many at most."`
}

func (c webhooksList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		events, err := a.Webhooks(ctx, c.Status, min(max(c.Limit, 1), 1000))
		for _, e := range events {
			p.printf("%8d  %s  %-9s  %-6s  %s  %s\n", e.ID, e.ReceivedAt.Format(time.RFC3339), e.Status, e.Provider, oneLine(e.Type), oneLine(e.Message))
		}
		if err == nil && len(events) == 0 {
			p.printf("There are none.\n")
		}
		return err
	})
}

type webhookID struct {
	ID int64 `arg:"" help:"The event's number, the first column of souk webhooks list."`
}

type (
	webhooksShow   struct{ webhookID }
	webhooksReplay struct{ webhookID }
)

func (c webhooksShow) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		e, err := a.Webhook(ctx, c.ID)
		if err != nil {
			return err
		}
		p.printf("id        %d\nprovider  %s\ndelivery  %s\ntype      %s\nstatus    %s\nattempts  %d\nreceived  %s\n",
			e.ID, e.Provider, e.EventID, oneLine(e.Type), e.Status, e.Attempts, e.ReceivedAt.Format(time.RFC3339))
		for _, line := range []struct{ name, text string }{{"waits for", e.WaitsFor}, {"why", e.Message}} {
			if line.text != "" {
				p.printf("%-9s %s\n", line.name, line.text)
			}
		}
		if len(e.Payload) == 0 {
			p.printf("The payload is not kept any more.\n")
			return nil
		}
		p.printf("\n%s\n", e.Payload)
		return nil
	})
}

func (c webhooksReplay) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		status, err := a.ReplayWebhook(ctx, c.ID)
		if err == nil {
			p.printf("Event %d: %s.\n", c.ID, status)
		}
		return err
	})
}
