package recount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

const (
	// pauseFor is how long a pause lasts unless it is taken back or prolonged:
	// as long as counting stands still if this process dies.
	pauseFor = 5 * time.Second
	// prolong is how often it is prolonged.
	prolong = time.Second
	// margin is for the passes of the publisher between our look at latest.json
	// and its look at what we write.
	margin = 60
)

// apply swaps all that differs.
func (r *run) apply(ctx context.Context) (err error) {
	for id := range r.kept {
		if id.Period == bucket.Day && !(r.From.IsZero() && r.To.IsZero()) {
			return fmt.Errorf("the day %s differs, and so all time, which only a recount of everything can correct: leave --from and --to away", id.Object())
		}
	}
	if _, err := r.floor(ctx); err != nil { // before anything is changed
		return err
	}
	start := time.Now()
	defer func() {
		err = errors.Join(err, r.pause(context.WithoutCancel(ctx), 0))
		r.report.Paused = time.Since(start).Round(time.Millisecond).Seconds()
	}()
	next := time.Time{}
	for _, id := range slices.SortedFunc(maps.Keys(r.kept), shorterFirst) {
		if time.Since(next) > prolong {
			if err := r.pause(ctx, pauseFor); err != nil {
				return err
			}
			next = time.Now()
		}
		if err := r.swap(ctx, r.kept[id]); err != nil {
			return err
		}
		r.report.Applied++
	}
	return nil
}

func shorterFirst(a, b bucket.ID) int {
	return cmp.Or(cmp.Compare(a.Period.Seconds(), b.Period.Seconds()), cmp.Compare(a.Start, b.Start))
}

func (r *run) pause(ctx context.Context, d time.Duration) error {
	if err := r.Redis.Run(ctx, pause, []string{r.Keys.Meta()}, d.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("pause counting: %w", err)
	}
	return nil
}

// swap puts one bucket right, as of the stream's last entry.
func (r *run) swap(ctx context.Context, k *kept) error {
	floor := ""
	for range attempts {
		if k.id.Period == bucket.All {
			k.counts = r.all
			var err error
			if floor, err = r.floor(ctx); err != nil { // anew: the other buckets took their time
				return err
			}
		}
		ok, err := r.put(ctx, k.live, r.last, floor)
		if err != nil || ok {
			return err
		}
		if err := r.poll(ctx); err != nil { // a step that was done before the pause
			return err
		}
	}
	return fmt.Errorf("bucket %s changes or has left redis while counting is paused: is another glow recount at work?", k.id)
}

// floor is the seq up to which the published totals may be undercut, "" where
// none becomes less.
func (r *run) floor(ctx context.Context) (string, error) {
	all := r.kept[bucket.ID{Period: bucket.All}]
	if all == nil || !all.floor {
		return "", nil
	}
	text, err := r.Seq(ctx)
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return "", fmt.Errorf("seq of latest.json: %w", err)
	}
	return strconv.FormatUint(n+margin, 10), nil
}
