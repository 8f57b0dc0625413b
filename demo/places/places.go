// Package places is the demo's small world: some twenty thousand real places
// with a few of their real networks each, reduced from DB-IP City Lite (see
// LICENSE.data), and how many people are there. It writes a City database that
// geoworker takes like any other, and draws addresses that this database knows.
package places

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

//go:embed places.tsv.gz
var table []byte

// Attribution is what must be shown wherever results are shown.
const Attribution = "IP Geolocation by DB-IP (https://db-ip.com)"

// Place is a town, or the largest of some towns within a quarter degree.
type Place struct {
	Country   string // ISO 3166-1 alpha-2
	Region    string // ISO 3166-2 without the country; may be empty
	City      string
	Lat, Lon  float64
	Addresses float64 // IPv4 addresses there, in all
	Networks  []netip.Prefix
}

// World is all places.
type World struct {
	Places  []Place
	Regions map[string]string // "US-CA" → "California"
}

// Load reads the embedded places.
func Load() (*World, error) {
	z, err := gzip.NewReader(bytes.NewReader(table))
	if err != nil {
		return nil, err
	}
	return read(z)
}

// read reads what dbip2city --places writes.
func read(r io.Reader) (*World, error) {
	w := &World{Regions: map[string]string{}}
	country := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if c, ok := strings.CutPrefix(line, "="); ok {
			country = c
			continue
		}
		if region, ok := strings.CutPrefix(line, "+"); ok {
			code, name, _ := strings.Cut(region, "\t")
			w.Regions[country+"-"+code] = name
			continue
		}
		p, err := readPlace(country, strings.Split(line, "\t"))
		if err != nil {
			return nil, fmt.Errorf("place %q: %w", line, err)
		}
		w.Places = append(w.Places, p)
	}
	return w, lines.Err()
}

func readPlace(country string, f []string) (Place, error) {
	if len(f) != 6 {
		return Place{}, fmt.Errorf("%d fields, want 6", len(f))
	}
	p := Place{Country: country, Region: f[0], City: f[4]}
	for i, into := range []*float64{&p.Lat, &p.Lon, &p.Addresses} {
		v, err := strconv.ParseFloat(f[1+i], 64)
		if err != nil {
			return Place{}, err
		}
		*into = v
	}
	p.Lat, p.Lon = p.Lat/100, p.Lon/100
	for text := range strings.SplitSeq(f[5], ",") {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return Place{}, err
		}
		p.Networks = append(p.Networks, n)
	}
	return p, nil
}
