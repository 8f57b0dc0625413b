// Package catalog knows what an archive holds: it watches the manifest, makes
// its files local and knows what values they have.
package catalog

import (
	"slices"

	"github.com/glowmap/glow/archiver/archive"
)

// Snapshot is the archive as it stood at one moment. It never changes. Its
// files stay readable until Release.
type Snapshot struct {
	Manifest *archive.Manifest
	// Version names what the archive holds: same version, same answers.
	Version string
	// From is the first second of the archive's rows, and Until the one from
	// which on nothing is known; both are 0 while there are no rows.
	From, Until int64

	byDate  map[string][]archive.File
	dates   []string
	columns []string
	release func()
}

// Dates are those that have rows, ascending.
func (s *Snapshot) Dates() []string { return s.dates }

// Of returns the files of a date, by name.
func (s *Snapshot) Of(date string) []archive.File { return s.byDate[date] }

// Select returns the files that may hold rows of these types (none: of all)
// from a second up to another, which is not included.
func (s *Snapshot) Select(from, to int64, types ...string) []archive.File {
	filter := archive.Filter{From: from, To: to, Types: types}
	var files []archive.File
	for _, date := range s.dates {
		first, last, err := archive.DateSpan(date)
		if err != nil || last <= from || first >= to {
			continue
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

// Release gives the files free; it may be called more than once.
func (s *Snapshot) Release() {
	if s.release != nil {
		s.release()
	}
}
