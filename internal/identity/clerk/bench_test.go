package clerk

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkVerifyFresh verifies a token that no cache has, and in turn does what crypto/rsa does for it alone, so that what
// else the machine does meets both alike. It reports the medians; the limit is 1.5 times rsa-ns.
func BenchmarkVerifyFresh(b *testing.B) {
	i, c := newIssuer(b), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, Parties: []string{shop}, BillingClaim: "entitlements"}, NewKeys(i.URL, i.Client(), c.now), c.now)
	v.cache = newCache(128)
	var tokens [256]string // in turn, so that the small cache never has the next one
	for n := range tokens {
		tokens[n] = sign(nil, fields{"jti": strconv.Itoa(n)}.over(session(c.now())), keyA())
	}
	dot := strings.LastIndex(tokens[0], ".")
	hash := sha256.Sum256([]byte(tokens[0][:dot]))
	signature, err := base64.RawURLEncoding.DecodeString(tokens[0][dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	var fresh, alone []time.Duration
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		if _, err := v.Verify(b.Context(), tokens[n%len(tokens)], true); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := rsa.VerifyPKCS1v15(&keyA().PublicKey, crypto.SHA256, hash[:], signature); err != nil {
			b.Fatal(err)
		}
		fresh, alone = append(fresh, between.Sub(began)), append(alone, time.Since(between))
	}
	b.ReportMetric(median(fresh), "fresh-ns")
	b.ReportMetric(median(alone), "rsa-ns")
}

func median(list []time.Duration) float64 {
	slices.Sort(list)
	return float64(list[len(list)/2].Nanoseconds())
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
