// Package oracle counts log lines the naive way: one line after the other, in
// one goroutine, in maps, with a full look-up of each new address. It says what
// the whole pipeline must publish for these lines, byte for byte. It was
// written straight from the design and shares no code with the daemons, so
// that a mistake in one is not repeated in the other.
package oracle

import (
	"bufio"
	"bytes"
	"io"
	"net/netip"
	"time"
)

// Settings say how lines are read and counted.
type Settings struct {
	Format     Format
	GeoIP      string    // file of a City database
	Degrees    float64   // side of a cell; 0 means 0.5
	Now        time.Time // time in the queue entries' ids; later events than 5 minutes after it are dropped
	SkipBefore time.Time // --not-before
	Row        func(Row) // is told the archive's row of each event; may be nil
}

// Counter counts.
type Counter struct {
	Lines  int            // lines that went in
	Events int            // of these, the ones that were counted
	Drops  map[string]int // and the others, "<daemon>:<reason>" → lines

	settings Settings
	atlas    *atlas
	buckets  map[string]*bucket // by the path of the object
	totals   map[string]int     // by type
	first    int64              // start of the earliest minute with an event
}

// New makes a counter that has seen nothing.
func New(s Settings) (*Counter, error) {
	if s.Degrees == 0 {
		s.Degrees = 0.5
	}
	a, err := openAtlas(s.GeoIP, s.Degrees)
	if err != nil {
		return nil, err
	}
	return &Counter{
		Drops: map[string]int{}, settings: s, atlas: a,
		buckets: map[string]*bucket{}, totals: map[string]int{}, first: -1,
	}, nil
}

// Read counts every line of r. The last one needs no newline.
func (c *Counter) Read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			c.Line(bytes.TrimSuffix(line, []byte("\n")))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Line counts one line, given without its newline.
func (c *Counter) Line(line []byte) {
	c.Lines++
	e, reason := c.settings.Format.parse(line)
	if reason == "" && !c.settings.SkipBefore.IsZero() && e.time < c.settings.SkipBefore.Unix() {
		reason = "early"
	}
	if reason != "" {
		c.Drops["tailer:"+reason]++
		return
	}
	c.count(e)
}

// Event counts one event without a line, for tests that make their events.
func (c *Counter) Event(addr netip.Addr, seconds int64, typ string) {
	c.Lines++
	c.count(event{addr: addr.Unmap(), time: seconds, typ: typ})
}

func (c *Counter) count(e event) {
	if !c.settings.Now.IsZero() && e.time > c.settings.Now.Unix()+300 {
		c.Drops["geoworker:future"]++
		return
	}
	c.Events++
	c.totals[e.typ]++
	if minute := e.time - e.time%60; c.first < 0 || minute < c.first {
		c.first = minute
	}
	p := c.atlas.find(e.addr)
	if c.settings.Row != nil {
		c.settings.Row(e.row(p))
	}
	for _, period := range periods {
		c.bucket(period, e.time).add(e, p)
	}
}

func (c *Counter) bucket(p period, seconds int64) *bucket {
	t := time.Unix(seconds, 0).UTC()
	path := "all.json"
	if p.layout != "" {
		path = p.name + "/" + t.Format(p.layout) + ".json"
	}
	b := c.buckets[path]
	if b == nil {
		b = &bucket{period: p, types: map[string]*counts{}}
		if p.seconds > 0 {
			b.start = seconds - seconds%p.seconds
		}
		c.buckets[path] = b
	}
	return b
}

// Summary is the line that is right for every log: lines = events + drops.
func (c *Counter) Summary() (lines, events, drops int) {
	for _, n := range c.Drops {
		drops += n
	}
	return c.Lines, c.Events, drops
}
