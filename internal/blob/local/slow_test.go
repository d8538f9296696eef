package local

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"souk/internal/blob"
	"souk/internal/pipetest"
)

// loadSlowly loads a file of size bytes with a pause before each 32 KiB, from a server with the deadlines of the shop.
func loadSlowly(t *testing.T, size int, pause time.Duration) (got int) {
	s, err := Open(Options{Dir: t.TempDir(), Secrets: []string{"x"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Put(t.Context(), "a", bytes.NewReader(make([]byte, size)), -1); err != nil {
		t.Fatal(err)
	}
	address, err := s.SignGet(t.Context(), "a", blob.Download{}, 100*365*24*time.Hour) // the time of the test begins in 2000
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(*testing.T) {
		server := &http.Server{WriteTimeout: 30 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = s.Serve(w, r, func(context.Context, string) error { return nil })
		})}
		here := pipetest.Serve(server)
		_, _ = io.WriteString(here, "GET "+strings.TrimPrefix(address, s.origin)+" HTTP/1.1\r\nHost: shop\r\n\r\n")
		if res, err := http.ReadResponse(bufio.NewReader(here), nil); err == nil {
			for part := make([]byte, 32<<10); err == nil; {
				time.Sleep(pause)
				var n int
				n, err = io.ReadFull(res.Body, part)
				got += n
			}
		}
		_ = here.Close()
		_ = server.Close()
	})
	return got
}

func TestSlowReadersAreServedWhileBytesFlow(t *testing.T) {
	const size = 640 << 10
	if got := loadSlowly(t, size, 20*time.Second); got != size {
		t.Errorf("a slow reader got %d bytes of %d", got, size)
	}
	if got := loadSlowly(t, size, 40*time.Second); got >= size/2 {
		t.Errorf("a reader that stands still got %d bytes of %d", got, size)
	}
}
