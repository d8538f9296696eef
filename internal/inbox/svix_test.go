package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"souk/internal/fault"
)

// The vector that Svix publishes with its libraries.
const (
	officialSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	officialID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	officialStamp  = "1614265330"
	officialBody   = `{"test": 2432232314}`
	officialSigned = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var officialNow = time.Unix(1614265330, 0).UTC()

func mustKey(t testing.TB, text string) Key {
	t.Helper()
	key, err := ParseSecret(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return key
}

func TestTheOfficialVectorVerifies(t *testing.T) {
	for _, prefix := range []string{"svix-", "webhook-"} {
		h := http.Header{}
		h.Set(prefix+"id", officialID)
		h.Set(prefix+"timestamp", officialStamp)
		h.Set(prefix+"signature", officialSigned)
		id, at, err := VerifySvix([]Key{mustKey(t, officialSecret)}, h, []byte(officialBody), officialNow)
		if err != nil || id != officialID || !at.Equal(officialNow) {
			t.Errorf("%s: %s, %s, %v", prefix, id, at, err)
		}
	}
}

func TestASecretIsWhsecAndEnoughBase64(t *testing.T) {
	bytes := func(n int) []byte { return []byte(strings.Repeat("\xfb", n)) }
	std, raw := base64.StdEncoding, base64.RawStdEncoding
	for _, text := range []string{
		officialSecret, "whsec_" + std.EncodeToString(bytes(24)), "whsec_" + std.EncodeToString(bytes(25)), "whsec_" + raw.EncodeToString(bytes(25)),
		"whsec_" + std.EncodeToString(bytes(26)), "whsec_" + raw.EncodeToString(bytes(26)), "whsec_" + std.EncodeToString(bytes(64)),
	} {
		mustKey(t, text)
	}
	for name, text := range map[string]string{
		"empty": "", "the prefix alone": "whsec_", "23 bytes": "whsec_" + std.EncodeToString(bytes(23)), "23 bytes, unpadded": "whsec_" + raw.EncodeToString(bytes(23)),
		"no prefix": std.EncodeToString(bytes(24)), "another prefix": "whsk_" + std.EncodeToString(bytes(32)), "uppercase prefix": "WHSEC_" + std.EncodeToString(bytes(32)),
		"URL alphabet": "whsec_" + base64.URLEncoding.EncodeToString(bytes(24)), "half padded": "whsec_" + raw.EncodeToString(bytes(25)) + "=",
		"padded too much": "whsec_" + std.EncodeToString(bytes(26)) + "=", "not base64": "whsec_" + strings.Repeat("!", 40),
		"a line break inside": "whsec_" + raw.EncodeToString(bytes(24))[:16] + "\n" + raw.EncodeToString(bytes(24))[16:],
		"a blank behind":      officialSecret + " ", "a blank in front": " " + officialSecret,
	} {
		key, err := ParseSecret(text)
		if err == nil || key.secret != nil {
			t.Errorf("%s is taken", name)
		} else if body := strings.TrimPrefix(text, "whsec_"); body != "" && strings.Contains(err.Error(), body) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func TestAKeyDoesNotPrint(t *testing.T) {
	key := Key{[]byte("hunter2hunter2hunter2hunter2")}
	text, err := json.Marshal(map[string]any{"key": key, "keys": []Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("a", "key", key, "keys", []Key{key})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("a", "key", key, "keys", []Key{key})
	holder := struct{ Keys []Key }{[]Key{key}}
	for _, shown := range []string{
		string(text), log.String(), fmt.Sprint(key, &key, holder), fmt.Sprintf("%v %+v %#v %s %q %x %d", key, key, key, key, key, key, key),
		fmt.Sprintf("%v %+v %#v %x %d", holder, holder, holder, holder, holder),
	} {
		if strings.Contains(shown, "hunter2") || strings.Contains(shown, "68756e") || strings.Contains(shown, "104 117 110") || strings.Contains(shown, "0x68, 0x75") {
			t.Errorf("the key is shown: %s", shown)
		}
	}
}

func TestAShortKeyVerifiesNothing(t *testing.T) {
	for _, n := range []int{0, 1, 23, 24} {
		secret := make([]byte, n)
		h := http.Header{"Svix-Id": {officialID}, "Svix-Timestamp": {officialStamp}, "Svix-Signature": {sign(secret, officialID, officialStamp, nil)}}
		if _, _, err := VerifySvix([]Key{{secret}}, h, nil, officialNow); (err == nil) != (n == 24) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestEveryRefusalLooksTheSame(t *testing.T) {
	_, _, missing := VerifySvix([]Key{mustKey(t, officialSecret)}, http.Header{}, nil, officialNow)
	h := http.Header{"Svix-Id": {officialID}, "Svix-Timestamp": {officialStamp}, "Svix-Signature": {"v1,AAAA"}}
	_, _, wrong := VerifySvix([]Key{mustKey(t, officialSecret)}, h, []byte(officialBody), officialNow)
	var a, b *fault.Error
	if !errors.As(missing, &a) || !errors.As(wrong, &b) || a.Kind != fault.Malformed || a.Code != "webhook_signature" || a.Detail != b.Detail || b.Code != a.Code || b.Kind != a.Kind {
		t.Errorf("%+v and %+v differ", missing, wrong)
	}
	if missing.Error() == wrong.Error() {
		t.Errorf("the log cannot tell them apart: %v", wrong)
	}
}

// sign makes a signature as Svix documents it, on its own way: it shares no code with what it tests.
func sign(key []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func keyBytes(t testing.TB, secret string) []byte {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}
