package inbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"souk/internal/fault"
)

// vector is one webhook of testdata/svix.json and what must come of it. All signatures are written out, and right for what
// they are, so that each webhook is refused for its one fault.
type vector struct {
	Name       string
	Want       string   // "accepted", or a part of the cause for which it is refused
	Library    *bool    // whether Svix's own library accepts it; missing: it agrees with us
	Secrets    []string // with whsec_
	NowMS      int64    `json:"now_ms"`
	Headers    [][2]string
	Body       string
	BodyBase64 []byte `json:"body_base64"` // for bytes that are no text
	Repeat     int    // how often Body is there, if not once
}

func (v vector) header() http.Header {
	h := http.Header{}
	for _, line := range v.Headers {
		h.Add(line[0], line[1])
	}
	return h
}

func (v vector) body() []byte {
	if v.BodyBase64 != nil {
		return v.BodyBase64
	}
	return []byte(strings.Repeat(v.Body, max(v.Repeat, 1)))
}

func (v vector) now() time.Time { return time.UnixMilli(v.NowMS) }

func (v vector) keys(t testing.TB) (keys []Key) {
	for _, secret := range v.Secrets {
		keys = append(keys, mustKey(t, secret))
	}
	return keys
}

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/svix.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestVectors(t *testing.T) {
	accepted, refused := 0, 0
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			header, body := v.header(), v.body()
			id, at, err := VerifySvix(v.keys(t), header, body, v.now())
			if v.Want == "accepted" {
				accepted++
				if err != nil {
					t.Fatal(err)
				}
				if header.Get("svix-id") != id && header.Get("webhook-id") != id || v.now().Sub(at).Abs() > 300*time.Second {
					t.Errorf("gave %q, signed at %s", id, at)
				}
				return
			}
			refused++
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != "webhook_signature" || f.Kind != fault.Malformed || id != "" || !at.IsZero() {
				t.Fatalf("gave %q, %s, %v; want a refusal", id, at, err)
			}
			if cause := errors.Unwrap(err).Error(); !strings.Contains(cause, v.Want) {
				t.Errorf("refused because %q, want %q", cause, v.Want)
			}
			if len(body) > 16 && strings.Contains(err.Error(), string(body[:16])) {
				t.Errorf("the body is in the error: %v", err)
			}
		})
	}
	if accepted < 30 || refused < 90 {
		t.Errorf("%d were accepted and %d refused: vectors are missing", accepted, refused)
	}
}
