package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// follower keeps the catalog up to date.
type follower struct {
	d       *daemon.Daemon
	catalog *catalog.Catalog
	engine  engine.Engine
	every   time.Duration
	changed chan struct{} // holds one: there is something to count

	rows, files, until prometheus.Gauge
}

func newFollower(d *daemon.Daemon, c *catalog.Catalog, e engine.Engine, every time.Duration) *follower {
	f := promauto.With(d.Metrics)
	return &follower{
		d: d, catalog: c, engine: e, every: every, changed: make(chan struct{}, 1),
		rows:  f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_events", Help: "Events of the archive as it is answered from."}),
		files: f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_files", Help: "Files of it."}),
		until: f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_until_timestamp_seconds", Help: "Unix time up to which it reaches."}),
	}
}

// run is the work loop. A broken archive is trouble, and answers go on from
// what was read last.
func (f *follower) run(ctx context.Context) {
	outage := f.d.Outage("the archive")
	last := ""
	for ctx.Err() == nil {
		if err := f.catalog.Refresh(ctx); err != nil {
			_ = outage.Wait(ctx, err) // the loop ends with ctx
			continue
		}
		outage.Over()
		f.d.Ready()
		if s := f.catalog.Current(); s.Version != last {
			last = s.Version
			f.tell(s)
		}
		_ = daemon.Sleep(ctx, min(f.every, 30*time.Second))
	}
}

func (f *follower) tell(s *catalog.Snapshot) {
	n := uint64(0)
	for _, file := range s.Manifest.Files {
		n += file.Rows()
	}
	f.rows.Set(float64(n))
	f.files.Set(float64(len(s.Manifest.Files)))
	f.until.Set(float64(s.Until))
	f.d.Log.Debug("the archive has changed", "version", s.Version, "files", len(s.Manifest.Files), "events", n)
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// count counts the values of new files.
func (f *follower) count(ctx context.Context) {
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.changed:
		}
		err := f.catalog.Count(ctx, f.engine)
		if err != nil && ctx.Err() == nil {
			if err.Error() != said { // once, not each minute
				f.d.Log.Error("the values of the archive cannot be counted", "err", err)
				said = err.Error()
			}
			_ = daemon.Sleep(ctx, time.Minute)
			select {
			case f.changed <- struct{}{}:
			default:
			}
		}
	}
}
