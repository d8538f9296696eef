package inbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"
)

const (
	stripeHeader    = "Stripe-Signature"
	maxStripeHeader = 4 << 10 // bytes
)

// ParseStripeSecret reads the signing secret of a Stripe endpoint, as the dashboard shows it: whsec_ and text, which is the key as a
// whole. One of fewer than MinKeyBytes is an error, since anybody could sign with an empty one. The error never holds the secret.
func ParseStripeSecret(text string) (Key, error) {
	if !strings.HasPrefix(text, secretPrefix) || len(text) < MinKeyBytes || strings.ContainsAny(text, " \t\r\n") {
		return Key{}, fmt.Errorf("must be whsec_ and text, at least %d bytes together", MinKeyBytes)
	}
	return Key{[]byte(text)}, nil
}

// VerifyStripe verifies a webhook as Stripe signs it, over the body's raw bytes: with one of keys, at most 300 seconds from now
// either way (https://docs.stripe.com/webhooks#verify-manually). The header must be there once. Every refusal is the same fault,
// webhook_signature (Malformed); only its cause, for the log, says what was wrong.
func VerifyStripe(keys []Key, h http.Header, body []byte, now time.Time) error {
	if err := verifyStripe(keys, h[stripeHeader], body, now); err != nil {
		return errSignature.Because(err)
	}
	return nil
}

func verifyStripe(keys []Key, headers []string, body []byte, now time.Time) error {
	if len(headers) != 1 || len(headers[0]) > maxStripeHeader {
		return fmt.Errorf("%s is there %d times, or too long", stripeHeader, len(headers))
	}
	at, err := stripeTime(headers[0])
	if err != nil {
		return err
	}
	if now.Sub(at).Abs() > tolerance {
		return fmt.Errorf("signed at %s, more than %s away", at, tolerance)
	}
	err = errors.New("there is no key")
	for _, key := range keys {
		if len(key.secret) < MinKeyBytes {
			continue
		}
		// The package looks at the real time and at the past alone, so the time is judged here.
		if err = webhook.ValidatePayloadIgnoringTolerance(body, headers[0], string(key.secret)); err == nil {
			return nil
		}
	}
	return err
}

// stripeTime is the one timestamp of a signature header.
func stripeTime(header string) (at time.Time, err error) {
	found := 0
	for part := range strings.SplitSeq(header, ",") {
		if stamp, ok := strings.CutPrefix(part, "t="); ok {
			found++
			if at, err = seconds(stamp); err != nil {
				return at, err
			}
		}
	}
	if found != 1 {
		return at, fmt.Errorf("the timestamp is there %d times", found)
	}
	return at, nil
}
