package past

import (
	"fmt"
	"net/netip"

	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/located"
)

// Locator looks addresses up in a City database, as geoworker does.
func Locator(database string) (look func(address []byte) (located.Place, error), done func(), err error) {
	g, err := grid.New(0.5)
	if err != nil {
		return nil, nil, err
	}
	m, err := locate.Open(database, g)
	if err != nil {
		return nil, nil, err
	}
	return func(address []byte) (located.Place, error) {
		addr, ok := event.ParseAddr(address)
		if !ok {
			return located.Place{}, fmt.Errorf("address %q", address)
		}
		spots := make([]uint32, 1)
		m.Spots([]netip.Addr{addr}, spots)
		return place(m, spots[0]), nil
	}, m.Close, nil
}

// place is what the archive has of a spot.
func place(m *locate.Map, spot uint32) located.Place {
	p := m.Places[m.ClassOf[spot]]
	to := located.Place{Continent: m.Continents[p.Continent], Country: m.Countries[p.Country], Region: m.Regions[p.Region]}
	if p.Cell > 0 {
		to.Located, to.Cell, to.Lat, to.Lon = true, m.Cells[p.Cell], m.Coords[spot].Lat, m.Coords[spot].Lon
	}
	return to
}
