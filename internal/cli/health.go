package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

type health struct{}

// Run asks by the name that the shop has for the world, since it answers to no other but those of ALLOWED_HOSTS.
func (health) Run(ctx context.Context, p *program) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.LocalURL()+"/api/health/", nil)
	if err != nil {
		return err
	}
	_, r.Host, _ = strings.Cut(cfg.PublicURL, "://")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // straight there, past any proxy of the environment
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("the shop does not answer: %w", errors.Unwrap(err))
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("the shop does not answer: %w", err)
	}
	p.printf("%s\n", strings.TrimSpace(string(body)))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the shop answers %s", res.Status)
	}
	return nil
}
