package keep

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/schema"
	"github.com/glowmap/glow/archiver/segment"
)

type metrics struct {
	rejected                                                 *prometheus.CounterVec
	rows, read, segments, bytes, errors, days, deleted       prometheus.Counter
	seconds                                                  prometheus.Histogram
	gathered, stream, lag, files, stored, active, recovering prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "glow_archiver_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "glow_archiver_" + name, Help: help})
	}
	vector := func(name, help, label string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "glow_archiver_" + name, Help: help}, []string{label})
	}
	m := &metrics{
		rows:     counter("events_total", "Events archived."),
		rejected: vector("rejected_total", "Values of attributes that were not stored as they came, and lines that could not be read, by reason.", "reason"),
		read:     counter("read_total", "Events read from the located stream; those of a segment that is given up are read again."),
		segments: counter("segments_total", "Segments committed."),
		bytes:    counter("put_bytes_total", "Parquet put to the archive."),
		errors:   counter("put_errors_total", "PUTs that failed or whose outcome is unknown; they are repeated."),
		days:     counter("compactions_total", "Days compacted, each type by itself."),
		deleted:  counter("deleted_total", "Files deleted: replaced ones, orphans, and days at the end of their retention."),
		seconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "glow_archiver_commit_seconds", Help: "How long writing and committing a segment took.", Buckets: prometheus.ExponentialBuckets(0.01, 2.5, 11),
		}),
		gathered:   gauge("gathered_events", "Events of the segment that is being gathered."),
		stream:     gauge("stream_entries", "Entries of the located stream."),
		lag:        gauge("lag_seconds", "Age of the oldest counted events that are not archived yet."),
		files:      gauge("files", "Files of the archive."),
		stored:     gauge("stored_bytes", "Bytes of those."),
		active:     gauge("active", "1 if this is the active archiver, 0 while it waits for its turn."),
		recovering: gauge("recovering", "1 while Redis has archived less than the manifest says."),
	}
	for _, reason := range schema.Reasons {
		m.rejected.WithLabelValues(reason)
	}
	m.rejected.WithLabelValues(segment.Spoilt)
	return m
}

// measure notes how the archive stands.
func (k *Keeper) measure(v *ledger.View) {
	k.m.stream.Set(float64(v.Entries))
	k.m.files.Set(float64(len(v.Manifest.Files)))
	stored := int64(0)
	for _, f := range v.Manifest.Files {
		stored += f.Bytes
	}
	k.m.stored.Set(float64(stored))
	k.m.lag.Set(0)
	if !v.Oldest.IsZero() {
		k.m.lag.Set(max(0, v.Now.Sub(v.Oldest).Seconds()))
	}
}
