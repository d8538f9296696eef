package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
)

// plain is what the shop is measured against: a net/http handler that writes bytes from memory.
func plain(contentType string, body []byte) http.Handler {
	length := strconv.Itoa(len(body))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
	})
}

// servePlain is the program "bench plain": it serves the bytes of standard input, and prints its address.
func servePlain(in io.Reader, out io.Writer) error {
	body, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, "http://"+listener.Addr().String()+"\n"); err != nil {
		return err
	}
	return http.Serve(listener, plain("application/json; charset=utf-8", body)) //nolint:gosec // it lives for seconds, on loopback
}
