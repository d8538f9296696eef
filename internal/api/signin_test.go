package api_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/dbtest"
	"souk/internal/devcloud"
	"souk/internal/httpx"
	"souk/internal/souktest"
)

type claims = map[string]any

const party = "https://shop.example.test"

// withClerk starts a shop on SQLite that takes the tokens of an issuer of its own. What is tested with it is not the database's.
func withClerk(t *testing.T, env ...string) (*souktest.Shop, *souktest.Clerk) {
	t.Helper()
	c := souktest.NewClerk(t)
	return souktest.New(t, dbtest.SQLite(t), append(c.Env(), env...)...), c
}

// logText gathers what is logged.
type logText struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

// logged gathers the log until the test ends. A shop that starts silences the log, so call it after that.
func logged(t *testing.T) *logText {
	t.Helper()
	text := new(logText)
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(text, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return text
}

func TestHostileTokens(t *testing.T) {
	s, c := withClerk(t, "CLERK_AUTHORIZED_PARTIES="+party)
	text := logged(t)
	lured := souktest.NewClerk(t)
	none := func() string {
		token := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "user_1", "iss": c.URL, "exp": time.Now().Unix() + 60})
		token.Header["kid"] = souktest.ClerkKeyID
		signed, err := token.SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}()
	hs256 := func() string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "user_1", "iss": c.URL, "exp": time.Now().Unix() + 60})
		token.Header["kid"] = souktest.ClerkKeyID
		signed, err := token.SignedString(c.Key.N.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}()
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, token := range map[string]string{
		"none":          none,
		"HS256":         hs256,
		"jku":           c.Token(t, "user_1", nil, claims{"jku": lured.URL, "kid": "ins_lure"}),
		"issuer":        c.Token(t, "user_1", claims{"iss": "https://clerk.evil.test"}, nil),
		"azp":           c.Token(t, "user_1", claims{"azp": "https://evil.test"}, nil),
		"pending":       c.Token(t, "user_1", claims{"azp": party, "sts": "pending"}, nil),
		"machine":       c.Token(t, "user_1", claims{"azp": party}, claims{"cat": "cl_B7d4PD333AAA"}),
		"expired":       c.Token(t, "user_1", claims{"azp": party, "exp": in(-6 * time.Second)}, nil),
		"early":         c.Token(t, "user_1", claims{"azp": party, "nbf": in(8 * time.Second)}, nil),
		"a NUL":         c.Token(t, "user_\x00", claims{"azp": party}, nil),
		"10,000 dots":   strings.Repeat(".", 10_000),
		"20 KB":         strings.Repeat("a", 20<<10),
		"a broken one":  "abc",
		"other session": c.Token(t, "user_1", claims{"azp": party}, nil) + "x",
	} {
		a := s.Bearer(token).Get("/api/me/")
		if a.Status != 401 && a.Status != 431 || a.Status == 401 && a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if n := lured.Asked.Load(); n > 0 {
		t.Error("an address in a token was asked")
	}
	azpless := c.Token(t, "user_1", nil, nil)
	s.Bearer(azpless).Get("/api/me/").Is(200)
	s.Nobody().With("Cookie", "__session="+azpless).Get("/api/me/").Is(401)
	s.Bearer(c.Token(t, "user_1", claims{"sid": nil, "azp": party + "/"}, claims{"cat": "cl_B7d4PD222AAA"})).Get("/api/me/").Is(200)

	if lines := text.String(); !strings.Contains(lines, "msg=auth.reject reason=token_expired") || strings.Contains(lines, "eyJ") ||
		strings.Contains(lines, "user_1") {
		t.Errorf("the log:\n%s", lines)
	}
}

func TestAuthorizationHeaders(t *testing.T) {
	s, c := withClerk(t)
	token := c.Token(t, "user_1", nil, nil)
	good := s.Nobody().With("Cookie", "__session="+token)
	good.Get("/api/me/").Is(200)
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer  " + token, "Basic abc", token, "Bearer " + token + " x", "Bearer a,b"} {
		if a := good.With("Authorization", header).Get("/api/me/").Is(401); a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: no WWW-Authenticate", header)
		}
	}
	s.Nobody().With("Authorization", "bearer "+token).Get("/api/me/").Is(200)
	s.Nobody().Get("/api/me/").Is(401)

	// A cookie of one user beside the bearer of another; a bad cookie does not matter.
	other := c.Token(t, "user_2", nil, nil)
	if got := s.Bearer(token).With("Cookie", "__session="+other).Get("/api/me/").Is(401).Object().Text("code"); got != "two_users" {
		t.Error(got)
	}
	s.Bearer(token).With("Cookie", "__session="+token).Get("/api/me/").Is(200)
	s.Bearer(token).With("Cookie", "__session=bad").Get("/api/me/").Is(200)
}

func TestSessionCookies(t *testing.T) {
	s, c := withClerk(t)
	one, two := c.Token(t, "user_1", nil, nil), c.Token(t, "user_2", nil, nil)
	old := c.Token(t, "user_3", claims{"exp": time.Now().Unix() - 60}, nil)
	for cookies, want := range map[string]string{
		"__session=" + one:                                        "user_1",
		"__session_jhCTtJ4x=" + one:                               "user_1",
		"__session=" + two + "; __session_jhCTtJ4x=" + one:        "user_1",
		"__session=" + two + "; __session_jhCTtJ4x=" + old:        "user_2",
		"__session_a=" + old + "; __session_b=" + two:             "user_2",
		"__sessions=" + one:                                       "",
		"__session=" + old:                                        "",
		"__session=":                                              "",
		strings.Repeat("__session_x=a; ", 8) + "__session=" + one: "",
	} {
		a := s.Nobody().With("Cookie", cookies).Get("/api/me/")
		if want == "" {
			a.Is(401)
		} else if got := a.Is(200).Object().Text("clerk_user_id"); got != want {
			t.Errorf("%s: %s, want %s", cookies, got, want)
		}
	}
}

func TestCookiesNeedAPageOfTheShop(t *testing.T) {
	s, c := withClerk(t, "CSRF_TRUSTED_ORIGINS=https://app.example.test/")
	signIn := func(user string) (*souktest.Client, string) {
		session := "__session=" + c.Token(t, user, nil, nil)
		set := s.Nobody().With("Cookie", session).Get("/api/projects/").Is(200).Header.Get("Set-Cookie")
		pair, attributes, _ := strings.Cut(set, ";")
		token, ok := strings.CutPrefix(pair, "csrftoken=")
		if !ok || strings.Contains(attributes, "HttpOnly") || !strings.Contains(attributes, "SameSite=Lax") || strings.Contains(attributes, "Secure") {
			t.Fatalf("Set-Cookie: %s", set)
		}
		return s.Nobody().With("Cookie", session+"; "+pair), token
	}
	ana, anas := signIn("user_ana")
	ben, bens := signIn("user_ben")
	if anas == bens {
		t.Fatal("two users have one token")
	}
	type headers = map[string]string
	own := s.URL
	for _, test := range []struct {
		name   string
		header headers
		status int
	}{
		{"a page of the shop", headers{"Origin": own, "X-CSRFToken": anas, "Sec-Fetch-Site": "same-origin"}, 201},
		{"a trusted page", headers{"Origin": "https://app.example.test", "X-CSRFToken": anas}, 201},
		{"by its Referer", headers{"Referer": own + "/account/?a=b", "X-CSRFToken": anas}, 201},
		{"no token", headers{"Origin": own}, 403},
		{"another's token", headers{"Origin": own, "X-CSRFToken": bens}, 403},
		{"a token of no kind", headers{"Origin": own, "X-CSRFToken": "abc"}, 403},
		{"neither Origin nor Referer", headers{"X-CSRFToken": anas}, 403},
		{"a null Origin", headers{"Origin": "null", "X-CSRFToken": anas}, 403},
		{"a null Origin with a good Referer", headers{"Origin": "null", "Referer": own + "/", "X-CSRFToken": anas}, 403},
		{"another scheme", headers{"Origin": strings.Replace(own, "http", "https", 1), "X-CSRFToken": anas}, 403},
		{"another port", headers{"Origin": own + "0", "X-CSRFToken": anas}, 403},
		{"a sibling", headers{"Origin": "https://blog.example.test", "X-CSRFToken": anas}, 403},
		{"a longer name", headers{"Origin": "https://app.example.test.evil.test", "X-CSRFToken": anas}, 403},
		{"a Referer that holds the name", headers{"Referer": "https://evil.test/" + own, "X-CSRFToken": anas}, 403},
		{"a Referer with a user", headers{"Referer": "https://app.example.test@evil.test/", "X-CSRFToken": anas}, 403},
		{"another site, by the browser's word", headers{"Origin": own, "X-CSRFToken": anas, "Sec-Fetch-Site": "cross-site"}, 403},
		{"JSON as text", headers{"Origin": own, "X-CSRFToken": anas, "Content-Type": "text/plain"}, 415},
	} {
		client := ana
		for name, value := range test.header {
			client = client.With(name, value)
		}
		if got := client.Post("/api/projects/", `{"name":"p"}`).Status; got != test.status {
			t.Errorf("%s: %d, want %d", test.name, got, test.status)
		}
	}
	ben.With("Origin", own).With("X-CSRFToken", anas).Post("/api/projects/", `{"name":"p"}`).Is(403)
	s.Nobody().With("Cookie", "__session="+c.Token(t, "user_ana", nil, nil)).With("Origin", own).With("X-CSRFToken", anas).
		Post("/api/projects/", `{"name":"p"}`).Is(403) // without the csrftoken cookie
	if n := len(ana.Get("/api/projects/").Is(200).List()); n != 3 {
		t.Errorf("%d projects, want the 3 that were allowed", n)
	}
	s.Bearer(c.Token(t, "user_ana", nil, nil)).With("Sec-Fetch-Site", "cross-site").With("Origin", "null").Post("/api/projects/", `{"name":"p"}`).Is(201)
}

func TestSignedInWhileTheIssuerIsDown(t *testing.T) {
	s, c := withClerk(t)
	s.Bearer(c.Token(t, "user_1", nil, nil)).Get("/api/me/").Is(200)
	for name, answer := range map[string]http.HandlerFunc{
		"500":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"empty": func(http.ResponseWriter, *http.Request) {},
		"2 MB":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 2<<20)) },
	} {
		c.Answer(answer)
		if got := s.Bearer(c.Token(t, "user_1", claims{"jti": name}, nil)).Get("/api/me/").Status; got != 200 {
			t.Errorf("%s: %d", name, got)
		}
		if got := s.Bearer(c.Token(t, "user_1", nil, claims{"kid": "ins_new" + name})).Get("/api/me/").Status; got != 401 {
			t.Errorf("%s, unknown key: %d", name, got)
		}
	}
}

func TestStartingWithoutTheIssuer(t *testing.T) {
	c := souktest.NewClerk(t)
	c.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	s := souktest.New(t, dbtest.SQLite(t), c.Env()...)
	s.Nobody().Get("/api/health/").Is(200)
	s.Bearer(c.Token(t, "user_1", nil, nil)).Get("/api/me/").Is(401)
}

func TestFirstRequestsAtOnceMakeOneProfile(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		var ids sync.Map
		atOnce(32, func(int) {
			customer := ana.Get("/api/account/customer/")
			if customer.Status != 200 {
				t.Errorf("%d %s", customer.Status, customer.Body)
				return
			}
			o := customer.Object()
			ids.Store(fmt.Sprint(o.ID(), " ", o.Sub("profile").ID()), true)
		})
		var all []string
		ids.Range(func(id, _ any) bool { all = append(all, id.(string)); return true })
		if len(all) != 1 {
			t.Errorf("customers and profiles: %v", all)
		}
	})
}

func TestDeactivatedUsersAreRefusedAtOnce(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		ana.Get("/api/me/").Is(200)
		if _, err := s.DB.Exec(t.Context(), `UPDATE profiles SET is_active = FALSE`); err != nil {
			t.Fatal(err)
		}
		if got := ana.Get("/api/me/").Is(401).Object().Text("code"); got != "user_deactivated" {
			t.Error(got)
		}
		s.As("ana@example.test").Get("/api/me/").Is(401)
	})
}

func TestSellersOfTheAllowlist(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben, eve := s.As("Ana@example.test"), s.As("ben@example.test"), s.As("eve@example.test")
		const path = "/api/seller/products/"
		for _, c := range []*souktest.Client{ana, ben, eve} {
			c.Get(path).Is(403)
		}
		s.Nobody().Get(path).Is(401)
		for _, subject := range []string{" ANA@example.test ", devcloud.UserID("ben@example.test")} {
			if _, err := s.AddSeller(t.Context(), subject); err != nil {
				t.Fatal(err)
			}
		}
		ana.Get(path).Is(200)
		ben.Get(path).Is(200)
		eve.Get(path).Is(403)
		if err := s.RemoveSeller(t.Context(), "ana@example.test"); err != nil {
			t.Fatal(err)
		}
		ana.Get(path).Is(403)
	}, "SELLER_ACCESS=allowlist")
}

func TestStandInAnswersThisMachineOnly(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	const path = devcloud.Prefix + "/.well-known/jwks.json"
	if a := s.Nobody().Get(path).Is(200); !strings.Contains(string(a.Body), `"kty":"RSA"`) || strings.Contains(string(a.Body), `"d"`) {
		t.Error(string(a.Body))
	}
	for _, header := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		s.Nobody().With(header, "x").Get(path).Is(403)
	}
	s.Nobody().Get(devcloud.Prefix + "/other").Is(404)
	s.Nobody().Post(path, "{}").Is(405)

	if a := s.Nobody().Get(devcloud.BackendPrefix + "/v1/users").Is(401); a.Header.Get("Content-Type") != "application/json" { // with more to it, Clerk's own library does not read it
		t.Errorf("the type is %q", a.Header.Get("Content-Type"))
	}
	s.As("ana@example.test")
	ana := s.Nobody().With("Authorization", "Bearer "+s.ClerkBackend.SecretKey).Get(devcloud.BackendPrefix + "/v1/users/" + devcloud.UserID("ana@example.test"))
	if ana.Is(200); !strings.Contains(string(ana.Body), `"email_address":"ana@example.test"`) {
		t.Error(string(ana.Body))
	}

	// The shop reads the keys over HTTP, whatever hosts it is told to answer to.
	souktest.New(t, dbtest.SQLite(t), "ALLOWED_HOSTS=shop.localhost").As("ana@example.test").Get("/api/me/").Is(200)

	configured, _ := withClerk(t)
	configured.Nobody().Get(path).Is(404)
	if configured.Issuer != nil {
		t.Error("a stand-in runs beside a configured Clerk")
	}
}

func TestCSRFCookieIsSecureOnHTTPS(t *testing.T) {
	w := httptest.NewRecorder()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := httpx.NewCSRF("secret", "https://shop.example.test", nil).Guard(w, r, "user_1"); err != nil {
		t.Fatal(err)
	}
	if set := w.Header().Get("Set-Cookie"); !strings.Contains(set, "; Secure") {
		t.Error(set)
	}
}
