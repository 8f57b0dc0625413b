package define

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/glowmap/glow/querier/model/expr"
)

// keys are the members of a file.
var keys = []string{"name", "summary", "where", "by", "value", "values", "every", "order", "limit", "days", "min", "public", "off"}

// Bounds of what a model may ask for.
const (
	maxLimit   = 100000
	maxDays    = 36525
	maxMin     = 1000000
	maxColumns = 16
)

// reader makes a model of a document.
type reader struct {
	*document
	m     *Model
	order []entry
	every entry
	byDay entry
}

// Read reads the file NAME.toml. Its error joins all mistakes, of type
// [*Error].
func Read(name string, text []byte) (*Model, error) {
	r := &reader{document: scan(bytes.TrimPrefix(text, []byte("\ufeff"))), m: &Model{Name: name}}
	if err := r.err(); err != nil {
		return nil, err
	}
	if !ValidName(name) {
		r.wrong(0, "the file is called %q: want 1 to 64 of a-z, 0-9, - and _, and .toml", name)
	}
	for _, e := range r.top {
		r.member(e)
	}
	r.readValues()
	r.finish()
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.m, nil
}

// ValidName says whether a model may be called so.
func ValidName(name string) bool {
	ok := name != "" && len(name) <= 64 && name[0] != '-'
	for _, c := range name {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}
	return ok
}

func (r *reader) member(e entry) {
	switch e.key {
	case "name":
		r.name(e)
	case "summary":
		r.m.Summary, _ = r.string(e)
	case "where":
		r.m.Where = r.where(e)
	case "by":
		r.by(e)
	case "value":
		r.values = append(r.values, e)
	case "every":
		r.readEvery(e)
	case "order":
		r.order = r.strings(e)
	case "limit":
		r.m.Limit = r.number(e, maxLimit)
	case "days":
		r.m.Days = r.number(e, maxDays)
	case "min":
		r.m.Min = r.number(e, maxMin)
	case "public":
		r.m.Public = r.bool(e)
	case "off":
		r.m.Off = r.bool(e)
	default:
		r.unknown(e)
	}
}

func (r *reader) unknown(e entry) {
	if near, ok := expr.Nearest(e.key, keys); ok {
		r.wrong(e.keyAt, "no member %q: did you mean %s?", e.key, near)
		return
	}
	r.wrong(e.keyAt, "no member %q: there are %s", e.key, strings.Join(keys, ", "))
}

func (r *reader) name(e entry) {
	if name, ok := r.string(e); ok && name != r.m.Name {
		r.wrong(e.at, "name: the model is called as its file, %s: rename the file, or leave name out", r.m.Name)
	}
}

// expr parses an expression and puts its mistakes to the place in the file.
func (r *reader) expr(e entry) (x *expr.Expr, name string) {
	text, ok := r.string(e)
	if !ok {
		return nil, ""
	}
	x, name, err := expr.ParseNamed(text)
	if err != nil {
		r.misplaced(e, err)
		return nil, ""
	}
	return x, name
}

// misplaced notes a mistake in the expression of an entry.
func (r *reader) misplaced(e entry, err error) {
	var at *expr.Error
	if !errors.As(err, &at) {
		at = &expr.Error{Message: err.Error()}
	}
	if e.exact {
		r.wrong(e.at+at.Pos, "%s", at.Message)
		return
	}
	r.wrong(e.at, "%s: %s", e.key, at.Message)
}

func (r *reader) where(e entry) *expr.Expr {
	x, name := r.expr(e)
	switch {
	case x == nil:
		return nil
	case name != "":
		r.wrong(e.at, "where: a name (as %s) has no place here", name)
	case x.Type != expr.Bool:
		r.wrong(e.at, "where: %s is %s: want a condition, as in type = 'download'", x, x.Type)
	default:
		if err := x.Scalar(); err != nil {
			r.misplaced(e, err)
		}
	}
	return x
}

func (r *reader) by(e entry) {
	for _, item := range r.strings(e) {
		x, name := r.expr(item)
		if x == nil {
			continue
		}
		if err := x.Scalar(); err != nil {
			r.misplaced(item, err)
			continue
		}
		if x.Name == "date" && (name == "" || name == "date") {
			r.byDay = item
			continue
		}
		if name == "" {
			name = x.Name
		}
		if name == "" {
			r.wrong(item.at, "by: say how the column is to be called, as in %s as NAME", x)
		}
		r.column(item, &r.m.Groups, Column{name, x})
	}
}

// column appends a column if its name is new and valid.
func (r *reader) column(e entry, to *[]Column, c Column) {
	same := func(o Column) bool { return o.Name == c.Name }
	switch {
	case slices.ContainsFunc(r.m.Groups, same), slices.ContainsFunc(r.m.Values, same):
		r.wrong(e.at, "two columns are called %s", c.Name)
	case len(*to) == maxColumns:
		r.wrong(e.at, "more than %d columns", maxColumns)
	default:
		*to = append(*to, c)
	}
}

func (r *reader) readEvery(e entry) {
	text, ok := r.string(e)
	if !ok {
		return
	}
	r.every = e
	if r.m.Every, ok = step(text); !ok {
		var names []string
		for _, s := range Steps {
			names = append(names, s.Name)
		}
		r.wrong(e.at, "every: no %q: there are %s", text, strings.Join(names, ", "))
	}
}

// readValues comes when all of by is known.
func (r *reader) readValues() {
	named := slices.ContainsFunc(r.values, func(e entry) bool { return e.key != "value" })
	for _, e := range r.values {
		if e.isList {
			r.wrong(e.at, "%s: several values stand in a table, [values] and in it n = \"count(*)\"", e.key)
			continue
		}
		x, name := r.expr(e)
		if x == nil {
			continue
		}
		if err := x.Aggregated(); err != nil {
			r.misplaced(e, err)
			continue
		}
		switch {
		case e.key == "value" && named:
			r.wrong(e.keyAt, "either value or [values], not both")
		case name == "":
			name = e.key
		case e.key != "value":
			r.wrong(e.at, "%s has a name already", e.key)
		}
		if !expr.ValidName(name) {
			r.wrong(e.keyAt, "%q cannot be the name of a column: want letters, digits and underscores, a letter first", name)
		}
		r.column(e, &r.m.Values, Column{name, x})
	}
	if len(r.values) == 0 {
		count, _ := expr.Parse("count(*)")
		r.column(entry{}, &r.m.Values, Column{"n", count})
	}
}

// finish decides what the file left open, and looks at the whole.
func (r *reader) finish() {
	m := r.m
	day := r.byDay.key != ""
	switch {
	case r.every.key == "" && day:
		m.Every, _ = step("1d")
	case r.every.key == "":
		m.Every, _ = step("all")
	case day && m.Every.Name != "1d":
		r.wrong(r.byDay.at, "by date is every = \"1d\", not %q: leave one of them out", m.Every.Name)
	}
	for _, c := range slices.Concat(m.Groups, m.Values) {
		if c.Name == m.Every.Column {
			r.wrong(0, "two columns are called %s: that of every = %q, and another", c.Name, m.Every.Name)
		}
	}
	list := []*expr.Expr{}
	for _, v := range m.Values {
		list = append(list, v.Expr)
	}
	m.Sums, m.Finals = expr.Split(list)
	if m.Every.Seconds == 0 && !m.Combines() {
		r.wrong(r.every.at, "count(distinct …) cannot be combined from day to day: write every = \"1d\" or less, or put date into by")
	}
	r.readOrder()
}

// readOrder finds the columns of order; without it, those with the greatest
// first value come first.
func (r *reader) readOrder() {
	columns := r.m.Columns()
	for _, e := range r.order {
		name, down := strings.CutPrefix(e.text, "-")
		i := slices.Index(columns, name)
		if i < 0 {
			near, ok := expr.Nearest(name, columns)
			if !ok {
				near = strings.Join(columns, ", ")
			}
			r.wrong(e.at, "order: no column %q: take %s, with - for the greatest first", name, near)
			continue
		}
		r.m.Order = append(r.m.Order, Sort{i, down})
	}
	if len(r.order) == 0 && len(r.m.Values) > 0 {
		r.m.Order = []Sort{{len(columns) - len(r.m.Values), true}}
	}
}
