package cli

import (
	"context"

	"souk/internal/app"
)

type seed struct {
	IfNew bool `help:"Only when the database has never been used, and this is development without a Clerk key."`
}

func (c seed) Run(ctx context.Context, p *program) error {
	if c.IfNew {
		cfg, err := p.config()
		if err != nil || !cfg.StandInClerk() {
			return err
		}
		if fresh, err := app.IsNew(ctx, cfg); err != nil || !fresh {
			return err
		}
	}
	return p.with(ctx, func(a *app.App) error {
		added, err := a.Seed(ctx)
		if err != nil {
			return err
		}
		if added == 0 {
			p.printf("The demo shop is there already.\n")
			return nil
		}
		p.printf("Put up a demo shop: %d products of seller@example.test, for buyer@example.test and reader@example.test.\n", added)
		return nil
	})
}
