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

// step looks at the archive for something to do to it besides taking in the
// stream; nil if there is nothing.
type step func(*ledger.View) *job

// job is what a step found. What takes long is done beside the stream, by
// another goroutine, one job at a time: it reads and writes files, and changes
// nothing that Redis or the manifest knows. Then the work loop, which alone does
// that, commits it if all is still as it was.
type job struct {
	beside func(context.Context) error // nil: nothing takes long
	then   func(context.Context) (changed bool, err error)
}

// running is a job that is under way beside the stream.
type running struct {
	*job
	cancel context.CancelFunc
	done   chan error
}

// tend does what is due besides the stream, as far as that holds up nothing;
// with --once, all of it.
func (k *Keeper) tend(ctx context.Context, due bool) error {
	if err := k.land(ctx); err != nil || k.beside != nil {
		return err
	}
	if due && len(k.todo) == 0 {
		if err := k.plan(ctx); err != nil {
			return err
		}
	}
	for len(k.todo) > 0 && k.beside == nil && !k.stopped() {
		s := k.todo[0]
		k.todo = k.todo[1:]
		if err := k.begin(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// plan lists the steps of one round. Nothing is done to an archive that waits
// for Redis to catch up.
func (k *Keeper) plan(ctx context.Context) error {
	if err := k.project(ctx); err != nil || k.recovering {
		return err
	}
	v, err := k.look(ctx)
	if err != nil {
		return err
	}
	k.untended = false
	for _, date := range k.quiet(v) {
		k.todo = append(k.todo, func(v *ledger.View) *job { return k.compact(v, date) })
	}
	k.todo = append(k.todo, k.copyDays, k.expire)
	if k.d.Once || time.Since(k.tidied) > tidyEvery {
		k.tidied = time.Now()
		k.todo = append(k.todo, k.tidy)
	}
	return nil
}

// begin begins a step's job, and ends it at once if it does not take long.
func (k *Keeper) begin(ctx context.Context, s step) error {
	v, err := k.look(ctx)
	if err != nil {
		return err
	}
	j := s(v)
	switch {
	case j == nil:
		return nil
	case j.beside == nil:
		return k.end(ctx, j, nil)
	}
	work, cancel := context.WithCancel(ctx)
	r := &running{j, cancel, make(chan error, 1)}
	go func() { r.done <- j.beside(work) }()
	k.beside = r
	return k.land(ctx)
}

// land ends the job that was done beside the stream, if it is done. With --once
// nothing else is to be done meanwhile, so that is waited for.
func (k *Keeper) land(ctx context.Context) error {
	for j := k.beside; j != nil; {
		wait := time.Duration(0)
		if k.d.Once {
			wait = time.Second
		}
		select {
		case err := <-j.done:
			j.cancel()
			k.beside = nil
			return k.end(ctx, j.job, err)
		case <-k.stop:
			return errIdle
		case <-time.After(wait):
			if k.d.Beat(); !k.d.Once {
				return nil
			}
		}
	}
	return nil
}

// abandon waits until nothing is done beside the stream any more. What was done
// by then is nobody's, and done again.
func (k *Keeper) abandon() {
	if k.beside != nil {
		k.beside.cancel()
		<-k.beside.done
	}
	k.beside, k.todo = nil, nil
}

// end commits a job. What the store does not let it do now is done another
// time: events come first.
func (k *Keeper) end(ctx context.Context, j *job, err error) error {
	if err == nil {
		err = k.commitJob(ctx, j)
	}
	if err == nil || k.d.Once || !errors.Is(err, errAway) {
		return err
	}
	k.m.errors.Inc()
	if !k.untended { // once a round
		k.d.Log.Warn("the archive cannot be tended now", "err", err)
	}
	k.untended = true
	return nil
}

// commitJob does what remains of a job, unless Redis went back meanwhile.
func (k *Keeper) commitJob(ctx context.Context, j *job) error {
	if err := k.project(ctx); err != nil || k.recovering {
		k.todo = nil
		return err
	}
	changed, err := j.then(ctx)
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
