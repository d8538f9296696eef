package souktest

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"
)

var listensAt = regexp.MustCompile(`Listening for HTTP at address: (127\.0\.0\.1:\d+)`)

// NewStripeMock starts the server that SOUK_TEST_STRIPE_MOCK names, gives its origin, and skips the test when it names none. It knows
// the schema of Stripe's API: it refuses requests that are not in it, and answers with fixed objects that are. It keeps nothing.
func NewStripeMock(t *testing.T) (origin string) {
	t.Helper()
	program := os.Getenv("SOUK_TEST_STRIPE_MOCK")
	if program == "" {
		t.Skip("no stripe-mock: SOUK_TEST_STRIPE_MOCK does not name the program (./test.sh builds it, scripts/stripe-mock.sh too)")
	}
	cmd := exec.Command(program, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if at := listensAt.FindStringSubmatch(lines.Text()); at != nil {
				address <- at[1]
			}
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	select {
	case at := <-address:
		return "http://" + at
	case <-ended:
	case <-time.After(30 * time.Second):
	}
	t.Fatal("stripe-mock does not start")
	return ""
}
