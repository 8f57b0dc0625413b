// Package geotest writes small City databases in MaxMind's schema for tests.
// What it writes depends on nothing but its arguments.
package geotest

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Place is what a network resolves to. Empty codes and nil coordinates are
// left out of its record.
type Place struct {
	Net        string // CIDR; a longer prefix wins over a shorter one
	Continent  string
	Country    string
	Region     string // ISO 3166-2 without the country
	RegionName string // in English
	LatLon     *[2]float64
}

// At makes coordinates.
func At(lat, lon float64) *[2]float64 { return &[2]float64{lat, lon} }

// Places is a small world with all the cases that a counter has to know: with
// and without region, location, country and continent; several networks of one
// place; places nested in others; hosts of one /24 and of one /64 apart; the
// edges of the map; country and region codes that are none. Private ranges are
// absent.
var Places = []Place{
	{"1.0.0.0/8", "AS", "JP", "13", "Tokyo", At(35.6895, 139.6917)},
	{"1.2.0.0/16", "OC", "AU", "NSW", "New South Wales", At(-33.8688, 151.2093)},
	{"1.2.3.0/25", "OC", "NZ", "", "", At(-41.2866, 174.7756)},
	{"1.2.3.128/25", "OC", "FJ", "", "", At(-18.1416, 178.4419)},
	{"1.2.3.200/32", "OC", "FJ", "C", "Central", At(-17.8, 180)},
	{"2.16.0.0/13", "EU", "DE", "BY", "Bavaria", At(48.1374, 11.5755)},
	{"2.24.0.0/13", "EU", "GB", "ENG", "England", At(51.5085, -0.1257)},
	{"5.0.0.0/9", "EU", "FR", "IDF", "Île-de-France", At(48.8534, 2.3488)},
	{"8.0.0.0/8", "NA", "US", "CA", "California", At(37.386, -122.0838)},
	{"8.8.8.0/24", "NA", "US", "", "", At(37.751, -97.822)},
	{"12.0.0.0/8", "NA", "US", "NY", "New York", At(40.7143, -74.006)},
	{"41.0.0.0/11", "AF", "ZA", "GP", "Gauteng", At(-26.2023, 28.0436)},
	{"45.224.0.0/11", "SA", "BR", "SP", "São Paulo", At(-23.5475, -46.6361)},
	{"45.240.0.0/16", "SA", "BR", "RJ", "Rio de Janeiro", At(-22.9064, -43.1822)},
	{"46.0.0.0/16", "EU", "DE", "", "", nil},          // country only
	{"46.1.0.0/16", "EU", "", "", "", nil},            // continent only
	{"46.2.0.0/16", "EU", "", "", "", At(47, 8)},      // no country
	{"46.3.0.0/16", "", "", "", "", At(0, 0)},         // coordinates only
	{"46.4.0.0/16", "", "", "", "", nil},              // an empty record
	{"46.5.0.0/16", "EU", "DE", "BY", "Bavaria", nil}, // region without coordinates
	{"46.6.0.0/16", "EU", "", "ZZ", "Nowhere", nil},   // region without country
	{"46.7.0.0/16", "EU", "de", "by", "small", nil},   // codes that are none
	{"46.8.0.0/16", "EU", "DE", "LONG", "Long", At(1, 1)},
	{"47.0.0.0/16", "AN", "AQ", "", "", At(-90, 0)},
	{"47.1.0.0/16", "", "", "", "", At(90, 0)},
	{"47.2.0.0/16", "", "", "", "", At(0, 180)},
	{"47.3.0.0/16", "", "", "", "", At(0, -180)},
	{"47.4.0.0/16", "", "", "", "", At(0.5, 0.5)},
	{"47.5.0.0/16", "", "", "", "", At(0.49999, -0.00001)},
	{"47.6.0.0/16", "EU", "NO", "", "", At(90.5, 10)}, // not on Earth
	{"47.7.0.0/16", "EU", "NO", "", "", At(10, -180.5)},
	{"2001:200::/23", "AS", "JP", "27", "Ōsaka", At(34.6937, 135.5022)},
	{"2600::/12", "NA", "US", "CA", "California", At(37.386, -122.0838)},
	{"2600:1::/32", "NA", "CA", "ON", "Ontario", At(43.7064, -79.3986)},
	{"2a00::/12", "EU", "DE", "BE", "State of Berlin", At(52.5244, 13.4105)},
	{"2a00:1::/48", "EU", "AT", "9", "Vienna", At(48.2085, 16.3721)},
	{"2a00:1:0:1::/65", "EU", "CH", "ZH", "Zurich", At(47.3667, 8.55)},
	{"2a00:1:0:1:8000::/65", "EU", "IT", "25", "Lombardy", At(45.4643, 9.1895)},
	{"2a00:1:0:1:8000::7/128", "EU", "SM", "", "", At(43.9367, 12.4463)},
	{"2a10::/16", "EU", "", "", "", nil},
}

// DB is a database to be written. Zero fields mean what Write writes.
type DB struct {
	Type       string // GeoLite2-City
	IPVersion  int    // 6; a database of version 4 leaves IPv6 networks out
	RecordSize int    // 28; or 24 or 32
	Built      int64  // Unix seconds; 2026-03-20
	Places     []Place
}

// Write writes a GeoLite2-City database of the given record size (24, 28 or
// 32) that holds the places, or [Places] if none are given, over path.
func Write(path string, recordSize int, places ...Place) error {
	return DB{RecordSize: recordSize, Places: places}.Write(path)
}

// Write writes the database over path.
func (db DB) Write(path string) error {
	tree, err := db.tree()
	if err != nil {
		return fmt.Errorf("write test database: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := tree.WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}

func (db DB) tree() (*mmdbwriter.Tree, error) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:   cmp.Or(db.Built, 1773964800),
		DatabaseType: cmp.Or(db.Type, "GeoLite2-City"),
		Description:  map[string]string{"en": "Glow test database"},
		IPVersion:    cmp.Or(db.IPVersion, 6),
		RecordSize:   cmp.Or(db.RecordSize, 28),
		Languages:    []string{"en"},
	})
	if err != nil {
		return nil, err
	}
	for _, p := range sorted(db.Places) {
		_, network, err := net.ParseCIDR(p.Net)
		if err != nil {
			return nil, err
		}
		if db.IPVersion == 4 && network.IP.To4() == nil {
			continue
		}
		if err := tree.Insert(network, p.record()); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Net, err)
		}
	}
	return tree, nil
}

// sorted puts shorter prefixes first, so that longer ones replace parts of them.
func sorted(places []Place) []Place {
	if len(places) == 0 {
		places = Places
	}
	return slices.SortedStableFunc(slices.Values(places), func(a, b Place) int {
		return cmp.Compare(a.bits(), b.bits())
	})
}

func (p Place) bits() int { return netip.MustParsePrefix(p.Net).Bits() }

func (p Place) record() mmdbtype.Map {
	m := mmdbtype.Map{}
	if p.Continent != "" {
		m["continent"] = mmdbtype.Map{"code": mmdbtype.String(p.Continent)}
	}
	if p.Country != "" {
		m["country"] = mmdbtype.Map{"iso_code": mmdbtype.String(p.Country)}
	}
	if p.Region != "" {
		m["subdivisions"] = mmdbtype.Slice{mmdbtype.Map{
			"iso_code": mmdbtype.String(p.Region),
			"names":    mmdbtype.Map{"en": mmdbtype.String(p.RegionName)},
		}}
	}
	if p.LatLon != nil {
		m["location"] = mmdbtype.Map{"latitude": mmdbtype.Float64(p.LatLon[0]), "longitude": mmdbtype.Float64(p.LatLon[1])}
	}
	return m
}

// Find is the naive look-up: the place of the longest network among places
// (or [Places] if none are given) that holds addr; nil if there is none.
func Find(addr netip.Addr, places ...Place) *Place {
	var found *Place
	for _, p := range sorted(places) {
		if netip.MustParsePrefix(p.Net).Contains(addr.Unmap()) {
			found = &p
		}
	}
	return found
}
