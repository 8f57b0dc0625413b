package locate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/glowmap/glow/internal/grid"
)

// record is what Glow reads of a database's record.
type record struct {
	Continent struct {
		Code string `maxminddb:"code"`
	} `maxminddb:"continent"`
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Location struct {
		Lat float64 `maxminddb:"latitude"`
		Lon float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
	Subdivisions []subdivision `maxminddb:"subdivisions"`
}

type subdivision struct {
	Code string `maxminddb:"iso_code"`
}

// reset empties r, so that what the next record lacks is missing.
func (r *record) reset() {
	clear(r.Subdivisions)
	*r = record{Subdivisions: r.Subdivisions[:0]}
	r.Location.Lat, r.Location.Lon = math.NaN(), math.NaN()
}

// region is the code of the record's region, "" if it has none.
func (r *record) region() string {
	if len(r.Subdivisions) == 0 || !letters(r.Country.Code) || !regional(r.Subdivisions[0].Code) {
		return ""
	}
	return r.Country.Code + "-" + r.Subdivisions[0].Code
}

// letters says whether a code is that of a continent or country: [A-Z]{2}.
func letters(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

// regional says whether a code is that of a subdivision: [A-Z0-9]{1,3}.
func regional(code string) bool {
	for _, c := range []byte(code) {
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return len(code) >= 1 && len(code) <= 3
}

// index numbers distinct values in the order in which they come; the zero
// value is number 0.
type index[T cmp.Ordered] struct {
	of   map[T]uint32
	list []T
}

func newIndex[T cmp.Ordered]() *index[T] {
	var none T
	return &index[T]{map[T]uint32{none: 0}, []T{none}}
}

func (x *index[T]) number(v T) (n uint32, added bool) {
	n, ok := x.of[v]
	if !ok {
		n = uint32(len(x.list))
		x.of[v] = n
		x.list = append(x.list, v)
	}
	return n, !ok
}

// order is all values, ascending, and the place of each in it by its number.
// The zero value stays first.
func (x *index[T]) order() (sorted []T, place []uint32) {
	sorted, place = slices.Sorted(slices.Values(x.list)), make([]uint32, len(x.list))
	for i, v := range sorted {
		place[x.of[v]] = uint32(i)
	}
	return sorted, place
}

// world gathers what occurs in the records of a database.
type world struct {
	grid                           grid.Grid
	continents, countries, regions *index[string]
	cells                          *index[uint32] // the cell's id + 1
	classes                        map[Place]uint32
	places                         []Place
	spots                          map[spot]uint32
	classOf                        []uint32 // by spot
	coords                         []Coords // by spot
	named                          []uint32 // by region: offset of a record that has it
}

// spot is what tells addresses apart: all that is counted and archived of them.
type spot struct {
	class uint32
	at    Coords
}

func newWorld(g grid.Grid) *world {
	return &world{
		grid: g, continents: newIndex[string](), countries: newIndex[string](), regions: newIndex[string](),
		cells: newIndex[uint32](), classes: map[Place]uint32{{}: Nowhere}, places: []Place{{}}, named: []uint32{0},
		spots: map[spot]uint32{{}: Nowhere}, classOf: []uint32{Nowhere}, coords: []Coords{{}},
	}
}

// spot is the number of a record's spot.
func (w *world) spot(r *record, offset uint32) uint32 {
	var p Place
	var at Coords
	if letters(r.Continent.Code) {
		p.Continent, _ = w.continents.number(r.Continent.Code)
	}
	if letters(r.Country.Code) {
		p.Country, _ = w.countries.number(r.Country.Code)
	}
	if code := r.region(); code != "" {
		var added bool
		if p.Region, added = w.regions.number(code); added {
			w.named = append(w.named, offset)
		}
	}
	if cell, ok := w.grid.Cell(r.Location.Lat, r.Location.Lon); ok {
		p.Cell, _ = w.cells.number(cell + 1)
		at = Coords{grid.Round(r.Location.Lat), grid.Round(r.Location.Lon)}
	}
	key := spot{w.class(p), at}
	n, ok := w.spots[key]
	if !ok {
		n = uint32(len(w.coords))
		w.spots[key] = n
		w.classOf, w.coords = append(w.classOf, key.class), append(w.coords, at)
	}
	return n
}

func (w *world) class(p Place) uint32 {
	class, ok := w.classes[p]
	if !ok {
		class = uint32(len(w.places))
		w.classes[p] = class
		w.places = append(w.places, p)
	}
	return class
}

// decode reads all records and makes spots and classes of them.
func (m *Map) decode(db *maxminddb.Reader, t *targets, g grid.Grid) error {
	w := newWorld(g)
	spots := make([]uint32, 0, t.count())
	var r record
	err := t.each(func(offset uint32) error {
		r.reset()
		if err := db.LookupOffset(uintptr(offset)).Decode(&r); err != nil {
			return fmt.Errorf("broken: record at %d: %w", offset, err)
		}
		spots = append(spots, w.spot(&r, offset))
		return nil
	})
	if err != nil {
		return err
	}
	m.settle(t, spots)
	return m.adopt(w, db)
}

// adopt takes over the world with its codes and cells in ascending order.
func (m *Map) adopt(w *world, db *maxminddb.Reader) error {
	var continent, country, region, cell []uint32
	m.Continents, continent = w.continents.order()
	m.Countries, country = w.countries.order()
	m.Regions, region = w.regions.order()
	m.Cells, cell = w.cells.order()
	for i := range m.Cells[1:] {
		m.Cells[i+1]--
	}
	m.Places, m.ClassOf, m.Coords = w.places, slices.Clip(w.classOf), slices.Clip(w.coords)
	for i, p := range m.Places {
		m.Places[i] = Place{continent[p.Continent], country[p.Country], region[p.Region], cell[p.Cell]}
	}
	m.RegionNames = make([]string, len(m.Regions))
	for i, offset := range w.named[1:] {
		name, err := regionName(db, offset)
		if err != nil {
			return err
		}
		m.RegionNames[region[i+1]] = name
	}
	return nil
}

// regionName is the English name of the region of a record.
func regionName(db *maxminddb.Reader, offset uint32) (string, error) {
	var r struct {
		Subdivisions []geoip2.CitySubdivision `maxminddb:"subdivisions"`
	}
	if err := db.LookupOffset(uintptr(offset)).Decode(&r); err != nil || len(r.Subdivisions) == 0 {
		return "", fmt.Errorf("broken: names of the record at %d: %w", offset, err)
	}
	return r.Subdivisions[0].Names.English, nil
}
