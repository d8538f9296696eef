package api_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/app"
	"souk/internal/dbtest"
	"souk/internal/souktest"
)

// TestNoSecretIsLogged goes through good, refused, failed and panicking requests with words that must not be found in the
// log or in an error's body afterwards.
func TestNoSecretIsLogged(t *testing.T) {
	const (
		confirm  = "canary-confirm-secret-0123456789"
		bearer   = "canary.bearer.token"
		cookie   = "canary-cookie-value"
		search   = "canary-search-4242424242424242"
		text     = "canary-body-text"
		unknown  = "canary-download-token"
		whatever = "canary-idempotency-key"
	)
	var broken atomic.Bool
	now := func() time.Time {
		if broken.Load() {
			panic("the clock is broken")
		}
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	s := souktest.NewAt(t, dbtest.SQLite(t), now, "DEBUG=true", "ORDER_CONFIRM_SHARED_SECRET="+confirm)
	var log logText
	logger, flush := app.Logger(s.Config, &log)
	slog.SetDefault(logger)
	t.Cleanup(func() { slog.SetDefault(slog.New(slog.DiscardHandler)) })

	b := sold(t, s, "a/guide.pdf", "canary-file-content")
	token := strings.TrimPrefix(b.ben.Header("Authorization"), "Bearer ")
	_, signature, _ := strings.Cut(token[strings.Index(token, ".")+1:], ".")
	address := b.address()
	signed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	canaries := []string{
		"canary", "ben@example.test", "ana@example.test", token, signature, b.token, s.Config.SecretKey.Reveal(),
	}
	for name, values := range signed.Query() {
		if len(values[0]) >= 16 { // the signature, and what it stands for; not the time
			canaries = append(canaries, values[0])
		}
		if name == "" {
			t.Fatal("an address without names")
		}
	}
	if len(canaries) == 7 {
		t.Fatalf("no signature in %s", address)
	}
	var bodies strings.Builder
	keep := func(a *souktest.Answer) {
		if a.Status >= 400 {
			bodies.Write(a.Body)
		}
	}
	suite := func() {
		nobody := s.Nobody()
		for _, c := range []*souktest.Client{
			b.ben.With("Idempotency-Key", whatever), nobody.With("Authorization", "Bearer "+bearer), nobody.With("Cookie", "__session="+cookie),
			nobody.With("Cookie", "__session="+token), b.ben.With("X-Order-Confirm-Secret", confirm), b.ben.With("X-CSRFToken", cookie),
		} {
			for _, a := range []*souktest.Answer{
				c.Get("/api/me/"), c.Get("/api/products/?search=" + search), c.Get("/api/products/" + search + "/"), c.Get("/api/products/?token=" + search),
				c.Post("/api/projects/", `{"name":"`+text+`"}`), c.Post("/api/projects/", `{"name":"`+text), c.Post("/api/projects/", `{"name":7,"status":"`+text+`"}`),
				c.Patch("/api/account/customer/", `{"billing_email":"`+text+`"}`), c.Post("/api/account/orders/"+unknown+"/confirm/", `{"external_id":"`+text+`"}`),
				c.Post(accessPath(b.token), nil), c.Post(accessPath(unknown), nil), c.Get("/" + unknown + "?token=" + search), c.Do("CANARY", "/api/me/", nil),
			} {
				keep(a)
			}
		}
		keep(nobody.Get(address))
		keep(nobody.Get(address + "x"))
		keep(nobody.Get(strings.Replace(address, "?", "?extra="+search+"&", 1)))
	}
	suite()
	broken.Store(true)
	suite()
	broken.Store(false)
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	suite()
	s.Nobody().Do(http.MethodPut, "/api/health/", nil).Is(405)

	for deadline := time.Now().Add(10 * time.Second); ; { // the line of a request comes after its answer
		if err := flush(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "method=PUT") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log has no line of the last request")
		}
	}
	for _, needed := range []string{"msg=panic", "the clock is broken", "request failed", "{token}/access/", "status=500", "status=401", "status=422"} {
		if !strings.Contains(log.String(), needed) {
			t.Errorf("the log has no %q: the test does not go where it should", needed)
		}
	}
	for _, canary := range canaries {
		for _, line := range strings.Split(log.String(), "\n") {
			if strings.Contains(strings.ToLower(line), strings.ToLower(canary)) {
				t.Errorf("logged: %q in\n%s", canary, line)
				break
			}
		}
		if strings.Contains(bodies.String(), canary) {
			t.Errorf("%q is in the body of an error:\n%s", canary, bodies.String())
		}
	}
}
