package recount

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/glowmap/glow/internal/snapshot"
)

// published reads what was published of the buckets that left Redis, all at a
// time. Their files do not change: only what is published leaves.
func (r *run) published(ctx context.Context, list []live) error {
	if r.Published == nil {
		return nil
	}
	errs := make([]error, len(list))
	var reading sync.WaitGroup
	for i := range list {
		if list[i].evicted {
			reading.Go(func() { list[i].counts, errs[i] = r.file(ctx, snapshot.Root+list[i].id.Object()) })
		}
	}
	reading.Wait()
	return errors.Join(errs...)
}

// file reads one file of the feed.
func (r *run) file(ctx context.Context, name string) (*counts, error) {
	b, err := r.Published(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if b == nil {
		return newCounts(), nil
	}
	s, err := snapshot.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return countsOf(s), nil
}

// countsOf are the counts that a snapshot of a period shows.
func countsOf(s *snapshot.Snapshot) *counts {
	c := newCounts()
	for typ, t := range s.Types {
		c.n[typ], c.unlocated[typ] = t.N, t.Unlocated
		d := c.Dims(typ)
		for i, n := range t.Beat {
			d.Beat[uint32(i)] = n
		}
		cell := uint32(0)
		for i, step := range t.Cells {
			cell += step
			d.Cells[cell] = t.Counts[i]
		}
		maps.Copy(d.Continents, t.Continents)
		maps.Copy(d.Countries, t.Countries)
		maps.Copy(d.Regions, t.Regions)
	}
	return c
}
