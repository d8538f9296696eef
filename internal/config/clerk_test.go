package config

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestThePublishableKey(t *testing.T) {
	key := func(prefix, host string) string {
		return prefix + base64.RawStdEncoding.EncodeToString([]byte(host+"$"))
	}
	const (
		own     = "CLERK_DOMAIN=clerk.example.test"
		hosted  = "CLERK_DOMAIN=calm-otter-12.clerk.accounts.dev"
		secrets = "CLERK_SECRET_KEY=sk_"
	)
	live := []string{secrets + "live_hunter2", "PUBLIC_URL=https://shop.example.test", "SECRET_KEY=" + strings.Repeat("k", 32)}
	given := key("pk_test_", "other.example.test")
	for _, c := range []struct {
		settings []string
		key, api string
	}{
		{nil, "", ""},
		{[]string{own}, key("pk_live_", "clerk.example.test"), "https://clerk.example.test"},
		{append(live, own), key("pk_live_", "clerk.example.test"), "https://clerk.example.test"},
		{[]string{own, secrets + "test_hunter2"}, key("pk_test_", "clerk.example.test"), "https://clerk.example.test"},
		{[]string{"CLERK_DOMAIN=https://clerk.example.test/"}, key("pk_live_", "clerk.example.test"), "https://clerk.example.test"},
		{[]string{hosted}, key("pk_test_", "calm-otter-12.clerk.accounts.dev"), "https://calm-otter-12.clerk.accounts.dev"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + given}, given, "https://other.example.test"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + given + "="}, given + "=", "https://other.example.test"},
		{[]string{hosted, "VITE_CLERK_PUBLISHABLE_KEY=" + given}, given, "https://other.example.test"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + given, "VITE_CLERK_PUBLISHABLE_KEY=nothing"}, given, "https://other.example.test"},
		{[]string{"CLERK_DOMAIN=localhost:4000"}, "", ""},
	} {
		got, err := Load(c.settings, "")
		if err != nil {
			t.Errorf("%q: %v", c.settings, err)
			continue
		}
		if got.Clerk.PublishableKey != c.key || got.FrontendAPI() != c.api {
			t.Errorf("%q: %q %q", c.settings, got.Clerk.PublishableKey, got.FrontendAPI())
		}
	}
	for _, c := range []struct {
		settings []string
		named    string
	}{
		{[]string{"CLERK_PUBLISHABLE_KEY=" + given}, "CLERK_DOMAIN"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=sk_test_hunter2"}, "whole publishable key"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=pk_test_%%%"}, "whole publishable key"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + key("pk_test_", "nodot")}, "whole publishable key"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + key("pk_test_", "a.test; script-src *")}, "whole publishable key"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + key("pk_test_", "a.test;script-src")}, "whole publishable key"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + key("pk_test_", "a.test/path")}, "whole publishable key"},
		{[]string{hosted, "CLERK_PUBLISHABLE_KEY=" + base64.RawStdEncoding.EncodeToString([]byte("a.test$"))}, "whole publishable key"},
		{append(live, hosted, "CLERK_PUBLISHABLE_KEY="+given), "two instances"},
		{[]string{own, secrets + "test_hunter2", "CLERK_PUBLISHABLE_KEY=" + key("pk_live_", "clerk.example.test")}, "two instances"},
	} {
		if _, err := Load(c.settings, ""); err == nil || !strings.Contains(err.Error(), c.named) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", c.settings, err)
		}
	}
}

func TestTheBillingPortalIsAPage(t *testing.T) {
	for value, ok := range map[string]bool{
		"https://billing.stripe.com/p/login/x": true, "http://127.0.0.1:9/x": true, "": true,
		"http://billing.example.com/": false, "javascript:alert(1)": false, "billing.example.com": false, "https://user:pw@billing.example.com/": false,
	} {
		for _, name := range []string{"CLERK_BILLING_PORTAL_URL", "VITE_CLERK_BILLING_PORTAL_URL"} {
			c, err := Load([]string{name + "=" + value}, "")
			if (err == nil) != ok || ok && c.Clerk.BillingPortalURL != value {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}
