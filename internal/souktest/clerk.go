package souktest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/clerkapi"
	"souk/internal/httpx"
)

// Clerk is an issuer beside the shop, for tests of tokens that the shop's own stand-in does not make.
type Clerk struct {
	URL   string
	Asked atomic.Int32 // how often its keys were read
	Key   *rsa.PrivateKey

	mu     sync.Mutex
	answer http.HandlerFunc
}

// ClerkKeyID is the id of the key that a Clerk publishes.
const ClerkKeyID = "ins_test"

var clerkKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// NewClerk starts an issuer.
func NewClerk(t *testing.T) *Clerk {
	t.Helper()
	key, err := clerkKey()
	if err != nil {
		t.Fatal(err)
	}
	c := &Clerk{Key: key}
	c.Answer(c.keys)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.Asked.Add(1)
		c.mu.Lock()
		answer := c.answer
		c.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Env are the settings of a shop that takes this issuer's tokens.
func (c *Clerk) Env() []string {
	return []string{"CLERK_JWKS_URL=" + c.URL + "/.well-known/jwks.json", "CLERK_JWT_ISSUER=" + c.URL}
}

// Answer sets what the issuer says when its keys are read, from now on.
func (c *Clerk) Answer(h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = h
}

func (c *Clerk) keys(w http.ResponseWriter, _ *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": ClerkKeyID, "n": b64(c.Key.N.Bytes()), "e": b64(big.NewInt(int64(c.Key.E)).Bytes()),
	}}})
}

// Token signs a session token of user for a minute. change is written over its claims and header over its header; nil takes a
// name away.
func (c *Clerk) Token(t *testing.T, user string, change, header map[string]any) string {
	t.Helper()
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(over(map[string]any{
		"v": 2, "iss": c.URL, "sub": user, "sid": "sess_1", "sts": "active", "iat": now.Unix(), "nbf": now.Unix() - 10, "exp": now.Unix() + 60,
	}, change)))
	token.Header = over(map[string]any{"alg": "RS256", "typ": "JWT", "kid": ClerkKeyID, "cat": "cl_B7d4PD111AAA"}, header)
	text, err := token.SignedString(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func over(base, change map[string]any) map[string]any {
	maps.Copy(base, change)
	maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
	return base
}

// Bearer is a client with a token of any kind.
func (s *Shop) Bearer(token string) *Client { return s.Nobody().With("Authorization", "Bearer "+token) }

// ClerkKey is the secret key with which a ClerkAPI asks.
const ClerkKey = "sk_test_hunter2hunter2hunter2"

// ClerkAPI is a way to a Backend API that h answers for.
func ClerkAPI(t *testing.T, h http.Handler) *clerkapi.API {
	t.Helper()
	server := httptest.NewServer(h)
	client, closeIdle := httpx.PoliteOutbound(500, 10*time.Second)
	t.Cleanup(func() { closeIdle(); server.Close() })
	return clerkapi.New(server.URL, ClerkKey, client)
}
