// Package count merges events into the counts of their buckets and packs them
// as one atomic step for Redis (count.lua).
//
// Events are gathered by type and minute (and by ten seconds while they are
// fresh) as lists of place classes; when the step is made, each minute is
// summed into its hour, each hour into its day and each day into all time, so
// that an event costs little more than two array writes.
package count

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"unsafe"

	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/sample"
)

// What counts as the present is the time in the id of an event's queue entry,
// so that every worker, claim and retry decides alike.
const (
	maxAhead = 5 * 60 * 1000  // ms that an event may be ahead of its entry
	maxFresh = 60 * 60 * 1000 // ms: 10s takes only events younger than this
)

// Reasons to drop, as fields of the drops.
const (
	Future = "future" // timestamp more than five minutes ahead
	Poison = "poison" // line or entry that is no event
)

const maxSamples = 8 // of dropped lines in one step

// An entry that is far beyond what a batch may be is nobody's batch, and is
// given up as a whole: it could take more memory, or hold Redis for longer,
// than any worker may, and so end one worker after the other.
const (
	maxLines = 10 * event.MaxBatch
	maxEntry = 2 << 20 // bytes; the longest batch has 605,000
)

// Merge gathers the events of queue entries for one step.
type Merge struct {
	places *locate.Map
	named  []bool // by region: its name has been sent

	ids     []string
	events  int
	bytes   int
	drops   map[string]int
	samples []any // reason, sample
	types   []*kind
	typeOf  map[string]*kind
	last    *kind
	slots   map[key]*slot
	buckets map[bucket.ID]struct{} // that the slots make
	spare   []*slot
	enc     encoder
	archive archive

	// The events of the entry under way, until they are located.
	addrs  []netip.Addr
	parsed []parsed
	spots  [event.MaxBatch]uint32
}

// parsed is what counts of an event besides its place.
type parsed struct {
	time int64
	kind *kind
}

// kind is a type of events.
type kind struct {
	name       string
	n, missing string // fields of a bucket's hash
	located    int    // events for the archive
	// The slots used last, by the end of their number: logs are nearly in
	// order, and this is cheaper than the map of all slots.
	minutes, tens [recent]*slot
}

const recent = 16

// key is one bucket's share of one type: period is bucket.Minute or
// bucket.TenSeconds, number is its start divided by the period's length.
type key struct {
	number int64
	kind   *kind
	ten    bool
}

type slot struct {
	key
	classes []uint32
	beat    [60]uint32
}

// New makes an empty Merge.
func New() *Merge {
	return &Merge{
		drops: map[string]int{}, typeOf: map[string]*kind{}, slots: map[key]*slot{}, buckets: map[bucket.ID]struct{}{},
		archive: archive{spare: make(chan []byte, maxSpareEntries)},
	}
}

// Use makes the Merge, which must be empty, locate with m.
func (g *Merge) Use(m *locate.Map) {
	g.places, g.named = m, make([]bool, len(m.Regions))
	g.enc.use(m)
	g.archive.use(m)
}

// Archive makes the steps from now on append their events to the located
// stream, or not. The Merge must be empty and have a Map.
func (g *Merge) Archive(on bool) {
	if on != g.archive.on {
		g.archive.on = on
		g.archive.use(g.places)
	}
}

// Entries is the number of entries gathered.
func (g *Merge) Entries() int { return len(g.ids) }

// Bytes is the size of the entries gathered.
func (g *Merge) Bytes() int { return g.bytes }

// Located is the size of what the archive gets of them.
func (g *Merge) Located() int { return g.archive.bytes }

// Buckets is the number of buckets, without that of all time, that the events
// gathered belong to.
func (g *Merge) Buckets() int { return len(g.buckets) }

// Add gathers one queue entry. Nothing of it ever stops the worker: what is no
// event is dropped and counted. An entry with more lines than a batch may have
// is counted all the same, up to maxLines.
func (g *Merge) Add(id string, values map[string]any) {
	g.ids = append(g.ids, id)
	text, ok := values["events"].(string)
	now, okID := millis(id)
	if !ok || !okID || text == "" {
		g.drop(Poison, []byte("entry "+id+" without events"))
		return
	}
	if len(text) > maxEntry || strings.Count(text, "\n") > maxLines {
		g.drop(Poison, []byte("entry "+id+" is no batch, it is too large"))
		return
	}
	g.bytes += len(text)
	// Neither the lines nor what is parsed of them outlive this call.
	rest := unsafe.Slice(unsafe.StringData(text), len(text))
	if rest[len(rest)-1] == '\n' {
		rest = rest[:len(rest)-1]
	}
	for more := true; more; {
		var line []byte
		line, rest, more = bytes.Cut(rest, newline)
		g.line(line, now)
	}
	g.gather(now)
}

var newline = []byte{'\n'}

// millis is the time in an entry's id.
func millis(id string) (int64, bool) {
	ms, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	return n, err == nil && n >= 0
}

func (g *Merge) line(line []byte, now int64) {
	e, err := event.Parse(line)
	if err != nil {
		g.drop(Poison, line)
		return
	}
	if e.Time*1000-now > maxAhead {
		g.drop(Future, line)
		return
	}
	k := g.last
	if k == nil || string(e.Type) != k.name {
		k = g.kind(e.Type)
	}
	g.addrs = append(g.addrs, e.Addr)
	g.parsed = append(g.parsed, parsed{e.Time, k})
	if g.archive.on {
		g.archive.attrs = append(g.archive.attrs, e.Attrs)
	}
	if len(g.parsed) == event.MaxBatch {
		g.gather(now)
	}
}

// gather locates what was parsed, all at once, and adds it to its slots.
func (g *Merge) gather(now int64) {
	spots := g.spots[:len(g.addrs)]
	g.places.Spots(g.addrs, spots)
	if g.archive.on {
		g.archive.add(g.parsed, spots)
	}
	for i, p := range g.parsed {
		class, k := g.places.ClassOf[spots[i]], p.kind
		s := k.minutes[p.time/60%recent]
		if s == nil || s.number != p.time/60 {
			s = g.slot(key{p.time / 60, k, false})
			k.minutes[s.number%recent] = s
		}
		s.classes = append(s.classes, class)
		s.beat[p.time%60]++
		if now-p.time*1000 < maxFresh {
			g.fresh(k, p.time, class)
		}
	}
	g.events += len(g.parsed)
	g.addrs, g.parsed = g.addrs[:0], g.parsed[:0]
}

// fresh gathers an event for its ten seconds.
func (g *Merge) fresh(k *kind, time int64, class uint32) {
	s := k.tens[time/10%recent]
	if s == nil || s.number != time/10 {
		s = g.slot(key{time / 10, k, true})
		k.tens[s.number%recent] = s
	}
	s.classes = append(s.classes, class)
	s.beat[time%10]++
}

func (g *Merge) kind(name []byte) *kind {
	k := g.typeOf[string(name)]
	if k == nil {
		s := string(name)
		k = &kind{name: s, n: s + "|n", missing: s + "|unlocated"}
		g.typeOf[s] = k
		g.types = append(g.types, k)
	}
	g.last = k
	return k
}

func (g *Merge) slot(at key) *slot {
	s := g.slots[at]
	if s != nil {
		return s
	}
	if n := len(g.spare); n > 0 {
		s, g.spare = g.spare[n-1], g.spare[:n-1]
		*s = slot{classes: s.classes[:0]}
	} else {
		s = &slot{}
	}
	s.key = at
	g.slots[at] = s
	id := at.id()
	g.buckets[id] = struct{}{}
	if !at.ten {
		g.buckets[bucket.ID{Period: bucket.Hour, Start: bucket.Hour.Start(id.Start)}] = struct{}{}
		g.buckets[bucket.ID{Period: bucket.Day, Start: bucket.Day.Start(id.Start)}] = struct{}{}
	}
	return s
}

func (g *Merge) drop(reason string, line []byte) {
	g.drops[reason]++
	if len(g.samples) < 2*maxSamples {
		g.samples = append(g.samples, reason, sample.Mask(line))
	}
}

// maxSpare bounds the memory kept for the next step.
const maxSpare = 256

// empty makes the Merge ready for the next step. Types are forgotten too: a
// source that makes up ever new ones must not fill the memory.
func (g *Merge) empty() {
	for _, s := range g.slots {
		if len(g.spare) < maxSpare {
			g.spare = append(g.spare, s)
		}
	}
	clear(g.slots)
	clear(g.buckets)
	clear(g.typeOf)
	clear(g.drops)
	g.types, g.last, g.ids, g.samples = g.types[:0], nil, nil, nil
	g.events, g.bytes = 0, 0
	g.archive.take()
}

// Forget drops all that was gathered, as nothing of it may be counted here.
func (g *Merge) Forget() {
	g.empty()
	clear(g.named)
}

// id is the bucket that a slot belongs to.
func (k key) id() bucket.ID {
	if k.ten {
		return bucket.ID{Period: bucket.TenSeconds, Start: k.number * 10}
	}
	return bucket.ID{Period: bucket.Minute, Start: k.number * 60}
}
