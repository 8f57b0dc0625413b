// Package catalog knows what an archive holds: it follows the manifest
// (catalog.go), makes files local (shelf.go) in a cache (cache.go, hold.go) to
// which they are on their way (flight.go), counts their values (count.go,
// values.go) and remembers what it has learned (notes.go).
package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/event"
)

// Snapshot is the archive as it stood at one moment. It never changes. Files
// that are replaced later stay for as long as the archiver keeps them.
type Snapshot struct {
	Manifest *archive.Manifest
	// Version names what the archive holds: same version, same answers.
	Version string
	// From is the first second of the archive's rows, and Until the one from
	// which on nothing is known; both are 0 while there are no rows.
	From, Until int64

	byDate  map[string][]archive.File
	dates   []string
	types   []string
	columns []string
}

// attr is how columns of attributes begin.
const attr = "attr_"

// base are the columns that every archive has.
var base = []string{"cell", "continent", "country", "lat", "lon", "region", "time", "type"}

// known are those columns that we know, by name, each once.
func known(columns []string) []string {
	var list []string
	for _, c := range columns {
		key, ok := strings.CutPrefix(c, attr)
		if slices.Contains(base, c) || ok && event.ValidKey(key) {
			list = append(list, c)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func newSnapshot(m *archive.Manifest) *Snapshot {
	s := &Snapshot{Manifest: m, Version: version(m), byDate: map[string][]archive.File{}}
	slices.SortFunc(m.Files, func(a, b archive.File) int { return cmp.Compare(a.Name, b.Name) })
	for i, f := range m.Files {
		s.byDate[f.Date] = append(s.byDate[f.Date], f)
		if i == 0 || f.From < s.From {
			s.From = f.From
		}
		s.Until = max(s.Until, f.To+1)
		for typ := range f.Types {
			s.types = append(s.types, typ)
		}
	}
	for date := range s.byDate {
		s.dates = append(s.dates, date)
	}
	slices.Sort(s.dates)
	slices.Sort(s.types)
	s.types = slices.Compact(s.types)
	if len(m.Files) > 0 {
		s.Until = max(s.Until, reached(m.Cursor.Entry))
	}
	return s
}

// reached is when the last archived entry was counted, in Unix seconds: its
// name begins with the milliseconds.
func reached(entry string) int64 {
	ms, _, _ := strings.Cut(entry, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return 0
	}
	return n / 1000
}

// version is a hash of all that answers depend on.
func version(m *archive.Manifest) string {
	names := make([]string, len(m.Files))
	for i, f := range m.Files {
		names[i] = f.Name
	}
	slices.Sort(names)
	b, err := json.Marshal([]any{m.Feed, m.Cursor.Entry, m.Missing, names})
	if err != nil {
		panic(err) // strings and numbers
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Dates are those that have rows, ascending.
func (s *Snapshot) Dates() []string { return s.dates }

// Types are those of which there are rows, by name.
func (s *Snapshot) Types() []string { return s.types }

// Of returns the files of a date, by name.
func (s *Snapshot) Of(date string) []archive.File { return s.byDate[date] }

// Select returns the files that may hold rows of these types (none: of all)
// from a second up to another, which is not included.
func (s *Snapshot) Select(from, to int64, types ...string) []archive.File {
	filter := archive.Filter{From: max(from, 0), To: max(to, 1), Types: types}
	first, _ := slices.BinarySearch(s.dates, archive.Date(max(from, 0)))
	var files []archive.File
	for _, date := range s.dates[first:] {
		start, _, err := archive.DateSpan(date)
		if err != nil || start >= to {
			break
		}
		for _, f := range s.byDate[date] {
			if f.Wanted(&filter) {
				files = append(files, f)
			}
		}
	}
	return files
}

// Columns are those that rows of the archive may have, by name.
func (s *Snapshot) Columns() []string { return s.columns }

// Has says whether rows of the archive may have a column.
func (s *Snapshot) Has(column string) bool {
	_, found := slices.BinarySearch(s.columns, column)
	return found
}

// Missing says of a date whether rows of a type are missing there and none is
// left: then nothing is known of it.
func (s *Snapshot) Missing(typ, date string) bool {
	if s.Manifest.Missing[typ][date] == 0 {
		return false
	}
	for _, f := range s.byDate[date] {
		if f.Types[typ] > 0 {
			return false
		}
	}
	return true
}

// Rows are those of a type: how many, and the first and the last second of the
// files that have any.
func (s *Snapshot) Rows(typ string) (n uint64, from, to int64) {
	for _, f := range s.Manifest.Files {
		k := f.Types[typ]
		if k == 0 {
			continue
		}
		if n == 0 || f.From < from {
			from = f.From
		}
		n, to = n+k, max(to, f.To)
	}
	return n, from, to
}
