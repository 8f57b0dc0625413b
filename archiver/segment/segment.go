// Package segment gathers the entries of the located stream into tables, one a
// date, and writes them as files.
package segment

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/located"
)

// A segment is full when it has as many rows as the settings say, and else
// before it takes too much memory: at this many different places and sets of
// attributes, and at this many dates.
const (
	mostDistinct = 1 << 19
	mostDates    = 400
)

// Spoilt is the reason under which lines that cannot be read are counted.
const Spoilt = "line"

const day = 24 * 60 * 60

// Keep is what of an event's attributes, as they stand in its line, becomes
// part of its row, ascending by key. The texts are for keeps.
type Keep func(raw string) []archive.Attr

// Segment is rows on their way from the stream into files.
type Segment struct {
	From   string // entry after which it begins
	Last   string // its last entry; From if it has none
	events string // of that

	keep   Keep
	days   map[int64]*gather // by days since 1970
	today  int64             // days since 1970 of the last line
	last   *gather           // of that day
	rows   int
	spoilt int
}

// New begins a segment after an entry.
func New(from string, keep Keep) *Segment {
	return &Segment{From: from, Last: from, keep: keep, days: map[int64]*gather{}}
}

// gather is the rows of one date, and the numbers that its table gave to the
// texts of lines, so that a place is parsed once and not once an event.
type gather struct {
	table  archive.Table
	types  map[string]counted
	places map[string]uint32
	attrs  map[string]uint32
}

type counted struct {
	number uint32
	n      *uint64
}

// Add adds an entry of the stream.
func (s *Segment) Add(id, events string) {
	s.Last, s.events = id, events
	for len(events) > 0 {
		line := events
		if i := strings.IndexByte(events, '\n'); i >= 0 {
			line, events = events[:i], events[i+1:]
		} else {
			events = ""
		}
		if !s.add(line) {
			s.spoilt++
		}
	}
}

// add adds a line; false if it cannot be read. A line whose parts were all met
// before is known to be well-formed without a look at them.
func (s *Segment) add(line string) bool {
	sec, typ, place, attrs, ok := cut(line)
	if !ok {
		return false
	}
	if d := sec / day; s.last == nil || d != s.today {
		s.today, s.last = d, s.of(d)
	}
	g := s.last
	t, okType := g.types[typ]
	p, okPlace := g.places[place]
	a, okAttrs := g.attrs[attrs]
	if !okType || !okPlace || !okAttrs {
		e, err := located.Parse(line)
		if err != nil {
			now := located.Upgrade(line)
			return now != line && s.add(now)
		}
		t, p, a = s.meet(g, &e, typ, place, attrs)
	} else if attrs != none {
		s.keep(attrs) // which counts what it does not keep
	}
	g.table.Append(sec, t.number, p, a)
	*t.n++
	s.rows++
	return true
}

// none is what stands for no attributes.
const none = "-"

// meet gives numbers to what a line has that was not met before.
func (s *Segment) meet(g *gather, e *located.Event, typ, place, attrs string) (counted, uint32, uint32) {
	t, ok := g.types[typ]
	if !ok {
		t = counted{g.table.Type(typ), new(uint64)}
		g.types[strings.Clone(typ)] = t
	}
	p, ok := g.places[place]
	if !ok {
		p = g.table.Place(e.Place)
		g.places[strings.Clone(place)] = p
	}
	var kept []archive.Attr
	if attrs != none {
		kept = s.keep(attrs)
	}
	a, ok := g.attrs[attrs]
	if !ok {
		a = g.table.Attrs(kept)
		g.attrs[strings.Clone(attrs)] = a
	}
	return t, p, a
}

func (s *Segment) of(d int64) *gather {
	g, ok := s.days[d]
	if !ok {
		g = &gather{types: map[string]counted{}, places: map[string]uint32{}, attrs: map[string]uint32{}}
		s.days[d] = g
	}
	return g
}

// cut takes a line apart, as far as can be done without a look at its parts.
func cut(line string) (sec int64, typ, place, attrs string, ok bool) {
	i := 0
	for ; i < len(line) && line[i] >= '0' && line[i] <= '9' && i <= 12; i++ {
		sec = sec*10 + int64(line[i]-'0')
	}
	if i == 0 || i >= len(line) || line[i] != ' ' || line[0] == '0' && i > 1 || sec > event.MaxTime {
		return 0, "", "", "", false
	}
	line = line[i+1:]
	i = strings.IndexByte(line, ' ')
	j := strings.LastIndexByte(line, ' ')
	if i < 0 || j <= i {
		return 0, "", "", "", false
	}
	return sec, line[:i], line[i+1 : j], line[j+1:], true
}

// Rows is the number of rows so far.
func (s *Segment) Rows() int { return s.rows }

// Spoilt is the number of lines that could not be read.
func (s *Segment) Spoilt() int { return s.spoilt }

// Types are the rows by type.
func (s *Segment) Types() map[string]uint64 {
	n := map[string]uint64{}
	for _, g := range s.days {
		for typ, t := range g.types {
			n[typ] += *t.n
		}
	}
	maps.DeleteFunc(n, func(_ string, k uint64) bool { return k == 0 })
	return n
}

// Full says whether it is time to write it, whatever the clock says.
func (s *Segment) Full(mostRows int) bool {
	if s.rows >= mostRows || len(s.days) >= mostDates {
		return true
	}
	distinct := 0
	for _, g := range s.days {
		distinct += g.table.Distinct()
	}
	return distinct >= mostDistinct
}

// Sum is the SHA-1 of the last entry's events, in hex.
func (s *Segment) Sum() string {
	sum := sha1.Sum([]byte(s.events))
	return hex.EncodeToString(sum[:])
}

// Empty says whether it has taken no entry yet.
func (s *Segment) Empty() bool { return s.Last == s.From }

// Dates are the dates of its rows, in order.
func (s *Segment) Dates() []int64 { return slices.Sorted(maps.Keys(s.days)) }

// File sorts the rows of a date of [Segment.Dates] and makes the file of them
// and its entry in the manifest, for a commit at a time.
func (s *Segment) File(date int64, at time.Time) (archive.File, []byte, error) {
	t := &s.days[date].table
	t.Sort()
	sum := t.Sum()
	var b bytes.Buffer
	if err := t.Write(&b); err != nil {
		return archive.File{}, nil, err
	}
	hash := sha256.Sum256(b.Bytes())
	name := archive.Date(date * day)
	return archive.File{
		Name: archive.SegmentName(name, s.Last, hex.EncodeToString(hash[:8])), Date: name,
		Types: sum.Types, From: sum.From, To: sum.To, Bytes: int64(b.Len()), At: at.Unix(),
	}, b.Bytes(), nil
}
