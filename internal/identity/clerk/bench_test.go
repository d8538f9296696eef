package clerk

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
)

// What RSA alone costs: the limit of BenchmarkVerifyFresh is 1.5 times this.
func BenchmarkRSAAlone(b *testing.B) {
	token := sign(nil, session(newClock().now()), keyA())
	dot := strings.LastIndex(token, ".")
	hash := sha256.Sum256([]byte(token[:dot]))
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(&keyA().PublicKey, crypto.SHA256, hash[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyFresh(b *testing.B) {
	i, c := newIssuer(b), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, Parties: []string{shop}, BillingClaim: "entitlements"}, NewKeys(i.URL, i.Client(), c.now), c.now)
	v.cache = newCache(128)
	var tokens [256]string // in turn, so that the small cache never has the next one
	for n := range tokens {
		tokens[n] = sign(nil, fields{"jti": strconv.Itoa(n)}.over(session(c.now())), keyA())
	}
	n := 0
	for b.Loop() {
		if _, err := v.Verify(b.Context(), tokens[n%len(tokens)], true); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// The limit is 2 µs.
func BenchmarkVerifyCached(b *testing.B) {
	i, c := newIssuer(b), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, Parties: []string{shop}, BillingClaim: "entitlements"}, NewKeys(i.URL, i.Client(), c.now), c.now)
	token := sign(nil, session(c.now()), keyA())
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token, true); err != nil {
			b.Fatal(err)
		}
	}
}
