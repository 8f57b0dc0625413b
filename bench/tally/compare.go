package tally

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
)

const kind = "download"

// Compare compares every count in Redis with the tally's. Its error names the
// first differences.
func (t *Tally) Compare(ctx context.Context, c *redis.Client, k keys.Keys) error {
	d, members := &differences{}, t.members()
	for id, minutes := range members {
		hash, sum, err := fetch(ctx, c, k, id)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		d.compare(id, t.expect(id, minutes), hash, sum)
		if len(d.list) >= 5 {
			break
		}
	}
	if err := d.extra(ctx, c, k, members); err != nil {
		return err
	}
	return d.err()
}

// members are the minutes of each bucket.
func (t *Tally) members() map[bucket.ID][]int64 {
	m := map[bucket.ID][]int64{}
	for number := range t.minutes {
		for _, p := range []bucket.Period{bucket.Minute, bucket.Hour, bucket.Day, bucket.All} {
			id := bucket.ID{Period: p, Start: p.Start(number * 60)}
			m[id] = append(m[id], number)
		}
	}
	return m
}

func fetch(ctx context.Context, c *redis.Client, k keys.Keys, id bucket.ID) (map[string]string, *bucket.Dims, error) {
	hash, err := c.HGetAll(ctx, k.Bucket(id)).Result()
	if err != nil {
		return nil, nil, err
	}
	parts, err := c.LRange(ctx, k.Parts(id), 0, -1).Result()
	if err != nil {
		return nil, nil, err
	}
	sum := bucket.Sum{}
	for _, part := range parts {
		if err := sum.Add([]byte(part)); err != nil {
			return nil, nil, err
		}
	}
	return hash, sum.Dims(kind), nil
}

// expected is what one bucket must hold.
type expected struct {
	n, unlocated uint64
	days         map[string]uint64 // all time only
	*bucket.Dims
}

// expect adds up the minutes of one bucket.
func (t *Tally) expect(id bucket.ID, minutes []int64) expected {
	by := make([]uint64, len(t.places))
	e := expected{days: map[string]uint64{}}
	beat := map[uint32]uint64{}
	for _, number := range minutes {
		m := t.minutes[number]
		for _, p := range m.places {
			by[p]++
		}
		e.n += uint64(len(m.places))
		if id.Period == bucket.All {
			e.days[time.Unix(number*60, 0).UTC().Format(time.DateOnly)] += uint64(len(m.places))
			continue
		}
		for sec, k := range m.beat {
			if k > 0 {
				beat[uint32((number*60+int64(sec)-id.Start)/id.Period.BeatSeconds())] += uint64(k)
			}
		}
	}
	e.unlocated, e.Dims = t.dims(by, id.Period.HasRegions())
	e.Beat = beat
	return e
}

// compare compares one bucket.
func (d *differences) compare(id bucket.ID, want expected, hash map[string]string, got *bucket.Dims) {
	for day, k := range want.days {
		same(d, id, "day "+day, number(hash[kind+"|day|"+day]), k)
	}
	same(d, id, "n", number(hash[kind+"|n"]), want.n)
	same(d, id, "unlocated", number(hash[kind+"|unlocated"]), want.unlocated)
	equal(d, id, "beat", got.Beat, want.Beat)
	equal(d, id, "continents", got.Continents, want.Continents)
	equal(d, id, "countries", got.Countries, want.Countries)
	equal(d, id, "regions", got.Regions, want.Regions)
	equal(d, id, "cells", got.Cells, want.Cells)
}

func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

// dims turns counts by place into counts by dimension.
func (t *Tally) dims(by []uint64, regions bool) (unlocated uint64, d *bucket.Dims) {
	d = bucket.Sum{}.Dims(kind)
	for i, n := range by {
		if n == 0 {
			continue
		}
		p := t.places[i]
		if p.continent != "" {
			d.Continents[p.continent] += n
		}
		if p.country != "" {
			d.Countries[p.country] += n
		}
		if p.region != "" && regions {
			d.Regions[p.region] += n
		}
		if p.cell >= 0 {
			d.Cells[uint32(p.cell)] += n
		} else {
			unlocated += n
		}
	}
	return unlocated, d
}

// differences are the first few.
type differences struct{ list []string }

func same(d *differences, id bucket.ID, what string, got, want uint64) {
	if got != want {
		d.list = append(d.list, fmt.Sprintf("%s %s: %d, want %d", id, what, got, want))
	}
}

func equal[K comparable](d *differences, id bucket.ID, what string, got, want map[K]uint64) {
	if !maps.Equal(got, want) {
		d.list = append(d.list, fmt.Sprintf("%s: %s differ (%d, want %d of them)", id, what, len(got), len(want)))
	}
}

// extra looks for buckets that should not be there, but for those of ten
// seconds, of which nothing is claimed.
func (d *differences) extra(ctx context.Context, c *redis.Client, k keys.Keys, members map[bucket.ID][]int64) error {
	all := c.Scan(ctx, 0, k.All(), 1000).Iterator()
	for all.Next(ctx) {
		_, text, ok := strings.Cut(all.Val(), "}:bucket:")
		if !ok {
			continue
		}
		id, err := bucket.ParseID(text)
		if _, ok := members[id]; (err != nil || !ok) && id.Period != bucket.TenSeconds {
			d.list = append(d.list, text+" should not be there")
		}
	}
	return all.Err()
}

func (d *differences) err() error {
	if len(d.list) == 0 {
		return nil
	}
	return fmt.Errorf("wrong counts: %s", strings.Join(slices.Compact(d.list[:min(5, len(d.list))]), "; "))
}
