//go:build !nodevcloud

package cli

import (
	"errors"
	"time"

	"souk/internal/app"
)

// forDevelopment are the commands that a program without stand-ins lacks.
type forDevelopment struct {
	Token    token    `cmd:"" help:"Print a session token of the stand-in for Clerk, for development."`
	Devcloud devcloud `cmd:"" help:"The stand-ins of the running shop, for development."`
}

type token struct {
	As      string        `required:"" placeholder:"EMAIL" help:"The user, who is made on first use."`
	Feature []string      `placeholder:"KEY" help:"A billing feature that the token grants; may be repeated."`
	TTL     time.Duration `default:"12h" help:"How long the token lives."`
}

func (t token) Run(p *program) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	if !cfg.StandInClerk() {
		return errors.New("tokens are printed in development only: PUBLIC_URL must be loopback, and no Clerk key set")
	}
	if t.TTL <= 0 {
		return errors.New("--ttl must be more than nothing")
	}
	issuer, err := app.OpenIssuer(cfg)
	if err != nil {
		return err
	}
	text, err := issuer.Token(t.As, t.Feature, time.Now(), t.TTL)
	if err != nil {
		return err
	}
	p.printf("%s\n", text)
	return nil
}
