package counts

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
)

// Evict takes published buckets out of Redis that have not changed for as long
// as life says (0: for ever), but never those to keep. It returns how many.
func (c *Counts) Evict(ctx context.Context, now time.Time, life func(bucket.Period) time.Duration, keep func(bucket.ID) bool) (int, error) {
	shortest := life(bucket.TenSeconds)
	page, n := int64(0), 0
	for {
		due, err := c.redis.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
			Key: c.keys.Published(), ByScore: true, Start: "-inf", Stop: now.Add(-shortest).Unix(), Offset: page, Count: evictPage,
		}).Result()
		if err != nil {
			return n, failed("look for old buckets", err)
		}
		gone, err := c.evict(ctx, now, life, keep, due)
		n += gone
		if err != nil || len(due) < evictPage {
			return n, err
		}
		page += evictPage - int64(gone)
	}
}

// evictPage is how many published buckets are looked at in one go.
const evictPage = 2000

func (c *Counts) evict(ctx context.Context, now time.Time, life func(bucket.Period) time.Duration, keep func(bucket.ID) bool, due []redis.Z) (int, error) {
	p := c.redis.Pipeline()
	var done []*redis.Cmd
	for _, z := range due {
		id, err := bucket.ParseID(z.Member.(string))
		if err != nil || life(id.Period) == 0 || keep(id) {
			continue
		}
		since := now.Add(-life(id.Period)).Unix()
		if int64(z.Score) <= since {
			done = append(done, c.queueEvict(ctx, p, id, since))
		}
	}
	if len(done) == 0 {
		return 0, nil
	}
	if _, err := p.Exec(ctx); err != nil {
		c.redis.Doubt(ctx, err)
		return 0, failed("evict old buckets", err)
	}
	n := 0
	for _, d := range done {
		gone, _ := d.Int()
		n += gone
	}
	return n, nil
}

func (c *Counts) queueEvict(ctx context.Context, p redis.Pipeliner, id bucket.ID, since int64) *redis.Cmd {
	bit := int64(-1) // not for 10s: its age rule does the same
	if id.Period != bucket.TenSeconds {
		bit = id.Start / id.Period.Seconds()
	}
	k := []string{c.keys.Dirty(), c.keys.Published(), c.keys.Bucket(id), c.keys.Parts(id), c.keys.ETags(), c.keys.Evicted(id.Period)}
	return evict.Queue(ctx, p, k, id.String(), since, bit, id.Object())
}
