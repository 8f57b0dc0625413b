package locate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"

	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/grid"
)

func half(t testing.TB) grid.Grid {
	t.Helper()
	g, err := grid.New(0.5)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func write(t testing.TB, db geotest.DB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "city.mmdb")
	if err := db.Write(path); err != nil {
		t.Fatal(err)
	}
	return load(t, path)
}

func load(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// oracle locates with geoip2's own City, and reduces that by the words of the design.
type oracle struct {
	t    testing.TB
	city *geoip2.Reader
	grid grid.Grid
	v4   bool
}

var (
	code2   = regexp.MustCompile(`^[A-Z]{2}$`)
	regions = regexp.MustCompile(`^[A-Z0-9]{1,3}$`)
)

type found struct {
	continent, country, region, name string
	cell                             int64
	at                               Coords
}

func (o oracle) locate(a netip.Addr) found {
	f := found{cell: -1}
	if o.v4 && a.Is6() {
		return f
	}
	c, err := o.city.City(a)
	if err != nil {
		o.t.Fatalf("%s: %v", a, err)
	}
	if code2.MatchString(c.Continent.Code) {
		f.continent = c.Continent.Code
	}
	if code2.MatchString(c.Country.ISOCode) {
		f.country = c.Country.ISOCode
		if len(c.Subdivisions) > 0 && regions.MatchString(c.Subdivisions[0].ISOCode) {
			f.region = f.country + "-" + c.Subdivisions[0].ISOCode
			f.name = c.Subdivisions[0].Names.English
		}
	}
	if c.Location.Latitude != nil && c.Location.Longitude != nil {
		if cell, ok := o.grid.Cell(*c.Location.Latitude, *c.Location.Longitude); ok {
			f.cell = int64(cell)
			f.at = Coords{int32(math.Round(*c.Location.Latitude * 1e4)), int32(math.Round(*c.Location.Longitude * 1e4))}
		}
	}
	return f
}

func (m *Map) found(a netip.Addr) found { return m.at(m.Spot(a)) }

func (m *Map) at(spot uint32) found {
	p := m.Places[m.ClassOf[spot]]
	f := found{m.Continents[p.Continent], m.Countries[p.Country], m.Regions[p.Region], m.RegionNames[p.Region], -1, m.Coords[spot]}
	if p.Cell > 0 {
		f.cell = int64(m.Cells[p.Cell])
	}
	return f
}

func v4(ip uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, ip)))
}

// near is a random address: anywhere, or near the edge of one of the places.
func near(r *rand.Rand, places []geotest.Place) netip.Addr {
	p := netip.MustParsePrefix(places[r.IntN(len(places))].Net)
	b := p.Addr().AsSlice()
	from := p.Bits()
	switch r.IntN(4) {
	case 0:
		from = 0
	case 1:
		from = max(0, from-2)
	}
	for i := from; i < 8*len(b); i++ {
		if r.IntN(2) == 0 {
			b[i/8] ^= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}

func compare(t *testing.T, file []byte, every24 int, random int) {
	t.Helper()
	m, err := New(file, half(t))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	city, err := geoip2.OpenBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	o := oracle{t, city, half(t), city.Metadata().IPVersion == 4}
	r := rand.New(rand.NewPCG(1, 2))
	check := func(a netip.Addr) {
		if got, want := m.found(a), o.locate(a); got != want {
			t.Fatalf("%s: %+v, want %+v", a, got, want)
		}
	}
	for n := 0; n < 1<<24; n += every24 {
		check(v4(uint32(n)<<8 | r.Uint32N(256)))
	}
	for range random {
		check(near(r, geotest.Places))
	}
	for _, p := range geotest.Places {
		check(netip.MustParsePrefix(p.Net).Addr())
		check(netip.MustParsePrefix(p.Net).Addr().Prev())
	}
	for _, a := range []string{
		"0.0.0.0", "255.255.255.255", "10.1.2.3", "127.0.0.1", "::", "::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
		"2002:808:808::1", "2001:0:808:808::", "fe80::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	} {
		check(netip.MustParseAddr(a))
		check(netip.MustParseAddr(a).Unmap())
	}
}

func TestSameAsGeoIP2(t *testing.T) {
	for name, db := range map[string]geotest.DB{"24": {RecordSize: 24}, "28": {RecordSize: 28}, "32": {RecordSize: 32}, "v4": {IPVersion: 4}, "v4 in 24": {IPVersion: 4, RecordSize: 24}} {
		t.Run(name, func(t *testing.T) { compare(t, write(t, db), 101, 100000) })
	}
	t.Run("maxmind's test data", func(t *testing.T) {
		compare(t, load(t, "../../e2e/testdata/GeoIP2-City-Test.mmdb"), 101, 100000)
	})
	if path := os.Getenv("GLOW_GEOIP"); path != "" { // a real database, by hand
		t.Run("GLOW_GEOIP", func(t *testing.T) { compare(t, load(t, path), 1, 1000000) })
	}
}

// Numbers beyond 24 bits, which no small database has.
func TestUnpack(t *testing.T) {
	for _, c := range []struct {
		node        []byte
		left, right uint32
	}{
		{[]byte{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}, 0x123456, 0x789abc},
		{[]byte{0x12, 0x34, 0x56, 0xab, 0x78, 0x9a, 0xbc}, 0xa123456, 0xb789abc},
		{[]byte{0xfe, 0x12, 0x34, 0x56, 0xdc, 0x78, 0x9a, 0xbc}, 0xfe123456, 0xdc789abc},
	} {
		tree := make([]uint32, 4)
		unpack(tree, append(c.node, c.node...), len(c.node))
		if tree[0] != c.left || tree[1] != c.right || tree[2] != c.left || tree[3] != c.right {
			t.Errorf("%x: %x", c.node, tree)
		}
	}
}

func TestRefused(t *testing.T) {
	good := write(t, geotest.DB{})
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":     {nil, "invalid"},
		"text":      {[]byte("<html>not found</html>"), "invalid"},
		"a country": {write(t, geotest.DB{Type: "GeoLite2-Country", Places: []geotest.Place{{Net: "1.0.0.0/8", Country: "JP", Continent: "AS"}}}), "City database"},
		"headless":  {good[len(good)/2:], ""},
		"no middle": {append(good[:len(good)/3:len(good)/3], good[len(good)/2:]...), ""},
	} {
		m, err := New(c.file, half(t))
		if err == nil || m != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if m, err := New(write(t, geotest.DB{Type: "Somebody's places"}), half(t)); err != nil {
		t.Errorf("all fields, but a type of its own: %v", err)
	} else {
		m.Close()
	}
	for n := range len(good) {
		if m, err := New(good[:n], half(t)); err == nil || m != nil {
			t.Fatalf("truncated to %d of %d bytes, but opened", n, len(good))
		}
	}
}

// Every single bit flipped in a whole database: refused or readable, no panic.
func TestFlippedBits(t *testing.T) {
	good := write(t, geotest.DB{Places: geotest.Places[25:]})
	r := rand.New(rand.NewPCG(3, 4))
	for i := range good {
		bit := byte(1) << r.IntN(8)
		good[i] ^= bit
		if m, err := New(good, half(t)); err == nil {
			m.found(near(r, geotest.Places))
			m.Close()
		}
		good[i] ^= bit
	}
}

func BenchmarkSpot(b *testing.B) {
	var m *Map
	var err error
	if path := os.Getenv("GLOW_GEOIP"); path != "" {
		m, err = Open(path, half(b))
	} else {
		m, err = New(write(b, geotest.DB{}), half(b))
	}
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for name, distinct := range map[string]int{"300k": 300000, "all": 1 << 23} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(5, 6))
			addrs := make([]netip.Addr, distinct)
			for i := range addrs {
				addrs[i] = v4(r.Uint32())
			}
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			for i := range b.N {
				n += int(m.Spot(addrs[i%distinct]))
			}
			_ = n
		})
		b.Run(name+" a thousand at a time", func(b *testing.B) {
			r := rand.New(rand.NewPCG(5, 6))
			addrs, spots := make([]netip.Addr, distinct/1000*1000), make([]uint32, 1000)
			for i := range addrs {
				addrs[i] = v4(r.Uint32())
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += 1000 {
				at := i % len(addrs)
				m.Spots(addrs[at:at+1000], spots)
			}
		})
	}
}

// Addresses side by side have the spots that they have one by one.
func TestSpots(t *testing.T) {
	for _, version := range []int{4, 6} {
		m, err := New(write(t, geotest.DB{IPVersion: version}), half(t))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		r := rand.New(rand.NewPCG(7, 8))
		addrs, spots := make([]netip.Addr, 1000), make([]uint32, 1000)
		look := func() { m.Spots(addrs, spots) }
		for range 20 {
			for i := range addrs {
				addrs[i] = near(r, geotest.Places)
			}
			look()
			for i, a := range addrs {
				if want := m.Spot(a); spots[i] != want {
					t.Fatalf("version %d: %v: spot %d among others, %d by itself", version, a, spots[i], want)
				}
			}
		}
		if n := testing.AllocsPerRun(10, look); n != 0 {
			t.Errorf("version %d: %v allocations for a thousand addresses", version, n)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := os.Getenv("GLOW_GEOIP")
	if path == "" {
		path = filepath.Join(b.TempDir(), "city.mmdb")
		if err := geotest.Write(path, 28); err != nil {
			b.Fatal(err)
		}
	}
	for range b.N {
		m, err := Open(path, half(b))
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}
