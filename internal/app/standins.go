//go:build !nodevcloud

package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"souk/internal/catalog"
	"souk/internal/config"
	"souk/internal/demo"
	"souk/internal/devcloud"
	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/control"
	"souk/internal/devcloud/mailbox"
	"souk/internal/devcloud/sdk"
	"souk/internal/devcloud/stripe"
	"souk/internal/identity"
	"souk/internal/mail"
	"souk/internal/web"
)

// standIns are the strangers that development needs in place of providers that are not configured. A program built with
// -tags nodevcloud has none: see standins_none.go.
type standIns struct {
	Issuer        *devcloud.Issuer   // of Clerk's tokens; nil outside development, or when Clerk is configured
	ClerkBackend  *devcloud.Backend  // the Backend API, served at LocalURL and devcloud.BackendPrefix; nil when Issuer is
	ClerkFrontend *devcloud.Frontend // the Frontend API, served under devcloud.Prefix; nil when Issuer is
	Stripe        *stripe.Stripe     // nil outside development, or when Stripe is configured
	Mailbox       *mailbox.Box       // nil outside development, or when SMTP_URL is set

	origin string // of the shop
	plans  string // the file with the plans of Clerk's stand-in
}

// open opens those that cfg asks for, and has to's accounts lead to them.
func (s *standIns) open(ctx context.Context, cfg *config.Config, now func() time.Time, to *accounts) error {
	if cfg.StandInMail() {
		if err := s.openMail(cfg, now, to); err != nil {
			return err
		}
	}
	if cfg.StandInClerk() {
		if err := s.openClerk(ctx, cfg, now, to); err != nil {
			return err
		}
	}
	if cfg.StandInStripe() {
		var err error
		s.Stripe, err = stripe.Open(stripe.Options{
			Path: filepath.Join(standInDir(cfg), "stripe.db"), Origin: cfg.PublicURL, Webhooks: []string{cfg.LocalURL() + StripeWebhooks}, Now: now,
		})
		if err != nil {
			return fmt.Errorf("the stand-in for Stripe: %w", err)
		}
		to.stripe = stripeAccount{cfg.LocalURL(), s.Stripe.SecretKey(), []string{s.Stripe.WebhookSecret()}}
	}
	return nil
}

func standInDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "devcloud") }

func (s *standIns) openMail(cfg *config.Config, now func() time.Time, to *accounts) (err error) {
	if s.Mailbox, err = mailbox.Open(standInDir(cfg), now); err != nil {
		return err
	}
	host, text, err := net.SplitHostPort(s.Mailbox.Addr)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	to.mail, err = openMail(cfg, mail.Server{Host: host, Port: port, Security: mail.Plain})
	return err
}

func (s *standIns) openClerk(ctx context.Context, cfg *config.Config, now func() time.Time, to *accounts) (err error) {
	if s.Issuer, err = OpenIssuer(cfg); err != nil {
		return err
	}
	if s.ClerkBackend, err = devcloud.OpenBackend(ctx, standInDir(cfg), s.Issuer, demoPlans(), cfg.LocalURL()+ClerkWebhooks, now); err != nil {
		return err
	}
	s.origin, s.plans = cfg.PublicURL, filepath.Join(standInDir(cfg), "plans.json")
	mailCode := func(ctx context.Context, email, subject, text string) error {
		if to.mail == nil {
			return errors.New("there is no mail server")
		}
		id := strings.ToLower(rand.Text()) + "@code.example.test"
		return to.mail.Send(ctx, mail.Message{To: mail.Address{Email: email}, Subject: subject, Text: text, Date: now(), MessageID: id})
	}
	s.ClerkFrontend, err = devcloud.OpenFrontend(ctx, s.Issuer, s.ClerkBackend, cfg.ShopName, mailCode)
	to.clerk.origin, to.clerk.key = cfg.LocalURL()+devcloud.BackendPrefix, s.ClerkBackend.SecretKey
	to.clerk.requests = 1000 // the stand-in counts none; whoever tries something should not wait as at an instance for development
	to.clerk.secrets = append(to.clerk.secrets, s.ClerkBackend.Instance.WebhookSecret())
	to.clerk.keysURL = cfg.LocalURL() + devcloud.Prefix + "/.well-known/jwks.json"
	to.clerk.browser = web.Clerk{PublishableKey: devcloud.PublishableKey(cfg.PublicURL), ProxyURL: devcloud.Prefix, Scripts: scriptsPrefix, Stripe: devcloud.Prefix + "/stripe.js"}
	to.clerk.issuers, to.clerk.parties = []string{s.Issuer.URL}, append([]string{cfg.PublicURL}, to.clerk.parties...)
	return err
}

// demoPlans are those of the demo shop's subscriptions, and the one of everybody else.
func demoPlans() []clerk.Plan {
	plans := []clerk.Plan{{ID: "cplan_free", Slug: "free", Name: "Free", Default: true}}
	for _, p := range demo.Products {
		if p.Plan == nil {
			continue
		}
		plan := clerk.Plan{ID: p.Plan.ID, Slug: p.Plan.Slug, Name: p.Name, Description: p.Tagline, TrialDays: p.Plan.TrialDays, Features: p.FeatureKeys}
		for _, price := range p.Prices {
			if price.Period == catalog.Yearly {
				plan.Annual = price.AmountCents
			} else {
				plan.Monthly = price.AmountCents
			}
		}
		plans = append(plans, plan)
	}
	return plans
}

// scriptsPrefix is where the browser's SDK is, below the Frontend API as at Clerk.
const scriptsPrefix = devcloud.Prefix + "/npm"

// OpenIssuer opens the stand-in for Clerk with the key that serve uses, whether it runs or not.
func OpenIssuer(cfg *config.Config) (*devcloud.Issuer, error) {
	if !cfg.StandInClerk() {
		return nil, errors.New("there is no stand-in for Clerk: PUBLIC_URL is not on loopback, or Clerk is configured")
	}
	return devcloud.OpenIssuer(standInDir(cfg), cfg.PublicURL)
}

// places are the paths that the stand-ins answer, the longer of two first.
func (s *standIns) places() (places []place) {
	if s.Issuer != nil {
		places = append(places, place{devcloud.BackendPrefix + "/", s.ClerkBackend.Handler()},
			place{devcloud.Prefix + "/.well-known/", s.Issuer.Handler()}, place{scriptsPrefix + "/", devcloud.Local(sdk.Handler(scriptsPrefix + "/"))},
			place{devcloud.Prefix + "/", s.ClerkFrontend.Handler()}, place{control.Prefix + "/", devcloud.Local(s.controls().Handler())})
	}
	if s.Stripe != nil {
		handler := devcloud.Local(s.Stripe.Handler())
		places = append(places, place{stripe.Prefix + "/", handler}, place{stripe.APIPrefix + "/", handler})
	}
	if s.Mailbox != nil {
		places = append(places, place{mailbox.Prefix + "/", devcloud.Local(s.Mailbox.Handler())})
	}
	return places
}

// Run sends the shop what the stand-ins have to tell, until ctx ends.
func (s *standIns) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	if s.ClerkBackend != nil {
		work.Go(func() error { return s.ClerkBackend.Run(ctx) })
		work.Go(func() error { return s.ClerkFrontend.Run(ctx) })
	}
	if s.Stripe != nil {
		work.Go(func() error { return s.Stripe.Run(ctx) })
	}
	return work.Wait()
}

// controls is the page on which a developer lets things happen at Clerk's stand-in.
func (s *standIns) controls() *control.Control {
	links := []control.Link{{Name: "API", URL: "/api/docs/"}}
	if s.Mailbox != nil {
		links = append(links, control.Link{Name: "Mailbox", URL: mailbox.Prefix + "/"})
	}
	if s.Stripe != nil {
		links = append(links, control.Link{Name: "Stripe", URL: stripe.Prefix + "/"})
	}
	first := []string{demo.Seller.Email}
	for _, b := range demo.Buyers {
		first = append(first, b.Email)
	}
	return &control.Control{Instance: s.ClerkBackend.Instance, Accounts: s.ClerkFrontend.Server, Origin: s.origin, Plans: s.plans, Links: links, First: first, Refresh: s.ClerkBackend.Admit}
}

// Pages are those that a developer may want to open, by what they are for.
func (s *standIns) Pages() (pages [][2]string) {
	if s.Issuer != nil {
		pages = append(pages, [2]string{"controls", control.Prefix + "/"})
	}
	if s.Stripe != nil {
		pages = append(pages, [2]string{"payments", stripe.Prefix + "/"})
	}
	if s.Mailbox != nil {
		pages = append(pages, [2]string{"mail", mailbox.Prefix + "/"})
	}
	return pages
}

func (s *standIns) close() error {
	var errs []error
	if s.Stripe != nil {
		errs = append(errs, s.Stripe.Close())
	}
	if s.ClerkBackend != nil {
		errs = append(errs, s.ClerkBackend.Close())
	}
	if s.Mailbox != nil {
		errs = append(errs, s.Mailbox.Close())
	}
	return errors.Join(errs...)
}

// know makes somebody of the demo shop a user, and gives what a session token would say of them.
func (s *standIns) know(p demo.Person) (identity.Claims, error) {
	id, err := s.Issuer.Know(devcloud.Person{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName})
	return identity.Claims{Subject: id, Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, ImageURL: s.Issuer.Picture(id)}, err
}
