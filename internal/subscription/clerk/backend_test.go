package clerk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"souk/internal/clerkapi"
	standin "souk/internal/devcloud/clerk"
	"souk/internal/fault"
	"souk/internal/souktest"
	"souk/internal/subscription/clerk"
)

func backend(t *testing.T, h http.Handler) *clerk.Backend {
	t.Helper()
	return clerk.NewBackend(souktest.ClerkAPI(t, h))
}

func TestBilling(t *testing.T) {
	i, err := standin.New(standin.Options{Plans: standin.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	b := backend(t, standin.NewAPI(i, souktest.ClerkKey, nil))
	id, err := i.CreateUser("", standin.Profile{Email: "ana@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	plans, err := b.Plans(t.Context(), 0)
	if err != nil || len(plans.Items) != len(i.Plans()) || plans.Total != len(plans.Items) {
		t.Fatalf("%d plans of %d, %v", len(plans.Items), plans.Total, err)
	}
	for _, plan := range i.Plans() {
		if plan.Monthly > 0 && plan.TrialDays == 0 {
			err = i.Subscribe(id, plan.ID, standin.Month)
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := b.Subscription(t.Context(), id)
	var s struct {
		ID    string            `json:"id"`
		Items []json.RawMessage `json:"subscription_items"`
	}
	if err != nil || json.Unmarshal(text, &s) != nil || s.ID != i.Users()[0].Subscription.ID || len(s.Items) == 0 {
		t.Errorf("%s, %v", text, err)
	}
	statements, err := b.Statements(t.Context(), 0)
	if err != nil || len(statements.Items) != 1 || json.Unmarshal(statements.Items[0], &s) != nil {
		t.Fatalf("%s, %v", statements.Items, err)
	}
	attempts, err := b.Attempts(t.Context(), s.ID, 0)
	if err != nil || len(attempts.Items) != 1 || attempts.Total != 1 {
		t.Errorf("%s, %v", attempts.Items, err)
	}
	if rest, err := b.Attempts(t.Context(), s.ID, 1); err != nil || len(rest.Items) != 0 || rest.Total != 1 {
		t.Errorf("after the last: %s, %v", rest.Items, err)
	}
	if _, err := b.Attempts(t.Context(), "cstmt_unknown", 0); !errors.Is(err, clerkapi.ErrUnknown) {
		t.Errorf("a statement that is not there: %v", err)
	}
	if _, err := b.Subscription(t.Context(), "user_unknown"); !errors.Is(err, clerkapi.ErrUnknown) || errors.Is(err, clerk.ErrNoSubscription) {
		t.Errorf("a user who is not there: %v", err)
	}
}

func TestNoSubscriptionIsNotNoUser(t *testing.T) {
	for _, c := range []struct {
		code  string // of the 404
		there bool   // the user
		want  error
		calls int
	}{
		{"subscription_not_found", true, clerk.ErrNoSubscription, 1},
		{"payer_not_found", true, clerk.ErrNoSubscription, 1},
		{"user_not_found", false, clerkapi.ErrUnknown, 1},
		{"resource_not_found", true, clerk.ErrNoSubscription, 2},
		{"resource_not_found", false, clerkapi.ErrUnknown, 2},
		{"", true, clerk.ErrNoSubscription, 2},
	} {
		calls := 0
		b := backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			if r.URL.Path == "/v1/users/user_1" && c.there {
				_, _ = io.WriteString(w, `{"id":"user_1"}`)
				return
			}
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"Not found"}]}`, c.code)
		}))
		text, err := b.Subscription(t.Context(), "user_1")
		if text != nil || !errors.Is(err, c.want) || calls != c.calls {
			t.Errorf("%+v: %s, %v after %d calls", c, text, err, calls)
		}
	}
}

func TestRepliesThatAreNoList(t *testing.T) {
	for reply, want := range map[string]int{
		`{"data":[{"id":"a"},{"id":"b"}],"total_count":2}`: 2, `[{"id":"a"}]`: 1, `[]`: 0, `{"data":[]}`: 0,
		`{}`: -1, `{"data":null}`: -1, `{"data":{}}`: -1, `"x"`: -1, `null`: -1, `7`: -1,
	} {
		b := backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		page, err := b.Plans(t.Context(), 0)
		if want < 0 && !errors.Is(err, clerkapi.ErrFailed) || want >= 0 && (err != nil || len(page.Items) != want) {
			t.Errorf("%s: %s, %v", reply, page.Items, err)
		}
	}
	b := backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) }))
	if _, err := b.Subscription(t.Context(), "user_1"); fault.KindOf(err) != fault.Upstream {
		t.Errorf("a list for a subscription: %v", err)
	}
}
