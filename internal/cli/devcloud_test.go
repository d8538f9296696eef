//go:build !nodevcloud

package cli_test

import (
	"strings"
	"testing"
)

func TestTheClockIsAdvancedByTheRunningShop(t *testing.T) {
	environ := home(t)
	if code, _, errw := run(t, append(environ, "LISTEN_ADDR=127.0.0.1:1"), "devcloud", "advance", "31d"); code != 1 || !strings.Contains(errw, "does not run at http://127.0.0.1:1") {
		t.Errorf("without a shop: exit %d, %s", code, errw)
	}
	s := serve(t, environ)
	here := append(environ, "PUBLIC_URL="+s.url, "LISTEN_ADDR="+strings.TrimPrefix(s.url, "http://"))
	if out := must(t, here, "devcloud", "advance", "31d"); !strings.Contains(out, "31d ahead") || !strings.Contains(out, "caused 0 events") {
		t.Error(out)
	}
	if out := must(t, here, "devcloud", "advance", "12h"); !strings.Contains(out, "31d12h ahead") {
		t.Error(out)
	}
	for _, by := range []string{"yesterday", "3000d"} {
		if code, _, errw := run(t, here, "devcloud", "advance", by); code != 1 || !strings.Contains(errw, "422") {
			t.Errorf("%s: exit %d, %s", by, code, errw)
		}
	}
	if code, _, errw := run(t, append(here, "CLERK_DOMAIN=clerk.example.com"), "devcloud", "advance", "1d"); code != 1 || !strings.Contains(errw, "no stand-in") {
		t.Errorf("beside Clerk: exit %d, %s", code, errw)
	}
}
