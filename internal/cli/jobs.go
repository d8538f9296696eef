package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"souk/internal/app"
)

type jobs struct {
	List  jobsList  `cmd:"" help:"List jobs, the newest first."`
	Retry jobsRetry `cmd:"" help:"Have a job run now that has failed for the last time, or waits."`
}

type jobsList struct {
	State  string `default:"" placeholder:"STATE" help:"Only those: available, cancelled, completed, discarded (failed for the last time), pending, retryable, running or scheduled."`
	Before int64  `placeholder:"ID" help:"Only those with smaller ids, to read on."`
	Limit  int    `default:"50" help:"At most so many, up to 1000."`
}

type jobsRetry struct {
	ID int64 `arg:"" help:"The job's id, from the list."`
}

func (c jobsList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		list, err := a.Jobs.List(ctx, c.State, c.Before, c.Limit)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		line := func(cells ...string) { _, _ = table.Write([]byte(strings.Join(cells, "\t") + "\n")) }
		line("ID", "KIND", "STATE", "ATTEMPTS", "AT", "ERROR")
		for _, j := range list {
			at := j.At
			if j.Finished != nil {
				at = *j.Finished
			}
			line(fmt.Sprint(j.ID), j.Kind, j.State, fmt.Sprintf("%d/%d", j.Attempt, j.MaxAttempts), at.UTC().Format(time.RFC3339), oneLine(j.Error))
		}
		return table.Flush()
	})
}

func (c jobsRetry) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		err := a.Jobs.Retry(ctx, c.ID)
		if err == nil {
			p.printf("Job %d will run again.\n", c.ID)
		}
		return err
	})
}

// oneLine is text for a cell of a table: without control characters, cut at 200.
func oneLine(text string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if cut := []rune(clean); len(cut) > 200 {
		return string(cut[:200]) + "…"
	}
	return clean
}
