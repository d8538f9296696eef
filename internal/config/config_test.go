package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNothingSetIsDevelopment(t *testing.T) {
	c, err := Load(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if !c.Development() || !c.StandInClerk() || c.PublicURL != "http://127.0.0.1:8000" || c.SellerAccess != "open" ||
		c.DatabaseURL.Reveal() != "sqlite:///data/souk.db" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestEveryFaultIsToldAtOnceAndNoneShowsAValue(t *testing.T) {
	_, err := Load([]string{
		"PUBLIC_URL=http://shop.example.test", "LISTEN_ADDR=nowhere", "SECRET_KEY=hunter2", "DB_PORT=hunter2", "SELLER_ACCESS=hunter2",
		"ORDER_CONFIRM_ALLOW_MANUAL=true", "ORDER_CONFIRM_SHARED_SECRET=hunter2", "ASSET_STORAGE_SIGNED_URL_TTL_SECONDS=5",
		"CORS_ALLOWED_ORIGINS=*", "CLERK_SECRET_KEY=hunter2",
	}, "")
	if err == nil {
		t.Fatal("was accepted")
	}
	for _, name := range []string{
		"PUBLIC_URL", "LISTEN_ADDR", "SECRET_KEY", "DB_PORT", "SELLER_ACCESS", "ORDER_CONFIRM_SHARED_SECRET",
		"ASSET_STORAGE_SIGNED_URL_TTL_SECONDS", "CORS_ALLOWED_ORIGINS", "CLERK_DOMAIN",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a value is shown: %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c, err := Load([]string{"SECRET_KEY=hunter2hunter2hunter2hunter2", "DATABASE_URL=postgres://u:hunter2@127.0.0.1/x",
		"CLERK_WEBHOOK_SIGNING_SECRET=whsec_hunter2, whsec_hunter2again"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if secrets := c.Clerk.WebhookSigningSecret; len(secrets) != 2 || secrets[1].Reveal() != "whsec_hunter2again" {
		t.Fatalf("%d secrets for webhooks", len(secrets))
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(c.SecretKey), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q %x", c.SecretKey, c.SecretKey), fmt.Sprintf("%v %q %x %#v", c.Clerk, c.Clerk, c.Clerk, c.Clerk), string(text)} {
		if strings.Contains(shown, "hunter2") || strings.Contains(shown, "68756e746572") {
			t.Errorf("a secret is shown: %s", shown)
		}
	}
}

func TestWebhooksHaveOneOrTwoSecrets(t *testing.T) {
	const a, b, c = "whsec_hunter2a", "whsec_hunter2b", "whsec_hunter2c"
	for value, want := range map[string]int{"": 0, a: 1, " " + a + " ": 1, a + "," + b: 2, a + " , " + b: 2} {
		c, err := Load([]string{"CLERK_WEBHOOK_SIGNING_SECRET=" + value}, "")
		if err != nil || len(c.Clerk.WebhookSigningSecret) != want || want > 0 && c.Clerk.WebhookSigningSecret[0] != a {
			t.Errorf("%q: %v", value, err)
		}
	}
	for _, value := range []string{a + ",", "," + a, a + ",," + b, a + ", ," + b, ",", " ", a + "," + b + "," + c} {
		_, err := Load([]string{"CLERK_WEBHOOK_SIGNING_SECRET=" + value}, "")
		var fault Fault
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), "CLERK_WEBHOOK_SIGNING_SECRET") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestAliasesDotenvAndPrecedence(t *testing.T) {
	dotenv := filepath.Join(t.TempDir(), ".env")
	text := "DJANGO_SECRET_KEY=from-the-old-file-0123456789\nDJANGO_DEBUG=True\nDJANGO_ALLOWED_HOSTS=a.test, b.test\nLISTEN_ADDR=127.0.0.1:1111\n"
	if err := os.WriteFile(dotenv, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load([]string{"LISTEN_ADDR=127.0.0.1:2222"}, dotenv)
	if err != nil {
		t.Fatal(err)
	}
	if c.SecretKey.Reveal() != "from-the-old-file-0123456789" || !c.Debug || len(c.AllowedHosts) != 2 || c.AllowedHosts[1] != "b.test" {
		t.Errorf("aliases: %v %v %v", c.SecretKey.Reveal(), c.Debug, c.AllowedHosts)
	}
	if c.PublicURL != "http://127.0.0.1:2222" {
		t.Errorf("the environment must win over the file: %s", c.PublicURL)
	}
}

func TestClerkDomainGivesTheRest(t *testing.T) {
	for domain, want := range map[string]string{
		"clerk.shop.test": "https://clerk.shop.test", "127.0.0.1:9000": "http://127.0.0.1:9000", "https://clerk.shop.test/": "https://clerk.shop.test",
	} {
		c, err := Load([]string{"CLERK_DOMAIN=" + domain}, "")
		if err != nil {
			t.Fatal(err)
		}
		if c.Clerk.JWKSURL != want+"/.well-known/jwks.json" || len(c.Clerk.JWTIssuers) != 1 || c.Clerk.JWTIssuers[0] != want || c.StandInClerk() {
			t.Errorf("%s: %+v", domain, c.Clerk)
		}
	}
}

func TestPartsMakeADatabaseURL(t *testing.T) {
	c, err := Load([]string{"DB_NAME=shop", "DB_USER=me", "DB_PASSWORD=p@ss/word", "DB_HOST=db.test"}, "")
	if err != nil || c.DatabaseURL.Reveal() != "postgresql://me:p%40ss%2Fword@db.test:5432/shop" {
		t.Errorf("%v %v", c.DatabaseURL.Reveal(), err)
	}
}

func TestTheSecretKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	keys := map[string]bool{}
	for range 3 {
		c, err := Load([]string{"DATA_DIR=" + dir}, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.KeepSecretKey(); err != nil {
			t.Fatal(err)
		}
		keys[c.SecretKey.Reveal()] = true
		if len(c.SecretKey) < MinSecretBytes {
			t.Errorf("key of %d bytes", len(c.SecretKey))
		}
	}
	if len(keys) != 1 {
		t.Errorf("%d keys", len(keys))
	}
}

func TestClerksKeyGoesOverHTTPSOnly(t *testing.T) {
	for value, want := range map[string]string{
		"": "https://api.clerk.com", "https://api.clerk.com": "https://api.clerk.com", "https://clerk.example.test/proxy/": "https://clerk.example.test/proxy",
		"http://127.0.0.1:8000/__clerk/api": "http://127.0.0.1:8000/__clerk/api", "http://localhost:9": "http://localhost:9",
	} {
		if c, err := Load([]string{"CLERK_API_URL=" + value}, ""); err != nil || c.Clerk.APIURL != want {
			t.Errorf("%q: %v", value, err)
		}
	}
	for _, value := range []string{
		"http://api.clerk.com", "api.clerk.com", "https://", "https://api.clerk.com/v1", "https://api.clerk.com/v1/", "ftp://127.0.0.1", "http://127.0.0.1.example.test",
		"https://hunter2@api.clerk.com", "https://api.clerk.com?hunter2", "https://api.clerk.com#hunter2", "://hunter2", "http://10.0.0.1",
	} {
		if _, err := Load([]string{"CLERK_API_URL=" + value}, ""); err == nil || !strings.Contains(err.Error(), "CLERK_API_URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestNoStandInRunsBesideALiveKey(t *testing.T) {
	const hook = "STRIPE_WEBHOOK_SECRET=whsec_hunter2hunter2hunter2"
	public := []string{"PUBLIC_URL=https://shop.example.test", "SECRET_KEY=" + strings.Repeat("k", 32), "CLERK_DOMAIN=clerk.example.test"}
	all := []string{ // every provider has a test key: no stand-in runs
		"CLERK_DOMAIN=clerk.example.test", "CLERK_SECRET_KEY=sk_test_hunter2", "STRIPE_SECRET_KEY=sk_test_hunter2hunter2hunter2", hook,
		"SMTP_URL=smtp://127.0.0.1:25", "MAIL_FROM=shop@example.test",
	}
	on := func(list []string, more ...string) []string { return append(list[:len(list):len(list)], more...) }
	for _, c := range []struct {
		settings []string
		named    string // empty: it is accepted
	}{
		{nil, ""},
		{[]string{"CLERK_SECRET_KEY=sk_live_hunter2", "CLERK_DOMAIN=clerk.example.test"}, "CLERK_SECRET_KEY"}, // Stripe's and the mailbox would run
		{[]string{"CLERK_PUBLISHABLE_KEY=pk_live_hunter2"}, "CLERK_PUBLISHABLE_KEY"},
		{[]string{"VITE_CLERK_PUBLISHABLE_KEY= pk_live_hunter2"}, "VITE_CLERK_PUBLISHABLE_KEY"},
		{[]string{"STRIPE_API_KEY=rk_live_hunter2"}, "STRIPE_API_KEY"}, // which is for Stripe's own tools
		{[]string{"STRIPE_SECRET_KEY=sk_live_hunter2hunter2hunter2", hook}, "STRIPE_SECRET_KEY"},
		{[]string{"STRIPE_SECRET_KEY=rk_live_hunter2hunter2hunter2", hook}, "STRIPE_SECRET_KEY"},
		{[]string{"A=sk_live_hunter2", "B=pk_live_hunter2"}, "A, B: "},
		{[]string{"A=pk_test_hunter2", "B=whsk_live_hunter2"}, ""},
		{on(all, "A=pk_live_hunter2"), ""},
		{on(all[:4], "A=pk_live_hunter2"), "A"}, // the mailbox would run
		{on(public, "CLERK_SECRET_KEY=sk_live_hunter2", "A=pk_live_hunter2"), ""},
		{on(public, "STRIPE_SECRET_KEY=sk_live_hunter2hunter2hunter2", hook), ""},
	} {
		got, err := Load(c.settings, "")
		if c.named == "" {
			if err != nil || len(c.settings) > 2 && got.standIns() {
				t.Errorf("%q: %v", c.settings, err)
			}
			continue
		}
		var fault Fault
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), "\n"+c.named) || !strings.Contains(err.Error(), "live key") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", c.settings, err)
		}
	}
	dotenv := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(dotenv, []byte("CLERK_PUBLISHABLE_KEY=pk_live_hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(nil, dotenv); err == nil {
		t.Error("a live key in .env was accepted")
	}
}

func TestStandInsListenWhereTheyAnswer(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:0": true, "localhost:8000": true, "[::1]:8000": true, "0.0.0.0:8000": true, "[::]:8000": true, ":8000": true,
		"10.0.0.1:8000": false, "shop.example.test:8000": false,
	} {
		_, err := Load([]string{"PUBLIC_URL=http://127.0.0.1:8000", "LISTEN_ADDR=" + address}, "")
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "LISTEN_ADDR") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
