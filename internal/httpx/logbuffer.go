package httpx

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// LogBuffer gathers log lines and writes many at once: a write for each request costs more than making the line. A line waits
// a tenth of a second at most; one of level Error is written at once, with all before it. A process that is killed
// loses what waited, and nothing else rests on the log.
type LogBuffer struct {
	mu      sync.Mutex
	w       io.Writer
	lines   []byte
	waiting bool // a flush is on its way
}

const (
	logDelay = 100 * time.Millisecond
	logBytes = 64 << 10
)

// NewLogBuffer writes to w.
func NewLogBuffer(w io.Writer) *LogBuffer { return &LogBuffer{w: w} }

func (b *LogBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line...)
	if len(b.lines) >= logBytes {
		return len(line), b.flush()
	}
	if !b.waiting {
		b.waiting = true
		time.AfterFunc(logDelay, func() { _ = b.Flush() }) // a log that cannot be written has nobody to tell
	}
	return len(line), nil
}

// Flush writes what waits.
func (b *LogBuffer) Flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = false
	return b.flush()
}

func (b *LogBuffer) flush() error {
	if len(b.lines) == 0 {
		return nil
	}
	_, err := b.w.Write(b.lines)
	b.lines = b.lines[:0]
	return err
}

// LogHandler adds the id of the request to every record that is logged with its context, and flushes buffer after an error.
func LogHandler(next slog.Handler, buffer *LogBuffer) slog.Handler { return logHandler{next, buffer} }

type logHandler struct {
	slog.Handler
	buffer *LogBuffer
}

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if info := requestOf(ctx); info != nil {
		r.AddAttrs(slog.String("request_id", info.id))
	}
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelError {
		_ = h.buffer.Flush()
	}
	return err
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs), h.buffer}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name), h.buffer}
}
