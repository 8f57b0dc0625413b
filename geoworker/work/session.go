package work

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/geoworker/count"
	"github.com/glowmap/glow/internal/daemon"
)

// A commit takes what came within linger, but no more than this, so that Redis
// is not held for much longer than 20 ms. At least one entry is always taken.
const (
	linger     = 250 * time.Millisecond
	maxEntries = 256
	maxBytes   = 16 << 20
	maxLocated = 4 << 20 // copied several times within the step
	maxBuckets = 2048    // more than the minutes, hours and fresh ten seconds of one day
)

// session is one run of the three goroutines.
type session struct {
	*Worker
	quit     <-chan struct{} // closed: take nothing new
	ctx      context.Context // done with the first error
	fail     context.CancelCauseFunc
	entries  chan []redis.XMessage
	steps    chan *count.Step
	inFlight atomic.Int64 // entries taken and not yet committed
}

// session works until ctx is done and all that was taken is counted, or with
// --once until the queue is empty; or until the first error.
func (w *Worker) session(ctx context.Context) error {
	w.merge.Forget()
	if m := w.fresh.Swap(nil); m != nil {
		w.use(m)
	}
	s := &session{Worker: w, quit: ctx.Done(), entries: make(chan []redis.XMessage, 1), steps: make(chan *count.Step, 1)}
	s.ctx, s.fail = context.WithCancelCause(context.WithoutCancel(ctx))
	defer s.fail(nil)
	if err := w.agree(s.ctx); err != nil {
		return err
	}
	if err := w.bury(s.ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	all.Go(s.read)
	all.Go(s.mergeAll)
	all.Go(s.commit)
	all.Wait()
	return context.Cause(s.ctx)
}

// mergeAll merges what is read, and hands on a step when it is full or has
// lingered.
func (s *session) mergeAll() {
	defer close(s.steps)
	due := time.NewTimer(linger)
	defer due.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-due.C:
			s.flush()
		case <-s.reloaded:
			s.flush()
			s.swap()
		case batch, more := <-s.entries:
			if s.merge.Entries() == 0 {
				due.Reset(linger)
			}
			s.add(batch)
			if !more || s.Once && len(batch) == 0 { // nothing more to wait for
				s.flush()
			}
			if !more {
				return
			}
		}
	}
}

func (s *session) add(batch []redis.XMessage) {
	for _, e := range batch {
		s.merge.Add(e.ID, e.Values)
		if m := s.merge; m.Entries() >= maxEntries || m.Bytes() >= maxBytes || m.Located() >= maxLocated || m.Buckets() >= maxBuckets {
			s.flush()
		}
	}
}

func (s *session) flush() {
	if s.merge.Entries() == 0 {
		return
	}
	select {
	case s.steps <- s.merge.Step(s.Keys, s.consumer):
	case <-s.ctx.Done():
	}
}

// swap begins to use a database that was reloaded. Nothing is merged just now.
func (s *session) swap() {
	m := s.fresh.Swap(nil)
	if m == nil {
		return
	}
	s.use(m)
	if err := s.agree(s.ctx); err != nil {
		s.fail(err)
	}
}

func (s *session) commit() {
	for step := range s.steps {
		start := time.Now()
		late, err := s.do(step)
		if err != nil {
			s.fail(err)
			return
		}
		s.inFlight.Add(-int64(len(step.IDs)))
		s.metrics.seconds.Observe(time.Since(start).Seconds())
		s.counted(step, late)
	}
}

// pausedWait is the time between two attempts while counting is paused.
const pausedWait = 100 * time.Millisecond

// do commits a step; while counting is paused it waits. A pause ends by itself,
// so that is no reason to give up when the worker is told to stop.
func (s *session) do(step *count.Step) (late count.Late, err error) {
	for paused := false; ; paused = true {
		late, err = step.Commit(s.ctx, s.Redis)
		if !errors.Is(err, count.ErrPaused) {
			if paused {
				s.Log.Info("counting goes on")
			}
			return late, err
		}
		if !paused {
			s.Log.Info("counting is paused, waiting")
		}
		s.metrics.paused.Inc()
		s.Beat()
		if err := daemon.Sleep(s.ctx, pausedWait); err != nil {
			return nil, err
		}
	}
}

// errForgotten says that Redis has entries pending for this worker which the
// session does not know: Redis has gone back in time.
var errForgotten = errors.New("redis holds entries for this worker that it had finished or never seen")

// errStuck says that --once would wait for ever.
var errStuck = errors.New("the queue holds entries that its group counts as done: look with XRANGE, and delete them or set the group back with XGROUP SETID")
