package loopback

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyThisMachineIsTold(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://127.0.0.1:8000/api/webhooks/stripe/": true, "http://localhost/": true, "https://[::1]:8000/": true, "http://shop.LOCALHOST:8000/": true,
		"http://127.9.9.9/": true, "": false, "/api/webhooks/stripe/": false, "https://shop.example.test/": false, "http://10.0.0.1/": false,
		"http://0.0.0.0/": false, "http://127.0.0.1.example.test/": false, "http://notlocalhost/": false, "http://127.0.0.1@shop.example.test/": false,
		"http://169.254.169.254/": false, "ftp://127.0.0.1/": false, "http://127.1/": false, "http://%zz/": false,
	} {
		if err := Check("http://127.0.0.1/", address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := Check(); err != nil {
		t.Errorf("none: %v", err)
	}
}

func TestTheClientStaysOnThisMachine(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	client := Client(1)
	t.Cleanup(client.CloseIdleConnections)
	res, err := client.Post(server.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusTemporaryRedirect || asked != 1 {
		t.Errorf("%d after %d requests", res.StatusCode, asked)
	}
	// An address of a net for documentation, and what a name that lies would lead to: refused before a packet leaves.
	transport, _ := client.Transport.(*http.Transport)
	for _, address := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
		if conn, err := transport.DialContext(context.Background(), "tcp", address); err == nil || !strings.Contains(err.Error(), "is not this machine") {
			closeIt(conn)
			t.Errorf("%s: %v", address, err)
		}
	}
}

func closeIt(conn net.Conn) {
	if conn != nil {
		_ = conn.Close()
	}
}
