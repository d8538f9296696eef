package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"souk/internal/loopback"
)

// Stripe are the settings of one-time payments.
type Stripe struct {
	SecretKey     Secret   `env:"SECRET_KEY"`
	WebhookSecret []Secret `env:"WEBHOOK_SECRET"` // two during a rotation
	APIURL        string   `env:"API_URL" envDefault:"https://api.stripe.com"`
	AutomaticTax  bool     `env:"AUTOMATIC_TAX"`
	AllowTestKey  bool     `env:"ALLOW_TEST_KEY"` // outside development, where anybody could pay with a test card
}

// StandInStripe says that no Stripe key is set, in development: devcloud then takes the payments.
func (c *Config) StandInStripe() bool {
	return c.Development() && c.Stripe.SecretKey == "" && len(c.Stripe.WebhookSecret) == 0
}

func (s *Stripe) derive() {
	s.APIURL = strings.TrimRight(s.APIURL, "/")
	for i, secret := range s.WebhookSecret {
		s.WebhookSecret[i] = Secret(strings.TrimSpace(secret.Reveal()))
	}
}

func (c *Config) checkStripe() (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	s := c.Stripe
	key := s.SecretKey.Reveal()
	live, test := hasAnyPrefix(key, "sk_live_", "rk_live_"), hasAnyPrefix(key, "sk_test_", "rk_test_")
	switch {
	case key == "" && len(s.WebhookSecret) > 0:
		wrong("STRIPE_WEBHOOK_SECRET is set, but STRIPE_SECRET_KEY is not")
	case key != "" && len(s.WebhookSecret) == 0:
		wrong("STRIPE_SECRET_KEY is set, but STRIPE_WEBHOOK_SECRET is not: make an endpoint at Stripe, or run stripe listen: either shows one")
	}
	switch {
	case key == "":
	case !live && !test || len(key) < MinSecretBytes || strings.ContainsAny(key, " \t\r\n"):
		wrong("STRIPE_SECRET_KEY must be a whole secret key (sk_live_… or sk_test_…) or restricted one (rk_…), not a publishable one (pk_…)")
	case live && c.Development():
		wrong("STRIPE_SECRET_KEY is a live key, which moves real money, but the host of PUBLIC_URL is loopback: use a test key there")
	case test && !c.Development() && !s.AllowTestKey:
		wrong("STRIPE_SECRET_KEY is a test key, with which anybody pays with a test card; for a staging shop set STRIPE_ALLOW_TEST_KEY=true")
	}
	if len(s.WebhookSecret) > 2 || slices.Contains(s.WebhookSecret, "") {
		wrong("STRIPE_WEBHOOK_SECRET must be one secret, or two with a comma between them")
	}
	if u, err := url.Parse(s.APIURL); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Path != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Hostname())) {
		wrong("STRIPE_API_URL must be like https://api.stripe.com: https (http on loopback alone), without a path")
	}
	return faults
}

func hasAnyPrefix(text string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
}
