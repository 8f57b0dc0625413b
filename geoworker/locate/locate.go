// Package locate answers where an IP address is, at the speed of an array.
//
// A City database (MaxMind's format and schema) is read into memory, checked
// and turned into a [Map] once, when it is opened: every record is decoded and
// reduced to its spot, and the leaves of the search tree are replaced by spots.
// Spots whose places agree in all that is counted are one class. In front
// of the tree stand a table with an entry for every IPv4 /24 (DIR-24-8: a
// second level, here the tree, only where a /24 is divided) and a cache of
// IPv6 /64s.
package locate

import (
	"encoding/binary"
	"net/netip"
	"os"
	"time"
)

// Nowhere is the spot, and the class, of addresses that the database does not know.
const Nowhere = 0

// Place is what is counted of a place, as indexes into the Map's Continents,
// Countries, Regions and Cells; 0 means that it has none.
type Place struct {
	Continent, Country, Region, Cell uint32
}

// Coords are coordinates in ten-thousandths of a degree. They mean nothing
// where the place has no cell.
type Coords struct{ Lat, Lon int32 }

// Map is a City database made ready for counting. One goroutine uses it at a
// time, as look-ups fill a cache. It holds memory that Close gives back.
type Map struct {
	Type  string    // the database's type, such as GeoLite2-City
	Built time.Time // when its maker built it

	Places  []Place  // by class
	ClassOf []uint32 // by spot
	Coords  []Coords // by spot

	// Codes and cells that occur in places, ascending after index 0, which
	// stands for none.
	Continents, Countries, Regions []string
	Cells                          []uint32
	RegionNames                    []string // in English, by region; "" if unknown

	tree  []uint32 // children of node n at 2n and 2n+1; a value ≥ nodes is nodes + spot
	nodes uint32
	v4    uint32 // where IPv4 begins in the tree
	v6    bool   // whether the tree has IPv6
	dir   []uint32
	cache []slash64
	below []below     // scratch of Spots
	info  os.FileInfo // of the file that it came from
	close []func()
}

// walkOn marks an entry of the table that is not a spot, but the node from
// which the tree has to be walked for the last 8 bits.
const walkOn = 1 << 31

// slash64 is a cached spot; the network of all zeros is never cached.
type slash64 struct {
	network uint64
	spot    uint32
}

const cacheBits = 17 // 131,072 entries, 2 MB

// Spot is the spot of an address, an index into ClassOf and Coords.
func (m *Map) Spot(a netip.Addr) uint32 {
	if a.Is4() {
		b := a.As4()
		return m.spot4(binary.BigEndian.Uint32(b[:]))
	}
	if !m.v6 {
		return Nowhere
	}
	b := a.As16()
	return m.spot6(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
}

func (m *Map) spot4(ip uint32) uint32 {
	v := m.dir[ip>>8]
	if v&walkOn == 0 {
		return v
	}
	return m.leaf(m.walk(v&^walkOn, uint64(ip)<<56, 8))
}

// below is an address on its way down the tree from its /24.
type below struct {
	node uint32
	path uint32 // the bits still to go, from the highest
	at   uint32 // its place among the addresses
}

// Spots puts the spot of each address into the same place of spots, which is
// as long. All of them go down the tree side by side, a level at a time:
// look-ups wait for memory, and so they wait together and not one after the
// other.
func (m *Map) Spots(addrs []netip.Addr, spots []uint32) {
	for i, a := range addrs {
		if !a.Is4() {
			spots[i] = m.Spot(a)
			continue
		}
		b := a.As4()
		spots[i] = m.dir[binary.BigEndian.Uint32(b[:])>>8]
	}
	m.below = m.below[:0]
	for i, v := range spots {
		if v&walkOn != 0 {
			b := addrs[i].As4()
			m.below = append(m.below, below{v &^ walkOn, uint32(b[3]) << 24, uint32(i)})
		}
	}
	for open := m.below; len(open) > 0; {
		open = m.descend(open, spots)
	}
}

// descend takes each of open one level down, and returns those that are not at
// a leaf yet. A leaf's spot is written; what is written before that does not
// matter. That costs less than to ask.
func (m *Map) descend(open []below, spots []uint32) []below {
	n := 0
	for _, b := range open {
		b.node = m.tree[2*b.node+b.path>>31]
		b.path <<= 1
		spots[b.at] = b.node - m.nodes
		open[n] = b
		if b.node < m.nodes {
			n++
		}
	}
	return open[:n]
}

func (m *Map) spot6(hi, lo uint64) uint32 {
	c := &m.cache[hi*0x9e3779b97f4a7c15>>(64-cacheBits)]
	if c.network == hi && hi != 0 {
		return c.spot
	}
	node := m.walk(0, hi, 64)
	if node < m.nodes {
		return m.leaf(m.walk(node, lo, 64))
	}
	c.network, c.spot = hi, m.leaf(node)
	return c.spot
}

// walk follows the upper bits of path until it comes to a leaf or has used
// most bits, and returns where it stands.
func (m *Map) walk(node uint32, path uint64, most int) uint32 {
	for ; most > 0 && node < m.nodes; most-- {
		node = m.tree[2*node+uint32(path>>63)]
		path <<= 1
	}
	return node
}

func (m *Map) leaf(value uint32) uint32 {
	if value < m.nodes {
		return Nowhere // a tree deeper than addresses is refused when opened
	}
	return value - m.nodes
}

// Close gives the memory back. The Map's codes and places stay readable; the
// look-ups do not.
func (m *Map) Close() {
	for _, f := range m.close {
		f()
	}
	m.close, m.tree, m.dir = nil, nil, nil
}
