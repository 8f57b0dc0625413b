package feed

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/feed2014"
	"github.com/glowmap/glow/publisher/store"
)

// statsEvery is how often the 2014 feed is looked at.
const statsEvery = 10 * time.Second

// putStats writes the 2014 feed, if it is wanted, when all else is published. done
// says that nothing is left for now.
func (p *Publisher) putStats(ctx context.Context, v *counts.View, until time.Time) (done bool, err error) {
	newest, some := p.have.newest[bucket.Minute]
	if !p.Feed2014 || !some || !p.d.Once && time.Since(p.statsAt) < statsEvery {
		return true, nil
	}
	first, err := p.findFirst(ctx, v.All)
	if err != nil || first == nil {
		return true, err
	}
	g, err := grid.New(p.grid)
	if err != nil {
		return true, nil // nothing was counted yet
	}
	if p.stats == nil {
		p.stats = &feed2014.Writer{Source: statsSource{p}, Target: statsTarget{p}}
	}
	p.stats.Grid = g
	s := feed2014.Span{First: first.Unix(), Newest: newest, Days: v.All.Starts(), Now: p.clock.now().Unix(), Live: !p.d.Once}
	if at, err := strconv.ParseInt(v.Meta[keys.MetaStats], 10, 64); err == nil {
		s.Done, s.DoneKnown = at, true
	}
	done, err = p.stats.Run(ctx, s, until)
	switch {
	case errors.Is(err, errBack):
		return false, nil
	case errors.Is(err, counts.ErrCorrupt): // told of where it is published
		done, err = true, nil
	}
	if done {
		p.statsAt = time.Now()
	}
	return done, err
}

// statsSource reads buckets for the 2014 feed.
type statsSource struct{ p *Publisher }

// Tokens says which buckets have changed.
func (s statsSource) Tokens(ctx context.Context, ids []bucket.ID) ([]string, error) {
	return s.p.counts.Tokens(ctx, ids)
}

// Read is that of the feed itself, so that both count alike.
func (s statsSource) Read(ctx context.Context, id bucket.ID) (*counts.Bucket, error) {
	return s.p.read(ctx, id)
}

// statsTarget puts the 2014 feed's files beside the feed.
type statsTarget struct{ p *Publisher }

// Get has nil for a file that is not there.
func (t statsTarget) Get(ctx context.Context, name string) ([]byte, error) {
	b, _, err := t.p.store.Get(ctx, name)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	return b, t.p.away("fetch "+name, err)
}

// Note keeps in Redis up to which minute the files are there.
func (t statsTarget) Note(ctx context.Context, minute int64) error {
	return t.p.counts.Set(ctx, keys.MetaStats, minute)
}

// Put puts files side by side, and the first error ends it.
func (t statsTarget) Put(ctx context.Context, files []feed2014.File) error {
	queue, errs := make(chan feed2014.File), make(chan error, t.p.InFlight)
	var workers sync.WaitGroup
	for range t.p.InFlight {
		workers.Go(func() {
			var first error
			for f := range queue {
				if first == nil {
					first = t.put(ctx, f)
				}
			}
			errs <- first
		})
	}
	for _, f := range files {
		queue <- f
	}
	close(queue)
	workers.Wait()
	close(errs)
	t.p.d.Beat()
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// put writes a file over whatever stands there: it is made anew from all
// buckets each time.
func (t statsTarget) put(ctx context.Context, f feed2014.File) error {
	o := store.Object{Name: f.Name(), JSON: f.JSON, CacheControl: cacheFor(bucket.ID{Period: bucket.Minute, Start: f.Minute}, t.p.clock.now())}
	etag := ""
	for range mostConflicts {
		_, err := t.p.write(ctx, o, etag)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if etag, err = t.p.lookUp(ctx, f.Name()); err != nil {
			return err
		}
	}
	return errors.Join(errAway, errors.New("put "+f.Name()+": it keeps changing"))
}
