package keep

import (
	"context"
	"errors"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
)

const (
	tendEvery = time.Minute      // between looks for days to compact
	tidyEvery = 10 * time.Minute // and for files to delete
)

// tend looks at the archive and does what is due besides the stream. What the
// store does not let it do now is done another time: events come first.
func (k *Keeper) tend(ctx context.Context) error {
	if err := k.project(ctx); err != nil || k.recovering {
		return err
	}
	steps := []step{k.compact, k.copyDays, k.expire}
	if k.d.Once || time.Since(k.tidied) > tidyEvery {
		k.tidied = time.Now()
		steps = append(steps, k.tidy)
	}
	for _, s := range steps {
		err := k.do(ctx, s)
		if err != nil && (k.d.Once || !errors.Is(err, errAway)) {
			return err
		}
		if err != nil {
			k.m.errors.Inc()
			k.d.Log.Warn("the archive cannot be tended now", "err", err)
		}
	}
	return nil
}

// step does one thing to the archive and says whether that changed it.
type step func(context.Context, *ledger.View) (changed bool, err error)

func (k *Keeper) do(ctx context.Context, s step) error {
	v, err := k.look(ctx)
	if err != nil {
		return err
	}
	changed, err := s(ctx, v)
	if changed {
		err = errors.Join(err, k.project(ctx))
	}
	return err
}

// ended is when a date ended.
func ended(date string) time.Time {
	_, end, err := archive.DateSpan(date)
	if err != nil { // which was checked when the file was read
		return time.Time{}
	}
	return time.Unix(end, 0)
}
