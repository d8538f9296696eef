package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/devcloud/clerk"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheClockIsMovedAndTheShopHasHeard(t *testing.T) {
	var heard atomic.Int64
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	t.Cleanup(shop.Close)
	instance, err := clerk.New(clerk.Options{Plans: clerk.SamplePlans(), Webhook: shop.URL, Now: time.Now, Start: time.Now()})
	must(t, err)
	id, err := instance.CreateUser("", clerk.Profile{Email: "ana@example.test"})
	must(t, err)
	must(t, instance.Subscribe(id, "cplan_starter", clerk.Month))
	go func() { _ = instance.Run(t.Context()) }()
	ask := func(method, kind, body string) (int, ClockState) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, ClockPath, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		Clock(instance).ServeHTTP(w, r)
		var s ClockState
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return w.Code, s
	}
	const form = "application/x-www-form-urlencoded"
	status, s := ask("POST", form, "by=32d")
	if status != 200 || s.Events != 4 || s.Due != 0 || s.Ahead != "32d" || time.Until(s.Now) < 31*24*time.Hour || int(heard.Load()) != len(instance.Events()) {
		t.Errorf("%d %+v, %d heard of %d", status, s, heard.Load(), len(instance.Events()))
	}
	if status, s := ask("POST", "application/json", `{"by":"1h"}`); status != 200 || s.Events != 0 || s.Ahead != "32d1h" {
		t.Errorf("%d %+v", status, s)
	}
	if status, s := ask("GET", "", ""); status != 200 || s.Ahead != "32d1h" || s.Events != 0 {
		t.Errorf("%d %+v", status, s)
	}
	for _, body := range []string{"", "by=", "by=-1d", "by=0d", "by=6000w", "by=9999999w", "by=1y", "by=5", "by=2000d", "by=" + strings.Repeat("1s", 9000)} {
		if status, _ := ask("POST", form, body); status != 422 {
			t.Errorf("%.20s: %d", body, status)
		}
	}
	if status, _ := ask("DELETE", "", ""); status != 404 {
		t.Errorf("DELETE: %d", status)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", ClockPath, strings.NewReader("by=1d"))
	r.Header.Set("Content-Type", form)
	r.Header.Set("Origin", "http://elsewhere.example.test")
	w := httptest.NewRecorder()
	Clock(instance).ServeHTTP(w, r)
	if w.Code != 403 || instance.Ahead() != 32*24*time.Hour+time.Hour {
		t.Errorf("from a page of another site: %d, ahead %v", w.Code, instance.Ahead())
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"31d": 744 * time.Hour, "2w": 336 * time.Hour, "1d12h30m5s": 36*time.Hour + 30*time.Minute + 5*time.Second} {
		if got, err := Span(text); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 36*time.Hour + time.Millisecond: "1d12h", 61 * time.Second: "1m1s"} {
		if got := Say(d); got != want {
			t.Errorf("%v is %s", d, got)
		}
	}
}
