package api

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	requests *prometheus.CounterVec
	refused  *prometheus.CounterVec
	seconds  prometheus.Histogram
	running  prometheus.Gauge
	hits     prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{Name: "glow_querier_requests_total", Help: "Requests answered, by endpoint and status."}, []string{"endpoint", "code"}),
		refused:  f.NewCounterVec(prometheus.CounterOpts{Name: "glow_querier_refused_total", Help: "Requests that were refused as there are too many: of one client (rate), or at once (busy)."}, []string{"reason"}),
		seconds:  f.NewHistogram(prometheus.HistogramOpts{Name: "glow_querier_query_seconds", Help: "How long questions took that were not answered from memory, waiting included.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 13)}),
		running:  f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_queries", Help: "Questions that run or wait."}),
		hits:     f.NewCounter(prometheus.CounterOpts{Name: "glow_querier_answers_kept_total", Help: "Questions that were answered from memory, or by another that was running."}),
	}
	for _, reason := range []string{"rate", "busy"} {
		m.refused.WithLabelValues(reason)
	}
	for _, endpoint := range []string{"keys", "query", "models", "openapi", "none"} {
		m.requests.WithLabelValues(endpoint, "200")
	}
	return m
}

func (m *metrics) answered(endpoint string, code int) {
	m.requests.WithLabelValues(endpoint, strconv.Itoa(code)).Inc()
}
