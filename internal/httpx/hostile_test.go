package httpx

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial sends text, and gives the connection to read from.
func dial(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // the test fails then
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// A request with both Transfer-Encoding and Content-Length may be read in two ways by two servers: what one takes for its body,
// the other takes for the next request. So there is no next one.
func TestNothingFollowsAChunkedRequest(t *testing.T) {
	address := serve(t, DefaultLimits(), nil)
	answers, err := io.ReadAll(dial(t, address, "POST /echo/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"+
		"Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"name\":\"a\"}\r\n0\r\n\r\nGET /echo/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(answers), "HTTP/1.1 "); n != 1 || !strings.HasPrefix(string(answers), "HTTP/1.1 200") {
		t.Errorf("want one answer of 200, got %d:\n%s", n, answers)
	}
}

// A client that asks for much and reads nothing is let go when Write is over, and others are served meanwhile.
func TestAClientThatDoesNotReadIsLetGo(t *testing.T) {
	l := DefaultLimits()
	l.Write = 300 * time.Millisecond
	writing, broke := make(chan struct{}, 1), make(chan error, 1)
	address := serve(t, l, map[string]http.HandlerFunc{"GET /large/": func(w http.ResponseWriter, _ *http.Request) {
		writing <- struct{}{}
		block := make([]byte, 1<<20)
		for range 100 {
			if _, err := w.Write(block); err != nil {
				broke <- err
				return
			}
		}
		broke <- nil
	}})
	dial(t, address, "GET /large/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	<-writing
	if got := say(t, address, post(`{"name":"a"}`)); got != http.StatusOK {
		t.Errorf("another client: status %d, want 200", got)
	}
	if err := <-broke; err == nil {
		t.Error("100 MB were written to a client that reads nothing")
	}
}
