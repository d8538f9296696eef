package devcloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/devcloud/clerk"
)

func backend(t *testing.T, dir string, i *Issuer) *Backend {
	t.Helper()
	b, err := OpenBackend(t.Context(), dir, i, clerk.SamplePlans(), "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ask(b *Backend, path, key, peer string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, BackendPrefix+path, nil)
	r.RemoteAddr, r.Host = peer, "127.0.0.1:8000"
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return w
}

const here = "127.0.0.1:5000"

func TestWhoeverGotATokenIsAUser(t *testing.T) {
	dir := t.TempDir()
	i := open(t, dir)
	b := backend(t, dir, i)
	path := "/v1/users/" + UserID("ana@example.test")
	if w := ask(b, path, b.SecretKey, here); w.Code != 404 {
		t.Errorf("before: %d", w.Code)
	}
	other := open(t, dir) // as souk token is another process than souk serve
	for range 2 {
		if _, err := other.Token("ana@example.test", nil, time.Now(), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := i.Know(Person{"ben@example.test", "User", "Ben"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if w := ask(b, path, b.SecretKey, here); w.Code != 200 || !strings.Contains(w.Body.String(), "ana@example.test") {
			t.Errorf("after: %d %s", w.Code, w.Body)
		}
	}
	if w := ask(b, "/v1/users/count", b.SecretKey, here); !strings.Contains(w.Body.String(), `"total_count":2`) {
		t.Errorf("count: %s", w.Body)
	}
	if again := backend(t, dir, open(t, dir)); again.SecretKey != b.SecretKey || ask(again, path, b.SecretKey, here).Code != 200 {
		t.Error("forgotten after a restart")
	}
}

func TestTheSecretKeyIsAsked(t *testing.T) {
	dir := t.TempDir()
	b := backend(t, dir, open(t, dir))
	if w := ask(b, "/v1/users", "sk_test_other", here); w.Code != 401 {
		t.Errorf("another key: %d", w.Code)
	}
	if w := ask(b, "/v1/users", b.SecretKey, "10.0.0.1:5000"); w.Code != 403 {
		t.Errorf("another machine: %d", w.Code)
	}
	if w := ask(b, "/v1/jwks", b.SecretKey, here); w.Code != 200 || !strings.Contains(w.Body.String(), "RSA") {
		t.Errorf("keys: %d %s", w.Code, w.Body)
	}
	info, err := os.Stat(filepath.Join(dir, "secret_key"))
	if err != nil || info.Mode().Perm() != 0o600 || len(b.SecretKey) < 40 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestAHalfWrittenLineWaits(t *testing.T) {
	i := open(t, t.TempDir())
	if _, err := i.Know(Person{Email: "ana@example.test"}); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(i.people.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	_, _ = f.WriteString(`{"Email":"ben@`)
	if all, err := i.people.list(); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	_, _ = f.WriteString("example.test\"}\n")
	if all, err := i.people.list(); err != nil || len(all) != 2 || all[1].Email != "ben@example.test" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestALineThatNamesNobodyIsLeftOut(t *testing.T) {
	i := open(t, t.TempDir())
	if err := os.WriteFile(i.people.path, []byte("{\"Email\":\"ana@example.test\"}\nnobody\n{\"Email\":\"ben@example.test\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := i.people.list(); err != nil || len(all) != 2 || all[1].Email != "ben@example.test" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestATokenIsOfWhoeverHasTheAddress(t *testing.T) {
	dir := t.TempDir()
	i := open(t, dir)
	b := backend(t, dir, i)
	id, err := b.Instance.CreateUser("user_signed_up", clerk.Profile{Email: "ana@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	for name, issuer := range map[string]*Issuer{"the process itself": i, "another": open(t, dir)} {
		for email, want := range map[string]string{" Ana@example.test": id, "ben@example.test": UserID("ben@example.test")} {
			text, err := issuer.Token(email, nil, time.Now(), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return &i.key.PublicKey, nil })
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := token.Claims.GetSubject(); got != want {
				t.Errorf("%s: %s is %s, want %s", name, email, got, want)
			}
		}
	}
	if err := b.Admit(); err != nil {
		t.Fatal(err)
	}
	if users := b.Instance.Users(); len(users) != 2 {
		t.Errorf("%d users", len(users))
	}
	if err := b.Instance.DeleteUser(UserID("ben@example.test")); err != nil {
		t.Fatal(err)
	}
	again := backend(t, dir, open(t, dir)) // who is gone is not made again
	if err := again.Admit(); err != nil || len(again.Instance.Users()) != 2 {
		t.Errorf("%d users, %v", len(again.Instance.Users()), err)
	}
	if _, there := again.Instance.User(UserID("ben@example.test")); there {
		t.Error("who is gone is back after a restart")
	}
}

func TestWhomAnotherProcessMakesKnownIsTold(t *testing.T) {
	heard := make(chan string, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard <- string(body)
	}))
	t.Cleanup(shop.Close)
	dir := t.TempDir()
	b, err := OpenBackend(t.Context(), dir, open(t, dir), clerk.SamplePlans(), shop.URL, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	if _, err := open(t, dir).Token("ana@example.test", nil, time.Now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if told := <-heard; !strings.Contains(told, "user.created") || !strings.Contains(told, "ana@example.test") {
		t.Error(told)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestThePlansAreEdited(t *testing.T) {
	dir := t.TempDir()
	backend(t, dir, open(t, dir))
	path := filepath.Join(dir, "plans.json")
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "cplan_starter") {
		t.Fatalf("%s, %v", text, err)
	}
	write := func(text string) error {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := OpenBackend(t.Context(), dir, open(t, dir), nil, "", time.Now)
		if err == nil {
			text = b.Instance.Plans()[1].Name
			if text != "Gold" {
				t.Errorf("the plan is %s", text)
			}
		}
		return err
	}
	if err := write(strings.ReplaceAll(string(text), "Starter", "Gold")); err != nil {
		t.Error(err)
	}
	if err := write(strings.ReplaceAll(string(text), `"monthly_cents": 900`, `"monthly_cents": 9`)); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "plans[1].monthly_cents") {
		t.Errorf("%v", err)
	}
}
