package cli_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A webhook secret with which anybody could sign keeps the program from starting (N13).
func TestAWeakWebhookSecretKeepsTheServerFromStarting(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	environ := home(t)
	short := "whsec_" + base64.StdEncoding.EncodeToString([]byte("hunter2hunter2hunter2!!"))
	good := "whsec_" + base64.StdEncoding.EncodeToString([]byte("hunter2hunter2hunter2!!!"))
	for name, value := range map[string]string{
		"the prefix alone": "whsec_", "23 bytes": short, "no prefix": strings.TrimPrefix(good, "whsec_"), "not base64": "whsec_" + strings.Repeat("!", 40),
		"an empty second": good + ",", "an empty first": "," + good, "a weak second": good + "," + short, "three": good + "," + good + "," + good,
		"a blank": " ",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			serve := exec.CommandContext(ctx, program, "serve")
			serve.Env = append(environ, "SOUK_TEST_AS_PROGRAM=1", "CLERK_WEBHOOK_SIGNING_SECRET="+value)
			out, err := serve.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 78 {
				t.Errorf("%v, want exit 78", err)
			}
			if !strings.Contains(string(out), "CLERK_WEBHOOK_SIGNING_SECRET") {
				t.Errorf("the variable is not named in %q", out)
			}
			for secret := range strings.SplitSeq(value, ",") {
				if secret = strings.TrimPrefix(strings.TrimSpace(secret), "whsec_"); secret != "" && strings.Contains(string(out), secret) {
					t.Errorf("the secret is shown: %q", out)
				}
			}
		})
	}
	if _, err := os.Stat("data"); err == nil {
		t.Error("a server that does not start made the data folder")
	}
	environ = append(environ, "CLERK_WEBHOOK_SIGNING_SECRET="+short)
	if code, out, _ := run(t, environ, "doctor"); code != 1 || !strings.Contains(out, "FAIL  configuration  CLERK_WEBHOOK_SIGNING_SECRET") {
		t.Errorf("doctor: exit %d:\n%s", code, out)
	}
	serve(t, append(environ, "CLERK_WEBHOOK_SIGNING_SECRET="+good+", "+good))
}
