package jobs

import (
	"context"
	"errors"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// failures logs each attempt that failed: as a warning while others follow, as an error when the job is a dead letter.
type failures struct{ q *Queue }

func (f failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level, text := slog.LevelWarn, "a job failed and will be tried again"
	if job.Attempt >= job.MaxAttempts {
		level, text = slog.LevelError, "a job failed for the last time; souk jobs retry tries it again"
	}
	attrs := []slog.Attr{
		slog.String("kind", job.Kind), slog.Int64("job", job.ID), slog.Int("attempt", job.Attempt), slog.String("cause", err.Error()),
	}
	if p := (panicked{}); errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	f.q.o.Logger.LogAttrs(ctx, level, text, attrs...)
	return nil
}

// HandlePanic is for a panic that the worker did not catch, in River's own code.
func (f failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, stack string) *river.ErrorHandlerResult {
	return f.HandleError(ctx, job, panicked{value, []byte(stack)})
}

// onlyWarnings leaves out what River tells of its everyday work; failures tells of the jobs.
type onlyWarnings struct{ slog.Handler }

func (h onlyWarnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}
func (h onlyWarnings) WithAttrs(a []slog.Attr) slog.Handler {
	return onlyWarnings{h.Handler.WithAttrs(a)}
}
func (h onlyWarnings) WithGroup(g string) slog.Handler { return onlyWarnings{h.Handler.WithGroup(g)} }
