package counts

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/rdb"
)

const (
	// mostParts is how many parts are read at once; more are summed up first.
	mostParts = 200
	// fewParts are not worth a compaction while a bucket still grows.
	fewParts = 16
	// partHeader is the length of a part's version and token.
	partHeader = 1 + len(bucket.Token{})
)

// Bucket is all of a bucket in one state.
type Bucket struct {
	ID      bucket.ID
	Feed    string // id of the feed that it belonged to then
	Token   string // of that state
	Changed int64  // when it came about, Unix seconds
	Types   map[string]*Tally
	Sum     bucket.Sum
	ETag    string            // of its object, as last recorded
	Totals  map[string]uint64 // of the whole feed in that state, for the types asked for

	Compactions int // done on the way
}

// Read reads a bucket, compacting it first where it has many parts. types are
// those whose totals are wanted with it.
func (c *Counts) Read(ctx context.Context, id bucket.ID, types []string) (*Bucket, error) {
	done := 0
	for {
		b, parts, more, err := c.readSome(ctx, id, types)
		if err != nil {
			return nil, err
		}
		if more || len(parts) > fewParts || len(parts) > 1 && b.over() {
			n, err := c.compact(ctx, id, parts, b.Sum)
			if err != nil {
				return nil, err
			}
			done += n
		}
		if !more {
			b.Compactions = done
			return b, nil
		}
	}
}

// over says whether a bucket has seen all but late events. Then it is worth
// having as one part, for as long as it stays: two parts take almost twice the
// room of one. Minutes are read only once they are over, or are long; ten seconds
// soon go.
func (b *Bucket) over() bool {
	end, ok := b.ID.End()
	return b.ID.Period == bucket.Minute || ok && b.ID.Period != bucket.TenSeconds && b.Changed >= end
}

// readSome reads a bucket's first parts; more says that there are others.
func (c *Counts) readSome(ctx context.Context, id bucket.ID, types []string) (b *Bucket, parts []any, more bool, err error) {
	k := []string{c.keys.Bucket(id), c.keys.Parts(id), c.keys.Bucket(allTime), c.keys.ETags(), c.keys.Meta()}
	args := []any{id.Object(), mostParts}
	for _, t := range types {
		args = append(args, t+"|n")
	}
	r, err := c.redis.Run(ctx, read, k, args...).Slice()
	if err != nil {
		return nil, nil, false, failed("read "+id.String(), err)
	}
	h, err := parseHash(pairs(r[1]))
	if err != nil {
		return nil, nil, false, fmt.Errorf("%s: %w", id, err)
	}
	b = &Bucket{ID: id, Feed: text(r[0]), Token: h.token, Changed: h.changed, Types: h.types, ETag: text(r[4]), Sum: bucket.Sum{}, Totals: map[string]uint64{}}
	for i, n := range r[5].([]any) {
		b.Totals[types[i]] = number(n)
	}
	parts = r[2].([]any)
	for _, p := range parts {
		if err := b.Sum.Add([]byte(text(p))); err != nil {
			return nil, nil, false, fmt.Errorf("%s: %w: %w", id, ErrCorrupt, err)
		}
	}
	return b, parts, r[3].(int64) > int64(len(parts)), nil
}

// compact replaces the parts just read, the bucket's first, by their sum. It
// returns 0 if they are not the first any more.
func (c *Counts) compact(ctx context.Context, id bucket.ID, parts []any, sum bucket.Sum) (int, error) {
	if len(parts) == 0 {
		return 0, nil
	}
	last := text(parts[len(parts)-1])[:partHeader]
	n, err := c.redis.Run(ctx, compact, []string{c.keys.Parts(id)}, len(parts), last, sum.Append(nil, bucket.NewToken())).Int()
	if err != nil {
		return 0, failed("compact "+id.String(), err)
	}
	return n, nil
}

// Tend compacts those of the buckets that have grown many parts, which is what
// keeps Redis small while nothing can be published.
func (c *Counts) Tend(ctx context.Context, ids []bucket.ID) (done int, err error) {
	long, err := c.long(ctx, ids)
	for _, id := range long {
		b, err := c.Read(ctx, id, nil)
		if errors.Is(err, ErrCorrupt) {
			continue // whoever publishes it says so
		}
		if err != nil {
			return done, err
		}
		done += b.Compactions
	}
	return done, err
}

// long picks the buckets with more than mostParts parts.
func (c *Counts) long(ctx context.Context, ids []bucket.ID) ([]bucket.ID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	p := c.redis.Pipeline()
	lengths := make([]*redis.IntCmd, len(ids))
	for i, id := range ids {
		lengths[i] = p.LLen(ctx, c.keys.Parts(id))
	}
	if _, err := p.Exec(ctx); err != nil {
		return nil, failed("look for long buckets", err)
	}
	var long []bucket.ID
	for i, id := range ids {
		if lengths[i].Val() > mostParts {
			long = append(long, id)
		}
	}
	return long, nil
}

// Tokens returns the tokens of buckets, "" of those that are not there.
func (c *Counts) Tokens(ctx context.Context, ids []bucket.ID) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	p := c.redis.Pipeline()
	replies := make([]*redis.StringCmd, len(ids))
	for i, id := range ids {
		replies[i] = p.HGet(ctx, c.keys.Bucket(id), "token")
	}
	if _, err := p.Exec(ctx); err != nil && !rdb.Nil(err) {
		return nil, failed("read the buckets' tokens", err)
	}
	tokens := make([]string, len(ids))
	for i, r := range replies {
		tokens[i] = r.Val()
	}
	return tokens, nil
}

// Clean records that b was put as object with an ETag ("" where the store has
// none; object "" if nothing was put because the bucket is empty). It says
// whether the bucket is clean now: not if it has changed since it was read.
func (c *Counts) Clean(ctx context.Context, b *Bucket, object, etag string) (bool, error) {
	k := []string{c.keys.Dirty(), c.keys.Published(), c.keys.ETags(), c.keys.Bucket(b.ID), c.keys.Meta()}
	n, err := c.redis.Run(ctx, clean, k, b.ID.String(), b.Token, b.Changed, object, etag, b.Feed).Int()
	if err != nil {
		return false, failed("mark "+b.ID.String()+" clean", err)
	}
	return n == 1, nil
}

// Dirty returns the dirty ones among ids.
func (c *Counts) Dirty(ctx context.Context, ids []bucket.ID) ([]bucket.ID, error) {
	members := make([]string, len(ids))
	for i, id := range ids {
		members[i] = id.String()
	}
	// A missing member's score is 0, and no bucket was dirtied in 1970.
	scores, err := c.redis.ZMScore(ctx, c.keys.Dirty(), members...).Result()
	if err != nil {
		return nil, failed("look for dirty buckets", err)
	}
	var dirty []bucket.ID
	for i, s := range scores {
		if s != 0 {
			dirty = append(dirty, ids[i])
		}
	}
	return dirty, nil
}

// Oldest returns up to most dirty buckets, those that became so first.
func (c *Counts) Oldest(ctx context.Context, most int) ([]bucket.ID, error) {
	members, err := c.redis.ZRange(ctx, c.keys.Dirty(), 0, int64(most)-1).Result()
	if err != nil {
		return nil, failed("list the dirty buckets", err)
	}
	ids := make([]bucket.ID, len(members))
	for i, m := range members {
		if ids[i], err = bucket.ParseID(m); err != nil {
			return nil, fmt.Errorf("%w: dirty: %w", ErrCorrupt, err)
		}
	}
	return ids, nil
}

// Published calls each with every bucket that has a file in the feed and is
// still in Redis.
func (c *Counts) Published(ctx context.Context, each func(bucket.ID)) error {
	at := c.redis.ZScan(ctx, c.keys.Published(), 0, "", 1000).Iterator()
	for member := true; at.Next(ctx); member = !member {
		if !member {
			continue // its score
		}
		if id, err := bucket.ParseID(at.Val()); err == nil {
			each(id)
		}
	}
	if err := at.Err(); err != nil {
		return failed("read what is published", err)
	}
	return nil
}
