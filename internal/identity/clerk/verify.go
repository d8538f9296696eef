// Package clerk verifies Clerk session tokens: the signature by the instance's published keys, and the shop's policy for what
// a token must say. It knows nothing of who the user is to the shop.
package clerk

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/fault"
	"souk/internal/identity"
)

const (
	leeway    = 5 * time.Second
	maxToken  = 16 << 10
	maxCached = 10_000
	maxText   = 255 // of the ids in a token, in bytes
)

// Each refusal has a code of its own, which is all that the log says of it.
var (
	errMalformed = fault.New(fault.Unauthenticated, "token_malformed", "The session token is not a signed JWT.")
	errAlgorithm = fault.New(fault.Unauthenticated, "token_algorithm", "The session token is not signed with RS256.")
	errCategory  = fault.New(fault.Unauthenticated, "token_category", "The token is not a session token.")
	errSignature = fault.New(fault.Unauthenticated, "token_signature", "The session token's signature is not good.")
	errExpired   = fault.New(fault.Unauthenticated, "token_expired", "The session token has expired.")
	errEarly     = fault.New(fault.Unauthenticated, "token_early", "The session token is not valid yet.")
	errIssuer    = fault.New(fault.Unauthenticated, "token_issuer", "The session token is of another issuer.")
	errParty     = fault.New(fault.Unauthenticated, "token_party", "The session token was made for another origin.")
	errAudience  = fault.New(fault.Unauthenticated, "token_audience", "The session token was made for another audience.")
	errPending   = fault.New(fault.Unauthenticated, "token_pending", "The session is pending: a step of the sign-in is missing.")
	errSubject   = fault.New(fault.Unauthenticated, "token_subject", "The session token names no user.")
)

// Policy is what a token must say beside a good signature.
type Policy struct {
	Issuers      []string // iss is one of them
	Audiences    []string // empty: aud is not looked at
	Parties      []string // origins that azp may be; empty: azp is not looked at
	BillingClaim string   // the claim that lists features
}

// Verifier verifies the tokens of one Clerk instance. Safe for concurrent use.
type Verifier struct {
	policy Policy
	keys   *Keys
	now    func() time.Time
	cache  *cache
	seen   atomic.Pointer[seenHeader] // the last good header: nearly all tokens of an instance have the same
}

// New makes a verifier that takes its keys from keys.
func New(p Policy, keys *Keys, now func() time.Time) *Verifier {
	parties := make([]string, len(p.Parties))
	for i, origin := range p.Parties {
		parties[i] = oneLoopback(origin)
	}
	p.Parties = parties
	return &Verifier{policy: p, keys: keys, now: now, cache: newCache(maxCached)}
}

// Verify gives the claims of a good token; every other one is a fault.Unauthenticated. A token from a cookie must name the
// origin it was made for, if origins are configured: a cookie can come from a sibling domain.
func (v *Verifier) Verify(ctx context.Context, token string, cookie bool) (identity.Claims, error) {
	if len(token) > maxToken {
		return identity.Claims{}, errMalformed
	}
	now, sum := v.now(), sha256.Sum256([]byte(token))
	good, ok := v.cache.get(sum, now)
	if !ok {
		var err error
		if good, err = v.verify(ctx, token, now); err != nil {
			return identity.Claims{}, err
		}
		v.cache.put(sum, good)
	}
	if cookie && !good.party && len(v.policy.Parties) > 0 {
		return identity.Claims{}, errParty
	}
	return good.claims, nil
}

func (v *Verifier) verify(ctx context.Context, token string, now time.Time) (verified, error) {
	head, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if head == "" || payload == "" || signature == "" || strings.Contains(signature, ".") {
		return verified{}, errMalformed
	}
	h, err := v.header(head)
	if err != nil {
		return verified{}, err
	}
	if err := v.checkSignature(ctx, h.KeyID, token[:len(head)+1+len(payload)], signature); err != nil {
		return verified{}, err
	}
	text, err := decode(payload)
	if err != nil {
		return verified{}, errMalformed
	}
	t, err := readClaims(text)
	if err != nil {
		return verified{}, errMalformed
	}
	if err := v.check(&t.policyClaims, now); err != nil {
		return verified{}, err
	}
	until := t.Expires.Add(leeway)
	if limit := now.Add(keysFresh); limit.Before(until) { // a long-lived token is checked again against the keys of then
		until = limit
	}
	return verified{claims: t.claims(v.billing(text)), party: t.Party != "", until: until}, nil
}

// decode is strict: one text has one encoding, and the line breaks that base64 would skip are refused.
func decode(segment string) ([]byte, error) {
	if strings.ContainsAny(segment, "\r\n") {
		return nil, errMalformed
	}
	return base64.RawURLEncoding.Strict().DecodeString(segment)
}

type header struct {
	Algorithm string          `json:"alg"`
	KeyID     string          `json:"kid"`
	Type      string          `json:"typ"`
	Category  *string         `json:"cat"`
	Critical  json.RawMessage `json:"crit"`
}

// The categories that Clerk's tokens of one instance key are told apart by. Those of machines are not among these.
var sessionCategories = []string{
	"cl_B7d4PD111AAA", // a session's token
	"cl_B7d4PD222AAA", // made from a JWT template
	"cl_I7d4PD111III", // says nothing
}

// seenHeader is a header that was read, beside its text.
type seenHeader struct {
	segment string
	header  header
}

func (v *Verifier) header(segment string) (header, error) {
	if last := v.seen.Load(); last != nil && last.segment == segment {
		return last.header, nil
	}
	h, err := readHeader(segment)
	if err == nil {
		v.seen.Store(&seenHeader{strings.Clone(segment), h})
	}
	return h, err
}

// readHeader refuses what is no session token before any key is looked for. jku, jwk and x5u are never read.
func readHeader(segment string) (h header, err error) {
	text, err := decode(segment)
	if err != nil || json.Unmarshal(text, &h) != nil {
		return h, errMalformed
	}
	switch {
	case h.Algorithm != jwt.SigningMethodRS256.Alg():
		return h, errAlgorithm
	case h.Critical != nil, h.KeyID == "", len(h.KeyID) > maxText:
		return h, errMalformed
	case h.Type != "" && !strings.EqualFold(h.Type, "JWT"), h.Category != nil && !slices.Contains(sessionCategories, *h.Category):
		return h, errCategory
	}
	return h, nil
}

func (v *Verifier) checkSignature(ctx context.Context, kid, signed, signature string) error {
	raw, err := decode(signature)
	if err != nil {
		return errMalformed
	}
	key, err := v.keys.Key(ctx, kid)
	if err != nil {
		return err
	}
	err = jwt.SigningMethodRS256.Verify(signed, raw, key)
	if errors.Is(err, rsa.ErrVerification) { // Clerk's key id is the instance's: another key may have come under it
		var other *rsa.PublicKey
		if other, err = v.keys.Newer(ctx, kid, key); err != nil {
			return err
		}
		if other == nil {
			return errSignature
		}
		err = jwt.SigningMethodRS256.Verify(signed, raw, other)
	}
	if err != nil {
		return errSignature
	}
	return nil
}

func (v *Verifier) check(t *policyClaims, now time.Time) error {
	switch {
	case t.Expires == nil || !now.Before(t.Expires.Add(leeway)):
		return errExpired
	case t.NotBefore != nil && now.Before(t.NotBefore.Add(-leeway)):
		return errEarly
	case !slices.Contains(v.policy.Issuers, t.Issuer):
		return errIssuer
	case len(v.policy.Parties) > 0 && t.Party != "" && !slices.Contains(v.policy.Parties, oneLoopback(t.Party)):
		return errParty
	case len(v.policy.Audiences) > 0 && !slices.ContainsFunc(t.Audience, func(a string) bool { return slices.Contains(v.policy.Audiences, a) }):
		return errAudience
	case t.Status == "pending":
		return errPending
	case t.Subject == "" || len(t.Subject) > maxText || clean(t.Subject) != t.Subject:
		return errSubject
	}
	return nil
}

// oneLoopback is an origin in the form that is compared: without a trailing slash, and with one name for this machine.
func oneLoopback(origin string) string {
	origin = strings.TrimSuffix(origin, "/")
	scheme, host, _ := strings.Cut(origin, "://")
	for _, name := range []string{"127.0.0.1", "[::1]"} {
		if port, ok := strings.CutPrefix(host, name); ok && (port == "" || port[0] == ':') {
			return scheme + "://localhost" + port
		}
	}
	return origin
}
