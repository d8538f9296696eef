package clerk

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// settle waits for the request for keys that runs, if one does.
func (k *Keys) settle() {
	k.mu.Lock()
	asking := k.asking
	k.mu.Unlock()
	if asking != nil {
		<-asking
	}
}

func verifierFor(t *testing.T) (*issuer, *clock, *Keys, func(kid string, c *clock) string) {
	t.Helper()
	i, c := newIssuer(t), newClock()
	keys := NewKeys(i.URL, i.Client(), c.now)
	return i, c, keys, func(kid string, c *clock) string {
		key := keyA()
		if kid == "ins_b" {
			key = keyB()
		}
		_, err := New(Policy{Issuers: []string{issuerURL}}, keys, c.now).Verify(t.Context(), sign(fields{"kid": kid}, session(c.now()), key), false)
		return code(err)
	}
}

func wantAsked(t *testing.T, i *issuer, want int32) {
	t.Helper()
	if n := i.asked.Load(); n != want {
		t.Errorf("the issuer was asked %d times, want %d", n, want)
	}
}

func TestKeysAreFetchedOnceAndAgainAfterAnHour(t *testing.T) {
	i, c, keys, verify := verifierFor(t)
	for range 3 {
		if got := verify("ins_a", c); got != "" {
			t.Fatal(got)
		}
	}
	wantAsked(t, i, 1)
	c.add(keysFresh - time.Second)
	if got := verify("ins_a", c); got != "" {
		t.Fatal(got)
	}
	wantAsked(t, i, 1)
	c.add(time.Second)
	if got := verify("ins_a", c); got != "" {
		t.Fatal(got)
	}
	keys.settle()
	wantAsked(t, i, 2)
}

var broken = map[string]http.HandlerFunc{
	"500":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
	"no keys":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
	"empty":      func(http.ResponseWriter, *http.Request) {},
	"not JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`<html>`)) },
	"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	"breaks off": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(keySet("ins_b", keyB()))
	},
	"2 MB": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(append(keySet("ins_b", keyB()), bytes.Repeat([]byte(" "), 2<<20)...))
	},
	"a key that is too short": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[{"kid":"ins_b","kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	},
	"never": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
}

func TestKnownKeysServeForADayWhileTheIssuerIsDown(t *testing.T) {
	for name, answer := range broken {
		t.Run(name, func(t *testing.T) {
			i, c, keys, verify := verifierFor(t)
			keys.client.Timeout = 200 * time.Millisecond
			keys.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			if got := verify("ins_a", c); got != "" {
				t.Fatal(got)
			}
			i.answers(answer)
			for _, after := range []time.Duration{2 * time.Hour, 10 * time.Hour, 12*time.Hour - time.Second} {
				c.add(after)
				if got := verify("ins_a", c); got != "" {
					t.Errorf("after %s: %s", after, got)
				}
				keys.settle()
			}
			c.add(askEvery)
			if got := verify("ins_b", c); got != "token_key_unknown" {
				t.Errorf("an unknown key: %q", got)
			}
			if got := verify("ins_a", c); got != "token_key_unknown" {
				t.Errorf("a key of more than a day ago: %q", got)
			}
			i.publish("ins_b", keyB())
			c.add(askEvery)
			if got := verify("ins_b", c); got != "" {
				t.Errorf("the issuer is back: %q", got)
			}
		})
	}
}

func TestStartingBeforeTheIssuer(t *testing.T) {
	i, c, _, verify := verifierFor(t)
	i.answers(broken["500"])
	for range 20 {
		if got := verify("ins_a", c); got != "token_key_unknown" {
			t.Fatal(got)
		}
	}
	wantAsked(t, i, 1)
	i.publish("ins_a", keyA())
	c.add(askEvery)
	if got := verify("ins_a", c); got != "" {
		t.Error(got)
	}
	wantAsked(t, i, 2)
}

func TestARotatedKeyIsAccepted(t *testing.T) {
	i, c, keys, verify := verifierFor(t)
	if got := verify("ins_a", c); got != "" {
		t.Fatal(got)
	}
	i.publish("ins_b", keyB())
	if got := verify("ins_b", c); got != "token_key_unknown" { // asked just now
		t.Error(got)
	}
	c.add(askEvery)
	if got := verify("ins_b", c); got != "" {
		t.Error(got)
	}
	wantAsked(t, i, 2)
	if got := verify("ins_a", c); got != "token_key_unknown" {
		t.Errorf("the key that was taken away: %q", got)
	}

	// Under the same id as well.
	i.publish("ins_b", keyA())
	c.add(askEvery)
	token := sign(fields{"kid": "ins_b"}, session(c.now()), keyA())
	if _, err := New(Policy{Issuers: []string{issuerURL}}, keys, c.now).Verify(t.Context(), token, false); err != nil {
		t.Error(err)
	}
}

func TestManyRequestsWithUnknownKeysMakeOneFetch(t *testing.T) {
	i, c, keys, verify := verifierFor(t)
	if got := verify("ins_a", c); got != "" {
		t.Fatal(got)
	}
	c.add(askEvery)
	i.asked.Store(0)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for range 10_000 {
		wg.Go(func() {
			<-start
			if _, err := keys.Key(t.Context(), "ins_x"); code(err) != "token_key_unknown" {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	wantAsked(t, i, 1)
	// One that was not found is not asked for again for five minutes.
	c.add(missingFor - time.Second)
	if _, err := keys.Key(t.Context(), "ins_x"); code(err) != "token_key_unknown" {
		t.Error(err)
	}
	wantAsked(t, i, 1)
	c.add(time.Second)
	if _, err := keys.Key(t.Context(), "ins_x"); code(err) != "token_key_unknown" {
		t.Error(err)
	}
	wantAsked(t, i, 2)
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	i, c, keys, _ := verifierFor(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = w.Write(keySet("ins_a", keyA()))
	})
	var wg sync.WaitGroup
	for n := range 3 * maxMissing {
		wg.Go(func() {
			if _, err := keys.Key(t.Context(), fmt.Sprint("ins_", n)); code(err) != "token_key_unknown" {
				t.Error(err)
			}
		})
	}
	<-arrived
	close(release)
	wg.Wait()
	wantAsked(t, i, 1)
	if n := len(keys.missing); n > maxMissing {
		t.Errorf("%d ids are remembered", n)
	}
	c.add(missingFor)
	keys.remember("ins_y", c.now())
	if n := len(keys.missing); n > maxMissing || keys.missing["ins_y"].IsZero() {
		t.Errorf("%d ids are remembered, and there is no room for another", n)
	}
}

func TestALongLivedTokenIsCheckedAgainAgainstTheKeysOfThen(t *testing.T) {
	i, c, keys, _ := verifierFor(t)
	v := New(Policy{Issuers: []string{issuerURL}}, keys, c.now)
	token := sign(nil, fields{"exp": c.now().Add(48 * time.Hour).Unix()}.over(session(c.now())), keyA())
	for _, want := range []string{"", "", "token_key_unknown"} {
		if _, err := v.Verify(t.Context(), token, false); code(err) != want {
			t.Errorf("%v, want %q", err, want)
		}
		keys.settle()
		i.publish("ins_b", keyB())
		c.add(keysFresh)
	}
}

func TestWhoeverAskedMayLeave(t *testing.T) {
	i, c, keys, verify := verifierFor(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	text := keySet("ins_a", keyA())
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = w.Write(text)
	})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := keys.Key(ctx, "ins_a"); left <- err }()
	<-arrived
	leave()
	if err := <-left; err != context.Canceled {
		t.Error(err)
	}
	close(release)
	if got := verify("ins_a", c); got != "" {
		t.Error(got)
	}
	wantAsked(t, i, 1)
}
