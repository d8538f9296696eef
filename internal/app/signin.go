package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"souk/internal/clerkapi"
	"souk/internal/config"
	"souk/internal/httpx"
	"souk/internal/identity/clerk"
	"souk/internal/identity/supabase"
	"souk/internal/inbox"
	"souk/internal/mail"
	"souk/internal/web"
)

// accounts are where the providers are asked: at home, or in their stand-ins.
type accounts struct {
	clerk  clerkAccount
	stripe stripeAccount
	mail   *mail.Sender // nil: there is no mail server
}

// clerkAccount is a Clerk instance, or its stand-in.
type clerkAccount struct {
	issuers, parties []string // of its tokens
	keysURL          string
	origin, key      string   // of the Backend API; without a key it is not asked
	requests         int      // that the Backend API allows in ten seconds
	secrets          []string // of its webhooks
	browser          web.Clerk
}

func clerkOf(cfg *config.Config) clerkAccount {
	c := cfg.Clerk
	account := clerkAccount{issuers: c.JWTIssuers, parties: c.AuthorizedParties, keysURL: c.JWKSURL, origin: c.APIURL, key: c.SecretKey.Reveal()}
	account.requests = 100
	if strings.HasPrefix(account.key, liveKey) {
		account.requests = 1000
	}
	for _, secret := range c.WebhookSigningSecret {
		account.secrets = append(account.secrets, secret.Reveal())
	}
	frontend := cfg.FrontendAPI()
	account.browser = web.Clerk{PublishableKey: c.PublishableKey, FrontendAPI: frontend, Scripts: frontend + "/npm"}
	return account
}

// keys are the keys that verify Clerk's webhooks: none when no secret is set. A secret that is none is a config.Fault.
func (a clerkAccount) keys() (keys []inbox.Key, err error) {
	var faults []error
	for _, secret := range a.secrets {
		key, err := inbox.ParseSecret(secret)
		if err != nil {
			faults = append(faults, fmt.Errorf("CLERK_WEBHOOK_SIGNING_SECRET %w", err))
		}
		keys = append(keys, key)
	}
	if len(faults) > 0 {
		return nil, config.Fault{Err: errors.Join(faults...)}
	}
	return keys, nil
}

// openVerifier reads the keys of Clerk, or of its stand-in, over HTTP all the same.
func openVerifier(cfg *config.Config, account clerkAccount, now func() time.Time) *clerk.Verifier {
	policy := clerk.Policy{Issuers: account.issuers, Audiences: cfg.Clerk.JWTAudiences, Parties: account.parties, BillingClaim: cfg.Clerk.BillingClaim}
	return clerk.New(policy, clerk.NewKeys(account.keysURL, httpx.Outbound(), now), now)
}

// openClerk is the Backend API; without a key every call says so. It keeps to half of what Clerk allows a key, so that several
// instances of the shop, and the tools of the founder, find room. closeIdle ends the connections that are kept.
func openClerk(account clerkAccount) (api *clerkapi.API, closeIdle func()) {
	client, closeIdle := httpx.PoliteOutbound(account.requests/2, 10*time.Second)
	return clerkapi.New(account.origin, account.key, client), closeIdle
}

// liveKey is how the secret keys of Clerk's production instances begin. Those of development begin with sk_test_.
const liveKey = "sk_live_"

// place is where something beside the API is served.
type place struct {
	prefix  string
	handler http.Handler
}

// withStandIns serves the stand-ins beside the API, those that there are.
func (a *App) withStandIns(api http.Handler) http.Handler {
	places := a.places()
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
