package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/devcloud"
	"souk/internal/souktest"
)

func TestMe(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test", "Pro", "ai_coach", "pro ")
		me := ana.Get("/api/me/").Is(200).Object()
		id := devcloud.UserID("ana@example.test")
		if me.Text("clerk_user_id") != id || me.Text("email") != "ana@example.test" || me["org_id"] != nil ||
			fmt.Sprint(me["billing_features"]) != "[pro ai_coach]" {
			t.Errorf("me: %v", me)
		}
		profile := ana.Get("/api/profile/").Is(200).Object()
		if fmt.Sprint(me.Sub("profile")) != fmt.Sprint(map[string]any(profile)) {
			t.Errorf("two profiles: %v, %v", me.Sub("profile"), profile)
		}
		if profile.Text("plan_tier") != "pro" || profile["is_active"] != true || profile.Text("clerk_user_id") != id ||
			len(profile.Sub("metadata")) != 0 || profile.ID() == 0 {
			t.Errorf("profile: %v", profile)
		}
		for path, status := range map[string]int{"/api/me/clerk/": 200, "/api/supabase/profile/": 503} {
			ana.Get(path).Is(status)
			s.Nobody().Get(path).Is(401)
		}
	})
}

func TestBillingFeatures(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test", "zeta", "Alpha")
		if got := string(ana.Get("/api/billing/features/").Is(200).Body); strings.TrimSpace(got) != `{"enabled_features":["alpha","zeta"]}` {
			t.Error(got)
		}
		for feature, want := range map[string]string{
			"ZETA":       `{"feature":"zeta","enabled":true}`,
			"%20zeta%20": `{"feature":"zeta","enabled":true}`,
			"Beta":       `{"feature":"beta","enabled":false}`,
		} {
			if got := string(ana.Get("/api/billing/features/?feature=" + feature).Is(200).Body); strings.TrimSpace(got) != want {
				t.Errorf("%s: %s", feature, got)
			}
		}
		if got := string(s.As("ben@example.test").Get("/api/billing/features/").Is(200).Body); strings.TrimSpace(got) != `{"enabled_features":[]}` {
			t.Error(got)
		}
		if f := ana.Get("/api/billing/features/?feature=" + strings.Repeat("a", 201)).Field(); f != "query.feature" {
			t.Error(f)
		}
	})
}

func TestPlanTier(t *testing.T) {
	s, c := withClerk(t, "CLERK_BILLING_CLAIM=perks")
	for _, test := range []struct {
		claims claims
		want   string
	}{
		{nil, "free"},
		{claims{"fea": "u:starter"}, "free"},
		{claims{"pla": "u:growth"}, "pro"},
		{claims{"perks": "Premium"}, "pro"},
		{claims{"perks": []string{"pro"}, "pla": "o:enterprise"}, "enterprise"},
		{claims{"perks": claims{"enterprise": false, "pro": true}}, "pro"},
	} {
		p := s.Bearer(c.Token(t, "user_1", test.claims, nil)).Get("/api/profile/").Is(200).Object()
		if p.Text("plan_tier") != test.want {
			t.Errorf("%v: %v", test.claims, p)
		}
	}
	if _, err := s.DB.Exec(t.Context(), `UPDATE profiles SET public_metadata = '{"perks":["Enterprise"],"other":["x"]}'`); err != nil {
		t.Fatal(err)
	}
	user := s.Bearer(c.Token(t, "user_1", claims{"perks": "a"}, nil))
	p := user.Get("/api/profile/").Is(200).Object()
	if p.Text("plan_tier") != "enterprise" || fmt.Sprint(p["billing_features"]) != "[a enterprise]" {
		t.Errorf("of the public metadata: %v", p)
	}
	if got := fmt.Sprint(user.Get("/api/me/").Is(200).Object()["billing_features"]); got != "[a]" {
		t.Errorf("the token's: %v", got)
	}
}

func TestProfilesFollowTheToken(t *testing.T) {
	s, c := withClerk(t)
	show := func(claims claims) string {
		p := s.Bearer(c.Token(t, "user_1", claims, nil)).Get("/api/profile/").Is(200).Object()
		return strings.Join([]string{p.Text("email"), p.Text("first_name"), p.Text("last_name"), p.Text("image_url")}, "|")
	}
	for _, step := range []struct {
		claims claims
		want   string
	}{
		{nil, "|||"},
		{claims{"email": "ana@example.test", "given_name": "Ana"}, "ana@example.test|Ana||"},
		{nil, "ana@example.test|Ana||"},
		{claims{"email": "", "last_name": "Silva"}, "ana@example.test|Ana|Silva|"},
		{claims{"email": nil, "first_name": 5, "family_name": "Reis", "picture": "https://img.test/1"}, "ana@example.test|Ana|Reis|https://img.test/1"},
		{claims{"email": "ana@new.example.test", "given_name": "A\x00na"}, "ana@new.example.test|Ana|Reis|https://img.test/1"},
	} {
		if got := show(step.claims); got != step.want {
			t.Errorf("%v: %s, want %s", step.claims, got, step.want)
		}
	}
	me := s.Bearer(c.Token(t, "user_1", claims{"o": claims{"id": "org_1"}, "exp": time.Now().Unix() + 30}, nil)).Get("/api/me/").Is(200).Object()
	if me.Text("org_id") != "org_1" {
		t.Error(me)
	}
}

func TestCustomer(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		const path = "/api/account/customer/"
		c := ana.Get(path).Is(200).Object()
		if c.Text("billing_email") != "ana@example.test" || c.Text("external_customer_id") != devcloud.UserID("ana@example.test") ||
			c.Sub("profile").Text("email") != "ana@example.test" || c.Text("country") != "" {
			t.Errorf("made %v", c)
		}
		changed := ana.Patch(path, `{"billing_email":" bills@example.test ","full_name":"Ana Silva","country":" pt ","tax_id":"PT1",
			"metadata":{"a":[1]},"id":99,"external_customer_id":"x","profile":{"id":99},"created_at":"2020-01-01T00:00:00Z"}`).Is(200).Object()
		if changed.Text("billing_email") != "bills@example.test" || changed.Text("country") != "PT" || changed.Text("full_name") != "Ana Silva" ||
			changed.ID() != c.ID() || changed.Text("external_customer_id") != c.Text("external_customer_id") || changed.Text("created_at") != c.Text("created_at") ||
			fmt.Sprint(changed.Sub("metadata")["a"]) != "[1]" {
			t.Errorf("changed %v", changed)
		}
		if kept := ana.Patch(path, `{"company_name":"Silva"}`).Is(200).Object(); kept.Text("full_name") != "Ana Silva" || kept.Text("company_name") != "Silva" {
			t.Errorf("kept %v", kept)
		}
		if cleared := ana.Patch(path, `{"country":"","billing_email":""}`).Is(200).Object(); cleared.Text("country") != "" || cleared.Text("billing_email") != "" {
			t.Errorf("cleared %v", cleared)
		}
		if first := s.As("ben@example.test").Patch(path, `{"country":"DE"}`).Is(200).Object(); first.Text("country") != "DE" || first.Text("billing_email") != "ben@example.test" {
			t.Errorf("a PATCH that comes first: %v", first)
		}
		for body, field := range map[string]string{
			`{"country":"XX"}`:                                            "body.country",
			`{"country":"DEU"}`:                                           "body.country",
			`{"country":"D "}`:                                            "body.country",
			`{"country":null}`:                                            "body.country",
			`{"billing_email":"ana"}`:                                     "body.billing_email",
			`{"billing_email":"Ana <ana@example.test>"}`:                  "body.billing_email",
			`{"billing_email":"a@example.test, b@example.test"}`:          "body.billing_email",
			`{"billing_email":"` + strings.Repeat("a", 250) + `@a.test"}`: "body.billing_email",
			`{"full_name":"` + strings.Repeat("ä", 201) + `"}`:            "body.full_name",
			`{"full_name":"a\u0000"}`:                                     "body.full_name",
			`{"tax_id":"` + strings.Repeat("1", 65) + `"}`:                "body.tax_id",
			`{"metadata":[]}`:                                             "body.metadata",
			`{"metadata":"x"}`:                                            "body.metadata",
			`{"metadata":null}`:                                           "body.metadata",
			`{"metadata":{"a":"` + strings.Repeat("a", 17000) + `"}}`:     "body.metadata",
			`{"role":"admin"}`:                                            "body.role",
		} {
			if got := ana.Patch(path, body).Field(); got != field {
				t.Errorf("%.60s: names %s, want %s", body, got, field)
			}
		}
		s.Nobody().Get(path).Is(401)
	})
}

func TestWebhooksAreThereAndNotConfigured(t *testing.T) {
	issuer := souktest.NewClerk(t)
	s := souktest.New(t, dbtest.SQLite(t), append(issuer.Env(), "PUBLIC_URL=https://shop.example.test", "SECRET_KEY="+strings.Repeat("k", 32),
		"ORDER_CONFIRM_ALLOW_MANUAL=false")...)
	for _, path := range []string{"/api/webhooks/clerk/", "/api/webhooks/stripe/"} {
		s.Nobody().Post(path, `{"type":"user.created"}`).Is(503)
		s.Nobody().Post(path, strings.Repeat("x", 100<<10)).Is(503)
		s.Nobody().With("Content-Type", "text/plain").Post(path, "[").Is(503)
		s.Nobody().Post(path, strings.Repeat("x", 513<<10)).Is(413)
		s.Nobody().Get(path).Is(405)
	}
}
