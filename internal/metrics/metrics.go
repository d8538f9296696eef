// Package metrics owns what the shop counts and measures of itself, and writes it as Prometheus reads it. It knows no domain: app tells
// it what happened, and how to read what stands in the database. No label holds a path, a person, or anything that a caller
// sends.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Stands is what is read from the database whenever somebody asks for the metrics.
type Stands struct {
	Events     map[string]int64     // of the webhook inbox, by the status of those that are not done
	DeadJobs   int64                // failed for the last time
	Mails      map[string]int64     // that are pending or failed, by status
	Reconciled map[string]time.Time // by provider, when everything was last compared with it; zero: never
}

// Metrics is a registry of its own. Safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	stands   func(context.Context) (Stands, error)

	requests        *prometheus.CounterVec
	requestSeconds  *prometheus.HistogramVec
	webhooks        *prometheus.CounterVec
	webhookSeconds  *prometheus.HistogramVec
	mails           *prometheus.CounterVec
	drift           *prometheus.CounterVec
	reconciliations *prometheus.CounterVec
	unasked         prometheus.Counter
	comparedUsers   prometheus.Counter
}

const (
	readFor = 2 * time.Second // what stands in the database
	atOnce  = 2               // answers
)

// New makes the metrics of one program. stands reads what is in the database.
func New(stands func(context.Context) (Stands, error)) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(), stands: stands,
		requests: counter("souk_http_requests_total", "Requests by the pattern of their route and the class of their status.", "route", "status"),
		requestSeconds: histogram("souk_http_request_seconds", "From the request's header to the end of the answer, by route.",
			[]float64{0.005, 0.025, 0.1, 0.25, 1, 5, 30}, "route"),
		webhooks: counter("souk_webhook_events_total", "Webhooks whose signature is right, by what came of them; error is an answer that makes the provider send it again.",
			"provider", "outcome"),
		webhookSeconds: histogram("souk_webhook_seconds", "Time to store a webhook and do what it means.",
			[]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5}, "provider"),
		mails: counter("souk_mails_total", "Attempts to send a mail, by what came of them; retried ones are tried again.", "kind", "outcome"),
		drift: counter("souk_reconcile_drift_total", "Differences that reconciling with the provider found, by kind and whether it repaired them.", "provider", "kind", "repaired"),
		reconciliations: counter("souk_reconcile_runs_total", "Reconciliations by how they ended: complete, partial (the next one goes on), failed.",
			"provider", "outcome"),
		unasked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "souk_reconcile_unasked_users_total", Help: "Users whom the provider could not be asked about."}),
		comparedUsers: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "souk_reconcile_users_total", Help: "Users whose subscriptions were compared with the provider's."}),
	}
	m.registry.MustRegister(m.requests, m.requestSeconds, m.webhooks, m.webhookSeconds, m.mails, m.drift, m.reconciliations, m.unasked, m.comparedUsers,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), database{m})
	return m
}

// Handler writes the metrics. What cannot be read from the database is left out, and souk_database_up is 0.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: atOnce})
}

// Request counts an answer. route is a pattern, status 0 when there was no answer.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	class := "none"
	if status > 0 {
		class = strconv.Itoa(status/100) + "xx"
	}
	m.requests.WithLabelValues(route, class).Inc()
	m.requestSeconds.WithLabelValues(route).Observe(took.Seconds())
}

// Webhook counts an event that came.
func (m *Metrics) Webhook(provider, outcome string, took time.Duration) {
	m.webhooks.WithLabelValues(provider, outcome).Inc()
	m.webhookSeconds.WithLabelValues(provider).Observe(took.Seconds())
}

// Mail counts an attempt to send a mail.
func (m *Metrics) Mail(kind, outcome string) { m.mails.WithLabelValues(kind, outcome).Inc() }

// Reconciliation is what came of comparing everything with the provider.
type Reconciliation struct {
	Provider string
	Outcome  string // complete, partial, failed
	Users    int    // compared
	Unasked  int
	Drift    map[Drift]int
}

// Drift is a sort of difference.
type Drift struct {
	Kind     string
	Repaired bool
}

// Reconciled counts a reconciliation.
func (m *Metrics) Reconciled(r Reconciliation) {
	m.reconciliations.WithLabelValues(r.Provider, r.Outcome).Inc()
	m.comparedUsers.Add(float64(r.Users))
	m.unasked.Add(float64(r.Unasked))
	for d, n := range r.Drift {
		m.drift.WithLabelValues(r.Provider, d.Kind, strconv.FormatBool(d.Repaired)).Add(float64(n))
	}
}

// database collects what stands in the database.
type database struct{ *Metrics }

var (
	databaseUp = prometheus.NewDesc("souk_database_up", "1 when what follows from the database could be read.", nil, nil)
	inboxOpen  = prometheus.NewDesc("souk_webhook_events_open",
		"Webhooks kept and not done: deferred ones lack something, failed ones are tried again, those in review wait for somebody.", []string{"status"}, nil)
	mailsOpen  = prometheus.NewDesc("souk_mails_open", "Mails that wait to be sent, and those that failed for good, by status.", []string{"status"}, nil)
	deadJobs   = prometheus.NewDesc("souk_jobs_dead", "Jobs that failed for the last time.", nil, nil)
	reconciled = prometheus.NewDesc("souk_reconcile_last_complete_timestamp_seconds",
		"When everything was last compared with the provider, by any instance or souk reconcile; 0: never.", []string{"provider"}, nil)
)

func (database) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{databaseUp, inboxOpen, mailsOpen, deadJobs, reconciled} {
		to <- d
	}
}

func (d database) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readFor)
	defer cancel()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	stands, err := d.stands(ctx)
	if err != nil {
		slog.WarnContext(ctx, "the metrics of the database could not be read", "cause", err.Error())
		gauge(databaseUp, 0)
		return
	}
	gauge(databaseUp, 1)
	for status, n := range stands.Events {
		gauge(inboxOpen, float64(n), status)
	}
	for status, n := range stands.Mails {
		gauge(mailsOpen, float64(n), status)
	}
	gauge(deadJobs, float64(stands.DeadJobs))
	for provider, last := range stands.Reconciled {
		at := 0.0
		if !last.IsZero() {
			at = float64(last.UnixMicro()) / 1e6
		}
		gauge(reconciled, at, provider)
	}
}
