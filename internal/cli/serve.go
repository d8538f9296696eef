package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"

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
	var operators net.Listener
	if cfg.OperatorAddr != "" {
		if operators, err = net.Listen("tcp", cfg.OperatorAddr); err != nil {
			return fmt.Errorf("cannot listen on OPERATOR_ADDR %s: %w", cfg.OperatorAddr, errors.Unwrap(err))
		}
		defer func() { _ = operators.Close() }()
	}
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
	slog.InfoContext(ctx, "listening", "address", listener.Addr().String(), "public_url", cfg.PublicURL, "release", release())
	if cfg.Development() {
		places := ""
		for _, page := range append([][2]string{{"API", "/api/docs/"}}, a.Pages()...) {
			places += fmt.Sprintf("  %-9s %s%s\n", page[0], cfg.PublicURL, page[1])
		}
		p.printf("Souk is open at %s (Ctrl-C stops it).\n%s", cfg.PublicURL, places)
	} else if cfg.SMTPURL == "" {
		slog.WarnContext(ctx, "there is no mail server: nobody gets a receipt or any other mail (SMTP_URL)")
	}
	work, ctx := errgroup.WithContext(ctx) // whatever fails stops the others
	work.Go(func() error { return a.Serve(ctx, listener) })
	work.Go(func() error { return a.Jobs.Run(ctx) })
	work.Go(func() error { return a.Run(ctx) })
	if operators != nil {
		slog.InfoContext(ctx, "listening for operators", "address", operators.Addr().String())
		work.Go(func() error { return a.ServeOperator(ctx, operators) })
	}
	return work.Wait()
}

// onPort is cfg for a listener whose port the system chose (LISTEN_ADDR ends in :0).
func (p *program) onPort(cfg *config.Config, addr net.Addr) (*config.Config, error) {
	if _, port, _ := net.SplitHostPort(cfg.ListenAddr); port != "0" {
		return cfg, nil
	}
	chosen := &program{environ: append(p.environ, "LISTEN_ADDR="+addr.String()), out: p.out, errw: p.errw}
	return chosen.config()
}
