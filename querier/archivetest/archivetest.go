// Package archivetest makes small archives of all shapes for tests.
package archivetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/querier/catalog"
)

// Archive is an archive in a folder, and the rows that it has.
type Archive struct {
	T        testing.TB
	Dir      string
	Rows     []archive.Row
	Manifest archive.Manifest
}

// New makes an archive without rows.
func New(t testing.TB) *Archive {
	a := &Archive{T: t, Dir: t.TempDir()}
	a.Manifest = archive.Manifest{Feed: "f", Cursor: archive.Cursor{Entry: "0-0"}, Missing: map[string]map[string]uint64{}}
	return a
}

// Add writes rows of one date into a file; Commit shows it. A finished day has
// rows of one type, in order.
func (a *Archive) Add(rows []archive.Row, finished bool) {
	a.T.Helper()
	var table archive.Table
	for i := range rows {
		table.Add(&rows[i])
	}
	if finished {
		table.Sort()
	}
	var b bytes.Buffer
	a.check(table.Write(&b))
	sum := table.Sum()
	date := archive.Date(sum.From)
	name := archive.SegmentName(date, fmt.Sprint(len(a.Manifest.Files), "-0"), "hash")
	if finished {
		name = archive.SortedName(date, rows[0].Type, "hash")
	}
	path := filepath.Join(a.Dir, filepath.FromSlash(name))
	a.check(errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b.Bytes(), 0o644)))
	a.Manifest.Files = append(a.Manifest.Files, archive.File{
		Name: name, Date: date, Types: sum.Types, From: sum.From, To: sum.To, Bytes: int64(b.Len()), Day: finished,
	})
	a.Rows = append(a.Rows, rows...)
}

// Commit writes the manifest.
func (a *Archive) Commit() {
	a.T.Helper()
	path := filepath.Join(a.Dir, filepath.FromSlash(archive.ManifestName))
	a.check(errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path+".new", a.Manifest.Encode(), 0o644)))
	a.check(os.Rename(path+".new", path))
}

// Catalog is a catalog of the archive as it is now.
func (a *Archive) Catalog() *catalog.Catalog {
	a.T.Helper()
	source, err := store.New(a.T.Context(), "file://"+a.Dir, store.Options{})
	a.check(err)
	c := catalog.New(source, a.Dir, nil)
	a.check(c.Refresh(a.T.Context()))
	return c
}

func (a *Archive) check(err error) {
	a.T.Helper()
	if err != nil {
		a.T.Fatal(err)
	}
}

// Day is the number of seconds of a date.
const Day = 24 * 60 * 60

// First is the first second of random archives, a Friday.
const First = 1774569600 // 2026-03-27T00:00:00Z

// Random makes an archive of six days across the end of a month: finished ones
// and segments, several types and attributes, values that nobody knows, OTHER,
// a date of which all rows of a type are missing, one without rows.
func Random(t testing.TB, r *rand.Rand, n int) *Archive {
	a := New(t)
	for day := range int64(6) {
		if day == 2 { // nothing happened
			continue
		}
		rows := map[string][]archive.Row{}
		for range n {
			row := randomRow(r, First+day*Day, day)
			rows[row.Type] = append(rows[row.Type], row)
		}
		if day == 3 { // deleted, or never archived
			delete(rows, "share:twitter")
			a.Manifest.Missing["share:twitter"] = map[string]uint64{archive.Date(First + day*Day): 7}
		}
		a.addDay(rows, day < 4)
	}
	a.Manifest.Missing["download"] = map[string]uint64{archive.Date(First): 3} // and others are there
	a.Manifest.Cursor.Entry = fmt.Sprint((First+5*Day+15*3600)*1000, "-0")
	a.Commit()
	return a
}

// addDay writes finished files of each type, or two segments of all.
func (a *Archive) addDay(rows map[string][]archive.Row, finished bool) {
	var all []archive.Row
	for _, typ := range types {
		if finished && len(rows[typ]) > 0 {
			a.Add(rows[typ], true)
		}
		all = append(all, rows[typ]...)
	}
	if !finished {
		a.Add(all[:len(all)/3], false)
		a.Add(all[len(all)/3:], false)
	}
}

var types = []string{"download", "share:twitter", "it's \"odd\" *?[%_"}

func randomRow(r *rand.Rand, from, day int64) archive.Row {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	row := archive.Row{Time: from + r.Int64N(12*3600), Type: types[min(r.IntN(4), 2)]}
	switch r.IntN(5) {
	case 0:
		row.Place = located.Place{Continent: "EU", Country: pick("DE", "FR", "IT"), Region: pick("", "DE-BY", "IT-25"), Located: true, Cell: r.Uint32N(5), Lat: r.Int32N(900000), Lon: -r.Int32N(1800000)}
	case 1:
		row.Place = located.Place{Continent: "NA", Country: "US", Region: "US-CA", Located: true, Cell: 259199, Lat: 377749, Lon: -1224194}
	case 2:
		row.Place = located.Place{Located: true} // off Africa, with nothing else known
	case 3:
		row.Continent = "AS"
	}
	if r.IntN(3) > 0 {
		row.Attrs = append(row.Attrs, archive.Attr{Key: "country", Value: pick("de", "fr", "", "DE")}) // like a dimension
	}
	if day > 0 && r.IntN(3) > 0 { // a later attribute
		row.Attrs = append(row.Attrs, archive.Attr{Key: "lang", Value: pick("de-DE", "日本語", "a\"b'c;--", "=1+1", "")})
	}
	if r.IntN(3) > 0 {
		row.Attrs = append(row.Attrs, archive.Attr{Key: "os", Value: pick("win", "mac", "OTHER")})
	}
	return row
}
