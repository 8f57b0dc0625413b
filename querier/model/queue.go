package model

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// How long versions are kept after another one followed, so that whoever goes
// from page to page sees the rows of one moment, and how many at most.
const (
	keepVersions = 30 * time.Minute
	mostVersions = 200
)

// retryAfter is how long a model rests that could not be computed; each time
// twice as long, up to retryMost.
const (
	retryAfter = 30 * time.Second
	retryMost  = 16 * time.Minute
)

// work brings models up to date, one after another: those that have rows
// already, or those that are new. So a long one does not keep others waiting
// that only need what came in the last minutes.
func (s *Store) work(ctx context.Context, filled bool) {
	tick := time.NewTicker(s.Look / 4)
	defer tick.Stop()
	for ctx.Err() == nil {
		if snapshot := s.Archive.Current(); snapshot != nil {
			if e, work := s.take(ctx, snapshot, filled); e != nil {
				s.bring(work, e, snapshot)
				continue
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// take finds a model to work at: that whose last turn is longest ago.
func (s *Store) take(ctx context.Context, snapshot *catalog.Snapshot, filled bool) (*entry, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next *entry
	for _, name := range slices.Sorted(maps.Keys(s.models)) {
		e := s.models[name]
		if e.waits(filled) && e.seen != snapshot.Version && (next == nil || e.turn < next.turn) {
			next = e
		}
	}
	if next == nil {
		return nil, nil
	}
	s.turns++
	next.busy, next.turn = true, s.turns
	if next.run == nil {
		next.run = s.newRun(next)
	}
	ctx, next.cancel = context.WithCancel(ctx)
	return next, ctx
}

// waits says whether a model is not worked at, but could be.
func (e *entry) waits(filled bool) bool {
	return e.broken == nil && !e.busy && (e.now() != nil) == filled && !time.Now().Before(e.retry)
}

// others says whether models wait that have no rows yet, beside e that has none
// either: those have their turns one after another, so that none waits for the
// end of a long one.
func (s *Store) others(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.now() != nil {
		return false
	}
	for _, other := range s.models {
		if other != e && other.waits(false) {
			return true
		}
	}
	return false
}

func (s *Store) newRun(e *entry) *run {
	return &run{
		m: e.def, engine: s.Engine, days: map[string]*day{},
		state: state{filepath.Join(s.State, e.name, e.def.Key()), sumTypes(e.def)},
		note: func(done, all uint64) {
			s.mu.Lock()
			defer s.mu.Unlock()
			e.done, e.all = done, all
		},
		asked: s.metrics.asked, least: leastOf(e.def, s.MinCount),
		room:   func(bytes int64) error { return s.room(e, bytes) },
		others: func() bool { return s.others(e) },
	}
}

// bring brings one model up to date with a snapshot.
func (s *Store) bring(ctx context.Context, e *entry, snapshot *catalog.Snapshot) {
	began := time.Now()
	v, err := e.run.bring(ctx, snapshot)
	if err == nil {
		_ = only(filepath.Dir(e.run.state.dir), func(name string) bool { return name == e.def.Key() })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stopped := ctx.Err() != nil
	e.busy = false
	e.cancel()
	switch {
	case stopped, errors.Is(err, errTurn):
	case errors.Is(err, engine.ErrFilling), errors.Is(err, engine.ErrGone) && s.Archive.Current().Version != snapshot.Version:
		e.retry = time.Now().Add(lookEvery) // a file is on its way, or of an older snapshot
	case err != nil:
		s.fail(e, err)
	default:
		if e.now() == nil {
			s.Log.Info("model is filled", "model", e.name, "events", e.all, "seconds", time.Since(began).Seconds())
		}
		e.failure, e.failed, e.seen = nil, 0, snapshot.Version
		e.show(v)
		s.trim(nil)
		s.poke()
	}
}

// fail notes that a model cannot be computed; the lock is held.
func (s *Store) fail(e *entry, err error) {
	if e.retry = time.Now().Add(min(retryAfter<<e.failed, retryMost)); e.failed < 8 {
		e.failed++
	}
	if errors.Is(err, ErrLarge) {
		e.release()
	}
	if e.failure == nil || e.failure.Error() != err.Error() {
		s.Log.Error("model cannot be computed", "model", e.name, "err", err)
	}
	e.failure = err
}

// release forgets all but the versions: what was added up lies on the disk.
func (e *entry) release() {
	e.run, e.bytes = nil, 0
	if v := e.now(); v != nil {
		for _, b := range v.blocks {
			e.bytes += b.bytes()
		}
	}
}

// show makes a version the newest.
func (e *entry) show(v *version) {
	now := time.Now()
	if old := e.now(); old != nil && old.id == v.id {
		v.sorts, v.rows = old.sorts, old.rows
		e.versions[len(e.versions)-1] = v
		return
	} else if old != nil {
		old.old, old.own = now, old.alone(v)
	}
	v.sorts = &sorts{}
	for _, b := range v.blocks {
		v.rows += b.N
	}
	e.versions = append(e.versions, v)
	n := 0
	for n < len(e.versions)-1 && (now.Sub(e.versions[n].old) > keepVersions || len(e.versions)-n > mostVersions) {
		n++
	}
	e.versions = slices.Delete(e.versions, 0, n)
}

// poke has what changed published at once.
func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
