package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/sharehook/spool"
	"github.com/glowmap/glow/tailer/intake"
)

// Sweeps are this often while the spool is nearly full, and else.
const (
	sweepCrowded = time.Second
	sweepCalm    = 30 * time.Second
)

// sweeper deletes segments of the spool that nobody will need again. A Redis
// that loses its last second, or is restored from a backup, asks for them once
// more: so a segment goes when a position past its end is on Redis's disk and
// it is older than keep. If the spool gets crowded, the oldest need not be that old.
type sweeper struct {
	d      *daemon.Daemon
	spool  *spool.Spool
	intake *intake.Intake
	keep   time.Duration
	early  prometheus.Counter
	told   bool // that Redis keeps nothing
}

func newSweeper(d *daemon.Daemon, s *spool.Spool, in *intake.Intake, keep time.Duration) *sweeper {
	return &sweeper{d: d, spool: s, intake: in, keep: keep, early: promauto.With(d.Metrics).NewCounter(prometheus.CounterOpts{
		Name: "glow_sharehook_early_segments_total", Help: "Segments deleted before --spool-keep was over, to make room.",
	})}
}

// run sweeps until ctx is done.
func (w *sweeper) run(ctx context.Context) {
	for wait := sweepCrowded; daemon.Sleep(ctx, wait) == nil; {
		// While Redis is away nothing goes, and others say that it is away.
		if err := w.sweep(ctx); err != nil && ctx.Err() == nil {
			w.d.Log.Debug("sweep the spool", "err", err)
		}
		wait = min(sweepCalm, max(w.keep, sweepCrowded))
		if w.spool.Crowded() {
			wait = sweepCrowded
		}
	}
}

// sweep deletes what may go now, oldest first.
func (w *sweeper) sweep(ctx context.Context) error {
	segs := w.spool.Segments()
	if !w.any(segs, w.intake.Progress()) {
		return nil // so no need to ask what is durable
	}
	durable, err := w.durable(ctx)
	if err != nil {
		return err
	}
	queued := offsets(durable)
	for _, seg := range segs {
		if !w.may(seg, queued) {
			return nil
		}
		age := time.Since(seg.Changed)
		if err := w.spool.Remove(seg); err != nil {
			return err
		}
		if age < w.keep {
			w.early.Inc()
			w.d.Log.Warn("the spool is nearly full: a queued segment goes early, see --spool-max", "age", age.Round(time.Second).String())
		}
	}
	return nil
}

func (w *sweeper) any(segs []spool.Segment, progress []intake.Progress) bool {
	return len(segs) > 0 && w.may(segs[0], offsets(progress))
}

// may says whether a segment may go, if what is said to be queued stays so.
func (w *sweeper) may(seg spool.Segment, queued map[string]int64) bool {
	due := time.Since(seg.Changed) >= w.keep || w.spool.Crowded()
	return due && queued[seg.Path] >= seg.Size
}

// durable is what is queued and on Redis's disk. Where Redis keeps nothing on
// disk, being queued has to do.
func (w *sweeper) durable(ctx context.Context) ([]intake.Progress, error) {
	list, ok, err := w.intake.Durable(ctx)
	if err != nil || ok {
		return list, err
	}
	if !w.told {
		w.told = true
		w.d.Log.Warn("redis keeps no append-only file: segments of the spool go once they are queued and old enough; set appendonly yes")
	}
	return w.intake.Progress(), nil
}
