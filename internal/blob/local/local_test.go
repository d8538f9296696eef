package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/blob"
	"souk/internal/blob/blobtest"
	"souk/internal/fault"
)

// shop is a store behind a server, with a clock and a set of grants that were taken back.
type shop struct {
	*Store
	t       testing.TB
	dir     string
	now     time.Time
	revoked map[string]bool
}

func open(t testing.TB, secrets ...string) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), now: time.Now(), revoked: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.Serve(w, r, func(_ context.Context, grant string) error {
			if s.revoked[grant] {
				return fault.New(fault.Forbidden, "revoked", "Taken back.")
			}
			return nil
		})
		switch fault.KindOf(err) {
		case fault.Forbidden:
			w.WriteHeader(403)
		case fault.NotFound:
			w.WriteHeader(404)
		case fault.OutOfRange:
			w.WriteHeader(416)
		default:
			if err != nil {
				w.WriteHeader(500)
			}
		}
	}))
	t.Cleanup(server.Close)
	if len(secrets) == 0 {
		secrets = []string{"a secret of the test"}
	}
	var err error
	s.Store, err = Open(Options{Dir: s.dir, Origin: server.URL, Secrets: secrets, Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (s *shop) put(key, text string) {
	s.t.Helper()
	if err := s.Put(s.t.Context(), key, strings.NewReader(text), int64(len(text))); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) sign(key string, d blob.Download) string {
	s.t.Helper()
	address, err := s.SignGet(s.t.Context(), key, d, 5*time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	return address
}

func (s *shop) load(method, address string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(body)
}

func (s *shop) files() (names []string) {
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return names
}

func TestStorage(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Storage {
		s := open(t)
		return blobtest.Storage{Store: s, Keys: func() []string {
			keys := s.files()
			for i := range keys {
				keys[i] = strings.TrimPrefix(keys[i], s.dir+"/")
			}
			return keys
		}}
	})
}

func TestServesWhatWasPut(t *testing.T) {
	s := open(t)
	s.put("seller-1/v1.pdf", "0123456789")
	address := s.sign("seller-1/v1.pdf", blob.Download{FileName: "Größe.pdf", Grant: "7"})
	res, body := s.load("GET", address)
	if res.StatusCode != 200 || body != "0123456789" {
		t.Fatalf("%d %q", res.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="Gr__e.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf`,
		"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cache-Control": "private, no-store", "Accept-Ranges": "bytes", "Content-Length": "10",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if res, body := s.load("HEAD", address); res.StatusCode != 200 || body != "" || res.Header.Get("Content-Length") != "10" {
		t.Errorf("HEAD: %d %q", res.StatusCode, body)
	}
	if err := s.Delete(t.Context(), "seller-1/v1.pdf"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "seller-1/v1.pdf"); err != nil {
		t.Errorf("deleting again: %v", err)
	}
	if res, _ := s.load("GET", address); res.StatusCode != 404 {
		t.Errorf("deleted: %d", res.StatusCode)
	}
}

func TestRanges(t *testing.T) {
	s := open(t)
	s.put("a.bin", "0123456789")
	for _, sum := range []string{"", strings.Repeat("ab", 32)} {
		address := s.sign("a.bin", blob.Download{FileName: "a.bin", SHA256: sum})
		res, _ := s.load("GET", address)
		tag := res.Header.Get("ETag")
		if tag == "" || strings.HasPrefix(tag, "W/") || sum != "" && tag != `"`+sum+`"` {
			t.Errorf("ETag %s", tag)
		}
		for _, c := range []struct {
			header []string
			status int
			body   string
		}{
			{[]string{"Range", "bytes=0-0"}, 206, "0"},
			{[]string{"Range", "bytes=4-"}, 206, "456789"},
			{[]string{"Range", "bytes=-3"}, 206, "789"},
			{[]string{"Range", "bytes=10-"}, 416, ""},
			{[]string{"Range", "bytes=0-1,3-4"}, 416, ""},
			{[]string{"Range", "bytes=0-1", "Range", "bytes=3-4"}, 416, ""},
			{[]string{"Range", "bytes=4-", "If-Range", tag}, 206, "456789"},
			{[]string{"Range", "bytes=4-", "If-Range", `"other"`}, 200, "0123456789"},
			{[]string{"If-None-Match", tag}, 304, ""},
		} {
			res, body := s.load("GET", address, c.header...)
			if res.StatusCode != c.status || body != c.body {
				t.Errorf("%v: %d %q, want %d %q", c.header, res.StatusCode, body, c.status, c.body)
			}
			if c.status == 416 && res.Header.Get("Content-Range") != "bytes */10" {
				t.Errorf("%v: Content-Range %q", c.header, res.Header.Get("Content-Range"))
			}
		}
	}
}

func TestChangedAddressesAreRefused(t *testing.T) {
	s := open(t)
	s.put("a/mine.pdf", "mine")
	s.put("a/theirs.pdf", "theirs")
	good := s.sign("a/mine.pdf", blob.Download{FileName: "mine.pdf", Grant: "7"})
	if res, _ := s.load("GET", good); res.StatusCode != 200 {
		t.Fatalf("the address itself: %d", res.StatusCode)
	}
	change := func(name, value string) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	without := func(name string) string {
		u, _ := url.Parse(good)
		q := u.Query()
		q.Del(name)
		u.RawQuery = q.Encode()
		return u.String()
	}
	u, _ := url.Parse(good)
	later := strconv.FormatInt(s.now.Add(time.Hour).Unix(), 10)
	for _, address := range []string{
		strings.Replace(good, "mine.pdf?", "theirs.pdf?", 1), strings.Replace(good, "a/mine.pdf?", "?", 1),
		change("exp", later), change("exp", "0"+u.Query().Get("exp")), change("exp", ""), change("grant", "8"), change("kid", "00000000"),
		change("name", "other.pdf"), change("sha256", "00"), change("sig", ""), change("sig", strings.Repeat("A", 43)),
		change("response-content-type", "text/html"), good + "&exp=" + later, good + "&grant=7", good + "&x=", good + "&sig=" + u.Query().Get("sig"),
		without("sig"), without("kid"), without("grant"), without("sha256"), good + ";x=1", good + "&%zz",
	} {
		if res, body := s.load("GET", address); res.StatusCode != 403 || body != "" {
			t.Errorf("%s: %d %q", address, res.StatusCode, body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if res, _ := s.load(method, good); res.StatusCode != 403 {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	s.now = s.now.Add(5*time.Minute - time.Second)
	if res, _ := s.load("GET", good); res.StatusCode != 200 {
		t.Errorf("one second before the end: %d", res.StatusCode)
	}
	s.now = s.now.Add(time.Second)
	if res, _ := s.load("GET", good); res.StatusCode != 403 {
		t.Errorf("at the end: %d", res.StatusCode)
	}
}

func TestRevokedGrantStopsItsAddress(t *testing.T) {
	s := open(t)
	s.put("a", "x")
	address := s.sign("a", blob.Download{Grant: "7"})
	other := s.sign("a", blob.Download{Grant: "8"})
	s.revoked["7"] = true
	if res, _ := s.load("GET", address); res.StatusCode != 403 {
		t.Errorf("revoked: %d", res.StatusCode)
	}
	if res, _ := s.load("GET", other); res.StatusCode != 200 {
		t.Errorf("the other grant: %d", res.StatusCode)
	}
}

func TestSecretsRotate(t *testing.T) {
	old := open(t, "the old secret of the test")
	old.put("a", "x")
	address := old.sign("a", blob.Download{})
	u, _ := url.Parse(address)
	for _, c := range []struct {
		secrets []string
		good    bool
	}{{[]string{"a new one", "the old secret of the test"}, true}, {[]string{"a new one"}, false}} {
		s, err := Open(Options{Dir: old.dir, Secrets: c.secrets, Now: func() time.Time { return old.now }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.verify("GET", u); (err == nil) != c.good {
			t.Errorf("%q: %v", c.secrets, err)
		}
		_ = s.Close()
	}
}

func TestBrokenPutLeavesTheOldFileAndNoRest(t *testing.T) {
	s := open(t)
	s.put("a/b", "old")
	broken := errors.New("connection lost")
	for _, body := range []io.Reader{
		io.MultiReader(strings.NewReader("ne"), failing{broken}),
		strings.NewReader("n"), // shorter than announced
		strings.NewReader("newer"),
	} {
		if err := s.Put(t.Context(), "a/b", body, 3); fault.KindOf(err) != fault.Upstream {
			t.Errorf("broken body: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, "a/b", strings.NewReader("new"), 3); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, "a", "b")); err != nil || string(text) != "old" {
		t.Errorf("now %q %v", text, err)
	}
	if files := s.files(); len(files) != 1 {
		t.Errorf("left: %v", files)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestReadersSeeOneWholeFile(t *testing.T) {
	s := open(t)
	s.put("a", strings.Repeat("0", 1<<16))
	var writers sync.WaitGroup
	for _, digit := range []string{"1", "2"} {
		writers.Go(func() {
			for range 20 {
				s.put("a", strings.Repeat(digit, 1<<16))
			}
		})
	}
	address := s.sign("a", blob.Download{})
	for range 40 {
		if _, body := s.load("GET", address); len(body) != 1<<16 || strings.Trim(body, body[:1]) != "" {
			t.Fatal("a mixed file was served")
		}
	}
	writers.Wait()
}

func TestNothingOutsideTheFolder(t *testing.T) {
	s := open(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.put("dir/in", "x")
	for link, target := range map[string]string{"out": secret, "folder": filepath.Dir(secret), "inside": "dir"} {
		if err := os.Symlink(target, filepath.Join(s.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"out", "folder/secret", "inside/in", "dir", ".incoming", "absent", "dir/in/below"} {
		if _, err := s.Stat(t.Context(), key); err == nil {
			t.Errorf("%s is described", key)
		}
		if err := s.Delete(t.Context(), key); err != nil && fault.KindOf(err) != fault.Upstream {
			t.Errorf("delete %s: %v", key, err)
		}
		if !valid(key) {
			continue
		}
		if res, body := s.load("GET", s.sign(key, blob.Download{})); res.StatusCode != 404 || body != "" {
			t.Errorf("%s: %d %q", key, res.StatusCode, body)
		}
	}
	for _, key := range []string{"../x", "/etc/x", "a/../../x", `..\x`, "a\x00b", ".incoming/x", "", "folder/x"} {
		if err := s.Put(t.Context(), key, strings.NewReader("x"), 1); fault.KindOf(err) != fault.Upstream {
			t.Errorf("put %q: %v", key, err)
		}
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("the file outside: %q %v", text, err)
	}
}

func TestOpenClearsWhatWasAbandoned(t *testing.T) {
	s := open(t)
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": time.Hour} {
		path := filepath.Join(s.dir, incoming, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, s.now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(Options{Dir: s.dir, Secrets: []string{"x"}, Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if files := s.files(); len(files) != 1 || filepath.Base(files[0]) != "young" {
		t.Errorf("left: %v", files)
	}
}

func FuzzSignedURL(f *testing.F) {
	s := open(f)
	const key = "a/b c.pdf"
	d := blob.Download{FileName: "b c.pdf", Grant: "7", SHA256: "00"}
	good, err := url.Parse(s.sign(key, d))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("GET", good.Path, good.RawQuery)
	f.Add("HEAD", good.Path, good.RawQuery+"&x=1")
	f.Add("GET", "/files/a", "exp=1&exp=2&sig=")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		l, err := s.verify(method, &url.URL{Path: path, RawQuery: query})
		if err != nil {
			return
		}
		values, _ := url.ParseQuery(query)
		if l.key != key || l.Download != d || path != good.Path || values.Encode() != good.Query().Encode() || method != "GET" && method != "HEAD" {
			t.Errorf("%s %s?%s counts as %+v", method, path, query, l)
		}
	})
}
