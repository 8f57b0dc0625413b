package archive

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/located"
)

// MaxRows is the most rows that a table can hold.
const MaxRows = 1 << 25

// Table is rows in memory: 16 bytes each, besides what they have in common.
// Types, places and sets of attributes are kept once, under numbers.
type Table struct {
	types  list[string]
	places list[located.Place]
	attrs  attrList
	rows   []packed
}

// packed is a row: type and place above, attributes and time below. Once the
// table is sorted the numbers are ranks, so that rows compare as they are.
type packed struct{ place, when uint64 }

const (
	placeBits = 40 // below the type
	timeBits  = 38 // below the attributes; enough for the year 9999
)

// list keeps values of one kind once each.
type list[T comparable] struct {
	number map[T]uint32
	values []T
}

func (l *list[T]) add(v T, keep func(T) T) uint32 {
	n, ok := l.number[v]
	if !ok {
		if l.number == nil {
			l.number = map[T]uint32{}
		}
		v, n = keep(v), uint32(len(l.values))
		l.number[v] = n
		l.values = append(l.values, v)
	}
	return n
}

// attrList keeps sets of attributes by the one way to write them.
type attrList struct {
	number map[string]uint32
	values [][]Attr
	buf    []byte
}

// Type is the number of a type. It keeps nothing of the caller's memory.
func (t *Table) Type(typ string) uint32 { return t.types.add(typ, strings.Clone) }

// Place is the number of a place. It keeps nothing of the caller's memory.
func (t *Table) Place(p located.Place) uint32 {
	return t.places.add(p, func(p located.Place) located.Place {
		p.Continent, p.Country, p.Region = strings.Clone(p.Continent), strings.Clone(p.Country), strings.Clone(p.Region)
		return p
	})
}

// Attrs is the number of a set of attributes, ascending by key. It keeps
// nothing of the caller's memory.
func (t *Table) Attrs(attrs []Attr) uint32 {
	l := &t.attrs
	l.buf = AppendAttrs(l.buf[:0], attrs)
	n, ok := l.number[string(l.buf)]
	if !ok {
		if l.number == nil {
			l.number = map[string]uint32{}
		}
		n = uint32(len(l.values))
		l.number[string(l.buf)] = n
		own := make([]Attr, len(attrs))
		for i, a := range attrs {
			own[i] = Attr{strings.Clone(a.Key), strings.Clone(a.Value)}
		}
		l.values = append(l.values, own)
	}
	return n
}

// Append adds a row by the numbers that this table gave; its time is 0 to
// [event.MaxTime].
func (t *Table) Append(time int64, typ, place, attrs uint32) {
	t.rows = append(t.rows, packed{uint64(typ)<<placeBits | uint64(place), uint64(attrs)<<timeBits | uint64(time)})
}

// Add adds a row. It keeps nothing of the caller's memory.
func (t *Table) Add(r *Row) {
	t.Append(r.Time, t.Type(r.Type), t.Place(r.Place), t.Attrs(r.Attrs))
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Distinct is how many places and sets of attributes there are: what a table
// needs memory for, besides its rows.
func (t *Table) Distinct() int { return len(t.places.values) + len(t.attrs.values) }

// Reset forgets all rows, and what they had in common.
func (t *Table) Reset() { *t = Table{rows: t.rows[:0]} }

func (p packed) typ() uint32   { return uint32(p.place >> placeBits) }
func (p packed) spot() uint32  { return uint32(p.place) }
func (p packed) attrs() uint32 { return uint32(p.when >> timeBits) }
func (p packed) time() int64   { return int64(p.when & (1<<timeBits - 1)) }

// Sort puts the rows into the order of [Row.Compare]. More rows may be added
// afterwards, which then have to be sorted again.
func (t *Table) Sort() {
	types := ranks(t.types.values, strings.Compare)
	places := ranks(t.places.values, func(a, b located.Place) int { return comparePlaces(&a, &b) })
	attrs := ranks(t.attrs.values, compareAttrs)
	for i, r := range t.rows {
		t.rows[i] = packed{
			uint64(types[r.typ()])<<placeBits | uint64(places[r.spot()]),
			uint64(attrs[r.attrs()])<<timeBits | uint64(r.time()),
		}
	}
	renumber(t.types.number, types)
	renumber(t.places.number, places)
	renumber(t.attrs.number, attrs)
	slices.SortFunc(t.rows, func(a, b packed) int {
		if a.place != b.place {
			return cmp.Compare(a.place, b.place)
		}
		return cmp.Compare(a.when, b.when)
	})
}

// ranks sorts values and returns the new number of each old one.
func ranks[T any](values []T, compare func(a, b T) int) []uint32 {
	order := make([]uint32, len(values))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return compare(values[a], values[b]) })
	old, rank := slices.Clone(values), make([]uint32, len(values))
	for i, n := range order {
		rank[n], values[i] = uint32(i), old[n]
	}
	return rank
}

func renumber[K comparable](number map[K]uint32, rank []uint32) {
	for k, n := range number {
		number[k] = rank[n]
	}
}

// keys are the keys of all attributes, ascending.
func (t *Table) keys() []string {
	set := map[string]bool{}
	for _, attrs := range t.attrs.values {
		for _, a := range attrs {
			set[a.Key] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Row reads row i into r, which shares memory with the table.
func (t *Table) Row(i int, r *Row) {
	p := t.rows[i]
	*r = Row{p.time(), t.types.values[p.typ()], t.places.values[p.spot()], t.attrs.values[p.attrs()]}
}

// Sum says what is in a table.
type Sum struct {
	Types    map[string]uint64 // rows
	From, To int64             // the first and the last second
}

// Sum adds the rows up; of no rows it is zero.
func (t *Table) Sum() Sum {
	if len(t.rows) == 0 {
		return Sum{}
	}
	n := make([]uint64, len(t.types.values))
	s := Sum{Types: map[string]uint64{}, From: t.rows[0].time(), To: t.rows[0].time()}
	for _, r := range t.rows {
		n[r.typ()]++
		s.From, s.To = min(s.From, r.time()), max(s.To, r.time())
	}
	for i, typ := range t.types.values {
		if n[i] > 0 {
			s.Types[typ] = n[i]
		}
	}
	return s
}
