// Package devcloud holds the strangers that development needs: so far the token issuer of a Clerk instance.
// It imports no domain: it is a stranger to the shop, as Clerk is.
package devcloud

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer signs session tokens in Clerk's form with a key that is kept in a folder.
type Issuer struct {
	URL string // the iss claim
	key *rsa.PrivateKey
	kid string
}

// OpenIssuer reads the key under dir, or makes it.
func OpenIssuer(dir, url string) (*Issuer, error) {
	path := filepath.Join(dir, "issuer.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		text = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, err
		}
	} else if err != nil {
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
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &Issuer{URL: url, key: key, kid: "ins_dev" + hex.EncodeToString(sum[:8])}, nil
}

// PublicKey is the key that verifies the issuer's tokens, with its id.
func (i *Issuer) PublicKey() (kid string, key *rsa.PublicKey) { return i.kid, &i.key.PublicKey }

// UserID is the user id that the issuer gives an e-mail address.
func UserID(email string) string {
	sum := sha256.Sum256([]byte(email))
	return "user_" + hex.EncodeToString(sum[:12])
}

// Token signs a token for the user of email that lives for ttl.
func (i *Issuer) Token(email string, features []string, now time.Time, ttl time.Duration) (string, error) {
	id := UserID(email)
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": i.URL, "sub": id, "sid": "sess_" + id[len("user_"):], "email": email, "v": 2, "sts": "active",
		"iat": now.Unix(), "nbf": now.Unix() - 10, "exp": now.Add(ttl).Unix(), "entitlements": features,
	})
	t.Header["kid"] = i.kid
	return t.SignedString(i.key)
}
