package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"souk/internal/dbtest"
	"souk/internal/devcloud/clerk"
	"souk/internal/souktest"
)

// scrape reads the metrics as Prometheus does: each series with its labels, and its value.
func scrape(t *testing.T, operators string) (series map[string]float64, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, operators+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %s, %v: %.200s", res.Status, err, body)
	}
	series = map[string]float64{}
	for line := range strings.Lines(string(body)) {
		if cut := strings.LastIndexByte(line, ' '); cut > 0 && line[0] != '#' {
			if series[line[:cut]], err = strconv.ParseFloat(strings.TrimSpace(line[cut:]), 64); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
	}
	return series, string(body)
}

func TestMetricsCountWhatHappened(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, clerk.Options{Seed: 1}, 12, 120)
		m := w.market(t, url, 1)
		shop := m.shops[0]
		origin := operators(t, shop)
		want := func(expected map[string]float64) (text string) {
			t.Helper()
			series, text := scrape(t, origin)
			for name, value := range expected {
				if got, there := series[name]; !there || got != value {
					t.Errorf("%s is %v (there: %v), want %v", name, got, there, value)
				}
			}
			return text
		}
		want(map[string]float64{
			"souk_database_up": 1, "souk_jobs_dead": 0, `souk_reconcile_last_complete_timestamp_seconds{provider="clerk"}`: 0, `souk_webhook_events_open{status="review"}`: 0,
		})

		hook := func(id, signedAs, body string) *souktest.Answer {
			now := time.Now()
			signature, err := clerk.Sign(w.secret, signedAs, now, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			return shop.Nobody().For(t).With("Svix-Id", id).With("Svix-Timestamp", strconv.FormatInt(now.Unix(), 10)).
				With("Svix-Signature", signature).Post("/api/webhooks/clerk/", []byte(body))
		}
		unknown := `{"type":"subscriptionItem.active","data":{"id":"csub_item_1","status":"active","plan_id":"cplan_pro","updated_at":1,"payer":{"user_id":"user_nobody"}}}`
		for range 3 {
			hook("msg_late", "msg_late", unknown).Is(200)
		}
		hook("msg_review", "msg_review", `{"type":"subscriptionItem.active"}`).Is(200)
		hook("msg_other", "msg_other", `{"type":"sms.created","data":{"id":"sms_1"}}`).Is(200)
		hook("msg_forged", "msg_another", unknown).Is(400)
		hook("msg_no_event", "msg_no_event", `[]`).Is(400)
		shop.Nobody().For(t).Get("/api/products/hunter2/").Is(404)
		shop.Nobody().For(t).Get("/hunter2/?token=hunter2").Is(404)
		want(map[string]float64{
			`souk_webhook_events_total{outcome="deferred",provider="clerk"}`:              1,
			`souk_webhook_events_total{outcome="duplicate",provider="clerk"}`:             2,
			`souk_webhook_events_total{outcome="ignored",provider="clerk"}`:               2,
			`souk_webhook_events_total{outcome="error",provider="clerk"}`:                 1,
			`souk_webhook_seconds_count{provider="clerk"}`:                                6,
			`souk_webhook_events_open{status="deferred"}`:                                 1,
			`souk_webhook_events_open{status="failed"}`:                                   0,
			`souk_webhook_events_open{status="review"}`:                                   1,
			`souk_http_requests_total{route="POST /api/webhooks/clerk/{$}",status="2xx"}`: 5,
			`souk_http_requests_total{route="POST /api/webhooks/clerk/{$}",status="4xx"}`: 2,
			`souk_http_request_seconds_count{route="POST /api/webhooks/clerk/{$}"}`:       7,
			`souk_http_requests_total{route="none",status="4xx"}`:                         1,
			`souk_http_requests_total{route="GET /api/products/{slug}/{$}",status="4xx"}`: 1,
		})

		began := time.Now()
		tally, err := shop.Reconcile(t.Context())
		if err != nil || !tally.Complete || tally.Drifted == 0 {
			t.Fatalf("%+v, %v", tally, err)
		}
		expected := map[string]float64{
			`souk_reconcile_runs_total{outcome="complete",provider="clerk"}`: 1, "souk_reconcile_users_total": float64(tally.Users), "souk_reconcile_unasked_users_total": 0,
		}
		total := 0
		for kind, n := range tally.Kinds {
			total += n
			expected[fmt.Sprintf(`souk_reconcile_drift_total{kind="%s",provider="clerk",repaired="%v"}`, kind, kind.Repaired())] = float64(n)
		}
		if total != tally.Drifted {
			t.Errorf("%d by kind, %d in all", total, tally.Drifted)
		}
		want(expected)
		series, _ := scrape(t, origin)
		at := series[`souk_reconcile_last_complete_timestamp_seconds{provider="clerk"}`]
		if at < float64(began.Unix()) || at > float64(time.Now().Unix()+1) {
			t.Errorf("it was complete at %f", at)
		}

		w.api.RetryAfter(0)
		w.api.Fail(clerk.ServerError, 1000)
		if _, err := shop.Reconcile(t.Context()); err == nil {
			t.Error("Clerk is down, and that is no error")
		}
		shop.Work()
		if _, err := shop.DB.Exec(t.Context(), `UPDATE river_job SET state = 'discarded', finalized_at = scheduled_at
			WHERE id = (SELECT max(id) FROM river_job)`); err != nil {
			t.Fatal(err)
		}
		text := want(map[string]float64{
			`souk_reconcile_runs_total{outcome="failed",provider="clerk"}`: 1, `souk_reconcile_last_complete_timestamp_seconds{provider="clerk"}`: at, "souk_jobs_dead": 1,
		})
		for _, name := range []string{"go_goroutines", "process_resident_memory_bytes"} {
			if !strings.Contains(text, "\n"+name+" ") {
				t.Errorf("%s is missing", name)
			}
		}
		for _, secret := range []string{"hunter2", "user_", "@", "whsec", "msg_", "csub", "sk_live", "eyJ"} {
			for line := range strings.Lines(text) {
				if line[0] != '#' && strings.Contains(line, secret) && !strings.HasPrefix(line, `souk_reconcile_drift_total{kind="user_`) {
					t.Errorf("%q is in %s", secret, line)
				}
			}
		}
		shop.Nobody().For(t).Get("/metrics").Is(404)
	})
}
