package clerk

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"souk/internal/identity"
)

func TestTokenPolicy(t *testing.T) {
	now := newClock().now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	tests := []struct {
		name         string
		head, claims fields
		cookie       bool
		want         string
	}{
		{name: "a session"},
		{name: "a session's cookie", cookie: true},
		{name: "from a JWT template", head: fields{"cat": "cl_B7d4PD222AAA"}, claims: fields{"sid": nil, "v": nil, "sts": nil, "fea": nil, "pla": nil}},
		{name: "no category", head: fields{"cat": nil}},
		{name: "the category that says nothing", head: fields{"cat": "cl_I7d4PD111III"}},
		{name: "a machine's", head: fields{"cat": "cl_B7d4PD333AAA"}, want: "token_category"},
		{name: "an unknown category", head: fields{"cat": "cl_x"}, want: "token_category"},
		{name: "an empty category", head: fields{"cat": ""}, want: "token_category"},
		{name: "an OAuth access token", head: fields{"typ": "at+jwt"}, want: "token_category"},
		{name: "no type", head: fields{"typ": nil}},
		{name: "a critical extension", head: fields{"crit": []string{"x"}}, want: "token_malformed"},
		{name: "no key id", head: fields{"kid": nil}, want: "token_malformed"},
		{name: "an unknown key id", head: fields{"kid": "ins_x"}, want: "token_key_unknown"},
		{name: "unknown header parameters", head: fields{"oiat": 5, "x5u": "https://evil.test"}},

		{name: "just expired", claims: fields{"exp": at(-4 * time.Second)}},
		{name: "expired", claims: fields{"exp": at(-6 * time.Second)}, want: "token_expired"},
		{name: "no expiry", claims: fields{"exp": nil}, want: "token_expired"},
		{name: "an expiry that is text", claims: fields{"exp": "never"}, want: "token_malformed"},
		{name: "nearly valid", claims: fields{"nbf": at(4 * time.Second)}},
		{name: "not valid yet", claims: fields{"nbf": at(6 * time.Second)}, want: "token_early"},
		{name: "no start", claims: fields{"nbf": nil}},

		{name: "the second issuer", claims: fields{"iss": "https://second.example.test"}},
		{name: "another issuer", claims: fields{"iss": "https://clerk.example.test.evil.test"}, want: "token_issuer"},
		{name: "no issuer", claims: fields{"iss": nil}, want: "token_issuer"},
		{name: "pending", claims: fields{"sts": "pending"}, want: "token_pending"},
		{name: "no subject", claims: fields{"sub": nil}, want: "token_subject"},
		{name: "a long subject", claims: fields{"sub": "user_" + strings.Repeat("a", 251)}, want: "token_subject"},
		{name: "a subject with a NUL", claims: fields{"sub": "user_\x00"}, want: "token_subject"},
		{name: "a subject that is a number", claims: fields{"sub": 7}, want: "token_malformed"},
		{name: "20 KB", claims: fields{"x": strings.Repeat("a", 20<<10)}, want: "token_malformed"},

		{name: "no origin, bearer", claims: fields{"azp": nil}},
		{name: "no origin, cookie", claims: fields{"azp": nil}, cookie: true, want: "token_party"},
		{name: "an empty origin, cookie", claims: fields{"azp": ""}, cookie: true, want: "token_party"},
		{name: "another origin", claims: fields{"azp": "https://evil.test"}, want: "token_party"},
	}
	i := newIssuer(t)
	v := New(Policy{Issuers: []string{issuerURL, "https://second.example.test"}, Parties: []string{shop}}, NewKeys(i.URL, i.Client(), newClock().now), newClock().now)
	for _, test := range tests {
		token := sign(test.head, test.claims.over(session(now)), keyA())
		for range 2 { // the second time from the cache
			if _, err := v.Verify(t.Context(), token, test.cookie); code(err) != test.want {
				t.Errorf("%s: %q, want %q", test.name, code(err), test.want)
			}
		}
	}
}

func TestACookieIsNotLetInByABearersCacheEntry(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, Parties: []string{shop}}, NewKeys(i.URL, i.Client(), c.now), c.now)
	token := sign(nil, fields{"azp": nil}.over(session(c.now())), keyA())
	if _, err := v.Verify(t.Context(), token, false); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), token, true); code(err) != "token_party" {
		t.Error(err)
	}
}

func TestParties(t *testing.T) {
	for _, test := range []struct {
		party, azp string
		ok         bool
	}{
		{shop, shop, true},
		{shop, shop + "/", true},
		{shop + "/", shop, true},
		{shop, shop + "//", false},
		{shop, "http://shop.example.test", false},
		{shop, "https://shop.example.test:443", false},
		{shop, "https://shop.example.test.evil.test", false},
		{shop, "https://evil.test/https://shop.example.test", false},
		{shop, "https://sub.shop.example.test", false},
		{shop, "null", false},
		{"http://localhost:8000", "http://127.0.0.1:8000", true},
		{"http://localhost:8000", "http://[::1]:8000/", true},
		{"http://127.0.0.1:8000", "http://localhost:8000", true},
		{"http://[::1]:8000", "http://127.0.0.1:8000", true},
		{"http://localhost", "http://127.0.0.1", true},
		{"http://localhost:8000", "http://127.0.0.1:8001", false},
		{"http://localhost:8000", "http://127.0.0.1", false},
		{"http://localhost:8000", "https://127.0.0.1:8000", false},
		{"http://localhost:8000", "http://127.0.0.1.evil.test:8000", false},
		{"http://localhost:8000", "http://127.0.0.2:8000", false},
		{"http://localhost:8000", "http://evil.test:8000", false},
	} {
		i, c := newIssuer(t), newClock()
		v := New(Policy{Issuers: []string{issuerURL}, Parties: []string{test.party}}, NewKeys(i.URL, i.Client(), c.now), c.now)
		_, err := v.Verify(t.Context(), sign(nil, fields{"azp": test.azp}.over(session(c.now())), keyA()), true)
		if (err == nil) != test.ok {
			t.Errorf("party %s, azp %s: %v", test.party, test.azp, err)
		}
	}
}

func TestWithoutPartiesEveryOriginPasses(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := New(Policy{Issuers: []string{issuerURL}}, NewKeys(i.URL, i.Client(), c.now), c.now)
	for _, azp := range []any{nil, "https://anywhere.test"} {
		if _, err := v.Verify(t.Context(), sign(nil, fields{"azp": azp}.over(session(c.now())), keyA()), true); err != nil {
			t.Error(azp, err)
		}
	}
}

func TestAudience(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, Audiences: []string{"souk", "shop"}}, NewKeys(i.URL, i.Client(), c.now), c.now)
	for _, test := range []struct {
		aud  any
		want string
	}{
		{"souk", ""},
		{[]string{"other", "shop"}, ""},
		{"other", "token_audience"},
		{[]string{}, "token_audience"},
		{nil, "token_audience"},
	} {
		if _, err := v.Verify(t.Context(), sign(nil, fields{"aud": test.aud}.over(session(c.now())), keyA()), false); code(err) != test.want {
			t.Errorf("%v: %v", test.aud, err)
		}
	}
}

func TestForgedTokens(t *testing.T) {
	i, c := newIssuer(t), newClock()
	lure := 0
	evil := newIssuer(t)
	evil.answers(func(w http.ResponseWriter, _ *http.Request) { lure++; _, _ = w.Write(keySet("ins_a", keyB())) })
	v := New(Policy{Issuers: []string{issuerURL}}, NewKeys(i.URL, i.Client(), c.now), c.now)
	b64 := base64.RawURLEncoding.EncodeToString
	good := sign(nil, session(c.now()), keyA())
	parts := strings.Split(good, ".")

	none := b64([]byte(`{"alg":"none","typ":"JWT","kid":"ins_a"}`)) + "." + parts[1] + "."
	hmac := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(session(c.now())))
	hmac.Header["kid"] = "ins_a"
	public, err := x509.MarshalPKIXPublicKey(&keyA().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	hs256, err := hmac.SignedString(public)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ token, want string }{
		"none":                          {none, "token_malformed"},
		"none with a signature":         {none + parts[2], "token_algorithm"},
		"HS256 by the public key":       {hs256, "token_algorithm"},
		"RS512":                         {sign(fields{"alg": "RS512"}, session(c.now()), keyA()), "token_algorithm"},
		"jku":                           {sign(fields{"jku": evil.URL, "x5u": evil.URL}, session(c.now()), keyB()), "token_signature"},
		"jwk":                           {sign(fields{"jwk": fields{"kty": "RSA", "n": b64(keyB().N.Bytes()), "e": "AQAB"}}, session(c.now()), keyB()), "token_signature"},
		"another key":                   {sign(nil, session(c.now()), keyB()), "token_signature"},
		"other claims":                  {parts[0] + "." + b64([]byte(`{"sub":"user_x"}`)) + "." + parts[2], "token_signature"},
		"a signature with a line break": {good[:len(good)-4] + "\n" + good[len(good)-4:], "token_malformed"},
		"10,000 dots":                   {strings.Repeat(".", 10_000), "token_malformed"},
		"a fourth part":                 {good + ".x", "token_malformed"},
		"empty":                         {"", "token_malformed"},
		"text":                          {"hello", "token_malformed"},
	} {
		if _, err := v.Verify(t.Context(), test.token, false); code(err) != test.want {
			t.Errorf("%s: %q, want %q", name, code(err), test.want)
		}
	}
	if lure > 0 {
		t.Errorf("the address in the token was asked %d times", lure)
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want 1", n)
	}
}

func TestClaims(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, BillingClaim: "entitlements"}, NewKeys(i.URL, i.Client(), c.now), c.now)
	base := fields{"iss": issuerURL, "sub": "user_1", "exp": c.now().Unix() + 60}
	for _, test := range []struct {
		claims fields
		want   identity.Claims
	}{
		{fields{}, identity.Claims{}},
		{
			fields{"sid": "sess_1", "email": " ana@example.test ", "given_name": "Ana\x00", "family_name": "Silva", "picture": "https://img.test/1"},
			identity.Claims{SessionID: "sess_1", Email: "ana@example.test", FirstName: "Ana", LastName: "Silva", ImageURL: "https://img.test/1"},
		},
		{
			fields{"first_name": "Ana", "last_name": "Silva", "image_url": "https://img.test/1", "org_id": "org_1"},
			identity.Claims{FirstName: "Ana", LastName: "Silva", ImageURL: "https://img.test/1", OrgID: "org_1"},
		},
		{fields{"o": fields{"id": "org_2", "rol": "admin"}, "org_id": "org_1"}, identity.Claims{OrgID: "org_2"}},
		{fields{"email": 7, "given_name": []int{1}, "o": "x", "fea": true, "pla": fields{}, "entitlements": 5}, identity.Claims{}},
		{
			fields{"entitlements": []any{" Pro", "pro", "AI", 7, ""}, "fea": "u:ai,o:Teams,x:no,uo:both,ou:also,bare,u:", "pla": "u:gold, o:team"},
			identity.Claims{Features: []string{"pro", "ai", "teams", "both", "also"}, Plans: []string{"gold", "team"}},
		},
		{fields{"entitlements": "b, A,,b "}, identity.Claims{Features: []string{"b", "a"}}},
	} {
		want := test.want
		want.Subject = "user_1"
		want.Features, want.Plans = identity.Normalize(want.Features), identity.Normalize(want.Plans)
		got, err := v.Verify(t.Context(), sign(nil, test.claims.over(base), keyA()), false)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\n got %+v, %v\nwant %+v", test.claims, got, err, want)
		}
	}
}

func TestFeaturesOfAnObjectKeepItsOrder(t *testing.T) {
	got := identity.Features([]byte(`{"zeta":true,"off":false,"alpha":true,"text":"true","beta":1}`))
	if strings.Join(got, " ") != "zeta alpha" {
		t.Error(got)
	}
}

func TestCacheIsBoundedAndForgetsWhatExpired(t *testing.T) {
	c, now := newCache(10), newClock().now()
	for n := range 100 {
		c.put(sum{byte(n)}, verified{until: now.Add(time.Minute)})
	}
	if held := len(c.young) + len(c.old); held > 10 {
		t.Errorf("%d entries", held)
	}
	if _, ok := c.get(sum{99}, now); !ok {
		t.Error("the last one is gone")
	}
	if _, ok := c.get(sum{99}, now.Add(time.Minute)); ok {
		t.Error("an expired one is given")
	}
}

func TestACachedTokenExpires(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := New(Policy{Issuers: []string{issuerURL}}, NewKeys(i.URL, i.Client(), c.now), c.now)
	token := sign(nil, session(c.now()), keyA())
	for _, test := range []struct {
		after time.Duration
		want  string
	}{{0, ""}, {64 * time.Second, ""}, {time.Second, "token_expired"}} {
		c.add(test.after)
		if _, err := v.Verify(t.Context(), token, false); code(err) != test.want {
			t.Errorf("after %s: %v", test.after, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	i, c := newIssuer(f), newClock()
	v := New(Policy{Issuers: []string{issuerURL}, Parties: []string{shop}, BillingClaim: "fea"}, NewKeys(i.URL, i.Client(), c.now), c.now)
	good := sign(nil, session(c.now()), keyA())
	head, _, _ := strings.Cut(good, ".")
	for _, seed := range []string{good, "", "..", head + "..", head + ".e30.AA", strings.Repeat(".", 100), good + "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := v.Verify(context.Background(), token, false)
		if err == nil && (token != good || claims.Subject == "") {
			t.Errorf("accepted %q", token)
		}
		if err != nil && !strings.HasPrefix(code(err), "token_") {
			t.Errorf("%q: %v", token, err)
		}
	})
}
