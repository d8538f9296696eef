package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"souk/internal/app"
	"souk/internal/config"
)

// drain is how long a stop waits for requests in flight.
const drain = 25 * time.Second

type serve struct{}

func (serve) Run(ctx context.Context, p *program) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	cfg, err := p.config()
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(p.logs(cfg)))
	listener, err := net.Listen("tcp", cfg.ListenAddr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", cfg.ListenAddr, errors.Unwrap(err))
	}
	defer func() { _ = listener.Close() }()
	if cfg, err = p.onPort(cfg, listener.Addr()); err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, app.Options{Release: release()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	unlock, err := a.DB.LockServer()
	if err != nil {
		return err
	}
	defer unlock()
	var upkeep sync.WaitGroup
	working, rest := context.WithCancel(ctx)
	upkeep.Go(func() { a.Upkeep(working) })
	defer func() { rest(); upkeep.Wait() }()
	slog.InfoContext(ctx, "listening", "address", listener.Addr().String(), "public_url", cfg.PublicURL, "release", release())
	if cfg.Development() {
		p.printf("Souk is open at %s (API: %[1]s/api/products/). Stop it with Ctrl-C.\n", cfg.PublicURL)
	}
	return serveHTTP(ctx, listener, a.Handler)
}

// logs are text in development, and JSON for machines otherwise.
func (p *program) logs(cfg *config.Config) slog.Handler {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if cfg.Debug {
		options.Level = slog.LevelDebug
	}
	if cfg.Development() {
		return slog.NewTextHandler(p.errw, options)
	}
	return slog.NewJSONHandler(p.errw, options)
}

// onPort is cfg for a listener whose port the system chose (LISTEN_ADDR ends in :0).
func (p *program) onPort(cfg *config.Config, addr net.Addr) (*config.Config, error) {
	if _, port, _ := net.SplitHostPort(cfg.ListenAddr); port != "0" {
		return cfg, nil
	}
	chosen := &program{environ: append(p.environ, "LISTEN_ADDR="+addr.String()), out: p.out, errw: p.errw}
	return chosen.config()
}

func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return server.Shutdown(last)
}
