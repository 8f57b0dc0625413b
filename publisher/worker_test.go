package main

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/redistest"
)

// worker counts events into Redis as geoworker does: hash, parts and dirty
// mark of every bucket touched in one atomic step.
type worker struct {
	t      testing.TB
	redis  *redis.Client
	tens   bool  // count 10s too
	counts int64 // unix time of the changes; 0: now
}

func newWorker(t testing.TB, s *redistest.Server) *worker {
	c := s.Client()
	t.Cleanup(func() { c.Close() })
	w := &worker{t: t, redis: c}
	w.must(c.HSet(t.Context(), ns.Meta(), "schema", "1", "grid", "0.5", "geoip_type", "GeoLite2-City", "geoip_built", "2026-03-20").Err())
	return w
}

func (w *worker) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// count commits events, in steps of at most size.
func (w *worker) count(events []event, size int) {
	w.t.Helper()
	for len(events) > 0 {
		n := min(size, len(events))
		w.must(w.commit(events[:n]))
		events = events[n:]
	}
}

func (w *worker) commit(events []event) error {
	now := time.Now().Unix()
	if w.counts != 0 {
		now = w.counts
	}
	ctx := context.Background()
	sums := map[bucket.ID]bucket.Sum{}
	_, err := w.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, e := range events {
			for _, period := range bucket.Periods {
				if period == bucket.TenSeconds && !w.tens {
					continue
				}
				id := bucket.ID{Period: period, Start: period.Start(e.at)}
				if sums[id] == nil {
					sums[id] = bucket.Sum{}
				}
				addEvent(sums[id], id, e)
				p.HIncrBy(ctx, ns.Bucket(id), e.typ+"|n", 1)
				if e.cell < 0 {
					p.HIncrBy(ctx, ns.Bucket(id), e.typ+"|unlocated", 1)
				}
				if period == bucket.All {
					p.HIncrBy(ctx, ns.Bucket(id), e.typ+"|day|"+time.Unix(e.at, 0).UTC().Format(time.DateOnly), 1)
				}
			}
		}
		token := bucket.NewToken()
		for id, sum := range sums {
			p.HSet(ctx, ns.Bucket(id), "token", token.String(), "changed", now)
			p.RPush(ctx, ns.Parts(id), sum.Append(nil, token))
			p.ZAddNX(ctx, ns.Dirty(), redis.Z{Score: float64(now), Member: id.String()})
		}
		return nil
	})
	return err
}

func addEvent(s bucket.Sum, id bucket.ID, e event) {
	d := s.Dims(e.typ)
	if id.Period != bucket.All {
		d.Beat[uint32((e.at-id.Start)/id.Period.BeatSeconds())]++
	}
	for m, code := range map[*map[string]uint64]string{&d.Continents: e.continent, &d.Countries: e.country} {
		if code != "" {
			(*m)[code]++
		}
	}
	if e.region != "" && id.Period.HasRegions() {
		d.Regions[e.region]++
	}
	if e.cell >= 0 {
		d.Cells[uint32(e.cell)]++
	}
}
