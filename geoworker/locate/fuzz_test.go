package locate

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"

	"github.com/glowmap/glow/internal/geotest"
)

// few is a world small enough to be opened thousands of times a second.
var few = []geotest.Place{
	{Net: "1.2.3.0/25", Continent: "OC", Country: "NZ", LatLon: geotest.At(-41.2866, 174.7756)},
	{Net: "8.0.0.0/8", Continent: "NA", Country: "US", Region: "CA", RegionName: "California", LatLon: geotest.At(37.386, -122.0838)},
	{Net: "2a00::/12", Continent: "EU", Country: "DE", Region: "BE", RegionName: "State of Berlin"},
}

// Whatever a file holds, opening and asking it ends without a panic. What is
// taken answers as the usual library does, where that can read the record.
//
// The table in front of the tree takes 64 MB and most of the time of opening a
// small file, so the tree is asked without it.
func FuzzNew(f *testing.F) {
	for _, size := range []int{24, 28, 32} {
		f.Add(write(f, geotest.DB{RecordSize: size, Places: few}), uint32(0), byte(0))
	}
	f.Add(write(f, geotest.DB{IPVersion: 4, Places: few}), uint32(7), byte(1))
	f.Add(write(f, geotest.DB{IPVersion: 4, RecordSize: 24, Places: few[:1]}), uint32(200), byte(0x20))
	g := half(f)
	var addrs []netip.Addr
	for _, p := range few {
		a := netip.MustParsePrefix(p.Net).Addr()
		addrs = append(addrs, a, a.Next(), a.Prev())
	}
	f.Fuzz(func(t *testing.T, file []byte, at uint32, x byte) {
		if len(file) == 0 || len(file) > 1<<16 {
			return
		}
		file = append([]byte(nil), file...)
		file[int(at)%len(file)] ^= x
		m, err := prepare(file, g)
		if err != nil {
			m.Close()
			return
		}
		defer m.Close()
		m.root4()
		city, err := geoip2.OpenBytes(file)
		if err != nil { // it wants a type that it knows
			return
		}
		o := oracle{t, city, g, city.Metadata().IPVersion == 4}
		for _, a := range addrs {
			got := m.at(m.slow(a))
			if _, err := city.City(a); err != nil || a.Is6() && !m.v6 {
				continue
			}
			if want := o.locate(a); got != want {
				t.Fatalf("%s: %+v, want %+v", a, got, want)
			}
		}
	})
}

// slow is Spot without the table and the cache.
func (m *Map) slow(a netip.Addr) uint32 {
	b := a.As16()
	node, bits := uint32(0), b[:]
	if a.Is4() {
		node, bits = m.v4, b[12:]
	} else if !m.v6 {
		return Nowhere
	}
	for _, c := range bits {
		node = m.walk(node, uint64(c)<<56, 8)
	}
	return m.leaf(node)
}

// A tree may lead anywhere: in circles, to itself, too deep.
func TestCyclicTree(t *testing.T) {
	good := write(t, geotest.DB{RecordSize: 24, Places: few})
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		file := append([]byte(nil), good...)
		node, side, to := r.IntN(40), r.IntN(2), r.IntN(40)
		copy(file[6*node+3*side:], []byte{0, 0, byte(to)})
		m, err := prepare(file, half(t))
		if err == nil {
			m.root4()
			m.slow(near(r, few))
		}
		if to <= node && to < 2 && err == nil {
			t.Fatalf("node %d leads back to %d, and that is taken", node, to)
		}
		m.Close()
	}
}
