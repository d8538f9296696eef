package httpx

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"souk/internal/pipetest"
)

// uploadSlowly sends ten bytes with a pause before each, to a server with the deadlines of the shop that works on for a
// while when it has them, and gives the status.
func uploadSlowly(t *testing.T, pause, work time.Duration) (status int) {
	synctest.Test(t, func(t *testing.T) {
		server := &http.Server{ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var u Upload
			u.Resolve(humago.NewContext(&huma.Operation{}, r, w))
			body, size, err := u.Open()
			defer u.Done()
			if err == nil {
				_, err = io.Copy(io.Discard, body)
			}
			if err != nil {
				WriteProblem(w, r, err)
				return
			}
			select {
			case <-time.After(work):
			case <-r.Context().Done():
				t.Error("the request was given up")
			}
			w.WriteHeader(200 + int(size))
		})}
		here := pipetest.Serve(server)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = io.WriteString(here, "PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\n")
			for range 10 {
				time.Sleep(pause)
				_, _ = io.WriteString(here, "x")
			}
		}()
		line, err := bufio.NewReader(here).ReadString('\n')
		if err != nil {
			t.Error(err)
		}
		if words := strings.Fields(line); len(words) > 1 {
			status, _ = strconv.Atoi(words[1])
		}
		_ = here.Close()
		<-sent
		_ = server.Close()
	})
	return status
}

func TestSlowUploadsAreNotCutWhileBytesFlow(t *testing.T) {
	if status := uploadSlowly(t, 29*time.Second, 0); status != 210 {
		t.Errorf("slow upload: %d", status)
	}
	if status := uploadSlowly(t, time.Second, 5*time.Minute); status != 210 {
		t.Errorf("slow storage: %d", status)
	}
	if status := uploadSlowly(t, 31*time.Second, 0); status != http.StatusRequestTimeout {
		t.Errorf("upload that stands still: %d", status)
	}
}
