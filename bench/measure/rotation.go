package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/role"
)

// rotation is a way to rotate a log.
type rotation struct {
	name string
	lag  time.Duration // from the renaming until the writer opens a new file
}

var rotations = []rotation{
	{"renamed and opened anew at once", 0},
	{"renamed, opened anew 50 ms later", 50 * time.Millisecond},
}

// Rotation counts what followers lose of a log that is rotated every second;
// they follow the same file at the same time.
func (b *Bench) Rotation(ctx context.Context, rate int, length time.Duration) error {
	for _, how := range rotations {
		if err := b.rotation(ctx, how, rate, length); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) rotation(ctx context.Context, how rotation, rate int, length time.Duration) (err error) {
	dir, err := b.fresh("rotation")
	if err != nil {
		return err
	}
	log := filepath.Join(dir, "log")
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		return err
	}
	r, err := b.redis()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	tailer, err := b.daemon(r, "tailer", "--format", "glow", unbounded, log)
	if err != nil {
		return err
	}
	if err := proc.Until(10*time.Second, func() (bool, error) {
		n, err := r.HLen(ctx, keySpace.Positions()).Result()
		return n > 0, err
	}, tailer); err != nil {
		return err
	}
	n := rate * int(length.Seconds())
	libraries := map[string]*proc.Process{}
	for name, title := range map[string]string{"hpcloud": "hpcloud/tail v1.0.0", "nxadm": "nxadm/tail v1.4.11"} {
		if libraries[title], err = proc.Start(dir, b.Self, "role", name, log, strconv.Itoa(n), "3"); err != nil {
			return err
		}
	}
	time.Sleep(time.Second) // the libraries do not say when they are ready
	if err := rotate(log, how, n, rate); err != nil {
		return err
	}
	group := fmt.Sprintf("rotation every second, %s lines/s, %s", report.Thousands(rate), how.name)
	for title, p := range libraries {
		err := p.Wait()
		got, errRead := role.Read(p.Output())
		if err := errors.Join(err, errRead); err != nil {
			return err
		}
		b.Report.Fact(group, title, "%.2f %% of %s lines lost, %d doubled", 100*float64(n-got.Events)/float64(n), report.Thousands(n), got.Doubled)
	}
	return b.kept(ctx, r, tailer, group, n)
}

// kept reports what the tailer made of it.
func (b *Bench) kept(ctx context.Context, r *proc.Redis, tailer *proc.Process, group string, n int) error {
	seen := make([]int, n)
	err := proc.Until(30*time.Second, func() (bool, error) {
		got, err := queued(ctx, r)
		return got >= n, err
	}, tailer)
	if err != nil && !errors.Is(err, proc.ErrLate) {
		return err
	}
	batches, err := r.XRange(ctx, keySpace.Queue(), "-", "+").Result()
	if err != nil {
		return err
	}
	lost, doubled := n, 0
	for _, batch := range batches {
		text, _ := batch.Values["events"].(string)
		for line := range strings.Lines(text) {
			if i := role.Number(line); i >= 0 && i < n {
				if seen[i]++; seen[i] == 1 {
					lost--
				} else {
					doubled++
				}
			}
		}
	}
	b.Report.Fact(group, "tailer", "%.2f %% of %s lines lost, %d doubled", 100*float64(lost)/float64(n), report.Thousands(n), doubled)
	if lost+doubled > 0 {
		return fmt.Errorf("tailer lost %d lines and doubled %d under rotation", lost, doubled)
	}
	return tailer.Stop()
}

// rotate writes n numbered lines and rotates the log every second.
func rotate(log string, how rotation, n, rate int) error {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { f.Close() }()
	begin, next := time.Now(), time.Now().Add(time.Second)
	var opened time.Time // when a new file is due; zero: there is one
	for i, files := 0, 0; i < n; {
		time.Sleep(2 * time.Millisecond)
		now := time.Now()
		if now.After(next) {
			next, files = next.Add(time.Second), files+1
			if err := os.Rename(log, fmt.Sprintf("%s.%d", log, files)); err != nil {
				return err
			}
			opened = now.Add(how.lag)
		}
		if !opened.IsZero() && !now.Before(opened) {
			opened = time.Time{}
			f.Close()
			if f, err = os.OpenFile(log, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
				return err
			}
		}
		var buf []byte
		for until := min(n, int(now.Sub(begin).Seconds()*float64(rate))); i < until; i++ {
			buf = fmt.Appendf(buf, "203.0.113.%d 1395100800 download n=%d\n", i%250, i)
		}
		if _, err := f.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
