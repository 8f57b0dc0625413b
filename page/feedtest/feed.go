// Package feedtest serves a made-up feed over HTTP, a pure function of time and
// rate, which tests of the page can bend: late, silent, recovering, broken.
package feedtest

import (
	"math"
	"sync"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/grid"
)

// Feed makes up events and counts them.
type Feed struct {
	PerMinute int       // downloads in an average minute
	First     time.Time // start of the first minute with events
	Degrees   float64   // of the grid

	mu     sync.Mutex
	sums   map[bucket.ID]map[string]*counts
	late   map[int64]uint64 // extra downloads by second, found afterwards
	gaps   [][2]int64       // seconds of which nothing is known
	weight int
}

// New makes a feed that began at first.
func New(perMinute int, first time.Time) *Feed {
	f := &Feed{PerMinute: perMinute, First: first.Truncate(time.Minute), Degrees: 0.5, sums: map[bucket.ID]map[string]*counts{}, late: map[int64]uint64{}}
	for _, p := range places {
		f.weight += p.weight
	}
	return f
}

// counts are those of one type in one period.
type counts struct {
	n, unlocated                   uint64
	beat                           []uint64
	cells                          map[uint32]uint64
	continents, countries, regions map[string]uint64
	days                           map[string]uint64
}

func newCounts(p bucket.Period) *counts {
	return &counts{
		beat: make([]uint64, p.Beats()), cells: map[uint32]uint64{}, continents: map[string]uint64{},
		countries: map[string]uint64{}, regions: map[string]uint64{}, days: map[string]uint64{},
	}
}

// hash is splitmix64.
func hash(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// AddLate makes n downloads of a second known only now; every period that holds
// it is corrected.
func (f *Feed) AddLate(second int64, n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.late[second] += n
	for id := range f.sums {
		if id.Period == bucket.All || id.Period.Start(second) == id.Start {
			delete(f.sums, id)
		}
	}
}

// Lose makes the feed know nothing of the seconds from a moment until another,
// as if nobody had counted them. It has to be called before the feed is read.
func (f *Feed) Lose(from, until int64) { f.gaps = append(f.gaps, [2]int64{from, until}) }

// perSecond is how many events of a type happen in a second.
func (f *Feed) perSecond(typ string, second int64) uint64 {
	if second < f.First.Unix() {
		return 0
	}
	for _, gap := range f.gaps {
		if second >= gap[0] && second < gap[1] {
			return 0
		}
	}
	rate := float64(f.PerMinute) / 60 * (1 + .25*math.Sin(float64(second)/13751) + .12*math.Sin(float64(second)/997))
	late := f.late[second]
	switch typ {
	case "share:twitter":
		rate, late = rate/80, 0
	case "share:facebook":
		rate, late = rate/55, 0
	}
	u := float64(hash(uint64(second)*31+uint64(len(typ)))>>11) / (1 << 53)
	return uint64(rate*(.6+.8*u)+float64(hash(uint64(second)*17+uint64(len(typ)))>>11)/(1<<53)) + late
}

// Types are the types of the feed.
var Types = []string{"download", "share:facebook", "share:twitter"}

// Count is the number of events of a type before a moment: the oracle.
func (f *Feed) Count(typ string, at float64) float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var n float64
	whole := int64(math.Floor(at))
	for s := f.First.Unix(); s < whole; s++ {
		n += float64(f.perSecond(typ, s))
	}
	return n + float64(f.perSecond(typ, whole))*(at-float64(whole))
}

// sum counts one period; longer ones from shorter ones.
func (f *Feed) sum(id bucket.ID, until int64) map[string]*counts {
	if s := f.sums[id]; s != nil {
		return s
	}
	s := map[string]*counts{}
	for _, typ := range Types {
		s[typ] = newCounts(id.Period)
	}
	var shorter bucket.Period
	from, to := id.Start, id.Start+id.Period.Seconds()
	switch id.Period {
	case bucket.TenSeconds:
		f.events(s, id.Start)
	case bucket.Minute:
		shorter = bucket.TenSeconds
	case bucket.Hour:
		shorter = bucket.Minute
	case bucket.Day:
		shorter = bucket.Hour
	case bucket.All:
		shorter, from, to = bucket.Day, bucket.Day.Start(f.First.Unix()), until
	}
	if shorter != "" {
		for t := from; t < min(to, until); t += shorter.Seconds() {
			merge(s, id, t, f.sum(bucket.ID{Period: shorter, Start: t}, until), shorter)
		}
	}
	if to <= until && id.Period != bucket.All { // which is never over
		f.sums[id] = s
	}
	return s
}

func merge(into map[string]*counts, id bucket.ID, start int64, part map[string]*counts, shorter bucket.Period) {
	for typ, p := range part {
		c := into[typ]
		c.n += p.n
		c.unlocated += p.unlocated
		for k, v := range p.cells {
			c.cells[k] += v
		}
		for _, m := range []struct{ to, from map[string]uint64 }{{c.continents, p.continents}, {c.countries, p.countries}, {c.regions, p.regions}} {
			for k, v := range m.from {
				m.to[k] += v
			}
		}
		switch id.Period {
		case bucket.All:
			if p.n > 0 {
				c.days[time.Unix(start, 0).UTC().Format(time.DateOnly)] += p.n
			}
		case bucket.Minute:
			copy(c.beat[start-id.Start:], p.beat)
		case bucket.Hour:
			c.beat[(start-id.Start)/60] = p.n
		case bucket.Day:
			copy(c.beat[(start-id.Start)/60:], p.beat)
		}
	}
}

// events makes up the events of ten seconds.
func (f *Feed) events(s map[string]*counts, start int64) {
	g, err := grid.New(f.Degrees)
	if err != nil {
		panic(err)
	}
	for t, typ := range Types {
		for i := range int64(10) {
			n := f.perSecond(typ, start+i)
			s[typ].beat[i] = n
			for k := range n {
				f.event(s[typ], g, hash(uint64(start+i)*1000003+k*7+uint64(t)))
			}
		}
	}
}

func (f *Feed) event(c *counts, g grid.Grid, h uint64) {
	c.n++
	if h%61 == 0 {
		c.unlocated++
		return
	}
	w := int(hash(h) % uint64(f.weight))
	i := 0
	for ; w >= places[i].weight; i++ {
		w -= places[i].weight
	}
	p := places[i]
	// Around the city, the farther the rarer; some from the country at large.
	u := 1 - float64(hash(h+1)>>11)/(1<<53)
	r := p.spread * .55 * -math.Log(u)
	if h%7 == 0 {
		r = p.spread * 3.2 * math.Sqrt(u)
	}
	a := float64(hash(h+2)>>11) / (1 << 53) * 2 * math.Pi
	lat, lon := p.lat+r*math.Sin(a)*.8, p.lon+r*math.Cos(a)
	cell, _ := g.Cell(max(-90, min(90, lat)), max(-180, min(180, lon)))
	c.cells[cell]++
	c.continents[p.continent]++
	c.countries[p.country]++
	if p.region != "" {
		c.regions[p.region]++
	}
}
