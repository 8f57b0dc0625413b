package recount

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

var (
	//go:embed read.lua
	readSource string
	//go:embed swap.lua
	swapSource string
	//go:embed pause.lua
	pauseSource string

	read  = rdb.NewScript(readSource)
	swap  = rdb.NewScript(swapSource)
	pause = rdb.NewScript(pauseSource)
)

// Scripts are what [rdb.Open] must know.
var Scripts = append([]*rdb.Script{read, swap, pause}, ledger.Scripts...)

// live is a bucket as it is in Redis.
type live struct {
	id      bucket.ID
	counts  *counts
	evicted bool
}

// bit is the place of a bucket among the evicted of its period, -1 for all time.
func bit(id bucket.ID) int64 {
	if id.Period == bucket.All {
		return -1
	}
	return id.Start / id.Period.Seconds()
}

// buckets reads some buckets in one state, and how far the stream is in it.
func (r *run) buckets(ctx context.Context, ids []bucket.ID) ([]live, string, error) {
	k, args := []string{r.Keys.Located(), r.Keys.Meta()}, []any{}
	for _, id := range ids {
		k = append(k, r.Keys.Bucket(id), r.Keys.Parts(id), r.Keys.Evicted(id.Period))
		args = append(args, bit(id))
	}
	reply, err := r.Redis.Run(ctx, read, k, args...).Slice()
	if err != nil {
		return nil, "", fmt.Errorf("read buckets: %w", err)
	}
	if feed, _ := reply[1].(string); feed != r.feed {
		return nil, "", errMoved
	}
	if state, _ := reply[2].(string); state != keys.On {
		return nil, "", errOff
	}
	list := make([]live, len(ids))
	for i, id := range ids {
		one := reply[3+i].([]any)
		c, err := parse(one[0].([]any), one[1].([]any))
		if err != nil {
			return nil, "", fmt.Errorf("bucket %s: %w", id, err)
		}
		list[i] = live{id, c, one[2].(int64) == 1}
	}
	last, _ := reply[0].(string)
	return list, last, nil
}

// parse reads the hash and the parts of a bucket.
func parse(hash, parts []any) (*counts, error) {
	c := newCounts()
	for i := 0; i+1 < len(hash); i += 2 {
		typ, what, ok := strings.Cut(hash[i].(string), "|")
		if !ok { // token, changed
			continue
		}
		n, err := strconv.ParseUint(hash[i+1].(string), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", hash[i], err)
		}
		date, isDay := strings.CutPrefix(what, "day|")
		switch {
		case what == "n":
			c.n[typ] = n
		case what == "unlocated":
			c.unlocated[typ] = n
		case isDay && c.days[typ] == nil:
			c.days[typ] = map[string]uint64{date: n}
		case isDay:
			c.days[typ][date] = n
		}
	}
	for _, p := range parts {
		if err := c.Add([]byte(p.(string))); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// put puts other counts in a bucket's place; false if something was counted
// since the stream was at last.
func (r *run) put(ctx context.Context, b live, last, floor string) (bool, error) {
	t := bucket.NewToken()
	gone := 0
	if b.evicted {
		gone = 1
	}
	args := []any{last, r.feed, b.id.String(), t.String(), b.counts.Append(nil, t), bit(b.id), gone, floor}
	for f, n := range b.counts.flat() {
		switch f.dimension {
		case "n", "unlocated":
			args = append(args, f.typ+"|"+f.dimension, n)
		case "days":
			args = append(args, f.typ+"|day|"+f.key, n)
		}
	}
	k := []string{r.Keys.Located(), r.Keys.Meta(), r.Keys.Dirty(), r.Keys.Bucket(b.id), r.Keys.Parts(b.id), r.Keys.Evicted(b.id.Period)}
	answer, err := r.Redis.Run(ctx, swap, k, args...).Text()
	if err != nil {
		return false, fmt.Errorf("swap bucket %s: %w", b.id, err)
	}
	return answer == "OK", nil
}
