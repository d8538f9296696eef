package devcloud

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/store"
	"souk/internal/httpx"
	"souk/internal/loopback"
)

// Issuer signs session tokens in Clerk's form with a key that is kept in a folder.
type Issuer struct {
	URL    string // the iss claim
	origin string // the azp claim
	key    *rsa.PrivateKey
	kid    string
	people *people
	// instance has the users, nil in a process that has opened the issuer alone; then the file of the instance is read.
	instance *clerk.Instance
}

// OpenIssuer reads the key under dir, or makes it. origin is that of the shop, which must be on loopback.
func OpenIssuer(dir, origin string) (*Issuer, error) {
	u, err := url.Parse(origin)
	if err != nil || !loopback.Is(u.Hostname()) {
		return nil, fmt.Errorf("the stand-in for Clerk runs on loopback only, not at %s", origin)
	}
	key, err := openKey(filepath.Join(dir, "issuer.pem"))
	if err != nil {
		return nil, fmt.Errorf("the stand-in for Clerk: %w", err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &Issuer{
		URL: origin + Prefix, origin: origin, key: key, kid: "ins_dev" + hex.EncodeToString(sum[:8]),
		people: &people{path: filepath.Join(dir, "people.jsonl"), known: map[string]bool{}},
	}, nil
}

// openKey reads the key, or makes one.
func openKey(path string) (*rsa.PrivateKey, error) {
	text, err := keep(path, func() ([]byte, error) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
	})
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM key", path)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// keep reads a file, or makes it first. Of several processes that make it at once, all use that of the first.
func keep(path string, content func() ([]byte, error)) ([]byte, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		return text, err
	}
	if text, err = content(); err != nil {
		return nil, err
	}
	if err := writeNew(path, text); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// writeNew writes the file whole or not at all; it is os.ErrExist when there is one already.
func writeNew(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// Handler serves the issuer's public key where Clerk's Frontend API does, under Prefix, to this machine only.
func (i *Issuer) Handler() http.Handler {
	routes := httpx.NewRouter()
	routes.Handle("GET "+Prefix+"/.well-known/jwks.json", i.keys())
	return Local(routes)
}

// keys answers with the public key.
func (i *Issuer) keys() http.Handler {
	text, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kid": i.kid, "kty": "RSA", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
	if err != nil {
		panic(err) // a map of texts
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // the client may be gone
	})
}

// UserID is the user id that the issuer gives an e-mail address.
func UserID(email string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	return "user_" + hex.EncodeToString(sum[:12])
}

// Picture is the address of a user's picture.
func (i *Issuer) Picture(userID string) string { return i.URL + "/avatars/" + userID }

// Know makes somebody a user of the instance, unless the address is one's already, and gives the user's id.
func (i *Issuer) Know(p Person) (userID string, err error) {
	if err := i.people.add(p); err != nil {
		return "", err
	}
	return i.userID(p.Email)
}

// Token signs a session token for the user of email that lives for ttl, and makes the user known. Features are those that Clerk
// would list in fea.
func (i *Issuer) Token(email string, features []string, now time.Time, ttl time.Duration) (string, error) {
	id, err := i.Know(Person{Email: strings.TrimSpace(email)})
	if err != nil {
		return "", err
	}
	var nonce [12]byte
	_, _ = rand.Read(nonce[:])
	claims := map[string]any{
		"v": 2, "iss": i.URL, "azp": i.origin, "sub": id, "sid": "sess_" + id[len("user_"):], "jti": hex.EncodeToString(nonce[:]),
		"sts": "active", "fva": []int{0, -1}, "email": strings.TrimSpace(email),
		"iat": now.Unix(), "nbf": now.Unix() - 10, "exp": now.Add(ttl).Unix(),
	}
	if len(features) > 0 {
		claims["fea"] = "u:" + strings.Join(features, ",u:")
	}
	return i.Sign(claims)
}

// userID is that of the user who has the address, or else gets it.
func (i *Issuer) userID(email string) (string, error) {
	email = strings.TrimSpace(email)
	if i.instance != nil {
		if u, ok := i.instance.UserByEmail(email); ok {
			return u.ID, nil
		}
		return UserID(email), nil
	}
	ctx := context.Background()
	file, err := store.Open(ctx, filepath.Join(filepath.Dir(i.people.path), instanceFile))
	if err != nil {
		return "", err
	}
	id, err := clerk.FindUser(ctx, file, email)
	return cmp.Or(id, UserID(email)), errors.Join(err, file.Close())
}

// Sign makes a session token of claims.
func (i *Issuer) Sign(claims map[string]any) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	t.Header["kid"] = i.kid
	t.Header["cat"] = "cl_B7d4PD111AAA"
	return t.SignedString(i.key)
}
