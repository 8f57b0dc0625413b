package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/tally"
)

// Growth measures what more of something costs: events, sources, workers,
// addresses, backlog, viewers.
func (b *Bench) Growth(ctx context.Context) error {
	for _, f := range []func(context.Context) error{b.moreEvents, b.moreSources, b.moreWorkers, b.moreAddresses, b.Backlog, b.Viewers} {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// grown measures a pipeline and reports Redis's memory too.
func (b *Bench) grown(ctx context.Context, group, name string, p pipeline) error {
	note := ""
	p.look = func(r *proc.Redis) error {
		peak, err := r.Memory("used_memory_peak")
		now, err2 := r.Memory("used_memory")
		note = fmt.Sprintf("Redis at most %d MB, %.1f MB in the end", peak>>20, float64(now)/(1<<20))
		return errors.Join(err, err2)
	}
	s, err := b.pipeline(ctx, p)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", group, name, err)
	}
	s.Note = fmt.Sprintf("%.1f s; %s; %s", s.Wall.Seconds(), note, s.Note)
	b.Report.Add(group, name, s)
	b.say("%s: %s: %s events/s, %s", group, name, report.Thousands(int(float64(s.Events)/s.Wall.Seconds())), s.Note)
	return nil
}

// another writes a log and counts it.
func (b *Bench) another(o day.Options) (log string, t *tally.Tally, err error) {
	log = b.file("another.log")
	if err := day.Write(log, o); err != nil {
		return "", nil, err
	}
	t, err = tally.Read(log, b.GeoIP)
	return log, t, err
}

func (b *Bench) moreEvents(ctx context.Context) error {
	const group = "more events"
	for _, o := range []struct {
		name string
		day.Options
	}{
		{"a tenth of the day", day.Options{Lines: b.Lines / 10}},
		{"the day", day.Options{Lines: b.Lines}},
		{"ten days", day.Options{Lines: b.Lines, Days: 10}},
	} {
		log, t, err := b.another(o.Options)
		if err != nil {
			return err
		}
		if err := b.grown(ctx, group, o.name, pipeline{logs: []string{log}, workers: 1, tally: t}); err != nil {
			return err
		}
		if err := os.Remove(log); err != nil {
			return err
		}
	}
	return nil
}

// moreSources deals the day out to logs of as many hosts.
func (b *Bench) moreSources(ctx context.Context) error {
	for _, n := range []int{1, 10, 100} {
		dir, err := b.fresh("hosts")
		if err != nil {
			return err
		}
		logs, err := deal(b.log, dir, n)
		if err != nil {
			return err
		}
		if err := b.grown(ctx, "more sources", fmt.Sprintf("from %d", n), pipeline{logs: logs, workers: 1, tally: b.tally}); err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// deal deals the lines of a log out to n logs.
func deal(log, dir string, n int) (logs []string, err error) {
	in, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var to []*bufio.Writer
	for i := range n {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("host%02d.log", i)))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		logs, to = append(logs, f.Name()), append(to, bufio.NewWriter(f))
	}
	lines := bufio.NewReaderSize(in, 1<<20)
	for i := 0; ; i++ {
		line, errRead := lines.ReadSlice('\n')
		if errRead != nil {
			break
		}
		_, _ = to[i%n].Write(line) // an error comes from Flush
	}
	for _, w := range to {
		err = errors.Join(err, w.Flush())
	}
	return logs, err
}

func (b *Bench) moreWorkers(ctx context.Context) error {
	for _, n := range []int{1, 2, 4} {
		if err := b.grown(ctx, "more workers on the same machine", fmt.Sprintf("%d", n), pipeline{logs: []string{b.log}, workers: n, tally: b.tally}); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) moreAddresses(ctx context.Context) error {
	for _, n := range []int{day.Addresses / 10, day.Addresses, 10 * day.Addresses} {
		log, t, err := b.another(day.Options{Lines: b.Lines, Addresses: n})
		if err != nil {
			return err
		}
		if err := b.grown(ctx, "more addresses", report.Thousands(n), pipeline{logs: []string{log}, workers: 1, tally: t}); err != nil {
			return err
		}
	}
	return nil
}
