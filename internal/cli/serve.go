package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"sync"
	"syscall"

	"souk/internal/app"
	"souk/internal/config"
)

type serve struct{}

func (serve) Run(ctx context.Context, p *program) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	cfg, err := p.config()
	if err != nil {
		return err
	}
	log, flush := app.Logger(cfg, p.errw)
	slog.SetDefault(log)
	defer func() { err = errors.Join(err, flush()) }()
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
	return a.Serve(ctx, listener)
}

// onPort is cfg for a listener whose port the system chose (LISTEN_ADDR ends in :0).
func (p *program) onPort(cfg *config.Config, addr net.Addr) (*config.Config, error) {
	if _, port, _ := net.SplitHostPort(cfg.ListenAddr); port != "0" {
		return cfg, nil
	}
	chosen := &program{environ: append(p.environ, "LISTEN_ADDR="+addr.String()), out: p.out, errw: p.errw}
	return chosen.config()
}
