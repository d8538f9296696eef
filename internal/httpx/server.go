package httpx

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Limits are the server's bounds on one connection and on all together.
type Limits struct {
	ReadHeader  time.Duration // until the header is whole
	Read        time.Duration // until the body is; an upload gives itself more
	Write       time.Duration // until the answer is; a download gives itself more
	Idle        time.Duration // between two requests of a connection
	HeaderBytes int           // of a request's header; above: 431
	HeaderLines int           // above: 431
	Concurrent  int           // requests at once; above: 503
	Drain       time.Duration // how long a stop waits for requests in flight
}

// DefaultLimits are those of production.
func DefaultLimits() Limits {
	return Limits{
		ReadHeader: 5 * time.Second, Read: 15 * time.Second, Write: 30 * time.Second, Idle: time.Minute,
		HeaderBytes: 16 << 10, HeaderLines: 100, Concurrent: 512, Drain: 25 * time.Second,
	}
}

// headerSlop is what net/http reads beyond MaxHeaderBytes before it refuses (bufferedReader in net/http/server.go).
const headerSlop = 4096

// Serve answers requests until ctx ends. Then it takes no new ones, and waits for those in flight, up to l.Drain.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, l Limits) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: l.ReadHeader, ReadTimeout: l.Read, WriteTimeout: l.Write, IdleTimeout: l.Idle,
		MaxHeaderBytes: l.HeaderBytes - headerSlop,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Drain)
	defer cancel()
	err := server.Shutdown(last)
	<-ended
	return err
}
