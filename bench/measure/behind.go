package measure

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/tally"
)

// Backlog lets hours of the day pass without a worker, and then measures
// what waits in Redis and how long it takes until all is counted.
func (b *Bench) Backlog(ctx context.Context) error {
	for _, c := range []struct {
		name        string
		from, hours time.Duration
		most        int // entries in the queue; 0: as by default
	}{
		{"the launch's first hour", day.Launch, 1, 0},
		{"its first 6 hours", day.Launch, 6, 0},
		{"all 24 hours", 0, 24, 0},
		{"all 24 hours, all of it in the queue", 0, 24, 1e9},
	} {
		log := b.file("behind.log")
		from := day.Start.Add(c.from).Unix()
		if err := cut(b.log, log, from, from+int64((c.hours*time.Hour).Seconds())); err != nil {
			return err
		}
		t, err := tally.Read(log, b.GeoIP)
		if err != nil {
			return err
		}
		if err := b.behind(ctx, c.name, log, t, c.most); err != nil {
			return fmt.Errorf("backlog, %s: %w", c.name, err)
		}
	}
	return nil
}

// cut takes the lines of some seconds out of a log.
func cut(log, to string, from, until int64) (err error) {
	in, err := os.Open(log)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	for lines := bufio.NewReaderSize(in, 1<<20); ; {
		line, errRead := lines.ReadSlice('\n')
		if errRead != nil {
			return out.Flush()
		}
		_, text, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if sec, _ := strconv.ParseInt(string(text), 10, 64); sec >= from && sec < until {
			_, _ = out.Write(line) // an error comes from Flush
		}
	}
}

func (b *Bench) behind(ctx context.Context, name, log string, t *tally.Tally, most int) (err error) {
	if most == 0 {
		most = queueMost
	}
	r, err := b.redis()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	tailer, err := b.daemon(r, "tailer", "--format", "glow", "--max-queue", strconv.Itoa(most), log)
	if err != nil {
		return err
	}
	waiting := int64(0)
	if err := proc.Until(time.Minute, func() (bool, error) {
		waiting, err = r.XLen(ctx, keySpace.Queue()).Result()
		return waiting >= int64(min(most, t.Lines/1000)), err
	}, tailer); err != nil {
		return fmt.Errorf("%d entries queued: %w", waiting, err)
	}
	memory, err := r.Memory("used_memory")
	if err != nil {
		return err
	}
	workers, err := b.workers(ctx, r, 1)
	if err != nil {
		return err
	}
	all := append(workers, r.Process, tailer)
	before, start := used(all...), time.Now()
	if err := counted(ctx, r, t.Lines, workers...); err != nil {
		return err
	}
	s := report.Sample{Events: t.Lines, Wall: time.Since(start), CPU: used(all...) - before, Memory: peaks(all...)}
	s.Note = fmt.Sprintf("%d entries waited, Redis had %.0f MB; counted %.1f s after a worker came", waiting, mega(memory), s.Wall.Seconds())
	b.Report.Add("more hours of backlog", name, s)
	b.say("backlog, %s: %s", name, s.Note)
	return errors.Join(tailer.Stop(), workers[0].Stop(), t.Compare(ctx, r.Client, keySpace))
}

// queueMost is the tailer's own limit of the queue.
const queueMost = 2000
