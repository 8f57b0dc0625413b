package places

import (
	"bytes"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/oschwald/maxminddb-golang/v2"
)

func load(t testing.TB) *World {
	t.Helper()
	w, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLoad(t *testing.T) {
	w := load(t)
	countries := map[string]bool{}
	alone := map[string]bool{}
	for _, p := range w.Places {
		countries[p.Country] = true
		if continent[p.Country] == "" || people[p.Country] == 0 {
			alone[p.Country] = true
		}
		if math.Abs(p.Lat) > 90 || math.Abs(p.Lon) > 180 || len(p.Networks) == 0 || !p.Networks[0].Addr().Is4() {
			t.Errorf("odd place: %+v", p)
		}
	}
	if len(alone) > 0 {
		t.Errorf("nobody is online in %v", slices.Sorted(maps.Keys(alone)))
	}
	if len(w.Places) < 15000 || len(countries) < 200 || len(w.Regions) < 1500 {
		t.Errorf("%d places in %d countries and %d regions, want more", len(w.Places), len(countries), len(w.Regions))
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"=DE\nBE\t1\t2\n", "=DE\nBE\tx\t2\t3\tBerlin\t192.0.2.0/24\n", "=DE\nBE\t1\t2\t3\tBerlin\tnowhere\n"} {
		if _, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("read(%q) finds nothing wrong", text)
		}
	}
}

// Every address drawn is found in the database at the place that it was drawn of.
func TestAddressesAreInTheDatabase(t *testing.T) {
	w := load(t)
	var file bytes.Buffer
	if err := w.WriteCity(&file, 1395100800); err != nil {
		t.Fatal(err)
	}
	db, err := maxminddb.OpenBytes(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Verify(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(db.Metadata.DatabaseType, "City") || file.Len() > 12<<20 {
		t.Errorf("a %s of %d bytes, want a City of a few MB", db.Metadata.DatabaseType, file.Len())
	}
	r, crowd, six := rand.New(rand.NewPCG(1, 2)), NewCrowd(w), 0
	const draws = 20000
	for range draws {
		p := crowd.Draw(r, 24*r.Float64())
		a := p.Address(r)
		if a.Is6() {
			six++
		}
		check(t, db, p, a.String())
	}
	if six < draws/50 || six > draws/5 {
		t.Errorf("%d of %d addresses are IPv6, want some", six, draws)
	}
}

func check(t *testing.T, db *maxminddb.Reader, p *Place, addr string) {
	t.Helper()
	var got struct {
		Continent struct {
			Code string `maxminddb:"code"`
		} `maxminddb:"continent"`
		Country struct {
			ISO string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Regions []struct {
			ISO   string            `maxminddb:"iso_code"`
			Names map[string]string `maxminddb:"names"`
		} `maxminddb:"subdivisions"`
		Location struct {
			Lat float64 `maxminddb:"latitude"`
			Lon float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
	}
	if err := db.Lookup(netip.MustParseAddr(addr)).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Country.ISO != p.Country || got.Location.Lat != p.Lat || got.Location.Lon != p.Lon || got.Continent.Code != continent[p.Country] {
		t.Fatalf("%s is found at %+v, was drawn at %+v", addr, got, *p)
	}
	if p.Region != "" && (len(got.Regions) != 1 || got.Regions[0].ISO != p.Region) {
		t.Fatalf("%s is found in regions %v, was drawn in %s", addr, got.Regions, p.Region)
	}
}

// Countries are drawn by their people, and the sun moves over them.
func TestDraw(t *testing.T) {
	r, crowd := rand.New(rand.NewPCG(3, 4)), NewCrowd(load(t))
	noon, night := map[string]int{}, map[string]int{}
	for range 20000 {
		noon[crowd.Draw(r, 15-9).Country]++  // three in the afternoon in Japan
		night[crowd.Draw(r, 27-9).Country]++ // three at night
	}
	if noon["JP"] < 3*night["JP"] || night["JP"] == 0 {
		t.Errorf("of 20,000 draws %d are in Japan by day and %d by night", noon["JP"], night["JP"])
	}
	if noon["IN"] < noon["DE"] || noon["DE"] < noon["IS"] {
		t.Errorf("India %d, Germany %d, Iceland %d: want them in this order", noon["IN"], noon["DE"], noon["IS"])
	}
}
