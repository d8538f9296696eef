package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"souk/internal/cli"
	"souk/internal/db"
	"souk/internal/dbtest"
)

// TestMain lets the test binary be the program, for tests that need it in processes of its own.
func TestMain(m *testing.M) {
	if os.Getenv("SOUK_TEST_AS_PROGRAM") != "" {
		os.Exit(cli.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}
	code := m.Run()
	_ = os.RemoveAll(crashFolder)
	os.Exit(code)
}

// home is a working directory of the test's own, and the environment of a program in it.
func home(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	t.Chdir(folder)
	return []string{"DATA_DIR=" + filepath.Join(folder, "data"), "LISTEN_ADDR=127.0.0.1:0"}
}

// run runs a command to its end.
func run(t *testing.T, environ []string, args ...string) (code int, out, errw string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Run(t.Context(), args, environ, &o, &e)
	return code, o.String(), e.String()
}

// must is run for a command that has to succeed.
func must(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	code, out, errw := run(t, environ, args...)
	if code != 0 {
		t.Fatalf("souk %v: exit %d: %s", args, code, errw)
	}
	return out
}

// server is a running `souk serve`.
type server struct {
	url  string
	stop context.CancelFunc
	code chan int
}

// serve starts the shop in this process and waits until it listens.
func serve(t *testing.T, environ []string) *server {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &server{stop: stop, code: make(chan int, 1)}
	reader, writer := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.code <- cli.Run(ctx, []string{"serve"}, environ, writer, t.Output())
		_ = writer.Close()
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("serve ended with exit %d before it listened", <-s.code)
	}
	if _, err := fmt.Sscanf(line, "Souk is open at %s", &s.url); err != nil {
		t.Fatalf("the first line names no address: %q", line)
	}
	t.Cleanup(func() { stop(); <-ended })
	return s
}

func TestConfigurationFaultsAreToldAtOnce(t *testing.T) {
	code, _, errw := run(t, append(home(t), "PUBLIC_URL=http://shop.example.com", "SELLER_ACCESS=all"), "serve")
	if code != 78 {
		t.Errorf("exit %d, want 78", code)
	}
	for _, name := range []string{"PUBLIC_URL", "SELLER_ACCESS", "SECRET_KEY", "CLERK_DOMAIN"} {
		if !strings.Contains(errw, name) {
			t.Errorf("%s is not named in:\n%s", name, errw)
		}
	}
}

func TestDotenvIsReadInTheWorkingDirectory(t *testing.T) {
	environ := home(t)
	if err := os.WriteFile(".env", []byte("SELLER_ACCESS=nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errw := run(t, environ, "doctor"); code != 78 || !strings.Contains(errw, "SELLER_ACCESS") {
		t.Errorf("exit %d, want 78 and SELLER_ACCESS named: %s", code, errw)
	}
}

func TestUnknownArgumentsAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"sell"}, {}, {"token"}, {"serve", "--nope"}} {
		if code, _, errw := run(t, home(t), args...); code != 2 || !strings.Contains(errw, "--help") {
			t.Errorf("souk %v: exit %d, want 2 and a pointer to --help: %s", args, code, errw)
		}
	}
}

func TestHelpIsGivenToWhoeverAsksForIt(t *testing.T) {
	for args, want := range map[string]string{"help": "Run the shop", "--help": "Run the shop", "help webhooks": "Usage: souk webhooks", "help mail preview": "Usage: souk mail preview"} {
		if out := must(t, home(t), strings.Fields(args)...); !strings.Contains(out, want) {
			t.Errorf("souk %s does not say %q: %s", args, want, out)
		}
	}
}

func TestServeTakesTokensAndStopsWhenAsked(t *testing.T) {
	environ := home(t)
	before := append(environ, "PUBLIC_URL=http://127.0.0.1:1") // made before the server ran, with the same key
	must(t, before, "token", "--as", "seller@example.test")
	s := serve(t, environ)
	token := strings.TrimSpace(must(t, append(environ, "PUBLIC_URL="+s.url), "token", "--as", "seller@example.test"))
	if projects := string(body(t, s.url+"/api/projects/", token)); strings.TrimSpace(projects) != "[]" {
		t.Errorf("the projects of a new user are %s", projects)
	}
	s.stop()
	if code := <-s.code; code != 0 {
		t.Errorf("serve ended with exit %d, want 0", code)
	}
}

// body is the answer to a GET, which must be a 200.
func body(t *testing.T, url, token string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %s, %v", url, res.Status, text, err)
	}
	return text
}

func TestAStopFinishesTheRequestInFlight(t *testing.T) {
	environ := home(t)
	s := serve(t, environ)
	token := strings.TrimSpace(must(t, append(environ, "PUBLIC_URL="+s.url), "token", "--as", "seller@example.test"))
	address := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	body := `{"name": "Half sent"}`
	_, _ = fmt.Fprintf(conn, "POST /api/projects/ HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", address, token, len(body))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the server does not read the body: %q, %v", line, err)
	}
	s.stop()
	for deadline := time.Now().Add(10 * time.Second); ; { // until nobody new is let in
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		_ = c.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server still listens")
		}
	}
	_, _ = io.WriteString(conn, body)
	_, _ = answers.ReadString('\n') // the end of 100 Continue
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Errorf("status %d, want 201", res.StatusCode)
	}
	if code := <-s.code; code != 0 {
		t.Errorf("serve ended with exit %d, want 0", code)
	}
}

func TestASecondServerOfTheSameFileIsRefused(t *testing.T) {
	environ := home(t)
	serve(t, environ)
	if code, _, errw := run(t, environ, "serve"); code != 1 || !strings.Contains(errw, "another souk serves") {
		t.Errorf("exit %d, want 1 and why: %s", code, errw)
	}
}

func TestTokenIsForDevelopmentOnly(t *testing.T) {
	environ := home(t)
	for name, settings := range map[string][]string{
		"a Clerk domain": {"CLERK_DOMAIN=clerk.example.com"},
		"a Clerk key":    {"CLERK_SECRET_KEY=sk_test_0000", "CLERK_DOMAIN=clerk.example.com"},
		"off loopback": {
			"PUBLIC_URL=https://shop.example.com", "SECRET_KEY=0123456789abcdef0123456789abcdef", "CLERK_DOMAIN=clerk.example.com",
		},
	} {
		if code, out, _ := run(t, append(environ, settings...), "token", "--as", "a@example.test"); code == 0 || out != "" {
			t.Errorf("%s: exit %d and %q, want a refusal", name, code, out)
		}
	}
}

func TestMigrateSaysWhatItDid(t *testing.T) {
	environ := home(t)
	if out := must(t, environ, "migrate"); !strings.Contains(out, "applied 00001_") {
		t.Errorf("the first run says %q", out)
	}
	if out := must(t, environ, "migrate"); !strings.Contains(out, "up to date") {
		t.Errorf("the second run says %q", out)
	}
}

func TestDoctor(t *testing.T) {
	environ := home(t)
	if out := must(t, environ, "doctor"); strings.Contains(out, "FAIL") {
		t.Error(out)
	}
	if _, err := os.Stat("data"); err == nil {
		t.Error("doctor made the data folder")
	}
	code, out, _ := run(t, append(environ, "CLERK_DOMAIN=127.0.0.1:1", "DATABASE_URL=postgres://souk:hidden@127.0.0.1:1/souk"), "doctor")
	if code != 1 || !strings.Contains(out, "FAIL  database") || !strings.Contains(out, "FAIL  sign-in") || strings.Contains(out, "hidden") {
		t.Errorf("exit %d, want 1, both faults and no password:\n%s", code, out)
	}
}

func TestSellersAreAddedListedAndRemoved(t *testing.T) {
	environ := append(home(t), "SELLER_ACCESS=allowlist")
	must(t, environ, "seller", "add", "Seller@Example.Test")
	must(t, environ, "seller", "add", "user_2abc")
	if out := must(t, environ, "seller", "list"); out != "seller@example.test\nuser_2abc\n" {
		t.Errorf("the list is %q", out)
	}
	must(t, environ, "seller", "remove", "user_2abc")
	if out := must(t, environ, "seller", "list"); out != "seller@example.test\n" {
		t.Errorf("the list is %q", out)
	}
	for _, args := range [][]string{{"seller", "remove", "user_2abc"}, {"seller", "add", "nobody"}} {
		if code, _, errw := run(t, environ, args...); code != 1 || errw == "" {
			t.Errorf("souk %v: exit %d, want 1 and why", args, code)
		}
	}
}

func TestOpenAPIIsPrinted(t *testing.T) {
	var document struct {
		OpenAPI string
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(must(t, home(t), "openapi")), &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" || document.Paths["/api/products/"] == nil && document.Paths["/api/projects/"] == nil {
		t.Errorf("OpenAPI %s with %d paths", document.OpenAPI, len(document.Paths))
	}
}

func TestSeedingTwiceChangesNothing(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) { seedTwice(t, append(home(t), "DATABASE_URL="+url)) })
}

func TestOnlyANewDatabaseIsSeededIfNew(t *testing.T) {
	environ := home(t)
	if out := must(t, append(environ, "CLERK_DOMAIN=clerk.example.com"), "seed", "--if-new"); out != "" {
		t.Errorf("beside a Clerk domain it says %q", out)
	}
	if out := must(t, environ, "seed", "--if-new"); !strings.Contains(out, "9 products") {
		t.Errorf("the first run says %q", out)
	}
	if out := must(t, environ, "seed", "--if-new"); out != "" {
		t.Errorf("a database that is not new is told %q", out)
	}
}

func seedTwice(t *testing.T, environ []string) {
	t.Helper()
	if out := must(t, environ, "seed"); !strings.Contains(out, "9 products") {
		t.Errorf("the first run says %q", out)
	}
	s := serve(t, environ)
	environ = append(environ, "PUBLIC_URL="+s.url)
	token := strings.TrimSpace(must(t, environ, "token", "--as", "seller@example.test"))
	before := body(t, s.url+"/api/seller/products/", token)
	var products []struct {
		Name, Visibility string
		Prices           []any
		Assets           []struct {
			Size int64 `json:"file_size_bytes"`
		}
		ServiceOffer any `json:"service_offer"`
	}
	if err := json.Unmarshal(before, &products); err != nil {
		t.Fatal(err)
	}
	for _, p := range products {
		if p.Visibility != "published" || len(p.Prices) == 0 || len(p.Assets) == 0 && p.ServiceOffer == nil {
			t.Errorf("%s lacks something: %+v", p.Name, p)
		}
		for _, a := range p.Assets {
			if a.Size == 0 {
				t.Errorf("%s has an empty file", p.Name)
			}
		}
	}
	if out := must(t, environ, "seed"); !strings.Contains(out, "there already") {
		t.Errorf("the second run says %q", out)
	}
	if after := body(t, s.url+"/api/seller/products/", token); len(products) != 9 || !bytes.Equal(before, after) {
		t.Errorf("%d products, and after the second run:\n%s", len(products), after)
	}
}

func TestJobsAreListedAndTriedAgain(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		environ := append(home(t), "DATABASE_URL="+url)
		if out := must(t, environ, "jobs", "list"); strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "ID") {
			t.Errorf("no jobs: %q", out)
		}
		if out := must(t, environ, "doctor"); !strings.Contains(out, "ok    jobs") {
			t.Errorf("doctor: %s", out)
		}
		d := dbtest.Open(t, url)
		args := "jsonb('{}')"
		failed := "jsonb('[{\"at\":\"2026-01-02T03:04:05Z\",\"attempt\":1,\"error\":\"the disk\\nis full\",\"trace\":\"\"}]')"
		if d.Engine == db.Postgres {
			args, failed = "'{}'", "ARRAY['{\"at\":\"2026-01-02T03:04:05Z\",\"attempt\":1,\"error\":\"the disk\\nis full\",\"trace\":\"\"}'::jsonb]"
		}
		_, err := d.Exec(t.Context(), `INSERT INTO river_job (id, kind, args, state, attempt, max_attempts, errors, finalized_at)
			VALUES (7, 'sweep', `+args+`, 'discarded', 10, 10, `+failed+`, CURRENT_TIMESTAMP)`)
		if err != nil {
			t.Fatal(err)
		}
		if out := must(t, environ, "jobs", "list", "--state", "discarded"); !strings.Contains(out, "7   sweep  discarded  10/10") || !strings.Contains(out, "the disk is full") {
			t.Errorf("the dead letter: %q", out)
		}
		if code, out, _ := run(t, environ, "doctor"); code != 1 || !strings.Contains(out, "FAIL  jobs") {
			t.Errorf("doctor: exit %d: %s", code, out)
		}
		must(t, environ, "jobs", "retry", "7")
		if out := must(t, environ, "jobs", "list", "--state", "available"); !strings.Contains(out, "10/11") {
			t.Errorf("after the retry: %q", out)
		}
		for want, args := range map[string][]string{"no such job": {"jobs", "retry", "8"}, "discarded": {"jobs", "list", "--state", "dead"}} {
			if code, _, errw := run(t, environ, args...); code != 1 || !strings.Contains(errw, want) {
				t.Errorf("souk %v: exit %d, %q", args, code, errw)
			}
		}
	})
}

func TestOperatorsListenOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":8001", "192.0.2.1:8001", "localhost", "shop.example.com:8001"} {
		if code, _, errw := run(t, append(home(t), "OPERATOR_ADDR="+addr), "serve"); code != 78 || !strings.Contains(errw, "OPERATOR_ADDR") {
			t.Errorf("%s: exit %d, want 78 and the name: %s", addr, code, errw)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	environ := append(home(t), "OPERATOR_ADDR="+taken.Addr().String())
	if code, _, errw := run(t, environ, "serve"); code != 1 || !strings.Contains(errw, "OPERATOR_ADDR") {
		t.Errorf("an address that is taken: exit %d: %s", code, errw)
	}
	_ = taken.Close()
	serve(t, environ)
	res, err := http.Get("http://" + taken.Addr().String() + "/jobs/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the operators' page answers %d", res.StatusCode)
	}
}
