package clerk

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/fault"
)

const (
	issuerURL = "https://clerk.example.test"
	shop      = "https://shop.example.test"
)

var (
	keyA = sync.OnceValue(newKey)
	keyB = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// issuer is a server that publishes keys, or answers as it is told to.
type issuer struct {
	*httptest.Server
	asked  atomic.Int32
	mu     sync.Mutex
	answer http.HandlerFunc
}

func newIssuer(t testing.TB) *issuer {
	i := new(issuer)
	i.publish("ins_a", keyA())
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		answer := i.answer
		i.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) answers(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = h
}

func (i *issuer) publish(kid string, key *rsa.PrivateKey) {
	text := keySet(kid, key)
	i.answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
}

func keySet(kid string, key *rsa.PrivateKey) []byte {
	b64 := base64.RawURLEncoding.EncodeToString
	text, err := json.Marshal(map[string]any{"keys": []any{
		map[string]string{"kty": "OKP", "crv": "Ed25519", "kid": "ins_ed", "x": "AAAA"},
		map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
			"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
		},
	}})
	if err != nil {
		panic(err)
	}
	return text
}

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// fields are a token's header or claims; nil takes a field away.
type fields map[string]any

func (f fields) over(base fields) fields {
	out := fields{}
	for _, m := range []fields{base, f} {
		for name, value := range m {
			if value == nil {
				delete(out, name)
			} else {
				out[name] = value
			}
		}
	}
	return out
}

func session(now time.Time) fields {
	return fields{
		"v": 2, "iss": issuerURL, "azp": shop, "sub": "user_2abcdefghijklmnopqrstuvwxyz", "sid": "sess_2abcdefghijklmnopqrstuvwxyz", "sts": "active",
		"jti": "0123456789abcdef0123", "fva": []int{3, -1}, "iat": now.Unix(), "nbf": now.Unix() - 10, "exp": now.Unix() + 60,
		"email": "ana@example.test", "given_name": "Ana", "family_name": "Silva", "fea": "u:pro,u:ai_coach", "pla": "u:pro_plan",
	}
}

func sign(head, claims fields, key *rsa.PrivateKey) string {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	t.Header = head.over(fields{"alg": "RS256", "typ": "JWT", "kid": "ins_a", "cat": "cl_B7d4PD111AAA"})
	text, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Unauthenticated {
		return f.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
