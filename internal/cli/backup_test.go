package cli_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/config"
	"souk/internal/dbtest"
)

// What docs/operations.md says of backups is done word for word: the shop of the copy has what was sold.
func TestAShopIsRestoredFromItsBackup(t *testing.T) {
	if testing.Short() {
		t.Skip("stops a shop and starts it again: not with -short")
	}
	t.Run("sqlite", func(t *testing.T) {
		environ := append(home(t), "RATE_LIMIT_ENABLED=false")
		restored(t, "sqlite", environ, func() []string {
			for _, name := range []string{"souk.db", "souk.db-wal", "souk.db-shm"} {
				if err := os.Remove(filepath.Join("data", name)); err != nil {
					t.Fatal(err)
				}
			}
			return environ
		})
	})
	t.Run("postgres", func(t *testing.T) {
		lost, fresh := dbtest.Postgres(t, dbtest.Empty, ""), dbtest.Postgres(t, dbtest.Empty, "")
		if _, err := exec.LookPath("pg_dump"); err != nil {
			t.Skip("there is no pg_dump in PATH")
		}
		environ := append(home(t), "RATE_LIMIT_ENABLED=false")
		restored(t, "postgres", append(environ, "DATABASE_URL="+lost), func() []string {
			return append(environ, "DATABASE_URL="+fresh)
		})
	})
}

// restored sells in a shop, backs it up, and destroys it. lose takes the database away and gives the settings of the next one.
func restored(t *testing.T, engine string, environ []string, lose func() []string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join("bin", "souk"), []byte("#!/bin/sh\nSOUK_TEST_AS_PROGRAM=1 exec '"+program+"' \"$@\"\n"))
	more := []string{"BACKUP=" + filepath.Join(folder, "copy"), "PATH=" + filepath.Join(folder, "bin") + ":" + os.Getenv("PATH")}
	m := &mortal{t: t, program: filepath.Join(folder, "bin", "souk"), environ: environ}
	t.Cleanup(m.stop)
	m.start("")

	const seller, buyer = "seller@example.test", "buyer@example.test"
	product := m.call(seller, http.MethodPost, "/api/seller/products/", `{"name":"Field notes","visibility":"published"}`, 201)
	path := fmt.Sprintf("/api/seller/products/%v/", product["id"])
	price := m.call(seller, http.MethodPost, path+"prices/", `{"name":"Once","amount_cents":4900,"currency":"USD"}`, 201)
	asset := m.call(seller, http.MethodPost, path+"assets/", `{"title":"Notes","file_path":"notes.bin"}`, 201)
	file := make([]byte, 1<<20)
	_, _ = rand.Read(file)
	m.upload(seller, fmt.Sprintf("/api/seller/assets/%v/content/", asset["id"]), file)
	kept, refunded := m.bought(buyer, price["id"]), m.bought(buyer, price["id"])
	book := "/api/seller/orders/" + kept + "/"
	before := m.call(seller, http.MethodGet, book, "", 200)

	var made atomic.Int64 // while the copy is made
	ended := make(chan error, 1)
	stop := make(chan struct{})
	token := m.token(seller)
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
			}
			status, text, err := m.ask(token, http.MethodPost, "/api/seller/products/", "application/json", []byte(`{"name":"Written meanwhile"}`))
			if err != nil || status != 201 {
				ended <- fmt.Errorf("the shop does not go on: %d, %w: %s", status, err, text)
				return
			}
			made.Add(1)
		}
	}()
	for made.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	least := made.Load()
	shell(t, append(m.environ, more...), "backup: "+engine)
	if made.Load() == least {
		t.Error("nothing was written while the copy was made")
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	m.call(seller, http.MethodPost, "/api/seller/orders/"+refunded+"/refund/", `{"reason":"after the backup"}`, 200)
	m.becomes(buyer, refunded, "refunded")

	m.stop()
	m.environ = lose()
	if err := os.RemoveAll(filepath.Join("data", "files")); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(folder, "elsewhere") // Clerk and Stripe lose nothing
	if err := os.Rename(filepath.Join("data", "devcloud"), elsewhere); err != nil {
		t.Fatal(err)
	}
	shell(t, append(m.environ, more...), "restore: "+engine)
	if err := os.Rename(elsewhere, filepath.Join("data", "devcloud")); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(m.environ, "")
	if err != nil {
		t.Fatal(err)
	}
	m.db = dbtest.Open(t, cfg.DatabaseURL.Reveal())
	m.exec(`DELETE FROM river_leader`) // the shop that was killed keeps the schedule for a quarter of a minute
	m.start("")

	if out := must(t, append(m.environ, "PUBLIC_URL="+m.url), "doctor"); strings.Contains(out, "FAIL") {
		t.Error(out)
	}
	if after := m.call(seller, http.MethodGet, book, "", 200); !reflect.DeepEqual(before, after) {
		t.Errorf("the order was\n%v\nand is\n%v", before, after)
	}
	m.becomes(buyer, refunded, "refunded") // Stripe is asked what the copy does not know
	if loaded := m.download(buyer); !bytes.Equal(file, loaded) {
		t.Errorf("%d bytes were sold, %d others loaded", len(file), len(loaded))
	}
	if n := m.count(`SELECT count(*) FROM products WHERE name = 'Written meanwhile'`); n < least || n > made.Load() {
		t.Errorf("%d products of the %d to %d that were there while the copy was made", n, least, made.Load())
	}
	for query, want := range map[string]int64{
		`SELECT count(*) FROM orders`:                                           2,
		`SELECT sum(amount_cents) FROM transactions WHERE status = 'succeeded'`: 4900,
		`SELECT sum(amount_cents) FROM refunds WHERE status = 'succeeded'`:      4900,
		`SELECT count(*) FROM download_grants WHERE is_active`:                  1,
	} {
		if got := m.count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// shell runs the block of docs/operations.md below the mark.
func shell(t *testing.T, environ []string, mark string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docs, "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "<!-- "+mark+" -->\n```sh\n")
	block, _, ok := strings.Cut(block, "```")
	if !ok {
		t.Fatalf("docs/operations.md has no block %q", mark)
	}
	bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block)
	bash.Env = environ
	if out, err := bash.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v:\n%s\n%s", mark, err, block, out)
	}
}

// docs is found before a test changes its folder.
var docs = func() string {
	path, err := filepath.Abs("../../docs")
	if err != nil {
		panic(err)
	}
	return path
}()

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
}

func (m *mortal) token(email string) string {
	m.t.Helper()
	return strings.TrimSpace(must(m.t, append(m.environ, "PUBLIC_URL="+m.url), "token", "--as", email))
}

func (m *mortal) ask(token, method, path, kind string, body []byte) (status int, text []byte, err error) {
	r, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err = io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

func (m *mortal) upload(email, path string, file []byte) {
	m.t.Helper()
	if status, text, err := m.ask(m.token(email), http.MethodPut, path, "application/octet-stream", file); err != nil || status/100 != 2 {
		m.t.Fatalf("the upload: %d, %v: %s", status, err, text)
	}
}

// bought has the buyer order something, pay for it at the stand-in for Stripe, and get it.
func (m *mortal) bought(email string, price any) (order string) {
	m.t.Helper()
	made := m.call(email, http.MethodPost, "/api/account/orders/create/", fmt.Sprintf(`{"price_id":%v}`, price), 201)
	order, _ = made["order"].(map[string]any)["public_id"].(string)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(m.url + "/checkout/" + order + "/")
	if err != nil {
		m.t.Fatal(err)
	}
	_ = page.Body.Close()
	to, err := page.Location()
	if err != nil {
		m.t.Fatal(err)
	}
	paid, err := client.PostForm(to.String(), url.Values{"card": {"4242424242424242"}})
	if err != nil {
		m.t.Fatal(err)
	}
	_ = paid.Body.Close()
	m.becomes(email, order, "fulfilled")
	return order
}

// becomes waits until the buyer's order has the status.
func (m *mortal) becomes(email, order, status string) {
	m.t.Helper()
	token := m.token(email)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		code, text, err := m.ask(token, http.MethodGet, "/api/account/orders/"+order+"/", "application/json", nil)
		if err != nil || code != 200 {
			m.t.Fatalf("the order %s: %d, %v: %s", order, code, err, text)
		}
		var got struct{ Status string }
		if err := json.Unmarshal(text, &got); err != nil {
			m.t.Fatal(err)
		}
		if got.Status == status {
			return
		}
		if time.Since(began) > 30*time.Second {
			m.t.Fatalf("the order %s is %s, want %s", order, got.Status, status)
		}
	}
}

// download loads the one file that the buyer may load.
func (m *mortal) download(email string) []byte {
	m.t.Helper()
	var grants []struct {
		Token       string
		CanDownload bool `json:"can_download"`
	}
	status, text, err := m.ask(m.token(email), http.MethodGet, "/api/account/downloads/", "application/json", nil)
	if err != nil || status != 200 || json.Unmarshal(text, &grants) != nil {
		m.t.Fatalf("the downloads: %d, %v: %s", status, err, text)
	}
	for _, g := range grants {
		if !g.CanDownload {
			continue
		}
		address, _ := m.call(email, http.MethodPost, "/api/account/downloads/"+g.Token+"/access/", "", 200)["download_url"].(string)
		res, err := http.Get(address)
		if err != nil {
			m.t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		file, err := io.ReadAll(res.Body)
		if err != nil {
			m.t.Fatal(err)
		}
		return file
	}
	m.t.Fatalf("there is no download: %s", text)
	return nil
}

func TestBackupsThatAreRefused(t *testing.T) {
	environ := home(t)
	refused := func(folder, why string) {
		t.Helper()
		if code, out, errw := run(t, environ, "backup", folder); code != 1 || out != "" || !strings.Contains(errw, why) {
			t.Errorf("into %s: exit %d, %q, %s", folder, code, out, errw)
		}
	}
	refused("copy", "there is no database")
	if _, err := os.Stat("copy"); err == nil {
		t.Error("the folder was made for nothing")
	}
	must(t, environ, "migrate")
	refused("data", "the shop's own")
	must(t, environ, "backup", "copy")
	must(t, append(environ, "DATA_DIR=copy"), "migrate")
	must(t, environ, "backup", "copy") // it was closed again
	write(t, filepath.Join("copy", "souk.db-wal"), []byte("a log of the older copy would be applied to the newer"))
	refused("copy", "choose another folder")
	if out := must(t, append(environ, "DATABASE_URL=postgres://souk@127.0.0.1:1/souk"), "backup", "files"); !strings.Contains(out, "pg_dump") {
		t.Error(out)
	}
}
