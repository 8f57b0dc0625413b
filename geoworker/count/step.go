package count

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

//go:embed count.lua
var source string

// Script is the counting step.
var Script = rdb.NewScript(source)

// Why a step was not done. Nothing was counted.
var (
	// ErrGone says that entries of the step were no longer this worker's:
	// another one has claimed or counted them.
	ErrGone = errors.New("entries of this step belong to another worker by now")
	// ErrPaused says that no step is done just now. It may be done later as it is.
	ErrPaused = errors.New("counting is paused")
	// ErrSwitched says that the archive was switched on or off meanwhile.
	ErrSwitched = errors.New("the archive was switched on or off")
)

// refused are the script's answers that say why.
var refused = map[string]error{"GONE": ErrGone, "PAUSED": ErrPaused, "SWITCHED": ErrSwitched}

func refusal(reply []any) error {
	answer := fmt.Sprint(reply...)
	for word, err := range refused {
		if strings.HasPrefix(answer, word) {
			return err
		}
	}
	return fmt.Errorf("count: redis answers %q", answer)
}

// Step is what one atomic step will do.
type Step struct {
	IDs       []string
	Events    int
	Unlocated int
	Drops     map[string]int // by reason
	Located   int            // events for the archive

	keys    []string
	args    []any
	located []entry
	spare   chan<- []byte
}

// Late is how many events of a step were not added to a period, as their
// bucket was evicted.
type Late map[bucket.Period]int

// evicted are the periods whose buckets leave a bit when they are evicted, in
// the order of count.lua's KEYS.
var evicted = []bucket.Period{bucket.Minute, bucket.Hour, bucket.Day}

// firstEvicted is the place of the first evicted bitmap in count.lua's KEYS.
const firstEvicted = 8

// Step turns what was gathered into a step for one consumer of the queue, and
// empties the Merge.
func (g *Merge) Step(k keys.Keys, consumer string) *Step {
	parts := g.enc.encode(g.slots)
	s := &Step{
		IDs: g.ids, Events: g.events, Unlocated: g.enc.unlocated, Drops: maps.Clone(g.drops),
		keys:    []string{k.Queue(), k.Dirty(), k.Drops(), k.Late(), k.Names(), k.NamesToken(), k.Rejects()},
		located: g.archive.take(), spare: g.archive.spare,
		args: make([]any, 0, 16+len(g.ids)+12*len(parts)),
	}
	for _, p := range evicted {
		s.keys = append(s.keys, k.Evicted(p))
	}
	s.keys = append(s.keys, k.Meta(), k.Located(), k.Archive())
	mode := ""
	if g.archive.on {
		mode = keys.On
	}
	s.args = append(s.args, keys.Group, consumer, g.enc.token.String(), mode, len(g.ids))
	for _, id := range g.ids {
		s.args = append(s.args, id)
	}
	s.list(g.dropFields())
	s.list(g.newNames())
	s.list(g.samples)
	s.list(s.archived())
	s.list(g.archived())
	for _, p := range parts {
		s.bucket(k, p)
	}
	g.empty()
	return s
}

// list appends a number of pairs and the pairs.
func (s *Step) list(pairs []any) {
	s.args = append(append(s.args, len(pairs)/2), pairs...)
}

func (s *Step) bucket(k keys.Keys, p *part) {
	s.keys = append(s.keys, k.Bucket(p.id), k.Parts(p.id))
	at, bit := 0, int64(0)
	if i := slices.Index(evicted, p.id.Period); i >= 0 {
		at, bit = firstEvicted+i, p.id.Start/p.id.Period.Seconds()
	}
	s.args = append(s.args, p.id.String(), at, bit, p.events)
	s.list(p.fields)
	s.args = append(s.args, p.packed)
}

func (g *Merge) dropFields() (pairs []any) {
	for _, reason := range slices.Sorted(maps.Keys(g.drops)) {
		pairs = append(pairs, "geoworker:"+reason, g.drops[reason])
	}
	return pairs
}

// archived are the entries for the located stream: number of events, lines.
func (s *Step) archived() (pairs []any) {
	for _, e := range s.located {
		pairs = append(pairs, e.n, e.text)
		s.Located += e.n
	}
	return pairs
}

// archived says how many events of each type those entries hold.
func (g *Merge) archived() (pairs []any) {
	for _, k := range g.types {
		if k.located > 0 {
			pairs = append(pairs, "n|"+k.name, k.located)
		}
	}
	return pairs
}

// newNames are the names of regions met for the first time since Use or
// Forget. They count as sent: after any doubt there is a Forget.
func (g *Merge) newNames() (pairs []any) {
	for _, i := range g.enc.met {
		if !g.named[i] {
			g.named[i] = true
			if name := g.places.RegionNames[i]; name != "" {
				pairs = append(pairs, g.places.Regions[i], name)
			}
		}
	}
	return pairs
}

// Commit does the step. After [ErrPaused] it may be called again. After any
// other error, all that is in memory must be forgotten: where it is none of
// those above, it leaves open whether the step was done.
func (s *Step) Commit(ctx context.Context, c *rdb.Client) (Late, error) {
	reply, err := c.Run(ctx, Script, s.keys, s.args...).Slice()
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	if len(reply) != 1+len(evicted) {
		return nil, refusal(reply)
	}
	s.release()
	late := Late{}
	for i, p := range evicted {
		if n, _ := reply[i+1].(int64); n > 0 {
			late[p] = int(n)
		}
	}
	return late, nil
}
