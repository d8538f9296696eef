package cli

import (
	"context"
	"errors"

	"souk/internal/app"
)

type seller struct {
	Add    sellerAdd    `cmd:"" help:"Let a user sell."`
	List   sellerList   `cmd:"" help:"List who may sell."`
	Remove sellerRemove `cmd:"" help:"Take a user off the list; what was sold stays."`
}

type (
	sellerAdd    struct{ subject }
	sellerRemove struct{ subject }
	sellerList   struct{}
)

type subject struct {
	Subject string `arg:"" help:"A Clerk user id, or an e-mail address."`
}

func (c sellerAdd) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		name, err := a.AddSeller(ctx, c.Subject)
		if err == nil {
			p.printf("%s may sell.\n", name)
		}
		return err
	})
}

func (c sellerRemove) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		err := a.RemoveSeller(ctx, c.Subject)
		if err == nil {
			p.printf("%s may not sell any more.\n", c.Subject)
		}
		return err
	})
}

func (sellerList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		subjects, err := a.Sellers(ctx)
		for _, s := range subjects {
			p.printf("%s\n", s)
		}
		if a.Config.SellerAccess == "open" {
			p.printf("SELLER_ACCESS is open: everybody who is signed in may sell.\n")
		}
		return err
	})
}

// with wires the shop for a command that needs its services, and closes it.
func (p *program) with(ctx context.Context, do func(*app.App) error) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, app.Options{Release: release()})
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}
