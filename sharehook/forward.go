package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/sharehook/spool"
	"github.com/glowmap/glow/tailer/intake"
	"github.com/glowmap/glow/tailer/parse"
)

const (
	// grace is how long an ended segment must be quiet. Ours are ended for good.
	grace = time.Second
	// usableEvery is the time between two looks at a Redis that cannot be used.
	usableEvery = 5 * time.Second
	// drainEvery is the time between two looks at what is queued when stopping.
	drainEvery = 20 * time.Millisecond
)

// forwarder takes the spool to the queue, by the tailer's own code.
type forwarder struct {
	d      *daemon.Daemon
	spool  *spool.Spool
	intake *intake.Intake
}

func newForwarder(d *daemon.Daemon, dir string, s *spool.Spool) (*forwarder, error) {
	p, err := parse.New(parse.Options{Format: "glow", Type: "share"})
	if err != nil {
		return nil, err
	}
	// Redis being away is no trouble of ours, as shares are taken all the same.
	// So the intake gets a Daemon of which nobody asks how it is.
	quiet := &daemon.Daemon{Name: d.Name, Log: d.Log, Redis: d.Redis, Keys: d.Keys, Metrics: d.Metrics}
	in, err := intake.New(quiet, intake.Options{
		Paths: []string{filepath.Join(dir, spool.Pattern)}, Parser: p, Grace: grace, Limit: s.Synced,
	})
	return &forwarder{d: d, spool: s, intake: in}, err
}

// run queues until ctx is done; that alone is no error.
func (f *forwarder) run(ctx context.Context) error {
	for {
		err := f.intake.Check(ctx)
		if err == nil {
			break
		}
		f.d.Log.Error("redis cannot be used: shares are taken, but none is queued", "err", err)
		if daemon.Sleep(ctx, usableEvery) != nil {
			return nil
		}
	}
	if err := f.intake.Run(ctx); err != nil {
		return fmt.Errorf("queue the spool: %w", err)
	}
	return nil
}

// drain waits until all of the closed spool is queued or ctx is done. What is
// left is queued at the next start, so it is no error either; without Redis
// there is nothing to wait for.
func (f *forwarder) drain(ctx context.Context) {
	err := f.d.Redis.Ping(ctx).Err()
	for err == nil && f.left() > 0 {
		err = daemon.Sleep(ctx, drainEvery)
	}
	if n := f.left(); n > 0 {
		f.d.Log.Info("shares stay in the spool until the next start", "bytes", n, "cause", err)
	}
}

// left is how many bytes of ended segments are not queued.
func (f *forwarder) left() (n int64) {
	queued := offsets(f.intake.Progress())
	for _, seg := range f.spool.Segments() {
		n += max(0, seg.Size-queued[seg.Path])
	}
	return n
}

// offsets is how far each file is queued.
func offsets(list []intake.Progress) map[string]int64 {
	m := make(map[string]int64, len(list))
	for _, p := range list {
		m[p.Path] = max(m[p.Path], p.Offset)
	}
	return m
}
