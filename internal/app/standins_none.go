//go:build nodevcloud

package app

import (
	"context"
	"errors"
	"time"

	"souk/internal/config"
	"souk/internal/demo"
	"souk/internal/identity"
)

// standIns are none in this program: it is for production.
type standIns struct{}

var errNoStandIns = errors.New("this program was built without the stand-ins for development (-tags nodevcloud): set PUBLIC_URL to the shop's address, " +
	"and CLERK_SECRET_KEY and CLERK_DOMAIN to those of a Clerk instance, or build it without that tag")

func (standIns) open(_ context.Context, cfg *config.Config, _ func() time.Time, _ *accounts) error {
	if cfg.StandInClerk() {
		return config.Fault{Err: errNoStandIns}
	}
	return nil
}

func (standIns) places() []place { return nil }

// Run has nothing to do.
func (standIns) Run(context.Context) error { return nil }

// Pages are none.
func (standIns) Pages() [][2]string { return nil }

func (standIns) close() error { return nil }

func (standIns) know(demo.Person) (identity.Claims, error) {
	return identity.Claims{}, errNoStandIns
}
