package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
	feed "github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// follower keeps the catalog up to date.
type follower struct {
	d       *daemon.Daemon
	source  store.Store
	catalog *catalog.Catalog
	engine  engine.Engine
	every   time.Duration
	changed chan struct{} // holds one: there is something to count

	rows, files, until, seen prometheus.Gauge
}

func newFollower(d *daemon.Daemon, source store.Store, c *catalog.Catalog, e engine.Engine, every time.Duration) *follower {
	f := promauto.With(d.Metrics)
	return &follower{
		d: d, source: source, catalog: c, engine: e, every: every, changed: make(chan struct{}, 1),
		rows:  f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_events", Help: "Events of the archive as it is answered from."}),
		files: f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_files", Help: "Files of it."}),
		until: f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_until_timestamp_seconds", Help: "Unix time up to which it reaches."}),
		seen:  f.NewGauge(prometheus.GaugeOpts{Name: "glow_querier_archive_seen_timestamp_seconds", Help: "Unix time when it was last looked at, with success."}),
	}
}

// run is the work loop. A broken archive is trouble, and answers go on from
// what was read last. An error means settings that no waiting mends.
func (f *follower) run(ctx context.Context) error {
	outage := f.d.Outage("the archive")
	last := ""
	for ctx.Err() == nil {
		if err := f.catalog.Refresh(ctx); err != nil {
			err, final := f.explain(err)
			if final {
				return err
			}
			_ = outage.Wait(ctx, err) // the loop ends with ctx
			continue
		}
		f.seen.SetToCurrentTime()
		outage.Over()
		f.d.Ready()
		if s := f.catalog.Current(); s.Version != last {
			last = s.Version
			f.tell(s)
		}
		_ = daemon.Sleep(ctx, min(f.every, 30*time.Second))
	}
	return nil
}

// explain says of which archive an error is, what the way out is, and whether
// there is no other one: before anything was ever read, settings are for the
// operator to mend; afterwards everything may be over in a while.
func (f *follower) explain(err error) (explained error, final bool) {
	began := f.catalog.Current() != nil
	switch {
	case errors.Is(err, archive.ErrNone) && began:
		err = fmt.Errorf("the archive at %s has gone: %w; is its disk mounted? Answers go on from what was read last, as far as its files are there", f.source, err)
	case errors.Is(err, archive.ErrNone):
		err = fmt.Errorf("there is no archive at %s yet: the archiver makes it with its first file; is this what the archiver's --archive (or GLOW_ARCHIVE) says?", f.source)
	case errors.Is(err, feed.ErrDenied) && !began:
		err = fmt.Errorf("%s: %w; S3 says the same where there is no archive yet: the archiver makes it with its first file", f.source, err)
	default:
		return fmt.Errorf("%s: %w", f.source, err), errors.Is(err, feed.ErrSettings) && !began
	}
	return err, false
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
