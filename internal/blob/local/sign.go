package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"souk/internal/blob"
	"souk/internal/fault"
)

// Prefix is the path under which Serve answers.
const Prefix = "/files/"

var errLink = fault.New(fault.Forbidden, "link_invalid", "This address is not valid, or no longer. Ask for a new one.")

// signingKey is one of the keys that count. id tells them apart in an address, and tells nothing of the secret.
type signingKey struct {
	id  string
	key []byte
}

func newSigningKey(secret string) signingKey {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte("souk signed file addresses"))
	key := mac.Sum(nil)
	id := sha256.Sum256(key)
	return signingKey{id: hex.EncodeToString(id[:4]), key: key}
}

// parameters of an address, all of them always there, once.
const (
	paramExpires = "exp"
	paramGrant   = "grant"
	paramKey     = "kid"
	paramName    = "name"
	paramSHA256  = "sha256"
	paramMAC     = "sig"
)

// link is what an address says.
type link struct {
	key     string // of the object
	expires int64  // seconds since 1970
	keyID   string
	blob.Download
}

func (l link) values() url.Values {
	return url.Values{
		paramExpires: {strconv.FormatInt(l.expires, 10)}, paramGrant: {l.Grant}, paramKey: {l.keyID}, paramName: {l.FileName},
		paramSHA256: {l.SHA256},
	}
}

// mac is over the method, the path and all parameters, in one fixed form.
func (k signingKey) mac(method string, l link) string {
	h := hmac.New(sha256.New, k.key)
	path := url.URL{Path: Prefix + l.key}
	_, _ = h.Write([]byte(method + "\n" + path.EscapedPath() + "\n" + l.values().Encode()))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (s *Store) sign(key string, d blob.Download, expires time.Time) string {
	l := link{key: key, expires: expires.Unix(), keyID: s.keys[0].id, Download: d}
	values := l.values()
	values.Set(paramMAC, s.keys[0].mac(http.MethodGet, l))
	return values.Encode()
}

// verify reads an address. HEAD counts as GET.
func (s *Store) verify(method string, u *url.URL) (link, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(u.Path) <= len(Prefix) || u.Path[:len(Prefix)] != Prefix {
		return link{}, errLink
	}
	l := link{
		key: u.Path[len(Prefix):], keyID: values.Get(paramKey),
		Download: blob.Download{FileName: values.Get(paramName), Grant: values.Get(paramGrant), SHA256: values.Get(paramSHA256)},
	}
	if l.expires, err = strconv.ParseInt(values.Get(paramExpires), 10, 64); err != nil {
		return link{}, errLink
	}
	mac := values.Get(paramMAC)
	expected := l.values()
	expected.Set(paramMAC, mac)
	if values.Encode() != expected.Encode() { // a parameter too many, too few, twice, or written in another form
		return link{}, errLink
	}
	for _, k := range s.keys {
		if k.id == l.keyID && hmac.Equal([]byte(mac), []byte(k.mac(method, l))) {
			if s.now().Unix() >= l.expires {
				return link{}, errLink
			}
			return l, nil
		}
	}
	return link{}, errLink
}
