package recount

import (
	"iter"
	"maps"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/located"
)

// spot is what is counted of a place.
type spot struct {
	continent, country, region string
	located                    bool
	cell                       uint32
}

// book numbers spots, so that an event takes four bytes.
type book struct {
	numbers map[spot]uint32
	spots   []spot
	counts  []uint32 // scratch: by number, zero between
}

func newBook() *book { return &book{numbers: map[spot]uint32{}} }

func (b *book) number(p located.Place) uint32 {
	s := spot{p.Continent, p.Country, p.Region, p.Located, p.Cell}
	n, ok := b.numbers[s]
	if !ok {
		n = uint32(len(b.spots))
		b.numbers[s] = n
		b.spots, b.counts = append(b.spots, s), append(b.counts, 0)
	}
	return n
}

// event is one event of the archive or of the located stream.
type event struct {
	time int64
	typ  string
	spot uint32
}

// tally holds the events of one date, by type and minute.
type tally struct {
	book  *book
	types map[string]map[int64]*minute
}

type minute struct {
	spots []uint32
	beat  [60]uint32
}

func newTally(b *book) *tally { return &tally{b, map[string]map[int64]*minute{}} }

func (t *tally) add(e event) {
	minutes := t.types[e.typ]
	if minutes == nil {
		minutes = map[int64]*minute{}
		t.types[e.typ] = minutes
	}
	start := e.time - e.time%60
	m := minutes[start]
	if m == nil {
		m = &minute{}
		minutes[start] = m
	}
	m.spots = append(m.spots, e.spot)
	m.beat[e.time-start]++
}

// counts is all that a bucket holds, by type.
type counts struct {
	n, unlocated map[string]uint64
	days         map[string]map[string]uint64 // of all time: type → date → n
	bucket.Sum
}

func newCounts() *counts {
	return &counts{map[string]uint64{}, map[string]uint64{}, map[string]map[string]uint64{}, bucket.Sum{}}
}

// into adds what a bucket has of the tally's events to its counts.
func (t *tally) into(c *counts, id bucket.ID) {
	for typ, minutes := range t.types {
		var touched []uint32
		for start, m := range pick(minutes, id) {
			c.beat(id, typ, start, m)
			for _, s := range m.spots {
				if t.book.counts[s] == 0 {
					touched = append(touched, s)
				}
				t.book.counts[s]++
			}
		}
		for _, s := range touched {
			c.place(id, typ, &t.book.spots[s], uint64(t.book.counts[s]))
			t.book.counts[s] = 0
		}
	}
}

// pick are the minutes that a bucket is made of.
func pick(minutes map[int64]*minute, id bucket.ID) iter.Seq2[int64, *minute] {
	if id.Period == bucket.All {
		return maps.All(minutes)
	}
	return func(yield func(int64, *minute) bool) {
		for start := id.Start; start < id.Start+id.Period.Seconds(); start += 60 {
			if m := minutes[start]; m != nil && !yield(start, m) {
				return
			}
		}
	}
}

func (c *counts) beat(id bucket.ID, typ string, start int64, m *minute) {
	if id.Period == bucket.All {
		c.day(typ, start, uint64(len(m.spots)))
		return
	}
	beat := c.Dims(typ).Beat
	for i, n := range m.beat {
		if n > 0 {
			beat[uint32((start+int64(i)-id.Start)/id.Period.BeatSeconds())] += uint64(n)
		}
	}
}

func (c *counts) day(typ string, at int64, n uint64) {
	if c.days[typ] == nil {
		c.days[typ] = map[string]uint64{}
	}
	c.days[typ][time.Unix(at, 0).UTC().Format(time.DateOnly)] += n
}

func (c *counts) place(id bucket.ID, typ string, s *spot, n uint64) {
	d := c.Dims(typ)
	c.n[typ] += n
	if s.located {
		d.Cells[s.cell] += n
	} else {
		c.unlocated[typ] += n
	}
	if s.continent != "" {
		d.Continents[s.continent] += n
	}
	if s.country != "" {
		d.Countries[s.country] += n
	}
	if s.region != "" && id.Period.HasRegions() {
		d.Regions[s.region] += n
	}
}

// event adds one event to a bucket's counts.
func (c *counts) event(b *book, id bucket.ID, e event) {
	if id.Period == bucket.All {
		c.day(e.typ, e.time, 1)
	} else {
		c.Dims(e.typ).Beat[uint32((e.time-id.Start)/id.Period.BeatSeconds())]++
	}
	c.place(id, e.typ, &b.spots[e.spot], 1)
}

// same says whether two buckets hold the same, at a glance: zeros may make it
// say no.
func (c *counts) same(o *counts) bool {
	return maps.Equal(c.n, o.n) && maps.Equal(c.unlocated, o.unlocated) &&
		maps.EqualFunc(c.days, o.days, maps.Equal) &&
		maps.EqualFunc(c.Sum, o.Sum, func(a, b *bucket.Dims) bool {
			return maps.Equal(a.Beat, b.Beat) && maps.Equal(a.Cells, b.Cells) && maps.Equal(a.Continents, b.Continents) &&
				maps.Equal(a.Countries, b.Countries) && maps.Equal(a.Regions, b.Regions)
		})
}
