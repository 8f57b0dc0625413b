package work

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/geoworker/count"
	"github.com/glowmap/glow/internal/bucket"
)

type metrics struct {
	events, unlocated, commits, gone, entries, claimed prometheus.Counter
	paused, located, full                              prometheus.Counter
	drops, late, reloads                               *prometheus.CounterVec
	seconds                                            prometheus.Histogram
	queue, lag, built, stream                          prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	auto := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return auto.NewCounter(prometheus.CounterOpts{Name: "glow_geoworker_" + name, Help: help})
	}
	vec := func(name, label, help string, values ...string) *prometheus.CounterVec {
		v := auto.NewCounterVec(prometheus.CounterOpts{Name: "glow_geoworker_" + name, Help: help}, []string{label})
		for _, value := range values { // an alert needs the zero before the first
			v.WithLabelValues(value)
		}
		return v
	}
	gauge := func(name, help string) prometheus.Gauge {
		return auto.NewGauge(prometheus.GaugeOpts{Name: "glow_geoworker_" + name, Help: help})
	}
	return &metrics{
		events:    counter("events_total", "Events counted."),
		unlocated: counter("unlocated_total", "Events counted whose address has no coordinates."),
		entries:   counter("entries_total", "Queue entries taken."),
		claimed:   counter("claimed_entries_total", "Queue entries taken over from other workers."),
		commits:   counter("commits_total", "Atomic steps done."),
		gone:      counter("gone_total", "Atomic steps not done, as their entries belonged to another worker by then."),
		paused:    counter("paused_waits_total", "Waits because counting was paused."),
		located:   counter("located_events_total", "Events counted and appended to the located stream for the archive."),
		full:      counter("located_full_waits_total", "Waits because the located stream was full."),
		drops:     vec("drops_total", "reason", "Lines dropped.", count.Future, count.Poison),
		late:      vec("late_events_total", "period", "Events not added to a period whose bucket was evicted.", "1m", "1h", "1d"),
		reloads:   vec("geoip_reloads_total", "result", "Changes of the GeoIP file.", "ok", "error"),
		seconds: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "glow_geoworker_commit_seconds", Help: "Duration of atomic steps.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		stream: gauge("located_bytes", "Memory that the located stream takes in Redis; 0 while the archive is off."),
		queue:  gauge("queue_entries", "Entries in the queue, of all workers."),
		lag:    gauge("lag_seconds", "Age of the oldest entry in the queue."),
		built:  gauge("geoip_build_timestamp_seconds", "When the GeoIP database in use was built."),
	}
}

// lag is the age of the queue's first entry, 0 if there is none.
func lag(now time.Time, first []redis.XMessage) float64 {
	if len(first) == 0 {
		return 0
	}
	ms, _, _ := strings.Cut(first[0].ID, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(n)).Seconds())
}

// total is what this process has done.
type total struct {
	events, unlocated, commits int
	drops                      map[string]int
	late                       map[bucket.Period]int
}

// counted adds up a step that was done. Only the committing goroutine calls it.
func (w *Worker) counted(s *count.Step, late count.Late) {
	t := &w.total
	if t.drops == nil {
		t.drops, t.late = map[string]int{}, map[bucket.Period]int{}
	}
	t.commits++
	t.events += s.Events
	t.unlocated += s.Unlocated
	w.metrics.commits.Inc()
	w.metrics.events.Add(float64(s.Events))
	w.metrics.unlocated.Add(float64(s.Unlocated))
	w.metrics.located.Add(float64(s.Located))
	for reason, n := range s.Drops {
		t.drops[reason] += n
		w.metrics.drops.WithLabelValues(reason).Add(float64(n))
	}
	for p, n := range late {
		t.late[p] += n
		w.metrics.late.WithLabelValues(string(p)).Add(float64(n))
	}
}

// Summary says in one line what this process has done.
func (w *Worker) Summary() string {
	t := &w.total
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d events, %s, %d unlocated", w.Name, t.events, reasons("drops", t.drops), t.unlocated)
	if len(t.late) > 0 {
		b.WriteString(", " + reasons("late", t.late))
	}
	fmt.Fprintf(&b, ", %d commits", t.commits)
	return b.String()
}

// reasons writes "3 drops (future 1, poison 2)".
func reasons[K ~string](what string, n map[K]int) string {
	sum, list := 0, make([]string, 0, len(n))
	for _, k := range slices.Sorted(maps.Keys(n)) {
		sum += n[k]
		list = append(list, fmt.Sprintf("%s %d", k, n[k]))
	}
	if len(list) == 0 {
		return fmt.Sprintf("%d %s", sum, what)
	}
	return fmt.Sprintf("%d %s (%s)", sum, what, strings.Join(list, ", "))
}
