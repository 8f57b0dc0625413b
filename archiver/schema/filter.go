package schema

import (
	"math"
	"slices"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
)

// ParseFilter reads a filter: a document as [Parse] takes it, that may besides
// say types, from, to and where.
func ParseFilter(b []byte) (archive.Filter, error) {
	d, err := read(b, true)
	if err != nil {
		return archive.Filter{}, err
	}
	w := &where{types: d.types}
	for column, r := range d.columns {
		w.place = append(w.place, columnRule{column, r})
	}
	for key, r := range d.attributes {
		w.attributes = append(w.attributes, columnRule{key, r})
	}
	f := archive.Filter{From: d.from, Where: w}
	if d.to < math.MaxInt64 {
		f.To = max(1, d.to)
	}
	return f, nil
}

// where is the part of a filter that package archive does not know by itself.
type where struct {
	types      []string     // nil: all
	place      []columnRule // by column
	attributes []columnRule // by key
}

type columnRule struct {
	name string
	rule *rule
}

// Type says whether rows of a type are wanted.
func (w *where) Type(t string) bool {
	return w.types == nil || slices.ContainsFunc(w.types, func(p string) bool {
		if beginning, star := strings.CutSuffix(p, "*"); star {
			return strings.HasPrefix(t, beginning)
		}
		return t == p
	})
}

// Columns are those that Row looks at.
func (w *where) Columns() []string {
	var list []string
	for _, c := range w.place {
		list = append(list, c.name)
	}
	for _, c := range w.attributes {
		list = append(list, archive.Column(c.name))
	}
	return list
}

// Row says whether a row is wanted, as far as its columns besides time and
// type tell.
func (w *where) Row(r *archive.Row) bool {
	for _, c := range w.place {
		if !c.rule.place(c.name, r) {
			return false
		}
	}
	for _, c := range w.attributes {
		if !c.rule.attribute(c.name, r.Attrs) {
			return false
		}
	}
	return true
}

func (r *rule) place(column string, row *archive.Row) bool {
	switch column {
	case "continent":
		return r.text(row.Continent, row.Continent != "")
	case "country":
		return r.text(row.Country, row.Country != "")
	case "region":
		return r.text(row.Region, row.Region != "")
	case "cell":
		return r.number(int64(row.Cell), row.Located)
	case "lat":
		return r.number(int64(row.Lat), row.Located)
	}
	return r.number(int64(row.Lon), row.Located)
}

func (r *rule) attribute(key string, attrs []archive.Attr) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return r.text(attrs[i].Value, true)
		}
	}
	return r.missing
}

// text says whether rows with a value, if there is one, are wanted.
func (r *rule) text(value string, known bool) bool {
	switch {
	case !known:
		return r.missing
	case value == Other && r.other:
		return true
	}
	return r.verdict(value) == ""
}

// number is text for numbers; of lat and lon in 1/10,000 degrees.
func (r *rule) number(n int64, known bool) bool {
	if !known {
		return r.missing
	}
	return n >= r.least && n <= r.most
}

func (w *where) rule(column string) *rule {
	for _, c := range w.place {
		if c.name == column {
			return c.rule
		}
	}
	for _, c := range w.attributes {
		if archive.Column(c.name) == column {
			return c.rule
		}
	}
	return nil
}

// ExcludesText says that no row can be wanted of those whose values in a
// column lie between min and max (and nulls: or are missing). Where all are
// missing, min is more than max. It may say no where yes would do.
func (w *where) ExcludesText(column, min, max string, nulls bool) bool {
	r := w.rule(column)
	switch {
	case r == nil, r.missing && nulls:
		return false
	case min > max:
		return true
	case r.other && min <= Other && Other <= max:
		return false
	case r.list != nil:
		return !between(r.list, min, max)
	case r.numeric:
		return min == max && r.verdict(min) != "" || !numeric(min, max)
	}
	return min == max && r.deny[min]
}

func between(list map[string]bool, min, max string) bool {
	for v := range list {
		if min <= v && v <= max {
			return true
		}
	}
	return false
}

// numeric says whether a number can lie between min and max.
func numeric(min, max string) bool { return min <= "9~" && max >= "-" }

// ExcludesNumber is ExcludesText of the columns cell, lat and lon.
func (w *where) ExcludesNumber(column string, min, max int64, nulls bool) bool {
	r := w.rule(column)
	if r == nil || r.missing && nulls {
		return false
	}
	return min > max || max < r.least || min > r.most
}
