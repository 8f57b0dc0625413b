package oracle

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"

	"github.com/oschwald/maxminddb-golang/v2"
)

// place is what an address resolves to; empty strings and located = false
// where the database does not say.
type place struct {
	continent, country, region string
	cell, lat, lon             int
	located                    bool
}

// atlas looks addresses up, one at a time, and keeps the answers.
type atlas struct {
	db   *maxminddb.Reader
	side int // of a cell, in ten-thousandths of a degree
	seen map[netip.Addr]place
}

func openAtlas(file string, degrees float64) (*atlas, error) {
	side := int(math.Round(degrees * 10000))
	if side <= 0 || 1800000%side != 0 {
		return nil, fmt.Errorf("oracle: cells of %v degrees do not divide the world", degrees)
	}
	db, err := maxminddb.Open(file)
	if err != nil {
		return nil, fmt.Errorf("oracle: %w", err)
	}
	return &atlas{db, side, map[netip.Addr]place{}}, nil
}

func (a *atlas) find(addr netip.Addr) place {
	p, ok := a.seen[addr]
	if !ok {
		p = a.look(addr)
		a.seen[addr] = p
	}
	return p
}

var (
	twoLetters = regexp.MustCompile(`^[A-Z]{2}$`)
	isoPart    = regexp.MustCompile(`^[A-Z0-9]{1,3}$`)
)

// look decodes the whole record and picks what a bucket counts. An address
// that the database cannot even be asked about (IPv6 in an IPv4 database) has
// no place, like one that it does not know.
func (a *atlas) look(addr netip.Addr) (p place) {
	var record map[string]any
	if err := a.db.Lookup(addr).Decode(&record); err != nil || record == nil {
		return place{}
	}
	if c := text(record, "continent", "code"); twoLetters.MatchString(c) {
		p.continent = c
	}
	if c := text(record, "country", "iso_code"); twoLetters.MatchString(c) {
		p.country = c
	}
	if list, ok := record["subdivisions"].([]any); ok && len(list) > 0 && p.country != "" {
		if first, ok := list[0].(map[string]any); ok {
			if code, _ := first["iso_code"].(string); isoPart.MatchString(code) {
				p.region = p.country + "-" + code
			}
		}
	}
	if p.lat, p.lon, p.located = coordinates(record); p.located {
		p.cell = cellOf(p.lat, p.lon, a.side)
	}
	return p
}

func text(record map[string]any, outer, inner string) string {
	m, _ := record[outer].(map[string]any)
	s, _ := m[inner].(string)
	return s
}

// coordinates are in ten-thousandths of a degree.
func coordinates(record map[string]any) (int, int, bool) {
	location, _ := record["location"].(map[string]any)
	lat, okLat := location["latitude"].(float64)
	lon, okLon := location["longitude"].(float64)
	if !okLat || !okLon || !(math.Abs(lat) <= 90) || !(math.Abs(lon) <= 180) {
		return 0, 0, false
	}
	return int(math.Round(lat * 10000)), int(math.Round(lon * 10000)), true
}

// cellOf numbers the cell at a latitude and longitude in ten-thousandths of a
// degree. Rows go from north to south and columns from west to east; the south
// and west edges belong to a cell; the north pole belongs to row 0 and the
// meridian of 180° to column 0.
func cellOf(lat, lon, side int) int {
	rows, columns := 1800000/side, 3600000/side
	row := rows - 1 - (lat+900000)/side
	if row < 0 {
		row = 0
	}
	return row*columns + (lon+1800000)/side%columns
}
