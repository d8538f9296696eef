package httpx

import (
	"bytes"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogLinesWaitATenthOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		buffer := NewLogBuffer(&out)
		log := slog.New(LogHandler(slog.NewTextHandler(buffer, nil), buffer))
		log.Info("one")
		if out.Len() != 0 {
			t.Error("the line was written at once")
		}
		time.Sleep(logDelay)
		synctest.Wait()
		if !bytes.Contains(out.Bytes(), []byte("msg=one")) {
			t.Errorf("after %v there is %q", logDelay, out.String())
		}
		log.Info("two")
		log.Error("three")
		if !bytes.Contains(out.Bytes(), []byte("msg=two")) || !bytes.Contains(out.Bytes(), []byte("msg=three")) {
			t.Errorf("an error did not flush: %q", out.String())
		}
		out.Reset()
		for range 2000 {
			log.Info("a line that is long enough to fill the buffer before its time")
		}
		if out.Len() == 0 {
			t.Error("a full buffer waited")
		}
		time.Sleep(logDelay)
	})
}
