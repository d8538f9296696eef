package clerk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/identity"
)

// policyClaims are those that the policy needs: one of another type than this makes the token bad.
type policyClaims struct {
	Subject   string           `json:"sub"`
	Issuer    string           `json:"iss"`
	Expires   *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	Party     string           `json:"azp"`
	Audience  jwt.ClaimStrings `json:"aud"`
	Status    string           `json:"sts"`
}

// tokenClaims are all that is read of a token. Beside the policy's, an operator may have added them as they like, so one of
// another type counts as absent.
type tokenClaims struct {
	policyClaims
	SessionID  string `json:"sid"`
	Email      string `json:"email"`
	GivenName  string `json:"given_name"`
	FirstName  string `json:"first_name"`
	FamilyName string `json:"family_name"`
	LastName   string `json:"last_name"`
	Picture    string `json:"picture"`
	ImageURL   string `json:"image_url"`
	OrgID      string `json:"org_id"` // version 1
	Org        struct {
		ID string `json:"id"`
	} `json:"o"` // version 2
	Features string `json:"fea"`
	Plans    string `json:"pla"`
}

func readClaims(payload []byte) (t tokenClaims, err error) {
	err = json.Unmarshal(payload, &t)
	var mistyped *json.UnmarshalTypeError // of one claim; the others were read
	if errors.As(err, &mistyped) {
		err = json.Unmarshal(payload, new(policyClaims))
	}
	return t, err
}

// clean trims and drops control characters, which no name has and PostgreSQL does not store.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

func (t *tokenClaims) claims(billing []string) identity.Claims {
	return identity.Claims{
		Subject: t.Subject, SessionID: clean(t.SessionID), Email: clean(t.Email),
		FirstName: first(t.GivenName, t.FirstName), LastName: first(t.FamilyName, t.LastName), ImageURL: first(t.Picture, t.ImageURL),
		OrgID:    first(t.Org.ID, t.OrgID),
		Features: identity.Normalize(billing, scoped(t.Features)), Plans: identity.Normalize(scoped(t.Plans)),
	}
}

func first(of ...string) string {
	for _, s := range of {
		if s = clean(s); s != "" {
			return s
		}
	}
	return ""
}

// scoped reads Clerk's list of scope:slug, as in "u:pro,o:ai_coach". What has no such scope is left out.
func scoped(list string) (slugs []string) {
	for item := range strings.SplitSeq(list, ",") {
		scope, slug, ok := strings.Cut(strings.TrimSpace(item), ":")
		if ok && (scope == "u" || scope == "o" || scope == "uo" || scope == "ou") {
			slugs = append(slugs, clean(slug))
		}
	}
	return slugs
}

// billing are the features of the configured claim. Most tokens do not have it, which is seen without parsing.
func (v *Verifier) billing(payload []byte) []string {
	if !bytes.Contains(payload, []byte(`"`+v.policy.BillingClaim+`"`)) {
		return nil
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(payload, &all) != nil {
		return nil
	}
	features := identity.Features(all[v.policy.BillingClaim])
	for i, f := range features {
		features[i] = clean(f)
	}
	return features
}
