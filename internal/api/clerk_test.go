package api_test

import (
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"souk/internal/devcloud"
	standin "souk/internal/devcloud/clerk"
	"souk/internal/souktest"
)

func TestWhatClerkKnowsOfTheCaller(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		if got := ben.Get("/api/me/clerk/").Is(200).Object().Text("clerk_user_id"); got != devcloud.UserID("ben@example.test") {
			t.Errorf("ben is %s", got)
		}
		id := devcloud.UserID("ana@example.test")
		if err := s.ClerkBackend.Instance.UpdateUser(id, func(p *standin.Profile) {
			p.FirstName, p.LastName, p.Email = "Demo", "Buyer", "new@example.test"
			p.PublicMetadata = map[string]any{"entitlements": []string{"premium"}}
		}); err != nil {
			t.Fatal(err)
		}
		if never := ana.Get("/api/me/clerk/").Is(200).Object(); never["last_sign_in_at"] != nil {
			t.Errorf("signed in at %v", never["last_sign_in_at"])
		}
		if err := s.ClerkBackend.Instance.SignIn(id); err != nil {
			t.Fatal(err)
		}
		got := ana.Get("/api/me/clerk/").Is(200)
		me := got.Object()
		if names := slices.Sorted(maps.Keys(me)); !slices.Equal(names, []string{
			"clerk_user_id", "created_at", "email_addresses", "first_name", "image_url", "last_name", "last_sign_in_at", "public_metadata",
		}) {
			t.Errorf("holds %v", names)
		}
		emails := me.Subs("email_addresses")
		if me.Text("clerk_user_id") != id || me.Text("first_name") != "Demo" || me.Text("last_name") != "Buyer" ||
			len(emails) != 2 || emails[0].Text("email") != "ana@example.test" || emails[0]["verified"] != false ||
			emails[1].Text("email") != "new@example.test" || emails[1]["verified"] != true ||
			!strings.Contains(string(got.Body), `"public_metadata":{"entitlements":["premium"]}`) ||
			!strings.HasSuffix(me.Text("created_at"), "Z") || !strings.HasSuffix(me.Text("last_sign_in_at"), "Z") {
			t.Errorf("%s", got.Body)
		}
		if strings.Contains(string(got.Body), "server alone") || strings.Contains(string(got.Body), "everything") {
			t.Errorf("tells private or unsafe metadata: %s", got.Body)
		}
	})
}

func TestClerksTroubleIsA502(t *testing.T) {
	const key = "sk_test_hunter2hunter2hunter2"
	instance, err := standin.New(standin.Options{Plans: standin.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	id, err := instance.CreateUser("", standin.Profile{Email: "ana@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	backend := standin.NewAPI(instance, key, nil)
	backend.RetryAfter(0)
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	s, issuer := withClerk(t, "CLERK_SECRET_KEY="+key, "CLERK_API_URL="+server.URL)
	log := logged(t)
	ana := s.Bearer(issuer.Token(t, id, nil, nil))
	answers := func(c *souktest.Client, code, cause string) {
		t.Helper()
		a := c.Get("/api/me/clerk/").Is(502)
		if a.Object().Text("code") != code || a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(log.String(), cause) {
			t.Errorf("%s; logged: %s", a.Body, log)
		}
		if strings.Contains(string(a.Body)+log.String(), "hunter2") {
			t.Error("the key is told")
		}
	}
	ana.Get("/api/me/clerk/").Is(200)
	answers(s.Bearer(issuer.Token(t, "user_unknown", nil, nil)), "clerk_unknown", "/v1/users/user_unknown answers 404 resource_not_found")
	for trouble, want := range map[standin.Trouble]string{standin.TooMany: "clerk_busy", standin.ServerError: "clerk_failed", standin.Garbage: "clerk_failed"} {
		backend.Fail(trouble, 2)
		answers(ana, want, "")
		backend.Fail(trouble, 0)
	}
	backend.Fail(standin.TooMany, 1) // the second try is good
	ana.Get("/api/me/clerk/").Is(200)

	refused, issuer := withClerk(t, "CLERK_SECRET_KEY=sk_test_hunter2", "CLERK_API_URL="+server.URL)
	log = logged(t)
	answers(refused.Bearer(issuer.Token(t, id, nil, nil)), "clerk_refused", "CLERK_SECRET_KEY is not accepted")
	server.Close()
	answers(ana, "clerk_failed", "connection refused")

	keyless, issuer := withClerk(t)
	if a := keyless.Nobody().Post("/api/webhooks/clerk/", `{}`).Is(503); a.Object().Text("code") != "webhook_not_configured" {
		t.Errorf("%s", a.Body)
	}
	if a := keyless.Bearer(issuer.Token(t, id, nil, nil)).Get("/api/me/clerk/").Is(503); a.Object().Text("code") != "clerk_not_configured" {
		t.Errorf("%s", a.Body)
	}
}
