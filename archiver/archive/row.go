// Package archive is the history that Glow keeps: how its files are laid out,
// written and read.
//
// An archive is a set of Parquet files and a manifest that names them (layout.go,
// manifest.go). Each file holds rows (row.go) of one date, gathered and sorted
// in a table (table.go). Files that hold the same rows are the same bytes
// (write.go). Whoever reads goes by the manifest and gets each row once (archive.go).
package archive

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/located"
)

// Row is one event of the archive.
type Row struct {
	Time int64 // Unix seconds
	Type string
	located.Place
	Attrs []Attr // ascending by key, each key once
}

// Attr is an attribute of a row. Its value is valid UTF-8 and may be empty,
// which is not the same as the row not having it.
type Attr struct{ Key, Value string }

// ParseAttrs reads attributes as they stand in an event: a query string whose
// keys are valid. Of a key given twice the first value counts; what is not
// UTF-8 is replaced, and what is wrongly percent-encoded is taken as it stands.
func ParseAttrs(query string) []Attr {
	if query == "" {
		return nil
	}
	attrs := make([]Attr, 0, 1+strings.Count(query, "&"))
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		attrs = append(attrs, Attr{key, strings.ToValidUTF8(value, "\uFFFD")})
	}
	slices.SortStableFunc(attrs, func(a, b Attr) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(attrs, func(a, b Attr) bool { return a.Key == b.Key })
}

// AppendAttrs appends attributes as a query string: the one way to write them.
func AppendAttrs(dst []byte, attrs []Attr) []byte {
	for i, a := range attrs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(dst, a.Key...), '=')
		dst = append(dst, url.QueryEscape(a.Value)...)
	}
	return dst
}

// Compare is the order of rows in a file: by type, continent, country, region,
// cell, latitude, longitude, attributes, time; what is unknown comes first.
func (r *Row) Compare(o *Row) int {
	return cmp.Or(strings.Compare(r.Type, o.Type), comparePlaces(&r.Place, &o.Place),
		compareAttrs(r.Attrs, o.Attrs), cmp.Compare(r.Time, o.Time))
}

func comparePlaces(a, b *located.Place) int {
	if c := strings.Compare(a.Continent, b.Continent); c != 0 {
		return c
	}
	if c := strings.Compare(a.Country, b.Country); c != 0 {
		return c
	}
	if c := strings.Compare(a.Region, b.Region); c != 0 {
		return c
	}
	if a.Located != b.Located {
		if b.Located {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Lat, b.Lat), cmp.Compare(a.Lon, b.Lon))
}

// compareAttrs compares as if each key were a column, in the order of keys.
func compareAttrs(a, b []Attr) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(b[i].Key, a[i].Key); c != 0 { // who lacks the lesser key comes first
			return c
		}
		if c := cmp.Compare(a[i].Value, b[i].Value); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
