package main

import (
	"fmt"
	"iter"
	"math"
	"net/netip"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/glowmap/glow/scripts/dbip2city/region"
)

// entry is what one record of a table says, whatever the table's form.
type entry struct {
	country string // ISO 3166-1 alpha-2, "" if unknown
	code    string // of the first-level region, ISO 3166-2 without the country; "" if unknown
	region  string // its name in the table
	city    string
	lat     float64
	lon     float64
	located bool
}

// flat is a record of the npm packages @ip-location-db/…-city-mmdb.
type flat struct {
	Country string   `maxminddb:"country_code"`
	State   string   `maxminddb:"state1"`
	City    string   `maxminddb:"city"`
	Lat     *float32 `maxminddb:"latitude"`
	Lon     *float32 `maxminddb:"longitude"`
}

type named struct {
	ISO   string            `maxminddb:"iso_code"`
	Names map[string]string `maxminddb:"names"`
}

// nested is a record of DB-IP's own City Lite file, whose regions have no codes.
type nested struct {
	Country  named   `maxminddb:"country"`
	Regions  []named `maxminddb:"subdivisions"`
	City     named   `maxminddb:"city"`
	Location struct {
		Lat *float64 `maxminddb:"latitude"`
		Lon *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

// source is one table.
type source struct {
	db      *maxminddb.Reader
	nested  bool
	regions *region.Table
}

func openSource(file string, regions *region.Table) (*source, error) {
	db, err := maxminddb.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	return &source{db, strings.HasPrefix(db.Metadata.DatabaseType, "DBIP-"), regions}, nil
}

// network is one network of a table and the number of its entry; networks with
// the same record have the same number.
type network struct {
	prefix netip.Prefix
	record uintptr
}

// networks yields every network of the table in ascending order. The entry is
// decoded once per record.
func (s *source) networks() iter.Seq2[network, entryOr] {
	return func(yield func(network, entryOr) bool) {
		seen := map[uintptr]entry{}
		for res := range s.db.Networks() {
			n := network{res.Prefix(), res.Offset()}
			e, ok := seen[n.record]
			var err error
			if !ok {
				if e, err = s.decode(res); err != nil {
					yield(n, entryOr{err: fmt.Errorf("%v: %w", n.prefix, err)})
					return
				}
				seen[n.record] = e
			}
			if !yield(n, entryOr{entry: e}) {
				return
			}
		}
	}
}

// entryOr is an entry, or why there is none.
type entryOr struct {
	entry
	err error
}

func (s *source) decode(res maxminddb.Result) (entry, error) {
	if s.nested {
		var r nested
		if err := res.Decode(&r); err != nil {
			return entry{}, err
		}
		e := entry{country: r.Country.ISO, city: r.City.Names["en"]}
		if len(r.Regions) > 0 {
			e.region, e.code = r.Regions[0].Names["en"], r.Regions[0].ISO
		}
		if lat, lon := r.Location.Lat, r.Location.Lon; lat != nil && lon != nil {
			e.place(*lat, *lon)
		}
		return s.complete(e), nil
	}
	var r flat
	if err := res.Decode(&r); err != nil {
		return entry{}, err
	}
	e := entry{country: r.Country, region: r.State, city: r.City}
	if r.Lat != nil && r.Lon != nil {
		e.place(float64(*r.Lat), float64(*r.Lon))
	}
	return s.complete(e), nil
}

// complete finds the region's code, and leaves out what is no country.
func (s *source) complete(e entry) entry {
	if len(e.country) != 2 || e.country == "ZZ" {
		return entry{}
	}
	if e.code == "" {
		e.code = s.regions.Code(e.country, e.region)
	}
	return e
}

// place takes coordinates over, in whole 1/10,000°. (0, 0) is what these
// tables say where they know none.
func (e *entry) place(lat, lon float64) {
	round := func(x float64) float64 { return math.Round(x*1e4) / 1e4 }
	ok := math.Abs(lat) <= 90 && math.Abs(lon) <= 180 && (lat != 0 || lon != 0)
	if ok {
		e.lat, e.lon, e.located = round(lat), round(lon), true
	}
}
