package archive

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/located"
)

const noon = 1774353600 // 2026-03-24T12:00:00Z

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func written(t testing.TB, table *Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read reads a file; rows are copied, as each owns them only for a moment.
func read(t testing.TB, file []byte, f Filter) []Row {
	t.Helper()
	var rows []Row
	err := ReadRows(memory{bytes.NewReader(file)}, f, func(r *Row) error {
		own := *r
		own.Attrs = slices.Clone(r.Attrs)
		rows = append(rows, own)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func equal(a, b []Row) bool {
	return slices.EqualFunc(a, b, func(a, b Row) bool { return a.Compare(&b) == 0 })
}

// randomRows are rows of all shapes: places known in part, attributes or none,
// values of all bytes.
func randomRows(r *rand.Rand, n int) []Row {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	rows := make([]Row, n)
	for i := range rows {
		row := Row{Time: noon + r.Int64N(3600), Type: pick("download", "download", "share:twitter")}
		switch r.IntN(4) {
		case 0:
			row.Place = located.Place{Continent: "EU", Country: "DE", Region: pick("", "DE-BY", "DE-BE"), Located: true, Cell: r.Uint32N(9), Lat: r.Int32N(9) - 4, Lon: -r.Int32N(9)}
		case 1:
			row.Place = located.Place{Located: true} // off Africa, with nothing else known
		case 2:
			row.Continent = "AS"
		}
		for _, key := range []string{"lang", "os", "zz_9"} {
			if r.IntN(2) == 0 {
				row.Attrs = append(row.Attrs, Attr{key, pick("", "win", "de-DE", "a b&c=d%", "\u00e9\x00")})
			}
		}
		rows[i] = row
	}
	return rows
}

func table(rows []Row) *Table {
	t := &Table{}
	for i := range rows {
		t.Add(&rows[i])
	}
	return t
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 7, piece, 3*piece + 5} {
		rows := randomRows(r, n)
		unsorted := read(t, written(t, table(rows)), Filter{})
		if !equal(unsorted, rows) {
			t.Fatalf("%d rows: not what was written", n)
		}
		sorted := table(rows)
		sorted.Sort()
		slices.SortFunc(rows, func(a, b Row) int { return a.Compare(&b) })
		if got := read(t, written(t, sorted), Filter{}); !equal(got, rows) {
			t.Fatalf("%d rows: not what was written, sorted", n)
		}
	}
}

// Attributes with more different values than a dictionary takes, over several
// pages and row groups.
func TestManyValues(t *testing.T) {
	tab := &Table{}
	typ, place := tab.Type("download"), tab.Place(located.Place{})
	const n = 60_000
	long := strings.Repeat("x", 100)
	for i := range n {
		tab.Append(noon+int64(i), typ, place, tab.Attrs([]Attr{{"id", fmt.Sprint(long, i)}, {"os", "win"}}))
	}
	i := 0
	for _, r := range read(t, written(t, tab), Filter{}) {
		if want := (Row{Time: noon + int64(i), Type: "download", Attrs: []Attr{{"id", fmt.Sprint(long, i)}, {"os", "win"}}}); r.Compare(&want) != 0 {
			t.Fatalf("row %d is %v", i, r)
		}
		i++
	}
	if i != n {
		t.Errorf("%d rows, want %d", i, n)
	}
}

// The bytes of a sorted file are a pure function of its rows.
func TestSameRowsSameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	rows := randomRows(r, 5000)
	var first []byte
	for range 3 {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		other := table(randomRows(r, 100)) // what a table held before does not matter
		written(t, other)
		other.Reset()
		for i := range rows {
			other.Add(&rows[i])
		}
		other.Sort()
		b := written(t, other)
		if first == nil {
			first = b
		}
		if !bytes.Equal(first, b) {
			t.Fatal("the same rows gave other bytes")
		}
	}
}

// Rows may be added to a table that was sorted.
func TestSortAgain(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(3, 3)), 2000)
	a := table(rows[:1000])
	a.Sort()
	for i := range rows[1000:] {
		a.Add(&rows[1000+i])
	}
	a.Sort()
	b := table(rows)
	b.Sort()
	if !bytes.Equal(written(t, a), written(t, b)) {
		t.Error("a table sorted twice differs")
	}
}

// The streaming writer writes what a table writes.
func TestWriterIsTheSame(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(4, 4)), 2*piece+3)
	var b bytes.Buffer
	w := NewWriter(&b, []string{"lang", "os", "zz_9"})
	for i := range rows {
		if err := w.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), written(t, table(rows))) {
		t.Error("other bytes than those of a table")
	}
}

func TestFilter(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(5, 5)), 3000)
	file := written(t, table(rows))
	for _, f := range []Filter{{From: noon + 60}, {To: noon + 60}, {From: noon + 60, To: noon + 120}, {Types: []string{"share:twitter"}}, {From: noon + 9999}} {
		want := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !f.Match(&r) })
		if got := read(t, file, f); !equal(got, want) {
			t.Errorf("%+v: %d rows, want %d", f, len(got), len(want))
		}
	}
}

func TestSum(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(6, 6)), 100)
	want := Sum{Types: map[string]uint64{}, From: rows[0].Time, To: rows[0].Time}
	for _, r := range rows {
		want.Types[r.Type]++
		want.From, want.To = min(want.From, r.Time), max(want.To, r.Time)
	}
	if got := table(rows).Sum(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAttrs(t *testing.T) {
	for query, want := range map[string]string{
		"":                        "",
		"os=win":                  "os=win",
		"os=win&lang=fr":          "lang=fr&os=win",
		"b=2&a=1&b=3":             "a=1&b=2",
		"a=":                      "a=",
		"a=x+y%20z":               "a=x+y+z",
		"a=%zz":                   "a=%25zz",
		"a=%ff":                   "a=%EF%BF%BD",
		"a=1=2":                   "a=1%3D2",
		"version=3.0&_=%E2%82%AC": "_=%E2%82%AC&version=3.0",
	} {
		attrs := ParseAttrs(query)
		if got := string(AppendAttrs(nil, attrs)); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
		if again := ParseAttrs(want); !slices.Equal(again, attrs) {
			t.Errorf("%q: read again as %q", want, again)
		}
	}
}

// Rows that do not fit into memory are sorted like those that do.
func TestSorter(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(8, 8)), 5000)
	want := slices.Clone(rows)
	slices.SortFunc(want, func(a, b Row) int { return a.Compare(&b) })
	for _, most := range []int{1 << 20, 5000, 1000, 777} {
		s := NewSorter(most)
		for i := range rows {
			if err := s.Add(&rows[i]); err != nil {
				t.Fatal(err)
			}
		}
		i := 0
		err := s.Each(func(r *Row) error {
			if i == len(want) || r.Compare(&want[i]) != 0 {
				return fmt.Errorf("row %d is %v", i, r)
			}
			i++
			return nil
		})
		if err != nil || i != len(want) {
			t.Errorf("%d rows in memory: %d of %d, %v", most, i, len(want), err)
		}
		if got := s.Keys("download"); !slices.Equal(got, []string{"lang", "os", "zz_9"}) || !slices.Equal(s.Types(), []string{"download", "share:twitter"}) {
			t.Errorf("keys %v, types %v", got, s.Types())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
