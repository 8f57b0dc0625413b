package feed

import (
	"context"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// tend keeps the buckets that wait compact.
func (p *Publisher) tend(ctx context.Context) error {
	ids, err := p.counts.Oldest(ctx, mostOlder)
	if err != nil {
		return err
	}
	n, err := p.counts.Tend(ctx, ids)
	p.m.compactions.Add(float64(n))
	return err
}

func (p *Publisher) evict(ctx context.Context) error {
	life := func(of bucket.Period) time.Duration { return p.Retention[of] }
	n, err := p.counts.Evict(ctx, p.clock.now(), life, p.have.keep)
	p.m.evictions.Add(float64(n))
	p.done.evicted += int64(n)
	if err != nil {
		return err
	}
	if err := p.store.Expire(ctx, p.clock.now()); err != nil {
		p.warn("old 10s snapshots cannot be deleted", err)
	}
	return nil
}
