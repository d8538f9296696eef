package devcloud

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const origin = "http://127.0.0.1:8000"

func open(t *testing.T, dir string) *Issuer {
	t.Helper()
	i, err := OpenIssuer(dir, origin)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestTheKeyIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "devcloud")
	if first, second := open(t, dir), open(t, dir); !first.key.Equal(second.key) || first.kid != second.kid {
		t.Error("another key after a restart")
	}
	info, err := os.Stat(filepath.Join(dir, "issuer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file has mode %v", info.Mode())
	}
	if other := open(t, t.TempDir()); other.kid == open(t, dir).kid {
		t.Error("two keys have one id")
	}
}

func TestOfManyThatMakeTheKeyAtOnceAllUseOne(t *testing.T) {
	dir := t.TempDir()
	start := make(chan struct{})
	var wg sync.WaitGroup
	var issuers [8]*Issuer
	for n := range issuers {
		wg.Go(func() {
			<-start
			var err error
			if issuers[n], err = OpenIssuer(dir, origin); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	for _, i := range issuers {
		if i == nil || i.kid != issuers[0].kid {
			t.Fatal("two keys")
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestABrokenKeyIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "issuer.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIssuer(dir, origin); err == nil {
		t.Error("opened")
	}
}

func TestIssuerRunsOnLoopbackOnly(t *testing.T) {
	for origin, ok := range map[string]bool{
		"http://127.0.0.1:8000": true, "http://localhost": true, "http://[::1]:8000": true, "http://shop.localhost:8000": true,
		"https://shop.example.test": false, "http://10.0.0.1": false, "http://127.0.0.1.evil.test": false, "http://localhost.evil.test": false, "": false,
	} {
		if _, err := OpenIssuer(t.TempDir(), origin); (err == nil) != ok {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

func TestTokensHaveClerksForm(t *testing.T) {
	i, now := open(t, t.TempDir()), time.Now()
	text, err := i.Token(" Ana@example.test", []string{"pro", "ai_coach"}, now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return &i.key.PublicKey, nil })
	if err != nil {
		t.Fatal(err)
	}
	c, _ := token.Claims.(jwt.MapClaims)
	if c["iss"] != origin+"/__clerk" || c["azp"] != origin || c["sub"] != UserID("ana@example.test") || c["fea"] != "u:pro,u:ai_coach" ||
		c["v"] != 2.0 || c["sts"] != "active" || c["email"] != "Ana@example.test" || c["exp"] != float64(now.Unix()+60) || c["jti"] == "" {
		t.Errorf("claims %v", c)
	}
	if token.Header["kid"] != i.kid || token.Header["cat"] != "cl_B7d4PD111AAA" {
		t.Errorf("header %v", token.Header)
	}
}

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	h := open(t, t.TempDir()).Handler()
	for _, test := range []struct {
		peer, host, header string
		status             int
	}{
		{"127.0.0.1:5000", "127.0.0.1:8000", "", 200},
		{"[::1]:5000", "[::1]:8000", "", 200},
		{"127.0.0.1:5000", "localhost", "", 200},
		{"10.0.0.1:5000", "127.0.0.1:8000", "", 403},
		{"", "127.0.0.1:8000", "", 403},
		{"127.0.0.1:5000", "shop.example.test", "", 403},
		{"127.0.0.1:5000", "127.0.0.1.example.test:8000", "", 403},
		{"127.0.0.1:5000", "", "", 403},
		{"127.0.0.1:5000", "127.0.0.1:8000", "X-Forwarded-Anything", 403},
		{"127.0.0.1:5000", "127.0.0.1:8000", "X-Real-IP", 403},
		{"127.0.0.1:5000", "127.0.0.1:8000", "Forwarded", 403},
		{"127.0.0.1:5000", "127.0.0.1:8000", "Via", 403},
	} {
		r := httptest.NewRequest(http.MethodGet, Prefix+"/.well-known/jwks.json", nil)
		r.RemoteAddr, r.Host = test.peer, test.host
		if test.header != "" {
			r.Header.Set(test.header, "")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.status || w.Code != 200 && strings.Contains(w.Body.String(), "RSA") {
			t.Errorf("%+v: %d %s", test, w.Code, w.Body)
		}
	}
}
