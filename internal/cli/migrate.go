package cli

import (
	"context"

	"souk/internal/app"
)

type migrate struct{}

func (migrate) Run(ctx context.Context, p *program) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	applied, err := app.Migrate(ctx, cfg)
	for _, name := range applied {
		p.printf("applied %s\n", name)
	}
	if err == nil && len(applied) == 0 {
		p.printf("The schema is up to date.\n")
	}
	return err
}
