package clerk_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"souk/internal/clerkapi"
	standin "souk/internal/devcloud/clerk"
	"souk/internal/fault"
	"souk/internal/httpx"
	"souk/internal/identity"
	"souk/internal/identity/clerk"
	"souk/internal/souktest"
)

func backend(t *testing.T, h http.Handler) *clerk.Backend {
	t.Helper()
	return clerk.NewBackend(souktest.ClerkAPI(t, h))
}

func instance(t *testing.T) (*standin.Instance, *standin.API, *clerk.Backend) {
	t.Helper()
	i, err := standin.New(standin.Options{Plans: standin.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	api := standin.NewAPI(i, souktest.ClerkKey, nil)
	api.RetryAfter(0)
	return i, api, backend(t, api)
}

func TestUser(t *testing.T) {
	i, api, b := instance(t)
	id, err := i.CreateUser("", standin.Profile{
		Email: "old@example.test", FirstName: "Demo", LastName: "Buyer", PublicMetadata: map[string]any{"entitlements": []any{"premium"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = i.UpdateUser(id, func(p *standin.Profile) { p.Email = "ana@example.test" })
	if err != nil {
		t.Fatal(err)
	}
	if u, err := b.User(t.Context(), id); err != nil || u.LastSignInAt != nil {
		t.Errorf("never signed in: %v, %v", u.LastSignInAt, err)
	}
	if err := i.SignIn(id); err != nil {
		t.Fatal(err)
	}
	u, err := b.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	created := i.Users()[0].CreatedAt
	updated := i.Users()[0].UpdatedAt
	want := identity.ClerkUser{
		ID: id, Email: "ana@example.test", Emails: []identity.ClerkEmail{{Address: "old@example.test"}, {Address: "ana@example.test", Verified: true}},
		FirstName: "Demo", LastName: "Buyer", ImageURL: u.ImageURL, PublicMetadata: []byte(`{"entitlements":["premium"]}`),
		CreatedAt: created, UpdatedAt: updated, LastSignInAt: u.LastSignInAt,
	}
	if !reflect.DeepEqual(u, want) || u.LastSignInAt == nil || u.LastSignInAt.Before(created) || u.LastSignInAt.Sub(created) > time.Minute || !strings.HasPrefix(u.ImageURL, "https://") {
		t.Errorf("got  %+v\nwant %+v", u, want)
	}
	if text := fmt.Sprintf("%+v %s", u, u.PublicMetadata); strings.Contains(text, "server alone") || strings.Contains(text, "everything") {
		t.Errorf("holds private or unsafe metadata: %s", text)
	}

	for _, unknown := range []string{"user_unknown", "", "..", "../users/" + id, id + "?x", id + "/"} {
		if _, err := b.User(t.Context(), unknown); !errors.Is(err, clerkapi.ErrUnknown) {
			t.Errorf("%q: %v", unknown, err)
		}
	}
	if asked := api.Requests(); asked["GET /v1/users/{id}"] != 3 || len(asked) != 1 {
		t.Errorf("an id became a path: %v", asked)
	}
	api.Fail(standin.TooMany, 1)
	if _, err := b.User(t.Context(), id); err != nil {
		t.Errorf("busy once: %v", err)
	}
	api.Fail(standin.TooMany, 2)
	if _, err := b.User(t.Context(), id); !errors.Is(err, clerkapi.ErrBusy) {
		t.Errorf("busy twice: %v", err)
	}
	api.Fail(standin.ServerError, 2)
	if _, err := b.User(t.Context(), id); !errors.Is(err, clerkapi.ErrFailed) {
		t.Errorf("broken: %v", err)
	}
	api.Fail(standin.Garbage, 1)
	if _, err := b.User(t.Context(), id); !errors.Is(err, clerkapi.ErrFailed) {
		t.Errorf("garbage: %v", err)
	}
}

func TestARefusedKeyIsNotTold(t *testing.T) {
	i, err := standin.New(standin.Options{Plans: standin.SamplePlans()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = backend(t, standin.NewAPI(i, "sk_test_another", nil)).User(t.Context(), "user_1")
	if !errors.Is(err, clerkapi.ErrRefused) || !strings.Contains(err.Error(), "CLERK_SECRET_KEY is not accepted") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestRepliesThatAreNoUser(t *testing.T) {
	for _, reply := range []string{"", "null", "[]", "{}", `{"id":"user_2"}`, `{"id":7}`, `"user_1"`, `{"id":"user_1"}`, `{"id":"user_1","created_at":"x"}`, `{"id":"user_2","created_at":1}`} {
		b := backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		if u, err := b.User(t.Context(), "user_1"); fault.KindOf(err) != fault.Upstream || !reflect.DeepEqual(u, identity.ClerkUser{}) {
			t.Errorf("%q: %+v, %v", reply, u, err)
		}
	}
	for _, reply := range []string{"", "null", "{}", `[null]`, `[{}]`, `[{"id":"user_1","created_at":1},{"id":"","created_at":1}]`, `"x"`} {
		b := backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		if users, err := b.Users(t.Context(), 0); fault.KindOf(err) != fault.Upstream || users != nil {
			t.Errorf("%q: %+v, %v", reply, users, err)
		}
	}
}

func TestWhichEmailIsTheUsers(t *testing.T) {
	email := func(id, status string) string {
		return fmt.Sprintf(`{"id":"idn_%s","email_address":"%s@example.test","verification":{"status":"%s"}}`, id, id, status)
	}
	for _, c := range []struct{ primary, emails, want string }{
		{`null`, ``, ""},
		{`"idn_a"`, ``, ""},
		{`"idn_b"`, email("a", "verified") + "," + email("b", "unverified"), "b@example.test"},
		{`null`, email("a", "unverified") + "," + email("b", "verified") + "," + email("c", "verified"), "b@example.test"},
		{`"idn_x"`, email("a", "failed") + "," + email("b", "expired"), "a@example.test"},
		{`null`, `null,{"id":"idn_e","email_address":"","verification":null},{"id":"idn_a","email_address":"a@example.test","verification":null}`, "a@example.test"},
	} {
		b := backend(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"id":"user_1","created_at":1732000000000,"updated_at":"soon","banned":"no","image_url":7,"primary_email_address_id":%s,"email_addresses":[%s],"public_metadata":null,"last_sign_in_at":null}`, c.primary, c.emails)
		}))
		u, err := b.User(t.Context(), "user_1")
		if err != nil || u.Email != c.want || string(u.PublicMetadata) != "{}" || u.LastSignInAt != nil {
			t.Errorf("%s of %s: %+v, %v", c.primary, c.emails, u, err)
		}
	}
}

func TestUsersPageByPage(t *testing.T) {
	i, api, b := instance(t)
	const all = clerk.UsersPage + 3
	for n := range all {
		if _, err := i.CreateUser("", standin.Profile{Email: fmt.Sprintf("user%d@example.test", n)}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, want := range []int{clerk.UsersPage, 3, 0} {
		page, err := b.Users(t.Context(), len(seen))
		if err != nil || len(page) != want {
			t.Fatalf("%d users, %v; want %d", len(page), err, want)
		}
		for _, u := range page {
			seen[u.ID] = true
		}
	}
	if len(seen) != all || api.Requests()["GET /v1/users"] != 3 || api.Requests()["GET /v1/users/count"] != 0 {
		t.Errorf("%d users by %v", len(seen), api.Requests())
	}
}

func TestWithoutAKeyThereIsNoBackend(t *testing.T) {
	b := clerk.NewBackend(clerkapi.New("http://127.0.0.1:1", "", httpx.Outbound()))
	_, err := b.User(t.Context(), "user_1")
	_, err2 := b.Users(t.Context(), 0)
	if !errors.Is(err, clerkapi.ErrNotConfigured) || !errors.Is(err2, clerkapi.ErrNotConfigured) {
		t.Errorf("%v, %v", err, err2)
	}
}
