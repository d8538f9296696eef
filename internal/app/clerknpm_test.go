package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"souk/internal/dbtest"
	"souk/internal/devcloud"
	"souk/internal/devcloud/clerk"
	"souk/internal/nodetest"
	"souk/internal/souktest"
)

// Clerk's own library for servers, in Node, takes the stand-in for Clerk.
func TestClerksBackendLibraryTakesTheStandIn(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	at := s.ClerkBackend.Instance
	id, err := at.CreateUser("", clerk.Profile{Email: "ana@example.test", FirstName: "Ana"})
	if err != nil {
		t.Fatal(err)
	}
	if err := at.Subscribe(id, "cplan_founder_letters", clerk.Annual); err != nil {
		t.Fatal(err)
	}
	session, token := signIn(t, s, id)
	event := at.Sent()[0].Event
	now := time.Now()
	signature, err := clerk.Sign(at.WebhookSecret(), event.ID, now, event.Body)
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string]any{
		"api": s.URL + devcloud.BackendPrefix, "key": s.ClerkBackend.SecretKey, "token": token, "party": s.URL, "user": id, "session": session,
		"webhook": map[string]any{
			"secret": at.WebhookSecret(), "body": string(event.Body),
			"headers": map[string]string{"svix-id": event.ID, "svix-timestamp": strconv.FormatInt(now.Unix(), 10), "svix-signature": signature},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := nodetest.Run(t, "testdata/clerk-npm", "@clerk/backend", "backend.mjs", in)
	var got map[string][]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	want := map[string][]string{
		"claims": {id, session, s.URL, "u:founder_letters", "u:founder_letters,u:letter_archive", "active"},
		"user":   {id, "ana@example.test", "Ana", s.URL + "/__clerk/avatars/" + id, "true"}, "users": {id},
		"subscription": {"active", "cpayer", "free month ended 0", "founder_letters annual active 8000", "next 8000"},
		"plans": {
			"free 0 undefined null ", "founder_letters 800 8000 null founder_letters,letter_archive",
			"founder_circle 2400 24000 14 founder_letters,letter_archive,founder_circle",
		},
		"sessions": {session + " active", session + " revoked", "0 left"},
		"event":    {event.Type, session},
		"errors":   {"token-invalid-signature", "token-invalid-authorized-parties", "resource_not_found", "resource_not_found", "clerk_key_invalid", "forged"},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("what the library makes of it (- want, + got):\n%s", diff)
	}
}

// signIn signs a user in at a browser, and gives the session and its token.
func signIn(t *testing.T, s *souktest.Shop, userID string) (session, token string) {
	t.Helper()
	w := httptest.NewRecorder()
	if ok, err := s.ClerkFrontend.SignInAs(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), userID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	var cookies []string
	for _, c := range w.Result().Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	var body struct {
		Response struct {
			Sessions []struct {
				ID    string
				Token struct{ JWT string } `json:"last_active_token"`
			}
		}
	}
	a := s.Nobody().With("Cookie", strings.Join(cookies, "; ")).Get(devcloud.Prefix + "/v1/client").Is(200)
	if err := json.Unmarshal(a.Body, &body); err != nil || len(body.Response.Sessions) != 1 {
		t.Fatal(fmt.Sprintf("%s", a.Body), err)
	}
	return body.Response.Sessions[0].ID, body.Response.Sessions[0].Token.JWT
}
