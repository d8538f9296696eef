package httpx

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// written is what a log was written to, to be read while it may be written.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

// take gives what came since the last take.
func (w *written) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.text.Reset()
	return w.text.String()
}

func TestLogLinesWaitATenthOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out written
		buffer := NewLogBuffer(&out)
		log := slog.New(LogHandler(slog.NewTextHandler(buffer, nil), buffer))
		log.Info("one")
		if got := out.take(); got != "" {
			t.Errorf("the line was written at once: %q", got)
		}
		time.Sleep(logDelay)
		synctest.Wait()
		if got := out.take(); !strings.Contains(got, "msg=one") {
			t.Errorf("after %v there is %q", logDelay, got)
		}
		log.Info("two")
		log.Error("three")
		if got := out.take(); !strings.Contains(got, "msg=two") || !strings.Contains(got, "msg=three") {
			t.Errorf("an error did not flush: %q", got)
		}
		for range 2000 {
			log.Info("a line that is long enough to fill the buffer before its time")
		}
		if out.take() == "" {
			t.Error("a full buffer waited")
		}
		time.Sleep(logDelay)
	})
}
