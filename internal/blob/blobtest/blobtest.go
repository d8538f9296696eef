// Package blobtest is what every storage must do, as a test that each of them runs.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"souk/internal/blob"
	"souk/internal/fault"
)

// Storage is a storage to be tested, empty.
type Storage struct {
	blob.Store
	Keys  func() []string // of the objects that are there, and of those that are not whole
	Large int64           // bytes of the large body; 0: 64 MiB
}

// Run runs every test on a storage of its own.
func Run(t *testing.T, open func(t *testing.T) Storage) {
	for name, test := range map[string]func(t *testing.T, s Storage){
		"what was put is there": whatWasPut, "odd keys": oddKeys, "odd file names": oddFileNames, "what is no key": noKeys,
		"broken bodies": brokenBodies, "a large body": largeBody, "several at once": several,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Load loads a signed address as a browser does, without credentials.
func Load(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func (s Storage) put(t *testing.T, key, text string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(text), int64(len(text))); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

// holds fails the test unless the object is text.
func (s Storage) holds(t *testing.T, key, text string) {
	t.Helper()
	address, err := s.SignGet(t.Context(), key, blob.Download{FileName: "x"}, time.Hour)
	if err != nil {
		t.Fatalf("sign %q: %v", key, err)
	}
	if res, body := Load(t, address); res.StatusCode != http.StatusOK || body != text {
		t.Errorf("%q is %d %.100q, want %.100q", key, res.StatusCode, body, text)
	}
}

func whatWasPut(t *testing.T, s Storage) {
	ctx := t.Context()
	const key = "seller-1/guide.pdf"
	for range 2 { // deleting what is not there is no error
		if err := s.Delete(ctx, key); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("stat of what is not there: %v", err)
	}
	for _, c := range []struct {
		text string
		size int64
	}{{"the first", 9}, {"another, of unknown length", -1}, {"", 0}, {"", -1}, {"short", 5}} {
		if err := s.Put(ctx, key, strings.NewReader(c.text), c.size); err != nil {
			t.Fatalf("put %q: %v", c.text, err)
		}
		info, err := s.Stat(ctx, key)
		if err != nil || info.Size != int64(len(c.text)) || time.Since(info.Modified).Abs() > time.Minute || info.Modified.Location() != time.UTC {
			t.Errorf("%q: %+v %v", c.text, info, err)
		}
		s.holds(t, key, c.text)
	}
	if keys := s.Keys(); len(keys) != 1 {
		t.Errorf("there are %q", keys)
	}
	if err := s.Delete(ctx, key); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("stat of what was deleted: %v", err)
	}
	if keys := s.Keys(); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
}

func oddKeys(t *testing.T, s Storage) {
	for _, key := range []string{
		"a b.pdf", "a+b&c=d;e,f@g$h.pdf", "100%.pdf", "a%2Fb.pdf", "what?.pdf", "a#b.pdf", "Größe/日本語.epub", "it's (1)!*.zip", "~a_b-c.d", "a/b/c/d/e/f",
		`"quoted".pdf`, "<a>[b]{c}|^`.txt", ".hidden/.x", "a..b", strings.Repeat("long", 50) + "/" + strings.Repeat("x", 200), "!c3.pdf",
	} {
		s.put(t, key, "content of "+key)
		if _, err := s.Stat(t.Context(), key); err != nil {
			t.Errorf("stat %q: %v", key, err)
		}
		s.holds(t, key, "content of "+key)
	}
	if n := len(s.Keys()); n != 16 {
		t.Errorf("16 keys gave %d objects: %q", n, s.Keys())
	}
	for _, key := range []string{"a b.pdf", "Größe/日本語.epub", "a%2Fb.pdf"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q is still there: %v", key, err)
		}
	}
}

func noKeys(t *testing.T, s Storage) {
	for _, key := range []string{"", "/a", "a/", "../a", "a/../b", "a//b", `a\b`, "a\x00b", "a\r\nb", "\xff", strings.Repeat("a", 1025)} {
		if err := s.Put(t.Context(), key, strings.NewReader("x"), 1); fault.KindOf(err) != fault.Upstream {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := s.SignGet(t.Context(), key, blob.Download{}, time.Hour); fault.KindOf(err) != fault.Upstream {
			t.Errorf("sign %q: %v", key, err)
		}
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("stat %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}

func oddFileNames(t *testing.T, s Storage) {
	s.put(t, "a", "x")
	for name, want := range map[string]string{
		"guide.pdf": "guide.pdf", "Größe – 100%.pdf": "Größe – 100%.pdf", "日本語.epub": "日本語.epub", `qu"ote.pdf`: `qu"ote.pdf`,
		"a;filename=b.exe; x.pdf": "a;filename=b.exe; x.pdf", "a+b & c=d.zip": "a+b & c=d.zip", "../../etc/passwd": "passwd",
		"a\r\nSet-Cookie: x=1": "aSet-Cookie: x=1", "evil\u202Efdp.exe": "evilfdp.exe", "": "download", "it's (1)!*~.txt": "it's (1)!*~.txt",
	} {
		address, err := s.SignGet(t.Context(), "a", blob.Download{FileName: name, Grant: "7"}, time.Hour)
		if err != nil {
			t.Errorf("sign for %q: %v", name, err)
			continue
		}
		res, body := Load(t, address)
		if res.StatusCode != http.StatusOK || body != "x" {
			t.Errorf("%q: %d %s", name, res.StatusCode, body)
		}
		header := strings.TrimSuffix(res.Header.Get("Content-Disposition"), ";")
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != want {
			t.Errorf("%q: %s is read as %s %q (%v), want %q", name, header, kind, params["filename"], err, want)
		}
		if media := res.Header.Get("Content-Type"); strings.Contains(media, "html") || strings.Contains(media, "javascript") || media == "" {
			t.Errorf("%q is sent as %q", name, media)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endsWith gives n bytes, and with the last of them, or behind it, err.
func endsWith(n int64, err error) io.Reader {
	return io.MultiReader(io.LimitReader(zeros{}, n), failing{err})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// brokenBodies leave what was there, and nothing else.
func brokenBodies(t *testing.T, s Storage) {
	s.put(t, "old", "old")
	lost := fault.New(fault.Malformed, "lost", "The connection was lost.")
	const large = 9 << 20 // more than one part, where there are parts
	for name, c := range map[string]struct {
		body func() io.Reader
		size int64
		want error
	}{
		"broken at once":                {func() io.Reader { return failing{lost} }, 3, lost},
		"broken inside":                 {func() io.Reader { return endsWith(2, lost) }, 3, lost},
		"refused at the end":            {func() io.Reader { return endsWith(3, lost) }, 3, lost},
		"refused at the end, no length": {func() io.Reader { return endsWith(3, lost) }, -1, lost},
		"cut off":                       {func() io.Reader { return endsWith(2, io.ErrUnexpectedEOF) }, 3, io.ErrUnexpectedEOF},
		"cut off, no length":            {func() io.Reader { return endsWith(2, io.ErrUnexpectedEOF) }, -1, io.ErrUnexpectedEOF},
		"shorter than announced":        {func() io.Reader { return strings.NewReader("x") }, 3, blob.ErrFailed},
		"longer than announced":         {func() io.Reader { return strings.NewReader("xxxx") }, 3, blob.ErrFailed},
		"nothing of what was announced": {func() io.Reader { return strings.NewReader("") }, 3, blob.ErrFailed},
		"large, broken late":            {func() io.Reader { return endsWith(large-1, lost) }, large, lost},
		"large, refused at the end":     {func() io.Reader { return endsWith(large, lost) }, large, lost},
		"large, cut off, no length":     {func() io.Reader { return endsWith(large, io.ErrUnexpectedEOF) }, -1, io.ErrUnexpectedEOF},
		"large, longer than announced":  {func() io.Reader { return io.LimitReader(zeros{}, large+1) }, large, blob.ErrFailed},
		"large, shorter than announced": {func() io.Reader { return io.LimitReader(zeros{}, large-1) }, large, blob.ErrFailed},
	} {
		for _, key := range []string{"old", "new"} {
			if err := s.Put(t.Context(), key, c.body(), c.size); !errors.Is(err, c.want) || fault.KindOf(err) == fault.Internal {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		s.holds(t, "old", "old")
	}
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(io.LimitReader(zeros{}, large), readFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF }))
	if err := s.Put(ctx, "new", body, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled at the end: %v", err)
	}
	if err := s.Put(ctx, "new", strings.NewReader("x"), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before: %v", err)
	}
	s.holds(t, "old", "old")
	if keys := s.Keys(); len(keys) != 1 || keys[0] != "old" {
		t.Errorf("left: %q", keys)
	}
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// counted gives numbered blocks, and notes how much memory is in use on the way.
type counted struct {
	left, peak, base uint64
	block            []byte
	rest             []byte
}

func (c *counted) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.left == 0 {
			return 0, io.EOF
		}
		c.rest = c.block[:min(c.left, uint64(len(c.block)))]
		copy(c.rest, fmt.Sprintf("%020d", c.left))
		c.left -= uint64(len(c.rest))
		c.peak = max(c.peak, inUse())
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// mostMemory is what an upload may take, however large the file: room for garbage and for the storage's side included.
const mostMemory = 64 << 20

func largeBody(t *testing.T, s Storage) {
	large := s.Large
	if large == 0 {
		large = 256 << 20
		if testing.Short() {
			large = 96 << 20
		}
	}
	for _, size := range []int64{large, -1} {
		runtime.GC()
		c := &counted{left: uint64(large), base: inUse(), block: make([]byte, 1<<20)}
		if err := s.Put(t.Context(), "large", c, size); err != nil {
			t.Fatal(err)
		}
		if c.peak > c.base+mostMemory {
			t.Errorf("%d MiB took %d MiB of memory", large>>20, (c.peak-c.base)>>20)
		}
		info, err := s.Stat(t.Context(), "large")
		if err != nil || info.Size != large {
			t.Errorf("%d bytes became %+v %v", large, info, err)
		}
	}
	const size = 20<<20 + 1 // parts, the last of one byte more
	var whole bytes.Buffer
	_, err := io.Copy(&whole, &counted{left: size, block: make([]byte, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	text := whole.String()
	if err := s.Put(t.Context(), "parts", &whole, -1); err != nil {
		t.Fatal(err)
	}
	address, err := s.SignGet(t.Context(), "parts", blob.Download{}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if res, body := Load(t, address); res.StatusCode != http.StatusOK || body != text {
		t.Errorf("%d: what came back is %d bytes of %d, and not the same", res.StatusCode, len(body), size)
	}
}

// several put under one key at once: one of them is there at the end, whole.
func several(t *testing.T, s Storage) {
	start, done := make(chan struct{}), make(chan error)
	for i := range 8 {
		go func() {
			<-start
			done <- s.Put(t.Context(), "a", strings.NewReader(strings.Repeat(string(rune('a'+i)), 1<<16)), 1<<16)
		}()
	}
	close(start)
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	address, err := s.SignGet(t.Context(), "a", blob.Download{}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, body := Load(t, address); len(body) != 1<<16 || strings.Trim(body, body[:1]) != "" {
		t.Errorf("what is there at the end is mixed: %d bytes", len(body))
	}
}
