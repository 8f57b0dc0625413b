package spool

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	used     prometheus.Gauge
	segments prometheus.Gauge
	bytes    prometheus.Counter
	fsync    prometheus.Histogram
	lines    prometheus.Histogram
	errors   prometheus.Counter
}

func newMetrics(r prometheus.Registerer) metrics {
	f := promauto.With(r)
	return metrics{
		used:     f.NewGauge(prometheus.GaugeOpts{Name: "glow_sharehook_spool_bytes", Help: "What the spool takes of its disk."}),
		segments: f.NewGauge(prometheus.GaugeOpts{Name: "glow_sharehook_spool_segments", Help: "Files in the spool."}),
		bytes:    f.NewCounter(prometheus.CounterOpts{Name: "glow_sharehook_spool_written_bytes_total", Help: "Bytes put on the spool's disk."}),
		fsync: f.NewHistogram(prometheus.HistogramOpts{
			Name: "glow_sharehook_fsync_seconds", Help: "How long the disk takes to make a commit durable.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
		}),
		lines: f.NewHistogram(prometheus.HistogramOpts{
			Name: "glow_sharehook_commit_shares", Help: "Shares made durable together.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}),
		errors: f.NewCounter(prometheus.CounterOpts{Name: "glow_sharehook_spool_errors_total", Help: "Commits that the spool's disk refused."}),
	}
}

// count shows how much there is.
func (s *Spool) count() {
	s.m.used.Set(float64(s.Bytes()))
	s.mu.Lock()
	n := len(s.sealed) + len(s.open())
	s.mu.Unlock()
	s.m.segments.Set(float64(n))
}
