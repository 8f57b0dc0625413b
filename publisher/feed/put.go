package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/store"
)

// mostConflicts is how often one object may turn out to have changed before
// the pass goes on without it.
const mostConflicts = 5

// errBack says that Redis went back in time during the pass.
var errBack = errors.New("redis has less than was published")

// outcome is what became of one bucket.
type outcome struct {
	id        bucket.ID
	put       bool
	bytes     int
	conflicts int
	first     int64 // of a day: the start of its first minute with an event
	err       error
}

// publish puts one bucket and marks it clean, unless it changes meanwhile. A
// conflict means that the object is not the one last recorded, by the hand of
// a publisher before us: its state may be newer than what we read, so the
// bucket is read again before the PUT is repeated over exactly that object.
func (p *Publisher) publish(ctx context.Context, id bucket.ID) (o outcome) {
	o = outcome{id: id, first: -1}
	etag, known := "", false
	for o.conflicts <= mostConflicts {
		b, err := p.read(ctx, id)
		if err != nil {
			o.err = err
			return o
		}
		if !known {
			etag = b.ETag
		}
		o.err = p.putBucket(ctx, b, etag, &o)
		if !errors.Is(o.err, store.ErrConflict) {
			return o
		}
		o.conflicts++
		p.m.conflicts.Inc()
		if etag, o.err = p.lookUp(ctx, snapshot.Root+id.Object()); o.err != nil {
			return o
		}
		known = true
	}
	o.err = fmt.Errorf("%w: put %s: it keeps changing", errAway, id.Object())
	return o
}

// read reads a bucket of the feed that was adopted, from a Redis that has all
// that was published.
func (p *Publisher) read(ctx context.Context, id bucket.ID) (*counts.Bucket, error) {
	b, err := p.counts.Read(ctx, id, slices.Collect(maps.Keys(p.floor)))
	if err != nil {
		return nil, err
	}
	p.m.compactions.Add(float64(b.Compactions))
	if b.Feed != p.feed {
		return nil, errAgain
	}
	if below(b.Totals, p.floor) {
		return nil, errBack
	}
	return b, nil
}

// lookUp returns the ETag of an object as it stands, "" if there is none.
func (p *Publisher) lookUp(ctx context.Context, object string) (string, error) {
	etag, err := p.store.Head(ctx, object)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return etag, p.away("look up "+object, err)
}

func (p *Publisher) putBucket(ctx context.Context, b *counts.Bucket, etag string, o *outcome) error {
	s := p.snapshot(b)
	if len(s.Types) == 0 { // a snapshot exists only if something was counted
		_, err := p.counts.Clean(ctx, b, "", "")
		return err
	}
	if p.grid == 0 {
		return fmt.Errorf("%w: there are buckets, but meta names no grid", counts.ErrCorrupt)
	}
	json, err := snapshot.Encode(s)
	if err != nil {
		return err
	}
	newETag, err := p.put(ctx, b.ID.Object(), json, cacheFor(b.ID, p.clock.now()), etag)
	if err != nil {
		return err
	}
	o.put, o.bytes, o.first = true, len(json), firstOf(b)
	_, err = p.counts.Clean(ctx, b, b.ID.Object(), newETag)
	return err
}

func (p *Publisher) snapshot(b *counts.Bucket) *snapshot.Snapshot {
	s := snapshot.Make(b.ID, p.grid)
	for typ, t := range b.Types {
		s.SetType(typ, t.N, t.Unlocated, t.Days, b.Sum[typ])
	}
	return s
}

// put writes one object of the feed.
func (p *Publisher) put(ctx context.Context, object string, json []byte, cache, etag string) (string, error) {
	return p.write(ctx, store.Object{Name: snapshot.Root + object, JSON: json, CacheControl: cache}, etag)
}

// write puts an object and measures it.
func (p *Publisher) write(ctx context.Context, o store.Object, etag string) (string, error) {
	began := time.Now()
	newETag, err := p.store.Put(ctx, o, etag)
	p.m.putSeconds.Observe(time.Since(began).Seconds())
	switch {
	case errors.Is(err, store.ErrConflict):
		return "", err
	case err != nil:
		p.m.errors.Inc()
		return "", p.away("put "+o.Name, err)
	}
	p.m.puts.Inc()
	p.m.bytes.Add(float64(len(o.JSON)))
	return newETag, nil
}

// Cache-Control of objects that change for ever.
const (
	cacheLatest = "public, max-age=2, s-maxage=2, stale-if-error=86400"
	cacheNames  = "max-age=300"
	cacheAll    = "max-age=10"
)

// cacheFor is by the age of the period: late events correct files, so none is
// immutable, but few are corrected after ten minutes.
func cacheFor(id bucket.ID, now time.Time) string {
	end, ends := id.End()
	switch {
	case !ends:
		return cacheAll
	case now.Sub(time.Unix(end, 0)) < 10*time.Minute:
		return "max-age=5"
	}
	return "max-age=3600"
}

// firstOf is the start of a day's first minute with an event, -1 of none or of
// another period.
func firstOf(b *counts.Bucket) int64 {
	first := int64(-1)
	if b.ID.Period != bucket.Day {
		return first
	}
	for typ, d := range b.Sum {
		if t := b.Types[typ]; t == nil || t.N == 0 {
			continue
		}
		for at, n := range d.Beat {
			if start := b.ID.Start + int64(at)*60; n > 0 && (first < 0 || start < first) {
				first = start
			}
		}
	}
	return first
}
