package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"souk/internal/blob"
	"souk/internal/db"
	"souk/internal/souktest"
)

// newAsset puts up a product with one asset, and gives the path of its content.
func newAsset(t *testing.T, s *souktest.Shop, seller *souktest.Client, filePath string) (id int64, content string) {
	t.Helper()
	json := seller.With("Content-Type", "application/json")
	product := json.Post("/api/seller/products/", `{"name":"Guide","visibility":"published"}`).Is(201).Object().ID()
	id = json.Post(fmt.Sprintf("/api/seller/products/%d/assets/", product), map[string]any{"title": "Guide", "file_path": filePath}).Is(201).Object().ID()
	return id, fmt.Sprintf("/api/seller/assets/%d/content/", id)
}

func sum(b []byte) string { d := sha256.Sum256(b); return hex.EncodeToString(d[:]) }

// storedFiles are the paths of everything under the shop's file storage, with their contents.
func storedFiles(t *testing.T, s *souktest.Shop) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := filepath.Join(s.Config.DataDir, "files")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// contentOf is what the asset's record says of its content.
func contentOf(t *testing.T, s *souktest.Shop, id int64) (key, checksum string, size int64) {
	t.Helper()
	_, err := db.One(t.Context(), s.DB, func(scan db.Scan) (struct{}, error) { return struct{}{}, scan(&key, &checksum, &size) },
		`SELECT content_key, checksum_sha256, file_size_bytes FROM assets WHERE id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	return key, checksum, size
}

func TestUploadReplacesTheFileWhole(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test").With("Content-Type", "text/html")
		id, path := newAsset(t, s, ana, "ana/guides/guide.PDF")
		for _, text := range []string{"first", "the second"} {
			got := ana.With("X-Content-SHA256", strings.ToUpper(sum([]byte(text)))).Do("PUT", path, text).Is(200).Object()
			if got.Int("file_size_bytes") != int64(len(text)) || got.Text("checksum_sha256") != sum([]byte(text)) || got.ID() != id {
				t.Errorf("answers %v", got)
			}
			key, checksum, size := contentOf(t, s, id)
			if stored := storedFiles(t, s)[key]; stored != text || checksum != sum([]byte(text)) || size != int64(len(text)) {
				t.Errorf("stored %q under %s", stored, key)
			}
			if !strings.HasPrefix(key, "ana/guides/") || !strings.HasSuffix(key, ".pdf") || !blob.ValidKey(key) {
				t.Errorf("key %s", key)
			}
		}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(storedFiles(t, s)); n != 2 {
			t.Errorf("%d files; the replaced one must stay while an address of it may live", n)
		}
		passed(t, s, time.Hour+s.Config.SignedURLTTL())
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if files := storedFiles(t, s); len(files) != 1 {
			t.Errorf("after the sweep: %v", files)
		}
	})
}

// passed makes the waste of storage older.
func passed(t *testing.T, s *souktest.Shop, d time.Duration) {
	t.Helper()
	if _, err := s.DB.Exec(t.Context(), `UPDATE storage_trash SET delete_after = delete_after - $1`, d.Microseconds()); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedUploadsLeaveTheOldFile(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		id, path := newAsset(t, s, ana, "ana/guide.pdf")
		ana.Do("PUT", path, "old").Is(200)
		key, _, _ := contentOf(t, s, id)

		for _, checksum := range []string{sum([]byte("other")), "abc", strings.Repeat("g", 64)} {
			if field := ana.With("X-Content-SHA256", checksum).Do("PUT", path, "new").Field(); field != "header.X-Content-SHA256" {
				t.Errorf("%s: names %s", checksum, field)
			}
		}
		if field := ana.Do("PUT", path, "").Field(); field != "body" {
			t.Errorf("empty: names %s", field)
		}
		ana.Do("PUT", path, strings.Repeat("x", 1001)).Is(413)
		upload(t, ana, path, onlyReader{strings.NewReader(strings.Repeat("x", 1001))}).Is(413)
		ana.With("Content-Encoding", "gzip").Do("PUT", path, "new").Is(415)
		ana.With("Content-Type", "multipart/form-data; boundary=x").Do("PUT", path, "new").Is(415)
		ben.Do("PUT", path, "new").Is(404)
		ana.Do("PUT", "/api/seller/assets/999999/content/", "new").Is(404)
		s.Nobody().Do("PUT", path, "new").Is(401)
		breakOff(t, s, ana, path)

		if now, checksum, size := contentOf(t, s, id); now != key || checksum != sum([]byte("old")) || size != 3 {
			t.Errorf("now %s %s %d", now, checksum, size)
		}
		if files := storedFiles(t, s); len(files) != 1 || files[key] != "old" {
			t.Errorf("files: %v", files)
		}
		ana.Do("PUT", path, strings.Repeat("x", 1000)).Is(200)
	}, "ASSET_STORAGE_MAX_BYTES=1000")
}

type onlyReader struct{ io.Reader }

// upload sends a body of unknown length.
func upload(t *testing.T, c *souktest.Client, path string, body io.Reader) *souktest.Answer {
	t.Helper()
	return c.Do("PUT", path, body)
}

// breakOff announces more than it sends, and closes its side.
func breakOff(t *testing.T, s *souktest.Shop, c *souktest.Client, path string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\nContent-Length: 100\r\n\r\nhalf", path, c.Header("Authorization"))
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn) // the server is through with it once it closes
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
		t.Errorf("a body that breaks off: %q, %v", answer, err)
	}
}

// A client that waits for "100 Continue" is refused before it sends the file.
func TestUploadIsRefusedBeforeTheBody(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		_, path := newAsset(t, s, ana, "ana/guide.pdf")
		for who, c := range map[string]*souktest.Client{"404": ben, "200": ana} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", path, c.Header("Authorization"))
			line := make([]byte, len("HTTP/1.1 100"))
			if _, err := io.ReadFull(conn, line); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"404": "HTTP/1.1 404", "200": "HTTP/1.1 100"}[who]
			if string(line) != want {
				t.Errorf("%s: answered %s before the body", who, line)
			}
			_ = conn.Close()
		}
	})
}

func TestOfUploadsAtOnceTheLastWinsWhole(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		id, path := newAsset(t, s, ana, "ana/guide.pdf")
		atOnce(8, func(n int) {
			text := bytes.Repeat([]byte{byte('a' + n)}, 1000*(n+1))
			got := ana.Do("PUT", path, text).Is(200).Object()
			if got.Int("file_size_bytes") != int64(len(text)) || got.Text("checksum_sha256") != sum(text) {
				t.Errorf("upload %d is told of another one: %v", n, got)
			}
		})
		key, checksum, size := contentOf(t, s, id)
		stored := storedFiles(t, s)[key]
		if sum([]byte(stored)) != checksum || int64(len(stored)) != size {
			t.Errorf("the record says %s, %d bytes; stored are %d", checksum, size, len(stored))
		}
		passed(t, s, 2*time.Hour)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if files := storedFiles(t, s); len(files) != 1 || files[key] != stored {
			t.Errorf("%d files are left after the sweep", len(files))
		}
	})
}

// What a dying process leaves is the note of waste, and perhaps the object.
func TestSweepDeletesWhatACrashLeft(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		id, path := newAsset(t, s, ana, "ana/guide.pdf")
		ana.Do("PUT", path, "kept").Is(200)
		key, _, _ := contentOf(t, s, id)
		root := filepath.Join(s.Config.DataDir, "files")
		for _, name := range []string{"ana/lost", "ana/guide.pdf"} {
			if err := os.WriteFile(filepath.Join(root, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"ana/lost", "ana/never-there", "ana/guide.pdf"} { // an asset names the last one
			if _, err := s.DB.Exec(t.Context(), `INSERT INTO storage_trash (storage_key, delete_after) VALUES ($1, $2)`, name, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		files := storedFiles(t, s)
		if len(files) != 2 || files[key] != "kept" || files["ana/guide.pdf"] != "x" {
			t.Errorf("left: %v", files)
		}
		if n, err := db.One(t.Context(), s.DB, db.Value[int64], `SELECT count(*) FROM storage_trash`); err != nil || n != 0 {
			t.Errorf("%d notes are left, %v", n, err)
		}
	})
}

func TestDeletedAssetsLeaveNoFiles(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		id, path := newAsset(t, s, ana, "ana/guide.pdf")
		ana.Do("PUT", path, "x").Is(200)
		ana.Do("DELETE", fmt.Sprintf("/api/seller/assets/%d/", id), nil).Is(204)
		_, path = newAsset(t, s, ana, "ana/other.pdf")
		ana.Do("PUT", path, "x").Is(200)
		product := ana.Get("/api/seller/products/").Is(200).List()[0].ID()
		ana.Do("DELETE", fmt.Sprintf("/api/seller/products/%d/", product), nil).Is(204)
		ana.Do("PUT", path, "x").Is(404)
		passed(t, s, time.Hour+s.Config.SignedURLTTL())
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if files := storedFiles(t, s); len(files) != 0 {
			t.Errorf("left: %v", files)
		}
	})
}

func TestNoStorageIs503AndFailedStorage502(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		_, path := newAsset(t, s, ana, "ana/guide.pdf")
		ana.Do("PUT", path, "x").Is(503)
	}, "ASSET_STORAGE_BACKEND=none")
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		_, path := newAsset(t, s, ana, "ana/guide.pdf")
		if err := os.WriteFile(filepath.Join(s.Config.DataDir, "files", "ana"), nil, 0o600); err != nil { // a file where the folder should be
			t.Fatal(err)
		}
		ana.Do("PUT", path, "x").Is(502)
	})
}

// A file of 2 GiB goes through without growing the heap.
func TestUploadIsNeverWholeInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 2 GiB")
	}
	const size, limit = 2 << 30, 64 << 20
	s := souktest.New(t, "sqlite:///"+filepath.Join(t.TempDir(), "souk.db"))
	ana := s.As("ana@example.test")
	_, path := newAsset(t, s, ana, "ana/film.mp4")
	body := &sampled{left: size}
	body.sample()
	before := body.most
	got := upload(t, ana, path, body).Is(http.StatusOK).Object()
	if got.Int("file_size_bytes") != size {
		t.Errorf("%d bytes arrived", got.Int("file_size_bytes"))
	}
	if grown := int64(body.most) - int64(before); grown > limit {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// sampled is a body that is made as it is read, and watches the heap.
type sampled struct {
	left  int64
	reads int
	most  uint64
}

func (s *sampled) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	if s.reads++; s.reads%2000 == 0 {
		s.sample()
	}
	n := min(s.left, int64(len(p)))
	s.left -= n
	p[0] = byte(s.reads)
	return int(n), nil
}

func (s *sampled) sample() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.most = max(s.most, m.HeapAlloc)
}
