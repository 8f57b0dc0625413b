package count

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/bucket"
)

// part is one bucket of a step in the making.
type part struct {
	id     bucket.ID
	events int
	fields []any // field, increment
	packed []byte
}

// encoder sums slots up into parts, one type after the other.
type encoder struct {
	places *locate.Map
	token  bucket.Token
	parts  map[bucket.ID]*part
	order  []*part

	hour, day, all tally
	hourAt, dayAt  bucket.ID

	// Scratch for the bucket being packed, by the Map's indexes; zero between.
	continents, countries, regions, cells []uint32
	cellSet                               []uint64

	ids    []uint32
	codes  []string
	counts []uint64

	unlocated int      // in all minutes of the step
	met       []uint32 // regions in the step
}

// tally is one type's counts in a period that is still being summed up.
type tally struct {
	n       int
	classes []uint32 // by class
	touched []uint32 // the classes that are not 0
	beat    []uint32
	days    map[int64]int // all time: by number of the day since 1970
}

func (t *tally) use(classes, beats int) {
	*t = tally{classes: make([]uint32, classes), beat: make([]uint32, beats), days: map[int64]int{}}
}

func (t *tally) add(class, n uint32) {
	if t.classes[class] == 0 {
		t.touched = append(t.touched, class)
	}
	t.classes[class] += n
}

func (t *tally) clear() {
	for _, c := range t.touched {
		t.classes[c] = 0
	}
	t.touched, t.n = t.touched[:0], 0
	clear(t.beat)
	clear(t.days)
}

func (e *encoder) use(m *locate.Map) {
	e.places = m
	for t, beats := range map[*tally]int{&e.hour: 60, &e.day: 1440, &e.all: 0} {
		t.use(len(m.Places), beats)
	}
	e.continents, e.countries = make([]uint32, len(m.Continents)), make([]uint32, len(m.Countries))
	e.regions, e.cells = make([]uint32, len(m.Regions)), make([]uint32, len(m.Cells))
	e.cellSet = make([]uint64, len(m.Cells)/64+1)
}

// encode makes the parts of all slots.
func (e *encoder) encode(slots map[key]*slot) []*part {
	e.token, e.parts, e.order, e.unlocated, e.met = bucket.NewToken(), map[bucket.ID]*part{}, nil, 0, e.met[:0]
	sorted := make([]*slot, 0, len(slots))
	for _, s := range slots {
		sorted = append(sorted, s)
	}
	// Types ascend, as they must within a part; minutes ascend within a type,
	// so that there is one hour and one day at a time.
	slices.SortFunc(sorted, func(a, b *slot) int {
		return cmp.Or(strings.Compare(a.kind.name, b.kind.name), cmp.Compare(a.number, b.number))
	})
	var k *kind
	for _, s := range sorted {
		if s.kind != k {
			e.endAll(k)
			k = s.kind
		}
		e.slot(s)
	}
	e.endAll(k)
	return e.order
}

func (e *encoder) slot(s *slot) {
	id := s.id()
	if s.ten {
		for _, c := range s.classes {
			e.fold(c, 1)
		}
		e.pack(id, s.kind, len(s.classes), s.beat[:10])
		return
	}
	hour := bucket.ID{Period: bucket.Hour, Start: bucket.Hour.Start(id.Start)}
	if e.hour.n > 0 && e.hourAt != hour {
		e.endHour(s.kind)
	}
	day := bucket.ID{Period: bucket.Day, Start: bucket.Day.Start(id.Start)}
	if e.day.n > 0 && e.dayAt != day {
		e.endDay(s.kind)
	}
	e.hourAt, e.dayAt = hour, day
	for _, c := range s.classes {
		e.fold(c, 1)
		e.hour.add(c, 1)
	}
	n := len(s.classes)
	e.hour.n += n
	e.hour.beat[s.number%60] += uint32(n)
	e.unlocated += e.pack(id, s.kind, n, s.beat[:])
}

// end packs what a tally has gathered and adds it to the next longer one.
func (e *encoder) end(t, into *tally, id bucket.ID, k *kind) {
	for _, c := range t.touched {
		e.fold(c, t.classes[c])
		if into != nil {
			into.add(c, t.classes[c])
		}
	}
	e.pack(id, k, t.n, t.beat)
	if into != nil {
		into.n += t.n
	}
}

func (e *encoder) endHour(k *kind) {
	if e.hour.n == 0 {
		return
	}
	e.end(&e.hour, &e.day, e.hourAt, k)
	copy(e.day.beat[e.hourAt.Start%86400/60:], e.hour.beat)
	e.hour.clear()
}

func (e *encoder) endDay(k *kind) {
	e.endHour(k)
	if e.day.n == 0 {
		return
	}
	e.end(&e.day, &e.all, e.dayAt, k)
	e.all.days[e.dayAt.Start/86400] += e.day.n
	e.day.clear()
}

func (e *encoder) endAll(k *kind) {
	e.endDay(k)
	if e.all.n == 0 {
		return
	}
	id := bucket.ID{Period: bucket.All}
	e.end(&e.all, nil, id, k)
	p := e.parts[id]
	for day, n := range e.all.days {
		p.fields = append(p.fields, k.name+"|day|"+time.Unix(day*86400, 0).UTC().Format(time.DateOnly), n)
	}
	e.all.clear()
}

// fold adds n events of a class to the bucket being packed.
func (e *encoder) fold(class, n uint32) {
	p := &e.places.Places[class]
	e.continents[p.Continent] += n
	e.countries[p.Country] += n
	e.regions[p.Region] += n
	e.cells[p.Cell] += n
	e.cellSet[p.Cell>>6] |= 1 << (p.Cell & 63)
}

// pack writes what was folded as one type's section of a bucket, empties the
// scratch and returns how many of the n events have no cell.
func (e *encoder) pack(id bucket.ID, k *kind, n int, beat []uint32) (unlocated int) {
	p := e.parts[id]
	if p == nil {
		p = &part{id: id, packed: bucket.AppendHeader(make([]byte, 0, 256), e.token)}
		e.parts[id] = p
		e.order = append(e.order, p)
	}
	unlocated = int(e.cells[0])
	p.events += n
	p.fields = append(p.fields, k.n, n)
	if unlocated > 0 {
		p.fields = append(p.fields, k.missing, unlocated)
	}
	if id.Period == bucket.All {
		e.meet()
	}
	p.packed = bucket.AppendType(p.packed, k.name)
	p.packed = e.appendBeat(p.packed, beat)
	p.packed = e.appendCodes(p.packed, e.places.Continents, e.continents, true)
	p.packed = e.appendCodes(p.packed, e.places.Countries, e.countries, true)
	p.packed = e.appendCodes(p.packed, e.places.Regions, e.regions, id.Period.HasRegions())
	p.packed = e.appendCells(p.packed)
	return unlocated
}

// meet notes which regions were folded.
func (e *encoder) meet() {
	for i, n := range e.regions[1:] {
		if n > 0 {
			e.met = append(e.met, uint32(i+1))
		}
	}
}

func (e *encoder) appendBeat(dst []byte, beat []uint32) []byte {
	e.ids, e.counts = e.ids[:0], e.counts[:0]
	for i, n := range beat {
		if n > 0 {
			e.ids, e.counts = append(e.ids, uint32(i)), append(e.counts, uint64(n))
		}
	}
	return bucket.AppendPairs(dst, e.ids, e.counts)
}

// appendCodes appends the counts of a dimension, if it is wanted, and zeroes them.
func (e *encoder) appendCodes(dst []byte, codes []string, counts []uint32, wanted bool) []byte {
	e.codes, e.counts = e.codes[:0], e.counts[:0]
	for i := 1; wanted && i < len(counts); i++ {
		if n := counts[i]; n > 0 {
			e.codes, e.counts = append(e.codes, codes[i]), append(e.counts, uint64(n))
		}
	}
	clear(counts)
	return bucket.AppendCodes(dst, e.codes, e.counts)
}

func (e *encoder) appendCells(dst []byte) []byte {
	e.ids, e.counts = e.ids[:0], e.counts[:0]
	for i, w := range e.cellSet {
		for ; w != 0; w &= w - 1 {
			c := i<<6 + bits.TrailingZeros64(w)
			if c > 0 {
				e.ids, e.counts = append(e.ids, e.places.Cells[c]), append(e.counts, uint64(e.cells[c]))
			}
			e.cells[c] = 0
		}
	}
	clear(e.cellSet)
	return bucket.AppendPairs(dst, e.ids, e.counts)
}
