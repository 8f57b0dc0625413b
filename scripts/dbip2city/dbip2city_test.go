package main

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"
)

// bin holds dbip2city.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dbip2city-")
	if err != nil {
		panic(err)
	}
	bin = dir
	if out, err := exec.Command("go", "build", "-o", dir, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// run runs dbip2city and returns its exit status and what it says.
func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "dbip2city"), args...)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// table writes a database of one record a network.
func table(t *testing.T, name, typ string, version int, records map[string]mmdbtype.Map) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: typ, IPVersion: version, BuildEpoch: 1780666922, RecordSize: 24,
		Description: map[string]string{"en": "a test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for network, record := range records {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(n, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func flatRecord(country, state, city string, lat, lon float32) mmdbtype.Map {
	return mmdbtype.Map{
		"country_code": mmdbtype.String(country), "state1": mmdbtype.String(state), "state2": mmdbtype.String(""),
		"city": mmdbtype.String(city), "latitude": mmdbtype.Float32(lat), "longitude": mmdbtype.Float32(lon),
	}
}

// city is the part of MaxMind's City schema that is asked for here.
type city struct {
	Continent struct {
		Code string `maxminddb:"code"`
	} `maxminddb:"continent"`
	Country named   `maxminddb:"country"`
	Regions []named `maxminddb:"subdivisions"`
	City    struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Location struct {
		Lat *float64 `maxminddb:"latitude"`
		Lon *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

func lookup(t *testing.T, file, addr string) (c city) {
	t.Helper()
	db, err := maxminddb.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Lookup(netip.MustParseAddr(addr)).Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func want(t *testing.T, got city, continent, country, countryName, region, regionName, town string) {
	t.Helper()
	if got.Continent.Code != continent || got.Country.ISO != country || got.Country.Names["en"] != countryName || got.City.Names["en"] != town {
		t.Errorf("%+v, want %s %s (%s) %s", got, continent, country, countryName, town)
	}
	if region == "" && regionName == "" {
		if len(got.Regions) > 0 {
			t.Errorf("regions %+v, want none", got.Regions)
		}
		return
	}
	if len(got.Regions) != 1 || got.Regions[0].ISO != region || got.Regions[0].Names["en"] != regionName {
		t.Errorf("regions %+v, want %s (%s)", got.Regions, region, regionName)
	}
}

// Two flat tables become one database with continents and region codes.
func TestConvertFlat(t *testing.T) {
	four := table(t, "4.mmdb", "city ipv4", 4, map[string]mmdbtype.Map{
		"91.1.0.0/16":    flatRecord("DE", "State of Berlin", "Berlin", 52.520008, 13.404954),
		"8.8.8.0/24":     flatRecord("US", "California", "Mountain View", 37.422, -122.085),
		"41.0.0.0/16":    flatRecord("GH", "Nowhere Land", "", 0, 0),
		"185.1.0.0/16":   flatRecord("ZZ", "", "", 1, 2),
		"203.10.16.0/20": flatRecord("", "", "", 0, 0),
	})
	six := table(t, "6.mmdb", "city ipv6", 6, map[string]mmdbtype.Map{
		"2a00:1450::/32": flatRecord("FR", "Rhone-Alpes", "Lyon", 45.75, 4.85),
	})
	out := filepath.Join(t.TempDir(), "city.mmdb")
	if status, said := run(t, "--out", out, four, six); status != 0 {
		t.Fatal(said)
	}
	want(t, lookup(t, out, "91.1.2.3"), "EU", "DE", "Germany", "BE", "Berlin", "Berlin")
	want(t, lookup(t, out, "8.8.8.8"), "NA", "US", "United States", "CA", "California", "Mountain View")
	want(t, lookup(t, out, "2a00:1450::1"), "EU", "FR", "France", "ARA", "Auvergne-Rhône-Alpes", "Lyon")
	want(t, lookup(t, out, "41.0.0.1"), "AF", "GH", "Ghana", "", "Nowhere Land", "")
	want(t, lookup(t, out, "185.1.0.1"), "", "", "", "", "", "")
	if l := lookup(t, out, "91.1.2.3").Location; l.Lat == nil || *l.Lat != 52.52 || *l.Lon != 13.405 {
		t.Errorf("Berlin lies at %v", l)
	}
	if l := lookup(t, out, "41.0.0.1").Location; l.Lat != nil {
		t.Error("0, 0 is taken for a place")
	}
	if status, said := run(t, "--check", out); status != 0 || !strings.Contains(said, "good DBIP-City-Lite-ISO of 2026-06-05") {
		t.Errorf("%d %s", status, said)
	}
}

func english(name string) mmdbtype.Map { return mmdbtype.Map{"en": mmdbtype.String(name)} }

func nestedRecord(country, region string, lat, lon float64) mmdbtype.Map {
	return mmdbtype.Map{
		"country":      mmdbtype.Map{"iso_code": mmdbtype.String(country), "names": english("?")},
		"subdivisions": mmdbtype.Slice{mmdbtype.Map{"names": english(region)}},
		"city":         mmdbtype.Map{"names": english("Town")},
		"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(lat), "longitude": mmdbtype.Float64(lon)},
	}
}

// DB-IP's own file gets region codes.
func TestConvertNested(t *testing.T) {
	file := table(t, "lite.mmdb", "DBIP-City-Lite", 6, map[string]mmdbtype.Map{
		"1.0.0.0/24": nestedRecord("AU", "Queensland", -27.46794, 153.02809),
	})
	out := filepath.Join(t.TempDir(), "city.mmdb")
	if status, said := run(t, "--out", out, file); status != 0 {
		t.Fatal(said)
	}
	want(t, lookup(t, out, "1.0.0.1"), "OC", "AU", "Australia", "QLD", "Queensland", "Town")
}

// What cannot be read leaves the old database as it is, and nothing beside it.
func TestConvertFails(t *testing.T) {
	dir := t.TempDir()
	out, broken := filepath.Join(dir, "city.mmdb"), filepath.Join(t.TempDir(), "broken")
	for _, f := range []string{out, broken} {
		if err := os.WriteFile(f, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"--out", out, broken}, {"--out", out, broken + ".none"}, {"--check", broken}} {
		if status, said := run(t, args...); status != 1 {
			t.Errorf("%v: %d %s", args, status, said)
		}
	}
	for _, args := range [][]string{{}, {"--out", out}, {broken}, {"--out", out, "--places", out, broken}, {"--nonsense"}} {
		if status, said := run(t, args...); status != 2 {
			t.Errorf("%v: %d %s", args, status, said)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if text, _ := os.ReadFile(out); string(text) != "old" {
		t.Error("the old database is gone")
	}
}

func TestPlaces(t *testing.T) {
	four := table(t, "4.mmdb", "city ipv4", 4, map[string]mmdbtype.Map{
		"91.1.0.0/16": flatRecord("DE", "Berlin", "Berlin (Mitte)", 52.52, 13.405),
		"91.2.0.0/24": flatRecord("DE", "Berlin", "Small", 52.53, 13.41),
	})
	out := filepath.Join(t.TempDir(), "places.tsv.gz")
	if status, said := run(t, "--places", out, four); status != 0 || !strings.Contains(said, "1 places") {
		t.Fatalf("%d %s", status, said)
	}
	text, err := exec.Command("gzip", "-dc", out).Output()
	if want := "=DE\n+BE\tBerlin\nBE\t5252\t1341\t65792\tBerlin\t91.1.0.0/16,91.2.0.0/24\n"; err != nil || string(text) != want {
		t.Errorf("%q, want %q (%v)", text, want, err)
	}
}
