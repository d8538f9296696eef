package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/devcloud/clerk"
	"souk/internal/souktest"
)

func TestDoctorAsksClerk(t *testing.T) {
	const key, live = "sk_test_hunter2hunter2hunter2", "sk_live_hunter2hunter2hunter2"
	instance, err := clerk.New(clerk.Options{Plans: clerk.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	keys := func(id string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[{"kty":"RSA","kid":"`+id+`"}]}`)
		})
	}
	at := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	issuer, ours := at(keys("ins_ours")), clerk.NewAPI(instance, key, keys("ins_ours"))
	broken := clerk.NewAPI(instance, key, keys("ins_ours"))
	broken.RetryAfter(0)
	broken.Fail(clerk.ServerError, 2)
	for name, c := range map[string]struct {
		key, url string
		more     []string
		code     int
		want     []string
	}{
		"all is well": {key, at(ours), nil, 0, []string{
			"ok    Clerk ", "answers, with a test key", "ok    plans          Clerk has ", "ok    webhooks       CLERK_WEBHOOK_SIGNING_SECRET is not set"}},
		"live": {live, at(clerk.NewAPI(instance, live, keys("ins_ours"))),
			append(souktest.Production(), "CLERK_WEBHOOK_SIGNING_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0, []string{"with a live key", "one signing secret is set"}},
		"rotating": {key, at(ours),
			[]string{"CLERK_WEBHOOK_SIGNING_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaTx"}, 0, []string{"two signing secrets"}},
		"no key":           {"", at(ours), nil, 0, []string{"ok    Clerk          CLERK_SECRET_KEY is not set"}},
		"refused":          {"sk_test_hunter2", at(ours), nil, 1, []string{"FAIL  Clerk ", "CLERK_SECRET_KEY is not accepted", "clerk_key_invalid", "webhooks"}},
		"another instance": {key, at(clerk.NewAPI(instance, key, keys("ins_other"))), nil, 1, []string{"FAIL  Clerk ", "of the instance ins_other", "keys of ins_ours"}},
		"nobody there":     {key, "http://127.0.0.1:1", nil, 1, []string{"FAIL  Clerk ", "connection refused"}},
		"not Clerk":        {key, at(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })), nil, 1, []string{"FAIL  Clerk ", "is CLERK_API_URL right?"}},
		"broken":           {key, at(broken), nil, 1, []string{"FAIL  Clerk ", "answers 500"}},
	} {
		t.Run(name, func(t *testing.T) {
			environ := append(home(t), "CLERK_JWKS_URL="+issuer, "CLERK_JWT_ISSUER="+issuer, "CLERK_SECRET_KEY="+c.key, "CLERK_API_URL="+c.url)
			code, out, _ := run(t, append(environ, c.more...), "doctor")
			if code != c.code {
				t.Errorf("exit %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing", want)
				}
			}
			if strings.Contains(out, "hunter2") {
				t.Error("the key is shown")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}
