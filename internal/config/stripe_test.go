package config

import (
	"strings"
	"testing"
)

func TestStripeSettings(t *testing.T) {
	const (
		test, live = "STRIPE_SECRET_KEY=sk_test_hunter2hunter2hunter2", "STRIPE_SECRET_KEY=sk_live_hunter2hunter2hunter2"
		hook       = "STRIPE_WEBHOOK_SECRET=whsec_hunter2hunter2hunter2"
	)
	public := []string{
		"PUBLIC_URL=https://shop.example.test", "SECRET_KEY=" + strings.Repeat("k", 32), "CLERK_DOMAIN=clerk.example.test",
		"CLERK_SECRET_KEY=sk_live_clerk", "DATABASE_URL=sqlite:///x.db",
	}
	on := func(list []string, more ...string) []string { return append(list[:len(list):len(list)], more...) }
	for _, c := range []struct {
		settings []string
		standIn  bool
	}{
		{nil, true}, {[]string{test, hook}, false}, {[]string{strings.Replace(test, "sk_", "rk_", 1), hook + ",whsec_hunter2hunter2hunter3"}, false},
		{public, false}, {on(public, live, hook), false}, {on(public, test, hook, "STRIPE_ALLOW_TEST_KEY=true"), false},
		{[]string{test, hook, "STRIPE_API_URL=http://127.0.0.1:12111/"}, false},
	} {
		got, err := Load(c.settings, "")
		if err != nil || got.StandInStripe() != c.standIn || strings.HasSuffix(got.Stripe.APIURL, "/") {
			t.Errorf("%q: %v", c.settings, err)
		}
	}
	for _, c := range []struct {
		settings []string
		named    string
	}{
		{[]string{test}, "STRIPE_WEBHOOK_SECRET"},
		{[]string{hook}, "STRIPE_SECRET_KEY"},
		{[]string{live, hook}, "real money"},
		{on(public, test, hook), "STRIPE_ALLOW_TEST_KEY"},
		{on(public, live), "STRIPE_WEBHOOK_SECRET"},
		{[]string{"STRIPE_SECRET_KEY=pk_test_hunter2hunter2hunter2", hook}, "publishable"},
		{[]string{"STRIPE_SECRET_KEY=sk_test_hunter2", hook}, "STRIPE_SECRET_KEY"},
		{[]string{test, hook + ",a,b"}, "STRIPE_WEBHOOK_SECRET"},
		{[]string{test, hook + ","}, "STRIPE_WEBHOOK_SECRET"},
		{[]string{test, hook, "STRIPE_API_URL=http://stripe.example.test"}, "STRIPE_API_URL"},
		{[]string{test, hook, "STRIPE_API_URL=https://api.stripe.com/v1"}, "STRIPE_API_URL"},
	} {
		_, err := Load(c.settings, "")
		if err == nil {
			t.Errorf("%q was accepted", c.settings)
			continue
		}
		text := strings.TrimPrefix(err.Error(), "the configuration cannot be used:\n")
		if !strings.Contains(text, c.named) || strings.Contains(text, "\n") || strings.Contains(text, "hunter2") {
			t.Errorf("%q: %s", c.settings, text)
		}
	}
}
