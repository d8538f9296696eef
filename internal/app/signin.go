package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"souk/internal/clerkapi"
	"souk/internal/config"
	"souk/internal/devcloud"
	"souk/internal/devcloud/mailbox"
	stripestandin "souk/internal/devcloud/stripe"
	"souk/internal/httpx"
	"souk/internal/identity/clerk"
	"souk/internal/identity/supabase"
	"souk/internal/mail"
)

// OpenIssuer opens the stand-in for Clerk with the key that serve uses, whether it runs or not.
func OpenIssuer(cfg *config.Config) (*devcloud.Issuer, error) {
	if !cfg.StandInClerk() {
		return nil, errors.New("there is no stand-in for Clerk: PUBLIC_URL is not on loopback, or Clerk is configured")
	}
	return devcloud.OpenIssuer(standInDir(cfg), cfg.PublicURL)
}

func standInDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "devcloud") }

// openVerifier reads the keys of Clerk, or of its stand-in, over HTTP all the same.
func (a *App) openVerifier(now func() time.Time) (*clerk.Verifier, error) {
	c := a.Config.Clerk
	policy := clerk.Policy{Issuers: c.JWTIssuers, Audiences: c.JWTAudiences, Parties: c.AuthorizedParties, BillingClaim: c.BillingClaim}
	keysURL := c.JWKSURL
	if a.Config.StandInClerk() {
		var err error
		if a.Issuer, err = OpenIssuer(a.Config); err != nil {
			return nil, err
		}
		if a.ClerkBackend, err = devcloud.OpenBackend(standInDir(a.Config), a.Issuer, now); err != nil {
			return nil, err
		}
		policy.Issuers = []string{a.Issuer.URL}
		policy.Parties = append([]string{a.Config.PublicURL}, policy.Parties...)
		keysURL = a.Config.LocalURL() + devcloud.Prefix + "/.well-known/jwks.json"
	}
	return clerk.New(policy, clerk.NewKeys(keysURL, httpx.Outbound(), now), now), nil
}

// openClerk is the Backend API of Clerk, or of its stand-in; without a key none, and every call says so. It keeps to half of
// what Clerk allows a key, so that several instances of the shop, and the tools of the founder, find room. closeIdle ends
// the connections that are kept.
func openClerk(cfg *config.Config, standIn *devcloud.Backend) (api *clerkapi.API, closeIdle func()) {
	origin, key := cfg.Clerk.APIURL, cfg.Clerk.SecretKey.Reveal()
	if standIn != nil {
		origin, key = cfg.LocalURL()+devcloud.BackendPrefix, standIn.SecretKey
	}
	requests := 100 / 2
	if strings.HasPrefix(key, liveKey) {
		requests = 1000 / 2
	}
	client, closeIdle := httpx.PoliteOutbound(requests, 10*time.Second)
	return clerkapi.New(origin, key, client), closeIdle
}

// liveKey is how the secret keys of Clerk's production instances begin. Those of development begin with sk_test_.
const liveKey = "sk_live_"

// mailCode sends what the stand-in for Clerk mails.
func (a *App) mailCode(ctx context.Context, to, subject, text string) error {
	if a.mail == nil {
		return errors.New("there is no mail server")
	}
	return a.mail.Send(ctx, mail.Message{
		To: mail.Address{Email: to}, Subject: subject, Text: text, Date: a.now(), MessageID: strings.ToLower(rand.Text()) + "@code.example.test",
	})
}

// withStandIns serves the stand-ins beside the API, those that there are.
func (a *App) withStandIns(api http.Handler) http.Handler {
	type place struct {
		prefix  string
		handler http.Handler
	}
	var places []place
	if a.Issuer != nil {
		places = append(places, place{devcloud.BackendPrefix + "/", a.ClerkBackend.Handler()},
			place{devcloud.Prefix + "/.well-known/", a.Issuer.Handler()}, place{devcloud.Prefix + "/", a.ClerkFrontend.Handler()})
	}
	if a.Stripe != nil {
		handler := devcloud.Local(a.Stripe.Handler())
		places = append(places, place{stripestandin.Prefix + "/", handler}, place{stripestandin.APIPrefix + "/", handler})
	}
	if a.Mailbox != nil {
		places = append(places, place{mailbox.Prefix + "/", devcloud.Local(a.Mailbox.Handler())})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, p := range places {
			if strings.HasPrefix(r.URL.Path, p.prefix) {
				httpx.NameRoute(r, p.prefix)
				p.handler.ServeHTTP(w, r)
				return
			}
		}
		api.ServeHTTP(w, r)
	})
}

// supabaseProfile reads rows of Supabase's profiles table; nil without a Supabase.
func supabaseProfile(cfg *config.Config) func(ctx context.Context, token, subject string) (json.RawMessage, error) {
	if cfg.Supabase.URL == "" {
		return nil
	}
	return supabase.New(cfg.Supabase.URL, cfg.Supabase.AnonKey.Reveal(), httpx.Outbound()).Profile
}
