package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"
)

const stripeSecret = "whsec_0123456789abcdefghijklmn"

// signed is a signature header as Stripe's own library for tests makes it.
func signed(body []byte, at time.Time, secret string) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(webhook.ComputeSignature(at, body, secret)))
}

func TestStripeSignatures(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	body := []byte(`{"id":"evt_1","object":"event","type":"checkout.session.completed"}`)
	good := signed(body, now, stripeSecret)
	_, v1, _ := strings.Cut(good, ",")
	old := "whsec_an_older_secret_of_the_endpoint"
	empty := hmac.New(sha256.New, nil)
	_, _ = fmt.Fprintf(empty, "%d.%s", now.Unix(), body)
	for name, c := range map[string]struct {
		header []string
		body   []byte
		ok     bool
	}{
		"good":                        {[]string{good}, body, true},
		"by the older secret":         {[]string{signed(body, now, old)}, body, true},
		"a second that is good":       {[]string{fmt.Sprintf("t=%d,v1=%s,%s", now.Unix(), strings.Repeat("0", 64), v1)}, body, true},
		"299 s old":                   {[]string{signed(body, now.Add(-299*time.Second), stripeSecret)}, body, true},
		"301 s old":                   {[]string{signed(body, now.Add(-301*time.Second), stripeSecret)}, body, false},
		"301 s ahead":                 {[]string{signed(body, now.Add(301*time.Second), stripeSecret)}, body, false},
		"missing":                     {nil, body, false},
		"empty":                       {[]string{""}, body, false},
		"twice":                       {[]string{good, good}, body, false},
		"v0 only":                     {[]string{strings.Replace(good, "v1=", "v0=", 1)}, body, false},
		"no time":                     {[]string{v1}, body, false},
		"two times":                   {[]string{fmt.Sprintf("t=%d,%s", now.Unix(), good)}, body, false},
		"a time that is none":         {[]string{strings.Replace(good, "t=1", "t=x", 1)}, body, false},
		"a time of 20 digits":         {[]string{"t=17900000000000000000," + v1}, body, false},
		"another time":                {[]string{fmt.Sprintf("t=%d,%s", now.Unix()+1, v1)}, body, false},
		"a prefix of the signature":   {[]string{good[:len(good)-2]}, body, false},
		"no signature":                {[]string{fmt.Sprintf("t=%d,v1=", now.Unix())}, body, false},
		"base64 for hex":              {[]string{fmt.Sprintf("t=%d,v1=!!!", now.Unix())}, body, false},
		"another endpoint's secret":   {[]string{signed(body, now, "whsec_of_another_endpoint_altogether")}, body, false},
		"by an empty key":             {[]string{fmt.Sprintf("t=%d,v1=%s", now.Unix(), hex.EncodeToString(empty.Sum(nil)))}, body, false},
		"another body":                {[]string{good}, append([]byte(" "), body...), false},
		"longer than any header":      {[]string{good + strings.Repeat(",v0=0", 2000)}, body, false},
		"the name of another version": {[]string{strings.Replace(good, "v1=", "V1=", 1)}, body, false},
	} {
		var keys []Key
		for _, text := range []string{stripeSecret, old} {
			key, err := ParseStripeSecret(text)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
		h := http.Header{}
		if c.header != nil {
			h["Stripe-Signature"] = c.header
		}
		if err := VerifyStripe(keys, h, c.body, now); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %t", name, err, c.ok)
		}
	}
	if err := VerifyStripe(nil, http.Header{"Stripe-Signature": {good}}, body, now); err == nil {
		t.Error("verified without a key")
	}
	if err := VerifyStripe([]Key{{}}, http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", now.Unix(), hex.EncodeToString(empty.Sum(nil)))}}, body, now); err == nil {
		t.Error("verified with an empty key")
	}
}

func TestStripeSecretsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "whsec_", "whsec_short", "sk_test_0123456789abcdefghijklmn", "whsec_0123456789abcdef ghijklmn", "0123456789abcdefghijklmnopqrstuv"} {
		if _, err := ParseStripeSecret(text); err == nil {
			t.Errorf("%q is taken", text)
		} else if text != "" && strings.Contains(err.Error(), text) && text != "whsec_" {
			t.Errorf("%q is in its error", text)
		}
	}
}
