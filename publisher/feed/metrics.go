package feed

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/internal/bucket"
)

type metrics struct {
	snapshots                                                      *prometheus.CounterVec
	puts, bytes, errors, conflicts, compactions, evictions, passes prometheus.Counter
	putSeconds                                                     prometheus.Histogram
	dirty, lag, heartbeat, active, recovering                      prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "glow_publisher_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "glow_publisher_" + name, Help: help})
	}
	m := &metrics{
		snapshots: f.NewCounterVec(prometheus.CounterOpts{
			Name: "glow_publisher_snapshots_total", Help: "Snapshots published, by period.",
		}, []string{"period"}),
		puts:        counter("puts_total", "Objects put to the target, latest.json and all others included."),
		bytes:       counter("put_bytes_total", "JSON put to the target, before compression."),
		errors:      counter("put_errors_total", "PUTs that failed or whose outcome is unknown; they are repeated."),
		conflicts:   counter("conflicts_total", "PUTs that the target refused because the object had changed meanwhile; the bucket is read again."),
		compactions: counter("compactions_total", "Times that a bucket's parts were replaced by their sum."),
		evictions:   counter("evictions_total", "Buckets that left Redis at the end of their retention."),
		passes:      counter("passes_total", "Passes over the changed buckets."),
		putSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "glow_publisher_put_seconds", Help: "How long a PUT took.", Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11),
		}),
		dirty:      gauge("dirty_buckets", "Buckets that changed since they were last published."),
		lag:        gauge("lag_seconds", "Age of the oldest change that is not published yet; hours and longer periods wait for up to a minute."),
		heartbeat:  gauge("heartbeat_timestamp_seconds", "When latest.json was last put, in Unix time."),
		active:     gauge("active", "1 if this is the active publisher, 0 while it waits for its turn."),
		recovering: gauge("recovering", "1 while Redis has counted less than was published already."),
	}
	for _, p := range bucket.Periods {
		m.snapshots.WithLabelValues(string(p))
	}
	return m
}
