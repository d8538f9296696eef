package souktest

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"souk/internal/httpx"
)

// S3 is a real server that speaks S3, with one empty bucket. It checks signatures and their times.
type S3 struct {
	URL string
	AccessKeyID,
	SecretAccessKey string
	Bucket string

	root string
}

// NewS3 starts the server that SOUK_TEST_VERSITYGW names, and skips the test when it names none.
func NewS3(t *testing.T) *S3 {
	t.Helper()
	program := os.Getenv("SOUK_TEST_VERSITYGW")
	if program == "" {
		t.Skip("no S3 server: SOUK_TEST_VERSITYGW does not name the program (./test.sh builds it, scripts/versitygw.sh too)")
	}
	s := &S3{AccessKeyID: "test-access", SecretAccessKey: "canary-s3-secret-0123456789", Bucket: "files", root: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.root, s.Bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 5 { // another process may take the port in between
		if s.start(t, program) {
			return s
		}
	}
	t.Fatal("versitygw does not start")
	return nil
}

func (s *S3) start(t *testing.T, program string) bool {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	cmd := exec.Command(program, "--quiet", "--port", address, "posix", "--sidecar", t.TempDir(), s.root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKeyID, "ROOT_SECRET_KEY="+s.SecretAccessKey)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
		}
	})
	s.URL = "http://" + address
	ask, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	for ask.Err() == nil {
		r, err := http.NewRequestWithContext(ask, http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			if strings.EqualFold(res.Header.Get("Server"), "versitygw") {
				return true
			}
		}
		select {
		case err := <-ended:
			ended <- err
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// Env are the settings of a shop that keeps its files there.
func (s *S3) Env() []string {
	return []string{
		"ASSET_STORAGE_BACKEND=s3", "ASSET_STORAGE_BUCKET=" + s.Bucket, "ASSET_STORAGE_S3_ENDPOINT_URL=" + s.URL,
		"ASSET_STORAGE_S3_ACCESS_KEY_ID=" + s.AccessKeyID, "ASSET_STORAGE_S3_SECRET_ACCESS_KEY=" + s.SecretAccessKey,
	}
}

// Keys are those of the objects, and the files of uploads that are not whole.
func (s *S3) Keys(t *testing.T) (keys []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(filepath.Join(s.root, s.Bucket)), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			keys = append(keys, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// FileClient calls a storage: connections end by themselves.
func FileClient() *http.Client {
	c, _ := httpx.PatientOutbound()
	return c
}
