// Package tally counts a log once more, independently of Glow, and compares
// every count of every bucket in Redis with what must be there: a fast wrong
// answer is no answer. It is the oracle of e2e/oracle for logs that are too
// long for it; its tests hold the two against each other.
package tally

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"os"
	"regexp"
	"strconv"

	"github.com/oschwald/maxminddb-golang/v2"
)

// place is what is counted of an address.
type place struct {
	continent, country, region string
	cell                       int // -1: none
}

// minute holds one minute's events: their places, and how many there are in
// each second.
type minute struct {
	places []uint32
	beat   [60]int
}

// Tally is what a log of lines "IP SECONDS" holds, all of type download.
type Tally struct {
	Lines   int
	places  []place
	minutes map[int64]*minute // by start / 60
}

// Read counts a log with a City database.
func Read(path, database string) (*Tally, error) {
	db, err := maxminddb.Open(database)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &Tally{minutes: map[int64]*minute{}}
	byAddress, byPlace := map[string]uint32{}, map[place]uint32{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		line := in.Bytes()
		i := bytes.IndexByte(line, ' ')
		if i < 0 {
			return nil, fmt.Errorf("%s: line %q", path, line)
		}
		n, ok := byAddress[string(line[:i])]
		if !ok {
			p, err := look(db, string(line[:i]))
			if err != nil {
				return nil, err
			}
			if n, ok = byPlace[p]; !ok {
				n = uint32(len(t.places))
				byPlace[p] = n
				t.places = append(t.places, p)
			}
			byAddress[string(line[:i])] = n
		}
		sec, err := strconv.ParseInt(string(line[i+1:]), 10, 64)
		if err != nil {
			return nil, err
		}
		t.add(sec, n)
	}
	return t, in.Err()
}

func (t *Tally) add(sec int64, place uint32) {
	m := t.minutes[sec/60]
	if m == nil {
		m = &minute{}
		t.minutes[sec/60] = m
	}
	m.places = append(m.places, place)
	m.beat[sec%60]++
	t.Lines++
}

var (
	twoLetters = regexp.MustCompile(`^[A-Z]{2}$`)
	isoPart    = regexp.MustCompile(`^[A-Z0-9]{1,3}$`)
)

// look reads an address's whole record.
func look(db *maxminddb.Reader, text string) (place, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return place{}, err
	}
	var r struct {
		Continent struct {
			Code string `maxminddb:"code"`
		} `maxminddb:"continent"`
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Location struct {
			Lat *float64 `maxminddb:"latitude"`
			Lon *float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
		Subdivisions []struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"subdivisions"`
	}
	if err := db.Lookup(addr.Unmap()).Decode(&r); err != nil {
		return place{}, err
	}
	p := place{cell: -1}
	if twoLetters.MatchString(r.Continent.Code) {
		p.continent = r.Continent.Code
	}
	if twoLetters.MatchString(r.Country.Code) {
		p.country = r.Country.Code
	}
	if p.country != "" && len(r.Subdivisions) > 0 && isoPart.MatchString(r.Subdivisions[0].Code) {
		p.region = p.country + "-" + r.Subdivisions[0].Code
	}
	if lat, lon := r.Location.Lat, r.Location.Lon; lat != nil && lon != nil && math.Abs(*lat) <= 90 && math.Abs(*lon) <= 180 {
		p.cell = cell(*lat, *lon)
	}
	return p, nil
}

// cell numbers the half degrees of the map, from north-west to south-east.
func cell(lat, lon float64) int {
	const side, rows, columns = 5000, 360, 720
	row := rows - 1 - (int(math.Round(lat*10000))+900000)/side
	return max(row, 0)*columns + (int(math.Round(lon*10000))+1800000)/side%columns
}
