package config

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"souk/internal/loopback"
)

// A key of Clerk's for browsers is one of these, and the host of the Frontend API with a $ in base64, without padding.
const (
	liveKey = "pk_live_"
	testKey = "pk_test_"
)

// FrontendAPI is the origin of the Frontend API that the publishable key names; empty without a key.
func (c *Config) FrontendAPI() string {
	if host := frontendHost(c.Clerk.PublishableKey); host != "" {
		return "https://" + host
	}
	return ""
}

// publishableKey is the key of the instance at domain, by the mode of its secret key; without one the domain tells.
func publishableKey(domain, secret string) string {
	if _, host, ok := strings.Cut(domain, "://"); ok {
		domain = host
	}
	mode := liveKey
	if strings.HasPrefix(secret, "sk_test_") || secret == "" && strings.HasSuffix(domain, ".accounts.dev") {
		mode = testKey
	}
	return mode + base64.RawStdEncoding.EncodeToString([]byte(strings.TrimRight(domain, "/")+"$"))
}

// frontendHost is the host that a publishable key names, or "" when it is no such key.
func frontendHost(key string) string {
	if !hasAnyPrefix(key, liveKey, testKey) {
		return ""
	}
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(key[len(liveKey):], "="))
	host, whole := strings.CutSuffix(string(text), "$")
	u, parses := url.Parse("https://" + host)
	if err != nil || !whole || parses != nil || u.Host != host || !strings.Contains(host, ".") || strings.ContainsAny(host, " ;,'\"") {
		return ""
	}
	return host
}

func (c *Config) checkClerkKeys() (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	key, secret := c.Clerk.PublishableKey, c.Clerk.SecretKey.Reveal()
	switch {
	case key == "":
	case frontendHost(key) == "":
		wrong("CLERK_PUBLISHABLE_KEY must be a whole publishable key (pk_live_… or pk_test_…)")
	case c.Clerk.JWKSURL == "":
		wrong("CLERK_PUBLISHABLE_KEY is set, but CLERK_DOMAIN is not: the pages would sign people in whom the shop does not know")
	case strings.HasPrefix(secret, "sk_live_") != strings.HasPrefix(key, liveKey) && hasAnyPrefix(secret, "sk_live_", "sk_test_"):
		wrong("CLERK_PUBLISHABLE_KEY and CLERK_SECRET_KEY are of two instances: one is a test key, the other a live key")
	}
	if portal := c.Clerk.BillingPortalURL; portal != "" {
		u, err := url.Parse(portal)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Hostname())) {
			wrong("CLERK_BILLING_PORTAL_URL must be the https address of a page (http on loopback alone)")
		}
	}
	return faults
}
