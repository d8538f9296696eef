package inbox

import (
	"bufio"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	idRule    = regexp.MustCompile(`^[!-\-/-~]{1,256}$`)
	stampRule = regexp.MustCompile(`^[1-9][0-9]{0,10}$`)
)

// mayVerify says, without the code under test, whether a webhook is to be accepted.
func mayVerify(keys [][]byte, id, stamp, signatures string, body []byte, now time.Time) bool {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	entries := strings.Split(signatures, " ")
	if err != nil || !idRule.MatchString(id) || !stampRule.MatchString(stamp) || len(entries) > 16 {
		return false
	}
	if at := time.Unix(seconds, 0); now.Before(at.Add(-300*time.Second)) || now.After(at.Add(300*time.Second)) {
		return false
	}
	for _, key := range keys {
		for _, entry := range entries {
			if len(key) >= 24 && entry == sign(key, id, stamp, body) {
				return true
			}
		}
	}
	return false
}

func FuzzVerifySvix(f *testing.F) {
	for _, v := range vectors(f) {
		if v.Repeat > 0 {
			continue // large bodies slow the fuzzer down
		}
		h, key := v.header(), []byte(nil)
		if len(v.Secrets) > 0 {
			key = v.keys(f)[0].secret
		}
		for _, signed := range []bool{false, true} {
			f.Add(h.Get("svix-id"), h.Get("svix-timestamp"), h.Get("svix-signature"), v.body(), key, v.NowMS/1000, v.NowMS%1000*1e6, signed, false)
		}
	}
	other := keyBytes(f, officialSecret)
	f.Fuzz(func(t *testing.T, id, stamp, signatures string, body, key []byte, now, nanos int64, signed, unbranded bool) {
		if signed { // by one of the two keys
			signatures += " " + sign([][]byte{key, other}[len(body)%2], id, stamp, body)
		}
		prefix := "svix-"
		if unbranded {
			prefix = "webhook-"
		}
		h := http.Header{}
		h.Set(prefix+"id", id)
		h.Set(prefix+"timestamp", stamp)
		h.Set(prefix+"signature", signatures)
		at := time.Unix(now%1e11, nanos%1e9)
		gave, signedAt, err := VerifySvix([]Key{{key}, {other}}, h, body, at)
		if want := mayVerify([][]byte{key, other}, id, stamp, signatures, body, at); want != (err == nil) {
			t.Errorf("accepted: %v, want %v: %v", err == nil, want, err)
		}
		if err == nil && (gave != id || strconv.FormatInt(signedAt.Unix(), 10) != stamp) {
			t.Errorf("gave %q and %s", gave, signedAt)
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	for _, text := range []string{"", "whsec_", officialSecret, officialSecret + "=", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA", "whsec_\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseSecret(text)
		if (err == nil) != (len(key.secret) >= 24) {
			t.Errorf("a key of %d bytes, and %v", len(key.secret), err)
		}
	})
}

// Names in any case and blanks around values are HTTP's affair, before a webhook is verified.
func TestHeadersAsTheyComeOverTheWire(t *testing.T) {
	text := "POST /api/webhooks/clerk/ HTTP/1.1\r\nHost: shop.example.com\r\nSVIX-ID: \t" + officialID + "\r\nsvix-TIMESTAMP:" + officialStamp + " \t\r\nsvix-signature:  " + officialSigned + "  \r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := VerifySvix([]Key{mustKey(t, officialSecret)}, r.Header, []byte(officialBody), officialNow); err != nil {
		t.Error(err)
	}
}

func BenchmarkVerifySvix4KiB(b *testing.B) {
	keys, body := []Key{mustKey(b, officialSecret)}, []byte(strings.Repeat("0123456789abcdef", 256))
	h := http.Header{}
	h.Set("svix-id", officialID)
	h.Set("svix-timestamp", officialStamp)
	h.Set("svix-signature", sign(keyBytes(b, officialSecret), officialID, officialStamp, body))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := VerifySvix(keys, h, body, officialNow); err != nil {
			b.Fatal(err)
		}
	}
}
