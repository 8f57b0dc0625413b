package count

import (
	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/located"
)

// archive gathers the located events of a step as text, while the archive is on.
type archive struct {
	on      bool
	attrs   [][]byte // of the events under way; share memory with their entry
	entries []entry
	bytes   int
	places  []byte   // of all spots, as they are written
	ends    []uint32 // by spot: where its place ends
	spare   chan []byte
}

// entry is one of the located stream in the making.
type entry struct {
	text []byte
	n    int
}

// maxSpareEntries bounds the memory kept for the entries of later steps.
const maxSpareEntries = 32

// use writes all places of m down.
func (a *archive) use(m *locate.Map) {
	a.places, a.ends = nil, nil
	if !a.on {
		return
	}
	a.places, a.ends = make([]byte, 0, 32*len(m.Coords)), make([]uint32, len(m.Coords))
	for spot, class := range m.ClassOf {
		a.places = append(a.places, place(m, class, m.Coords[spot])...)
		a.ends[spot] = uint32(len(a.places))
	}
}

func place(m *locate.Map, class uint32, at locate.Coords) []byte {
	p := m.Places[class]
	l := located.Place{
		Continent: m.Continents[p.Continent], Country: m.Countries[p.Country], Region: m.Regions[p.Region],
		Located: p.Cell > 0, Cell: m.Cells[p.Cell], Lat: at.Lat, Lon: at.Lon,
	}
	return l.Append(make([]byte, 0, located.MaxPlace))
}

// place is what is written of a spot.
func (a *archive) place(spot uint32) []byte {
	if spot == 0 {
		return a.places[:a.ends[0]]
	}
	return a.places[a.ends[spot-1]:a.ends[spot]]
}

// add appends the events whose attributes are under way.
func (a *archive) add(all []parsed, spots []uint32) {
	if len(all) == 0 {
		return
	}
	e := a.entry()
	for i, p := range all {
		if len(e.text) > located.MaxEntry-located.MaxLine-1 {
			a.entries = append(a.entries, entry{text: a.buffer()})
			e = &a.entries[len(a.entries)-1]
		}
		was := len(e.text)
		if was > 0 {
			e.text = append(e.text, '\n')
		}
		e.text = located.AppendHead(e.text, p.time, p.kind.name)
		e.text = append(e.text, a.place(spots[i])...)
		e.text = located.AppendAttrs(e.text, a.attrs[i])
		e.n++
		p.kind.located++
		a.bytes += len(e.text) - was
	}
	a.attrs = a.attrs[:0]
}

// entry is the one under way.
func (a *archive) entry() *entry {
	if len(a.entries) == 0 {
		a.entries = append(a.entries, entry{text: a.buffer()})
	}
	return &a.entries[len(a.entries)-1]
}

// buffer is an empty one, if possible of a step that was done.
func (a *archive) buffer() []byte {
	select {
	case b := <-a.spare:
		return b[:0]
	default:
		return nil
	}
}

// take hands the entries to a step.
func (a *archive) take() []entry {
	e := a.entries
	a.entries, a.bytes = nil, 0
	return e
}

// release gives the memory of a step's entries to later ones.
func (s *Step) release() {
	for _, e := range s.located {
		select {
		case s.spare <- e.text:
		default:
			return
		}
	}
}
