// Package feed2014 writes the files that the page of Glow 2014 reads:
// stats/<minute>.json, where the minute is the Unix time of its start in
// seconds. That page asks for one minute after another and cannot do without
// any of them.
package feed2014

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/publisher/counts"
)

// continents are those that the page knows; it wants all of them, always.
var continents = []string{"AF", "AN", "AS", "EU", "NA", "OC", "SA"}

// fewShares is how many shares a country must have to be listed.
const fewShares = 500

// global is the whole world among the countries.
const global = "GLOBAL"

// sharePrefix begins the types that are shares; the rest is the issue.
const sharePrefix = "share:"

// file is one minute's file. Its fields stand in the order of their keys.
type file struct {
	ContinentIssues map[string]map[string]fraction `json:"continent_issues"`
	CountryIssues   map[string]map[string]fraction `json:"country_issues"`
	IssueContinents map[string][]ofContinent       `json:"issue_continents"`
	IssueCountries  map[string][]ofCountry         `json:"issue_countries"`
	Geo             []spot                         `json:"map_geo"`            // of this minute alone
	PreviousTotal   uint64                         `json:"map_previous_total"` // a minute before
	Total           uint64                         `json:"map_total"`          // all events up to and with this minute
	ShareTotal      uint64                         `json:"share_total"`        // all shares up to and with this minute
}

// fraction is a share of a whole, rounded to four places, halves up.
type fraction float64

func fractionOf(part, whole uint64) fraction {
	if whole == 0 {
		return 0
	}
	return fraction((part*20000+whole)/(2*whole)) / 10000
}

type ofContinent struct {
	Continent string   `json:"continent"`
	Count     fraction `json:"count"`
}

type ofCountry struct {
	Count   fraction `json:"count"`
	Country string   `json:"country"`
}

// spot is a place on the map: its south-west corner in whole tenths of a degree.
type spot struct {
	Count uint64  `json:"count"`
	Lat   float64 `json:"lat"`
	Lon   float64 `json:"lon"`
}

// tally is what the files need to know of a bucket or of a sum of buckets.
type tally struct {
	total  uint64
	issues map[string]*issue // by name
}

// issue is what is known of the shares of one type.
type issue struct {
	n                     uint64
	continents, countries map[string]uint64
}

func newTally() *tally { return &tally{issues: map[string]*issue{}} }

// tallyOf takes from a bucket what is needed of it.
func tallyOf(b *counts.Bucket) *tally {
	t := newTally()
	for typ, of := range b.Types {
		t.total += of.N
		name, isShare := strings.CutPrefix(typ, sharePrefix)
		if !isShare || of.N == 0 {
			continue
		}
		i := &issue{n: of.N}
		if d := b.Sum[typ]; d != nil {
			i.continents, i.countries = d.Continents, d.Countries
		}
		t.issues[name] = i
	}
	return t
}

// add adds u to t.
func (t *tally) add(u *tally) {
	t.total += u.total
	for name, more := range u.issues {
		i := t.issues[name]
		if i == nil {
			i = &issue{continents: map[string]uint64{}, countries: map[string]uint64{}}
			t.issues[name] = i
		}
		i.n += more.n
		for code, n := range more.continents {
			i.continents[code] += n
		}
		for code, n := range more.countries {
			i.countries[code] += n
		}
	}
}

// shares are all shares, and those of each continent and country.
func (t *tally) shares() (all uint64, of map[string]uint64) {
	of = map[string]uint64{}
	for _, i := range t.issues {
		all += i.n
		for code, n := range i.continents {
			of["continent "+code] += n
		}
		for code, n := range i.countries {
			of["country "+code] += n
		}
	}
	return all, of
}

// encode is the file of a minute: t is all up to and with it, before is all
// events before it, spots are its own.
func (t *tally) encode(before uint64, spots []spot) ([]byte, error) {
	all, of := t.shares()
	f := file{
		ContinentIssues: map[string]map[string]fraction{}, CountryIssues: map[string]map[string]fraction{global: {}},
		IssueContinents: map[string][]ofContinent{}, IssueCountries: map[string][]ofCountry{},
		Geo: spots, PreviousTotal: before, Total: t.total, ShareTotal: all,
	}
	names := slices.Sorted(maps.Keys(t.issues))
	for _, name := range names {
		f.CountryIssues[global][name] = fractionOf(t.issues[name].n, all)
		f.IssueContinents[name], f.IssueCountries[name] = []ofContinent{}, []ofCountry{}
	}
	for _, code := range continents {
		f.ContinentIssues[code] = map[string]fraction{}
		for _, name := range names {
			part := fractionOf(t.issues[name].continents[code], of["continent "+code])
			f.ContinentIssues[code][name] = part
			f.IssueContinents[name] = append(f.IssueContinents[name], ofContinent{code, part})
		}
	}
	for _, code := range largeCountries(of) {
		f.CountryIssues[code] = map[string]fraction{}
		for _, name := range names {
			part := fractionOf(t.issues[name].countries[code], of["country "+code])
			f.CountryIssues[code][name] = part
			f.IssueCountries[name] = append(f.IssueCountries[name], ofCountry{part, code})
		}
	}
	return json.Marshal(f)
}

func largeCountries(of map[string]uint64) []string {
	var codes []string
	for name, n := range of {
		if code, ok := strings.CutPrefix(name, "country "); ok && n >= fewShares {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// spotsOf are the cells of a bucket of all types. Cells smaller than a tenth
// of a degree are put together.
func spotsOf(b *counts.Bucket, g grid.Grid) []spot {
	type corner struct{ lat, lon int } // tenths of a degree
	at := map[corner]uint64{}
	for _, d := range b.Sum {
		for cell, n := range d.Cells {
			lat, lon := g.Corner(cell)
			at[corner{floorTenth(lat), floorTenth(lon)}] += n
		}
	}
	corners := slices.SortedFunc(maps.Keys(at), func(a, b corner) int { // from the north, then from the west
		return cmp.Or(cmp.Compare(b.lat, a.lat), cmp.Compare(a.lon, b.lon))
	})
	spots := make([]spot, len(corners))
	for i, c := range corners {
		spots[i] = spot{at[c], float64(c.lat) / 10, float64(c.lon) / 10}
	}
	return spots
}

// floorTenth turns ten-thousandths of a degree into whole tenths, downwards.
func floorTenth(v int) int {
	if v < 0 {
		return -((-v + 999) / 1000)
	}
	return v / 1000
}
