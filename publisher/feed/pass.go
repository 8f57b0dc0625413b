package feed

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/publisher/counts"
)

const (
	mostOlder  = 20_000          // dirty buckets that one pass lists
	tendEvery  = 5 * time.Second // between looks for buckets with many parts
	evictEvery = time.Minute     // between looks for buckets to evict
	mostFailed = 3               // failed PUTs after which a pass gives up
)

// passes makes a pass every so often until we are to stop or, with --once,
// until nothing is dirty.
func (p *Publisher) passes(ctx context.Context) error {
	var tended, evicted time.Time
	for !p.stopped() {
		began := time.Now()
		p.landed = 0
		done, err := p.pass(ctx, began.Add(p.Every))
		if err != nil && !errors.Is(err, errAway) {
			return err
		}
		if time.Since(tended) > tendEvery {
			tended = time.Now()
			if err := p.tend(ctx); err != nil {
				return err
			}
		}
		if err == nil && (done || time.Since(evicted) > evictEvery) {
			evicted = time.Now()
			if err := p.evict(ctx); err != nil {
				return err
			}
		}
		if done && p.d.Once {
			return p.spoilt()
		}
		if err := p.rest(ctx, err, began); err != nil {
			return err
		}
	}
	if p.d.Once {
		return errStopped
	}
	return nil
}

// rest waits until the next pass.
func (p *Publisher) rest(ctx context.Context, err error, began time.Time) error {
	if err != nil && p.landed == 0 {
		ctx, cancel := p.untilStop(ctx)
		defer cancel()
		return ignoreStop(p.storeAway.Wait(ctx, err))
	}
	p.storeAway.Over()
	p.redisAway.Over()
	if err != nil {
		p.warn("some puts failed and are repeated", err)
	}
	if p.d.Once && !p.slack.on && err == nil {
		return nil
	}
	return ignoreStop(p.pause(ctx, time.Until(began.Add(p.Every))))
}

// pass publishes what is due, as much of it as fits before the deadline. done
// says that nothing was left to do when it began.
func (p *Publisher) pass(ctx context.Context, until time.Time) (done bool, err error) {
	p.m.passes.Inc()
	v, err := p.counts.Look(ctx)
	if err != nil {
		return false, err
	}
	p.clock.set(v.Now)
	p.measure(v)
	if err := p.check(v); err != nil {
		return false, err
	}
	wait := p.recovering(v)
	if !wait {
		if err := p.publishFresh(ctx, until); err != nil && !errors.Is(err, errBack) {
			return false, err
		}
	}
	done = v.Dirty <= int64(len(p.bad))
	if !p.d.Once || wait || done {
		if err := p.heartbeat(ctx, v); err != nil {
			return false, err
		}
	}
	if wait {
		return false, nil
	}
	if err := p.putNames(ctx, v); err != nil {
		return false, err
	}
	if err := p.publishOlder(ctx, v, until); err != nil || p.d.Once && !done {
		return false, err
	}
	statsDone, err := p.putStats(ctx, v, until)
	return done && statsDone, err
}

func (p *Publisher) measure(v *counts.View) {
	p.m.dirty.Set(float64(v.Dirty))
	p.m.lag.Set(0)
	if !v.Oldest.IsZero() {
		p.m.lag.Set(max(0, v.Now.Sub(v.Oldest).Seconds()))
	}
}

func (p *Publisher) publishFresh(ctx context.Context, until time.Time) error {
	ids, err := p.counts.Dirty(ctx, fresh(p.clock.now()))
	if err != nil {
		return err
	}
	return p.publishAll(ctx, p.due(ids), until)
}

func (p *Publisher) publishOlder(ctx context.Context, v *counts.View, until time.Time) error {
	if v.Dirty == 0 {
		return nil
	}
	ids, err := p.counts.Oldest(ctx, mostOlder)
	if err != nil {
		return err
	}
	ids = p.due(ids)
	slices.SortFunc(ids, newestFirst)
	if err := p.publishAll(ctx, ids, until); !errors.Is(err, errBack) {
		return err
	}
	return nil
}

// newestFirst has all time, which ends last, before all others.
func newestFirst(a, b bucket.ID) int {
	if allA, allB := a.Period == bucket.All, b.Period == bucket.All; allA != allB {
		if allA {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Start, a.Start), cmp.Compare(b.Period.Seconds(), a.Period.Seconds()))
}

func (p *Publisher) due(ids []bucket.ID) []bucket.ID {
	now := p.clock.now()
	return slices.DeleteFunc(ids, func(id bucket.ID) bool {
		return p.isBad(id, now) || !p.d.Once && !p.when.due(id, now)
	})
}

// publishAll publishes buckets, several at a time, until the time is over: at
// least as many as fit in flight at once, so that there is always some progress.
func (p *Publisher) publishAll(ctx context.Context, ids []bucket.ID, until time.Time) error {
	queue, results := make(chan bucket.ID), make(chan outcome)
	var workers sync.WaitGroup
	for range min(p.InFlight, len(ids)) {
		workers.Go(func() {
			for id := range queue {
				results <- p.publish(ctx, id)
			}
		})
	}
	var t tally
	for begun, busy := 0, 0; ; {
		next, id := chan bucket.ID(nil), bucket.ID{}
		if begun < len(ids) && (begun < p.InFlight || time.Now().Before(until)) && !t.enough() && !p.stopped() && ctx.Err() == nil {
			next, id = queue, ids[begun]
		} else if busy == 0 {
			break
		}
		select {
		case next <- id:
			begun, busy = begun+1, busy+1
		case o := <-results:
			busy--
			t.add(o)
			p.did(o)
		}
	}
	close(queue)
	workers.Wait()
	return t.err
}

// tally is how a row of PUTs went.
type tally struct {
	failed int   // in a row
	err    error // the first, or the first that ends the term
}

func (t *tally) add(o outcome) {
	if o.err == nil || errors.Is(o.err, counts.ErrCorrupt) {
		t.failed = 0
		return
	}
	t.failed++
	if t.err == nil || errors.Is(t.err, errAway) && !errors.Is(o.err, errAway) {
		t.err = o.err
	}
}

// enough says that going on would be in vain.
func (t *tally) enough() bool {
	return t.failed >= mostFailed || t.err != nil && !errors.Is(t.err, errAway)
}

// did notes what became of a bucket.
func (p *Publisher) did(o outcome) {
	p.d.Beat()
	if o.err == nil {
		p.landed++
	}
	p.done.conflicts += int64(o.conflicts)
	if errors.Is(o.err, counts.ErrCorrupt) {
		p.d.Log.Error("going on without a bucket that cannot be published", "bucket", o.id.String(), "err", o.err)
		p.bad[o.id] = p.clock.now()
	}
	if !o.put {
		return
	}
	p.m.snapshots.WithLabelValues(string(o.id.Period)).Inc()
	p.done.snapshots++
	p.done.bytes += int64(o.bytes)
	p.have.add(o.id)
	p.when.did(o.id, p.clock.now())
	p.sawDay(o)
}

// warnEvery is how often one kind of trouble is logged while the store mostly works.
const warnEvery = time.Minute

func (p *Publisher) warn(text string, err error) {
	if time.Since(p.warned) > warnEvery {
		p.warned = time.Now()
		p.d.Log.Warn(text, "err", err)
	}
}

// untilStop is a context that ends with ctx or when we are to stop.
func (p *Publisher) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func ignoreStop(err error) error {
	if errors.Is(err, errIdle) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
