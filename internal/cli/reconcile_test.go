package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"souk/internal/devcloud/clerk"
	"souk/internal/souktest"
)

func TestReconcileSaysWhatDiffered(t *testing.T) {
	const key = "sk_live_hunter2hunter2hunter2"
	instance, err := clerk.New(clerk.Options{Plans: clerk.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		id := fmt.Sprintf("user_%d", n)
		if _, err := instance.CreateUser(id, clerk.Profile{Email: id + "@example.test"}); err != nil {
			t.Fatal(err)
		}
		if err := instance.Subscribe(id, "cplan_pro", clerk.Month); err != nil {
			t.Fatal(err)
		}
	}
	api := clerk.NewAPI(instance, key, nil)
	api.RetryAfter(0)
	var broken atomic.Bool // what one user holds cannot be asked
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() && strings.HasPrefix(r.URL.Path, "/v1/users/user_1/billing/") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(backend.Close)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) }))
	t.Cleanup(keys.Close)
	environ := append(home(t), "CLERK_JWKS_URL="+keys.URL, "CLERK_JWT_ISSUER="+keys.URL, "CLERK_SECRET_KEY="+key, "CLERK_API_URL="+backend.URL)
	environ = append(environ, souktest.Production()...)

	out := must(t, environ, "reconcile")
	if !strings.Contains(out, "users compared: 3. ") || !strings.HasSuffix(out, " Complete.\n") || !strings.Contains(out, "USER ") {
		t.Errorf("the first run says:\n%s", out)
	}
	for n := range 3 { // the profile is new, and no price names the plan
		profile, plan := false, false
		for line := range strings.Lines(out) {
			if fields := strings.Fields(line); fields[0] == fmt.Sprintf("user_%d", n) {
				profile = profile || fields[1] == "-" && fields[2] == "yes"
				plan = plan || strings.HasPrefix(fields[1], "csub_item_") && fields[2] == "no" && strings.Contains(line, "plan:cplan_pro")
			}
		}
		if !profile || !plan {
			t.Errorf("user_%d: profile %v, plan %v in\n%s", n, profile, plan, out)
		}
	}
	if out := must(t, environ, "reconcile"); strings.Contains(out, " yes ") || !strings.HasSuffix(out, " Complete.\n") {
		t.Errorf("the second run repairs what the first did:\n%s", out)
	}

	broken.Store(true)
	code, out, errw := run(t, environ, "reconcile")
	if code != 1 || !strings.Contains(out, "users compared: 2. ") || !strings.Contains(out, "Not complete.") || !strings.Contains(errw, "failed: 1") {
		t.Errorf("one user cannot be asked about: exit %d: %s%s", code, out, errw)
	}
	api.Fail(clerk.ServerError, 1000)
	code, out, errw = run(t, environ, "reconcile")
	if code != 1 || !strings.Contains(out, "Not complete.") || !strings.Contains(errw, "souk: not everything could be compared with Clerk: ") || strings.Contains(out+errw, "hunter2") {
		t.Errorf("Clerk is down: exit %d: %s%s", code, out, errw)
	}
	api.Fail(clerk.ServerError, 0)
	if code, _, errw := run(t, append(home(t), "CLERK_JWKS_URL="+keys.URL, "CLERK_JWT_ISSUER="+keys.URL), "reconcile"); code != 1 || !strings.Contains(errw, "not configured") {
		t.Errorf("no key: exit %d: %s", code, errw)
	}
	if out := must(t, environ, "reconcile", "--help"); !strings.Contains(out, "The exit code is 1") {
		t.Errorf("the help: %s", out)
	}
}
