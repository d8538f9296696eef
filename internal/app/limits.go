package app

import (
	"souk/internal/api"
	"souk/internal/config"
	"souk/internal/httpx"
)

// limits makes the limiters that the configuration asks for.
func limits(cfg *config.Config) api.Limits {
	l := api.Limits{TrustedProxies: cfg.TrustedProxies}
	if !cfg.RateLimitEnabled {
		return l
	}
	r := cfg.RateLimits
	for _, group := range []struct {
		limiter **httpx.Limiter
		rates   []config.Rate
	}{
		{&l.Catalog, r.Catalog}, {&l.General, r.General}, {&l.Order, r.Order}, {&l.Confirm, r.Confirm}, {&l.Booking, r.Booking},
		{&l.Download, r.Download}, {&l.BadDownload, r.BadDownload}, {&l.Seller, r.Seller}, {&l.Upload, r.Upload}, {&l.BadSignIn, r.BadSignIn},
	} {
		*group.limiter = new(httpx.Limiter)
		for _, rate := range group.rates {
			(*group.limiter).And(rate.Requests, rate.Per)
		}
	}
	return l
}
