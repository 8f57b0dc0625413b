package measure

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/tally"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
)

// Glow are the cases of Glow itself.
func (b *Bench) Glow() []Case {
	const group = GroupGlow
	return []Case{
		{group, TheDay, func(ctx context.Context) (report.Sample, error) { return b.whole(ctx, b.log, 1) }},
		{group, "the day, 2 workers", func(ctx context.Context) (report.Sample, error) { return b.whole(ctx, b.log, 2) }},
		{group, "shuffled, 1 worker", func(ctx context.Context) (report.Sample, error) { return b.whole(ctx, b.shuffled, 1) }},
		{group, "shuffled, 2 workers", func(ctx context.Context) (report.Sample, error) { return b.whole(ctx, b.shuffled, 2) }},
	}
}

// Hops are the cases of a daemon by itself; Redis counts in what they cost.
func (b *Bench) Hops() []Case {
	const group = "one daemon alone"
	tailer := func(format, file string) func(context.Context) (report.Sample, error) {
		return func(ctx context.Context) (report.Sample, error) { return b.tailer(ctx, format, file) }
	}
	return []Case{
		{group, "tailer, glow", tailer("glow", b.log)},
		{group, "tailer, combined", tailer("combined", b.file("million.combined"))},
		{group, "tailer, json", tailer("json", b.file("million.json"))},
		{group, "geoworker", b.geoworker},
	}
}

// whole measures a log from file to buckets, and checks every count.
func (b *Bench) whole(ctx context.Context, log string, workers int) (s report.Sample, err error) {
	return b.pipeline(ctx, pipeline{logs: []string{log}, workers: workers, tally: b.tally})
}

// pipeline is a run from file to buckets.
type pipeline struct {
	logs    []string
	workers int
	tally   *tally.Tally
	look    func(*proc.Redis) error // at what is there in the end; may be nil
}

func (b *Bench) pipeline(ctx context.Context, p pipeline) (s report.Sample, err error) {
	r, err := b.redis()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	workers, err := b.workers(ctx, r, p.workers)
	if err != nil {
		return s, err
	}
	all := append(workers, r.Process)
	before, start := each(all...), time.Now()
	tailer, err := b.daemon(r, "tailer", append([]string{"--format", "glow", "--once"}, p.logs...)...)
	if err != nil {
		return s, err
	}
	if err := counted(ctx, r, p.tally.Lines, workers...); err != nil {
		return s, err
	}
	s = report.Sample{Events: p.tally.Lines, Wall: time.Since(start)}
	if err := tailer.Wait(); err != nil { // it makes sure that all is on the disk
		return s, err
	}
	all = append(all, tailer)
	s.CPU, s.Memory = used(all...)-before.sum(), peaks(all...)
	s.Note = each(all...).since(before, s.Events)
	for _, w := range workers {
		err = errors.Join(err, w.Stop())
	}
	if p.look != nil {
		err = errors.Join(err, p.look(r))
	}
	return s, errors.Join(err, p.tally.Compare(ctx, r.Client, keySpace))
}

// workers starts geoworkers and waits until they have read their database.
func (b *Bench) workers(ctx context.Context, r *proc.Redis, n int) (list []*proc.Process, err error) {
	for range n {
		w, err := b.daemon(r, "geoworker", "--geoip", b.GeoIP)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, proc.Until(time.Minute, func() (bool, error) {
		consumers, _ := r.XInfoConsumers(ctx, keySpace.Queue(), keys.Group).Result()
		return len(consumers) >= n, nil
	}, list...)
}

// counted waits until so many events are counted.
func counted(ctx context.Context, r *proc.Redis, n int, workers ...*proc.Process) error {
	all := keySpace.Bucket(bucket.ID{Period: bucket.All})
	got := 0
	err := proc.Until(10*time.Minute, func() (bool, error) {
		text, _ := r.HGet(ctx, all, "download|n").Result()
		got, _ = strconv.Atoi(text)
		return got >= n, nil
	}, workers...)
	if err != nil {
		return fmt.Errorf("%d of %d events counted: %w", got, n, err)
	}
	return nil
}

// unbounded is a queue that holds everything.
const unbounded = "--max-queue=1000000000"

// tailer measures a tailer that nobody takes the queue from.
func (b *Bench) tailer(ctx context.Context, format, log string) (s report.Sample, err error) {
	r, err := b.redis()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	before := r.CPU()
	start := time.Now()
	t, err := b.daemon(r, "tailer", "--format", format, "--once", unbounded, log)
	if err != nil {
		return s, err
	}
	if err := t.Wait(); err != nil {
		return s, err
	}
	const durable = 1150 * time.Millisecond // that it waits at its end, doing nothing
	s = report.Sample{Wall: time.Since(start) - durable, CPU: t.CPU() + r.CPU() - before, Memory: peaks(t)}
	if s.Events, err = queued(ctx, r); err != nil {
		return s, err
	}
	s.Note = fmt.Sprintf("without Redis %.3f CPU s/M = %s lines/s a core", t.CPU().Seconds()/float64(s.Events)*1e6,
		report.Thousands(int(float64(s.Events)/t.CPU().Seconds())))
	if want := lines(log); s.Events != want {
		return s, fmt.Errorf("%d of %d lines queued", s.Events, want)
	}
	return s, nil
}

// geoworker measures a worker on a queue that is full already.
func (b *Bench) geoworker(ctx context.Context) (s report.Sample, err error) {
	r, err := b.redis()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	t, err := b.daemon(r, "tailer", "--format", "glow", "--once", unbounded, b.log)
	if err != nil {
		return s, err
	}
	if err := t.Wait(); err != nil {
		return s, err
	}
	before := r.CPU()
	w, err := b.daemon(r, "geoworker", "--geoip", b.GeoIP)
	if err != nil {
		return s, err
	}
	if err := proc.Until(time.Minute, func() (bool, error) {
		pending, err := r.XPending(ctx, keySpace.Queue(), keys.Group).Result()
		return err == nil && pending.Count > 0, nil
	}, w); err != nil {
		return s, err
	}
	start, loading := time.Now(), w.CPU() // its database is read by now
	if err := counted(ctx, r, b.tally.Lines, w); err != nil {
		return s, err
	}
	own := w.CPU() - loading
	s = report.Sample{Events: b.tally.Lines, Wall: time.Since(start), CPU: own + r.CPU() - before, Memory: peaks(w)}
	s.Note = fmt.Sprintf("without Redis %.3f CPU s/M = %s events/s a core", own.Seconds()/float64(s.Events)*1e6,
		report.Thousands(int(float64(s.Events)/own.Seconds())))
	return s, errors.Join(w.Stop(), b.tally.Compare(ctx, r.Client, keySpace))
}
