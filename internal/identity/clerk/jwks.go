package clerk

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"sync"
	"time"

	"souk/internal/fault"
)

const (
	keysFresh   = time.Hour        // how long keys are used without asking again
	keysStale   = 24 * time.Hour   // how long they serve when the issuer is down
	askEvery    = 10 * time.Second // at most
	missingFor  = 5 * time.Minute  // how long an unknown key id is remembered as such
	maxMissing  = 1000
	maxKeySet   = 1 << 20 // bytes
	askPatience = 10 * time.Second
)

var errKey = fault.New(fault.Unauthenticated, "token_key_unknown", "The session token is signed with a key that is not known.")

// Keys are the public keys of an issuer, by id, read from its JWKS address. They are asked for when they are first needed, so
// the issuer need not be up when the program starts. Safe for concurrent use.
//
// When the issuer is down, known keys serve for a day, and a token of an unknown key is refused as unauthenticated like any
// token that cannot be verified: the shop itself is well, and nobody else's requests suffer.
type Keys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time            // when keys were last read
	asked   time.Time            // when they were last asked for
	asking  chan struct{}        // closed when the answer is there; nil when nobody asks
	missing map[string]time.Time // until when a key id counts as unknown
}

// NewKeys reads keys from url by client, which bounds the time to connect and follows no redirect.
func NewKeys(url string, client *http.Client, now func() time.Time) *Keys {
	return &Keys{url: url, client: client, now: now, missing: map[string]time.Time{}}
}

// Key gives the key with id kid. An unknown one is asked for, at most every 10 seconds and by one caller for all.
func (k *Keys) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	k.mu.Lock()
	now := k.now()
	if key := k.known(kid, now); key != nil {
		if now.Sub(k.fetched) >= keysFresh {
			k.ask(ctx, now) // while it is answered, the stale key serves
		}
		k.mu.Unlock()
		return key, nil
	}
	if now.Before(k.missing[kid]) {
		k.mu.Unlock()
		return nil, errKey
	}
	answer := k.ask(ctx, now)
	k.mu.Unlock()
	if answer == nil {
		return nil, errKey
	}
	if err := wait(ctx, answer); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key := k.known(kid, now)
	if key != nil {
		return key, nil
	}
	if !k.fetched.Before(now) { // the issuer answered, and does not know it either
		k.remember(kid, now)
	}
	return nil, errKey
}

// Newer gives the key that has come under kid in place of one that did not fit, or nil when there is none. It asks as Key does.
func (k *Keys) Newer(ctx context.Context, kid string, old *rsa.PublicKey) (*rsa.PublicKey, error) {
	k.mu.Lock()
	now := k.now()
	answer := k.ask(ctx, now)
	k.mu.Unlock()
	if answer != nil {
		if err := wait(ctx, answer); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.known(kid, now); key != nil && !key.Equal(old) {
		return key, nil
	}
	return nil, nil
}

func wait(ctx context.Context, answer <-chan struct{}) error {
	select {
	case <-answer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *Keys) known(kid string, now time.Time) *rsa.PublicKey {
	if now.Sub(k.fetched) >= keysStale {
		return nil
	}
	return k.keys[kid]
}

func (k *Keys) remember(kid string, now time.Time) {
	if len(k.missing) >= maxMissing {
		for id, until := range k.missing {
			if !now.Before(until) {
				delete(k.missing, id)
			}
		}
	}
	if len(k.missing) < maxMissing {
		k.missing[kid] = now.Add(missingFor)
	}
}

// ask starts a request for the keys, or joins the one that runs. It answers nil when the last one is too recent.
func (k *Keys) ask(ctx context.Context, now time.Time) <-chan struct{} {
	if k.asking != nil {
		return k.asking
	}
	if since := now.Sub(k.asked); since >= 0 && since < askEvery { // a clock that was set back does not silence it
		return nil
	}
	k.asked, k.asking = now, make(chan struct{})
	go k.answer(context.WithoutCancel(ctx), now) // whoever asked may leave; others wait. It ends after askPatience.
	return k.asking
}

func (k *Keys) answer(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	keys, err := k.fetch(ctx)
	if err != nil {
		slog.WarnContext(ctx, "the issuer's keys cannot be read", "url", k.url, "cause", err.Error())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		k.keys, k.fetched = keys, now
	}
	close(k.asking)
	k.asking = nil
}

func (k *Keys) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	res, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeySet {
		return nil, errors.New("the answer is too large")
	}
	return readKeys(text)
}

// readKeys takes the RSA signature keys of a JWKS and passes over the others. A set without any is an error.
func readKeys(text []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []struct {
			ID        string `json:"kid"`
			Type      string `json:"kty"`
			Use       string `json:"use"`
			Algorithm string `json:"alg"`
			Modulus   string `json:"n"`
			Exponent  string `json:"e"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, j := range set.Keys {
		if j.ID == "" || j.Type != "RSA" || j.Use != "" && j.Use != "sig" || j.Algorithm != "" && j.Algorithm != "RS256" {
			continue
		}
		if key := rsaKey(j.Modulus, j.Exponent); key != nil {
			keys[j.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the answer holds no RSA key")
	}
	return keys, nil
}

// rsaKey is nil unless the key is of a size that is both safe and cheap to verify with.
func rsaKey(modulus, exponent string) *rsa.PublicKey {
	n, err := base64.RawURLEncoding.DecodeString(modulus)
	if err != nil {
		return nil
	}
	e, err := base64.RawURLEncoding.DecodeString(exponent)
	if err != nil || len(e) > 4 {
		return nil
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if bits := key.N.BitLen(); bits < 2048 || bits > 4096 || key.N.Bit(0) == 0 || key.E < 3 || key.E&1 == 0 {
		return nil
	}
	return key
}
