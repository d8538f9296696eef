package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"souk/internal/souktest"
)

func TestHealthIsThatOfTheShopThatRuns(t *testing.T) {
	environ := home(t)
	s := serve(t, environ)
	environ = append(environ, "LISTEN_ADDR="+strings.TrimPrefix(s.url, "http://"), "HTTP_PROXY=http://127.0.0.1:1")
	if out := must(t, environ, "health"); !strings.Contains(out, `"status":"ok"`) {
		t.Errorf("health says %s", out)
	}
	s.stop()
	<-s.code
	if code, _, errw := run(t, environ, "health"); code != 1 || !strings.Contains(errw, "connection refused") {
		t.Errorf("a shop that has stopped: exit %d: %s", code, errw)
	}
}

func TestHealthAsksByThePublicName(t *testing.T) {
	status := http.StatusOK
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "shop.example.test" || r.URL.Path != "/api/health/" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "the answer")
	}))
	t.Cleanup(shop.Close)
	environ := append(home(t), souktest.Production()...)
	environ = append(environ, "CLERK_DOMAIN=clerk.example.test", "LISTEN_ADDR="+shop.Listener.Addr().String())
	if out := must(t, environ, "health"); out != "the answer\n" {
		t.Errorf("it says %q", out)
	}
	status = http.StatusServiceUnavailable
	if code, out, errw := run(t, environ, "health"); code != 1 || out != "the answer\n" || !strings.Contains(errw, "503") {
		t.Errorf("exit %d: %s%s", code, out, errw)
	}
}
