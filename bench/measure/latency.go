package measure

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/internal/bucket"
)

// sight is a version of a snapshot as seen at the target.
type sight struct {
	n  int
	at time.Time
}

// Latency measures, at several rates, how long it takes from a line in the log
// to the snapshot of its ten seconds at the target, read as the page would. An
// event counts as readable with the first version of the snapshot that holds
// as many events as had been written of that period by then: lines are counted
// in the order in which they are written.
func (b *Bench) Latency(ctx context.Context, length time.Duration, rates ...int) error {
	for _, rate := range rates {
		if err := b.latency(ctx, length, rate); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) latency(ctx context.Context, length time.Duration, rate int) error {
	dir, err := b.fresh("feed")
	if err != nil {
		return err
	}
	l, err := b.live(ctx, "--target", "file://"+dir)
	if err != nil {
		return err
	}
	stop, seen := make(chan struct{}), make(chan map[int64][]sight)
	go func() { seen <- watch(dir, stop) }()
	bursts, err := l.write(rate, length)
	time.Sleep(12 * time.Second) // the last period, and what comes after it
	close(stop)
	versions := <-seen
	if err := errors.Join(err, l.close()); err != nil {
		return err
	}
	all, beyond, missing := latencies(bursts, versions)
	const group = "latency: from the line written to its 10s snapshot readable"
	name := report.Thousands(rate) + " events/s"
	if missing > 0 || len(all) == 0 {
		b.Report.Fact(group, name, "%d events were not published", missing)
		return nil
	}
	b.Report.Fact(group, name, "p50 %.1f s, p99 %.1f s, max %.1f s; of this not the period itself: p50 %.1f s, max %.1f s",
		at(all, 0.5), at(all, 0.99), at(all, 1), at(beyond, 0.5), at(beyond, 1))
	b.say("latency at %s events/s: p99 %.1f s, beyond the period at most %.1f s", report.Thousands(rate), at(all, 0.99), at(beyond, 1))
	return nil
}

// at is a quantile.
func at(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// watch reads the ten seconds' snapshots as they come, by start.
func watch(dir string, stop chan struct{}) map[int64][]sight {
	seen, changed := map[int64][]sight{}, map[int64]time.Time{}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return seen
		case now := <-tick.C:
			for start := bucket.TenSeconds.Start(now.Unix()) - 60; start < now.Unix(); start += 10 {
				path := filepath.Join(dir, "v1", bucket.ID{Period: bucket.TenSeconds, Start: start}.Object())
				if st, err := os.Stat(path); err != nil || st.ModTime().Equal(changed[start]) {
					continue
				} else {
					changed[start] = st.ModTime()
				}
				if n := total(path); n > 0 {
					seen[start] = append(seen[start], sight{n, time.Now()})
				}
			}
		}
	}
}

// total is the number of downloads in a snapshot.
func total(path string) int {
	text, err := os.ReadFile(path)
	var s struct {
		Types map[string]struct{ N int }
	}
	if err != nil || json.Unmarshal(text, &s) != nil {
		return 0
	}
	return s.Types["download"].N
}

// latencies are those of all lines, in seconds and ascending, and what of them
// comes after the end of the line's period; and how many lines were not seen.
func latencies(bursts []burst, seen map[int64][]sight) (all, beyond []float64, missing int) {
	written := map[int64]int{} // by period
	for _, w := range bursts {
		start := bucket.TenSeconds.Start(w.second)
		written[start] += w.lines
		i := slices.IndexFunc(seen[start], func(s sight) bool { return s.n >= written[start] })
		if i < 0 {
			missing += w.lines
			continue
		}
		readable := seen[start][i].at
		for range w.lines {
			all = append(all, readable.Sub(w.at).Seconds())
			beyond = append(beyond, readable.Sub(time.Unix(start+10, 0)).Seconds())
		}
	}
	slices.Sort(all)
	slices.Sort(beyond)
	return all, beyond, missing
}
