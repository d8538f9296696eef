package cli

import (
	"context"
	"errors"

	"souk/internal/app"
)

type doctor struct{}

func (doctor) Run(ctx context.Context, p *program) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	failed := false
	for _, f := range app.Examine(ctx, cfg) {
		mark := "ok  "
		if !f.OK {
			mark, failed = "FAIL", true
		}
		p.printf("%s  %-13s  %s\n", mark, f.What, f.Text)
	}
	if failed {
		return errors.New("the shop cannot run well like this")
	}
	return nil
}
