package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"souk/internal/fault"
)

const (
	// MinKeyBytes is the shortest signing key, decoded, that is taken. Standard Webhooks 1.0.0 asks senders for as much.
	MinKeyBytes = 24

	tolerance     = 300 * time.Second
	maxID         = 256 // bytes
	maxDigits     = 11  // of a timestamp in seconds: until the year 5138
	maxSignatures = 16
	secretPrefix  = "whsec_"
	version       = "v1,"
)

var (
	errSignature = fault.New(fault.Malformed, "webhook_signature", "The webhook's signature is missing, wrong, or too old.")
	errSecret    = fmt.Errorf("must be whsec_ and base64 of at least %d bytes", MinKeyBytes)
)

// Key verifies the webhooks of one endpoint. It prints as [redacted], and a zero Key verifies nothing.
type Key struct{ secret []byte }

// Format keeps the secret from every verb of fmt.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// ParseSecret reads a signing secret as the provider shows it: whsec_ and the key in standard base64, padded or not. A key of
// fewer than MinKeyBytes is an error, since anybody could sign with an empty one. The error never holds the secret.
func ParseSecret(text string) (Key, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok || strings.ContainsAny(encoded, "\r\n") { // which the decoder would skip
		return Key{}, errSecret
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		secret, err = base64.RawStdEncoding.DecodeString(encoded)
	}
	if err != nil || len(secret) < MinKeyBytes {
		return Key{}, errSecret
	}
	return Key{secret}, nil
}

// VerifySvix verifies a webhook as Svix signs it, over the body's raw bytes: with one of keys, at most 300 seconds from now
// either way. It gives the delivery's id (the same when it is sent again) and the time at which it was signed. The headers
// are svix-id, svix-timestamp and svix-signature, or the same with webhook-; each must be there once. Every refusal is the
// same fault, webhook_signature (Malformed); only its cause, for the log, says what was wrong.
func VerifySvix(keys []Key, h http.Header, body []byte, now time.Time) (id string, at time.Time, err error) {
	id, at, err = verifySvix(keys, h, body, now)
	if err != nil {
		return "", time.Time{}, errSignature.Because(err)
	}
	return id, at, nil
}

func verifySvix(keys []Key, h http.Header, body []byte, now time.Time) (id string, at time.Time, err error) {
	id, stamp, signatures, err := svixHeaders(h)
	if err != nil {
		return "", time.Time{}, err
	}
	if !visible(id) {
		return "", time.Time{}, fmt.Errorf("the id is not 1 to %d visible ASCII characters without a full stop", maxID)
	}
	if at, err = seconds(stamp); err != nil {
		return "", time.Time{}, err
	}
	if now.Sub(at).Abs() > tolerance {
		return "", time.Time{}, fmt.Errorf("signed at %s, more than %s away", at, tolerance)
	}
	entries := strings.SplitN(signatures, " ", maxSignatures+1)
	if len(entries) > maxSignatures {
		return "", time.Time{}, fmt.Errorf("more than %d signatures", maxSignatures)
	}
	matches := 0
	for _, key := range keys {
		matches |= key.matches(entries, id, stamp, body)
	}
	if matches != 1 {
		return "", time.Time{}, errors.New("no signature is of a known key")
	}
	return id, at, nil
}

// matches is 1 when one of entries signs the content with the key. The time it takes depends on lengths alone.
func (k Key) matches(entries []string, id, stamp string, body []byte) int {
	if len(k.secret) < MinKeyBytes {
		return 0
	}
	mac := hmac.New(sha256.New, k.secret)
	for _, part := range [...]string{id, ".", stamp, "."} {
		_, _ = mac.Write([]byte(part))
	}
	_, _ = mac.Write(body)
	want := append(make([]byte, 0, 64), version...)
	want = base64.StdEncoding.AppendEncode(want, mac.Sum(nil))
	found := 0
	for _, entry := range entries {
		found |= subtle.ConstantTimeCompare([]byte(entry), want)
	}
	return found
}

// svixHeaders takes the three headers of one name: a mixture of svix- and webhook- is not what a sender sends.
func svixHeaders(h http.Header) (id, stamp, signatures string, err error) {
	prefix := "Webhook-"
	if h["Svix-Id"] != nil || h["Svix-Timestamp"] != nil || h["Svix-Signature"] != nil {
		prefix = "Svix-"
	}
	for _, header := range []struct {
		name string
		into *string
	}{{"Id", &id}, {"Timestamp", &stamp}, {"Signature", &signatures}} {
		values := h[prefix+header.name]
		if len(values) != 1 {
			return "", "", "", fmt.Errorf("%s%s is there %d times", prefix, header.name, len(values))
		}
		*header.into = values[0]
	}
	return id, stamp, signatures, nil
}

// visible says that an id can stand in the signed content. A full stop would let that be read in two ways; Standard Webhooks
// warns of it.
func visible(id string) bool {
	if len(id) < 1 || len(id) > maxID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '.' {
			return false
		}
	}
	return true
}

// seconds reads a timestamp: digits alone, no zero in front.
func seconds(text string) (time.Time, error) {
	wrong := len(text) < 1 || len(text) > maxDigits || text[0] == '0'
	for _, c := range []byte(text) {
		wrong = wrong || c < '0' || c > '9'
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if wrong || err != nil {
		return time.Time{}, fmt.Errorf("the timestamp is not a number of 1 to %d digits", maxDigits)
	}
	return time.Unix(n, 0).UTC(), nil
}
