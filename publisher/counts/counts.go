// Package counts is the publisher's side of Redis: it reads the buckets that
// geoworker fills, keeps them compact, marks them clean and evicts them. Each
// step that writes is one of the scripts in this folder.
package counts

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

var (
	//go:embed look.lua
	lookSource string
	//go:embed read.lua
	readSource string
	//go:embed compact.lua
	compactSource string
	//go:embed clean.lua
	cleanSource string
	//go:embed evict.lua
	evictSource string
	//go:embed found.lua
	foundSource string
	//go:embed set.lua
	setSource string
	//go:embed reset.lua
	resetSource string

	look    = rdb.NewScript(lookSource)
	read    = rdb.NewScript(readSource)
	compact = rdb.NewScript(compactSource)
	clean   = rdb.NewScript(cleanSource)
	evict   = rdb.NewScript(evictSource)
	found   = rdb.NewScript(foundSource)
	set     = rdb.NewScript(setSource)
	reset   = rdb.NewScript(resetSource)
)

// Scripts are what [rdb.Open] must know.
var Scripts = []*rdb.Script{look, read, compact, clean, evict, found, set, reset}

var (
	// ErrRedis is wrapped by every error that a Redis that is away may cause.
	ErrRedis = rdb.ErrAway
	// ErrCorrupt is wrapped by errors about what stands in Redis.
	ErrCorrupt = errors.New("what redis holds cannot be read")
)

func failed(doing string, err error) error { return fmt.Errorf("%w: %s: %w", ErrRedis, doing, err) }

// Counts is the publisher's view of one namespace.
type Counts struct {
	redis *rdb.Client
	keys  keys.Keys
	all   *AllTime // as last looked at
}

// New makes a Counts. The client must know [Scripts].
func New(c *rdb.Client, k keys.Keys) *Counts { return &Counts{redis: c, keys: k} }

var allTime = bucket.ID{Period: bucket.All}

// AllTime is what the bucket of all time says without its parts.
type AllTime struct {
	Totals map[string]uint64 // by type
	Days   map[string]uint64 // n of all types by date
	token  string
}

// Starts are the starts of the days with events, in Unix seconds.
func (a *AllTime) Starts() []int64 {
	var starts []int64
	for date := range a.Days {
		if d, err := time.Parse(time.DateOnly, date); err == nil {
			starts = append(starts, d.Unix())
		}
	}
	return starts
}

// View is what a pass begins with, all of one moment.
type View struct {
	Now    time.Time // of the Redis server: the one clock of the publisher's rules
	Meta   map[string]string
	All    *AllTime
	Dirty  int64
	Oldest time.Time // when the first of the dirty buckets became so; zero if none is
	Names  string    // token of the names, "" if there are none
}

// Look reads a [View].
func (c *Counts) Look(ctx context.Context) (*View, error) {
	known := ""
	if c.all != nil {
		known = c.all.token
	}
	k := []string{c.keys.Meta(), c.keys.Bucket(allTime), c.keys.Dirty(), c.keys.NamesToken()}
	r, err := c.redis.Run(ctx, look, k, known).Slice()
	if err != nil {
		return nil, failed("look at the counts", err)
	}
	v := &View{Now: serverTime(r[0]), Meta: pairs(r[1]), Dirty: r[3].(int64), Names: text(r[5])}
	if r[2] != nil || c.all == nil {
		if c.all, err = parseAll(pairs(r[2])); err != nil {
			return nil, err
		}
	}
	v.All = c.all
	if first := r[4].([]any); len(first) == 2 {
		v.Oldest = time.Unix(int64(number(first[1])), 0)
	}
	return v, nil
}

func parseAll(fields map[string]string) (*AllTime, error) {
	h, err := parseHash(fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", allTime, err)
	}
	a := &AllTime{Totals: map[string]uint64{}, Days: map[string]uint64{}, token: h.token}
	for typ, t := range h.types {
		if t.N > 0 {
			a.Totals[typ] = t.N
		}
		for day, n := range t.Days {
			a.Days[day] += n
		}
	}
	return a, nil
}

// Found gives the feed an id unless it has one, and returns the one it has.
func (c *Counts) Found(ctx context.Context, id string) (string, error) {
	got, err := c.redis.Run(ctx, found, []string{c.keys.Meta()}, id, keys.Schema).Text()
	if err != nil {
		return "", failed("give the feed an id", err)
	}
	return got, nil
}

// Durable waits until all that Redis acknowledged is on its disk; false where
// that never is.
func (c *Counts) Durable(ctx context.Context) (bool, error) {
	ok, err := c.redis.Durable(ctx)
	if err != nil {
		return false, failed("wait for its disk", err)
	}
	return ok, nil
}

// Set sets a field of meta; an empty value takes it away.
func (c *Counts) Set(ctx context.Context, fieldsAndValues ...any) error {
	if err := c.redis.Run(ctx, set, []string{c.keys.Meta()}, fieldsAndValues...).Err(); err != nil {
		return failed("write the settings", err)
	}
	return nil
}

// Names returns the English names of the regions met.
func (c *Counts) Names(ctx context.Context) (map[string]string, error) {
	m, err := c.redis.HGetAll(ctx, c.keys.Names()).Result()
	if err != nil {
		return nil, failed("read the names", err)
	}
	return m, nil
}

// Reset forgets everything but the settings and begins a new feed that may
// replace old at the target. It returns the number of keys deleted.
func (c *Counts) Reset(ctx context.Context, feed, old string) (int64, error) {
	n, err := c.redis.Run(ctx, reset, []string{c.keys.Meta()}, c.keys.All(), ":lease:", feed, old).Int64()
	if err != nil {
		return 0, failed("reset", err)
	}
	return n, nil
}

// Keys counts the keys of the namespace, by what follows the namespace.
func (c *Counts) Keys(ctx context.Context) (map[string]int, error) {
	kinds := map[string]int{}
	at := c.redis.Scan(ctx, 0, c.keys.All(), 1000).Iterator()
	for at.Next(ctx) {
		kinds[kind(at.Val(), c.keys.All())]++
	}
	if err := at.Err(); err != nil {
		return nil, failed("list the keys", err)
	}
	return kinds, nil
}
