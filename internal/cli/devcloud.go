//go:build !nodevcloud

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"souk/internal/devcloud/control"
)

type devcloud struct {
	Advance advance `cmd:"" help:"Move the clock forward by which the stand-in for Clerk bills, such as by 31d; nothing else is moved."`
}

type advance struct {
	By string `arg:"" help:"Weeks, days, hours, minutes and seconds: 31d, 2w, 1d12h."`
}

func (advance) Help() string {
	return `Trials end, plans are renewed, and what was canceled ends, as if the time had passed; the running shop hears of it by webhooks before
the command ends. Tokens, orders and everything else keep the real time. There is no way back, but an empty data folder.`
}

func (c advance) Run(ctx context.Context, p *program) error {
	cfg, err := p.config()
	if err != nil {
		return err
	}
	if !cfg.StandInClerk() {
		return errors.New("there is no stand-in for Clerk, and no clock to move: PUBLIC_URL is not on loopback, or Clerk is configured")
	}
	state, err := moveClock(ctx, cfg.LocalURL(), c.By)
	if err != nil {
		return err
	}
	p.printf("The stand-in for Clerk is %s ahead: it bills as on %s. That caused %d events.\n", state.Ahead, state.Now.Format("2 January 2006, 15:04 MST"), state.Events)
	if state.Due > 0 {
		p.printf("The shop has not heard of %d of them yet; they are sent again by themselves.\n", state.Due)
	}
	return nil
}

// moveClock asks the shop that runs at origin.
func moveClock(ctx context.Context, origin, by string) (state control.ClockState, err error) {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+control.ClockPath, strings.NewReader(url.Values{"by": {by}}.Encode()))
	if err != nil {
		return state, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return state, fmt.Errorf("the shop does not run at %s: start it with souk serve, in this folder", origin)
	}
	if err != nil {
		return state, fmt.Errorf("the shop at %s does not answer: %w", origin, errors.Unwrap(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return state, fmt.Errorf("the shop at %s does not answer: %w", origin, err)
	}
	var problem struct{ Detail string }
	if response.StatusCode != http.StatusOK {
		if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
			problem.Detail = "it is no Souk with a stand-in for Clerk"
		}
		return state, fmt.Errorf("what runs at %s answers %d: %s", origin, response.StatusCode, problem.Detail)
	}
	return state, json.Unmarshal(body, &state)
}
