package oracle

import "time"

// period is one of the lengths of time whose snapshots are compared. The ten
// seconds' are a live hint, and nothing is claimed over them.
type period struct {
	name    string
	layout  string // of the object's path below the name
	seconds int64
	step    int64 // of the beat, in seconds
	regions bool
}

var periods = []period{
	{"1m", "2006/01/02/15/04", 60, 1, false},
	{"1h", "2006/01/02/15", 3600, 60, true},
	{"1d", "2006/01/02", 86400, 60, true},
	{"all", "", 0, 0, true},
}

// bucket holds the counts of one period.
type bucket struct {
	period period
	start  int64
	types  map[string]*counts
}

// counts are one type's.
type counts struct {
	n, unlocated                         int
	beat                                 map[int64]int
	days, continents, countries, regions map[string]int
	cells                                map[int]int
}

func (b *bucket) add(e event, p place) {
	c := b.types[e.typ]
	if c == nil {
		c = &counts{
			beat: map[int64]int{}, days: map[string]int{}, continents: map[string]int{},
			countries: map[string]int{}, regions: map[string]int{}, cells: map[int]int{},
		}
		b.types[e.typ] = c
	}
	c.n++
	if b.period.step > 0 {
		c.beat[(e.time-b.start)/b.period.step]++
	}
	c.days[time.Unix(e.time, 0).UTC().Format(time.DateOnly)]++
	c.place(p)
}

func (c *counts) place(p place) {
	if p.located {
		c.cells[p.cell]++
	} else {
		c.unlocated++
	}
	if p.continent != "" {
		c.continents[p.continent]++
	}
	if p.country != "" {
		c.countries[p.country]++
	}
	if p.region != "" {
		c.regions[p.region]++
	}
}
