package intake

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/tailer/parse"
	"github.com/glowmap/glow/tailer/push"
)

// meters are the metrics, named glow_<daemon>_….
type meters struct {
	lines, events, bytes, pushes, stale, full prometheus.Counter
	drops                                     [parse.Reasons]prometheus.Counter
	files, lag, newest, pushed, lost          prometheus.Gauge
	newestSec                                 int64
}

func newMeters(d *daemon.Daemon, _ *Intake) *meters {
	f := promauto.With(d.Metrics)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Namespace: "glow", Subsystem: d.Name, Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Namespace: "glow", Subsystem: d.Name, Name: name, Help: help})
	}
	m := &meters{
		lines:  counter("lines_total", "Lines queued or dropped."),
		events: counter("events_total", "Events queued."),
		bytes:  counter("read_bytes_total", "Bytes of logs queued or dropped."),
		pushes: counter("pushes_total", "Steps done in Redis, each a batch with its position, or a position alone."),
		stale:  counter("stale_total", "Times that the positions in Redis were others than expected and were read again."),
		full:   counter("queue_full_waits_total", "Waits because the queue was full."),
		files:  gauge("files", "Log files open."),
		lag:    gauge("lag_bytes", "Bytes in open log files that are not queued yet."),
		newest: gauge("newest_event_timestamp_seconds", "Time of the newest event queued."),
		pushed: gauge("last_push_timestamp_seconds", "When Redis last acknowledged a push."),
		lost:   gauge("lost_generations", "Logs since the start whose last lines cannot be had any more."),
	}
	drops := f.NewCounterVec(prometheus.CounterOpts{
		Namespace: "glow", Subsystem: d.Name, Name: "drops_total", Help: "Lines given up on, by reason.",
	}, []string{"reason"})
	for r := parse.Empty; r < parse.Reasons; r++ {
		m.drops[r] = drops.WithLabelValues(r.String())
	}
	return m
}

func (m *meters) add(p *push.Push) {
	m.pushes.Inc()
	m.lines.Add(float64(p.Lines))
	m.events.Add(float64(p.Events))
	m.bytes.Add(float64(p.Bytes))
	for r, n := range p.Drops {
		if n > 0 {
			m.drops[r].Add(float64(n))
		}
	}
	if p.Newest > m.newestSec {
		m.newestSec = p.Newest
		m.newest.Set(float64(p.Newest))
	}
	m.pushed.Set(float64(time.Now().UnixMilli()) / 1000)
}

// measure sets the gauges of the files.
func (in *Intake) measure() {
	s := in.follower.Stats()
	in.m.files.Set(float64(s.Files))
	in.m.lag.Set(float64(s.Lag))
	in.m.lost.Set(float64(s.Lost))
}

// total is what was done since the start.
type total struct {
	lines, events, pushes int
	drops                 [parse.Reasons]int
}

func (t *total) add(p *push.Push) {
	t.pushes++
	t.lines += p.Lines
	t.events += p.Events
	for r, n := range p.Drops {
		t.drops[r] += n
	}
}

// Summary is what was done since the start, in one line.
func (in *Intake) Summary() string {
	in.mu.Lock()
	t := in.total
	in.mu.Unlock()
	n := 0
	var why []string
	for r, k := range t.drops {
		if k > 0 {
			n += k
			why = append(why, fmt.Sprintf("%s %d", parse.Reason(r), k))
		}
	}
	drops := fmt.Sprintf("%d drops", n)
	if n > 0 {
		drops += " (" + strings.Join(why, ", ") + ")"
	}
	return fmt.Sprintf("%d lines, %d events, %s, %d pushes", t.lines, t.events, drops, t.pushes)
}
