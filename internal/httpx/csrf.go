package httpx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"souk/internal/fault"
)

var (
	errCrossSite = fault.New(fault.Forbidden, "csrf_cross_site", "A request that signs in by cookie must not come from another site.")
	errOrigin    = fault.New(fault.Forbidden, "csrf_origin", "A request that signs in by cookie needs the Origin, or the Referer, of this shop.")
	errCSRFToken = fault.New(fault.Forbidden, "csrf_token", "A request that signs in by cookie needs the csrftoken cookie's value in X-CSRFToken.")
)

const (
	csrfCookie = "csrftoken"
	csrfHeader = "X-CSRFToken"
)

// CSRF guards requests that a browser signs in by itself, with a cookie. Its token is bound to the user, so that one user's
// token is of no use with another's session.
type CSRF struct {
	key     []byte
	origins []string
	secure  bool
}

// NewCSRF trusts pages of publicURL (an origin) and of the origins in trusted. The key is derived from secret.
func NewCSRF(secret, publicURL string, trusted []string) CSRF {
	sum := sha256.Sum256([]byte("souk csrf\n" + secret))
	return CSRF{key: sum[:], origins: append([]string{publicURL}, trusted...), secure: strings.HasPrefix(publicURL, "https://")}
}

// Guard refuses an unsafe request that no page of ours has sent on the user's behalf, and gives a safe one the token.
func (c CSRF) Guard(w http.ResponseWriter, r *http.Request, user string) error {
	token := c.token(user)
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		http.SetCookie(w, &http.Cookie{ // the page's script reads it: not HttpOnly
			Name: csrfCookie, Value: token, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode, Secure: c.secure,
		})
		return nil
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return errCrossSite
	}
	if !slices.Contains(c.origins, source(r)) {
		return errOrigin
	}
	same := func(given string) bool { return hmac.Equal([]byte(given), []byte(token)) }
	if !same(r.Header.Get(csrfHeader)) || !slices.ContainsFunc(r.CookiesNamed(csrfCookie), func(k *http.Cookie) bool { return same(k.Value) }) {
		return errCSRFToken
	}
	return nil
}

// source is the origin of the page that sent the request, or "" when that is not known.
func source(r *http.Request) string {
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		if len(origins) > 1 {
			return ""
		}
		return origins[0]
	}
	page, err := url.Parse(r.Header.Get("Referer"))
	if err != nil || page.Host == "" {
		return ""
	}
	return page.Scheme + "://" + page.Host
}

func (c CSRF) token(user string) string {
	h := hmac.New(sha256.New, c.key)
	_, _ = h.Write([]byte(user))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
