package metrics

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func answer(t *testing.T, m *Metrics) (status int, text string) {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	res, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestWithoutADatabaseTheRestIsThere(t *testing.T) {
	m := New(func(context.Context) (Stands, error) { return Stands{}, errors.New("connection refused") })
	m.Webhook("clerk", "error", time.Second)
	status, text := answer(t, m)
	if status != 200 || !strings.Contains(text, "\nsouk_database_up 0\n") || !strings.Contains(text, `souk_webhook_events_total{outcome="error",provider="clerk"} 1`) {
		t.Errorf("%d: %s", status, text)
	}
	for _, name := range []string{"souk_jobs_dead", "souk_webhook_events_open", "souk_reconcile_last_complete", "connection refused"} {
		if strings.Contains(text, name) {
			t.Errorf("%s is there, and nobody knows it", name)
		}
	}
}

func TestADatabaseThatHangsDoesNotHoldTheAnswer(t *testing.T) {
	m := New(func(ctx context.Context) (Stands, error) {
		if at, bounded := ctx.Deadline(); !bounded || time.Until(at) > readFor {
			t.Error("reading is not bounded")
		}
		return Stands{}, ctx.Err()
	})
	answer(t, m)
}

// Two programs in one process share nothing.
func TestEachHasARegistryOfItsOwn(t *testing.T) {
	none := func(context.Context) (Stands, error) { return Stands{}, nil }
	one, other := New(none), New(none)
	one.Request("GET /", 200, time.Millisecond)
	if _, text := answer(t, other); strings.Contains(text, `route="GET /"`) {
		t.Error("the other counts it too")
	}
	if _, text := answer(t, one); !strings.Contains(text, `souk_http_requests_total{route="GET /",status="2xx"} 1`) {
		t.Error("it is not counted")
	}
}
