// Package clerk verifies Clerk session tokens.
package clerk

import (
	"context"
	"crypto/rsa"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/fault"
	"souk/internal/identity"
)

// Verifier verifies tokens of one instance.
type Verifier struct {
	Keys   func(ctx context.Context, kid string) (*rsa.PublicKey, error)
	Issuer string
}

var errToken = fault.New(fault.Unauthenticated, "token_invalid", "The token is not valid.")

// Verify checks a token and gives its claims.
func (v *Verifier) Verify(ctx context.Context, token string, _ bool) (identity.Claims, error) {
	var c struct {
		jwt.RegisteredClaims
		Email     string `json:"email"`
		FirstName string `json:"given_name"`
		LastName  string `json:"family_name"`
		SessionID string `json:"sid"`
	}
	_, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return v.Keys(ctx, kid)
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(v.Issuer), jwt.WithExpirationRequired())
	if err != nil {
		return identity.Claims{}, errToken.Because(err)
	}
	return identity.Claims{Subject: c.Subject, SessionID: c.SessionID, Email: c.Email, FirstName: c.FirstName, LastName: c.LastName}, nil
}
