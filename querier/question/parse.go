package question

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what may be asked.
const (
	MaxBytes  = 64 << 10
	maxKeys   = 100
	maxBy     = 6
	maxValues = 1000
	maxText   = 1024 // bytes of one value
	// MaxTime is the last second of the year 9999.
	MaxTime = 253402300799
)

// mark is with what some programs begin texts in UTF-8.
const mark = "\ufeff"

// Parse reads a question. Its errors are of type *Error.
func Parse(b []byte, s *Shape) (*Question, error) {
	b = bytes.TrimPrefix(b, []byte(mark))
	if !utf8.Valid(b) {
		return nil, wrong("", "the question is not written in UTF-8")
	}
	v, err := parseJSON(b)
	if err != nil {
		return nil, wrong("", "%s", err)
	}
	members, ok := v.([]member)
	if !ok {
		return nil, wrong("", `want an object, as in {"keys":["download"],"by":["country"]}, not %s`, describe(v))
	}
	p := parser{shape: s, q: &Question{From: s.From, To: s.To}}
	for _, m := range members {
		if err := p.field(m); err != nil {
			return nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return p.q, nil
}

type parser struct {
	shape *Shape
	q     *Question
}

var fields = []string{"keys", "where", "from", "to", "every", "by", "order", "limit"}

func (p *parser) field(m member) *Error {
	switch m.name {
	case "keys":
		return p.keys(m.value)
	case "where":
		return p.where(m.value)
	case "from":
		return seconds64(m, &p.q.From)
	case "to":
		return seconds64(m, &p.q.To)
	case "every":
		return p.every(m.value)
	case "by":
		return p.by(m.value)
	case "order":
		return p.order(m.value)
	case "limit":
		return p.limit(m.value)
	}
	return wrong(cut(m.name), "no such field; %s", enumerate(fields))
}

// finish checks what depends on several fields.
func (p *parser) finish() *Error {
	q := p.q
	if len(q.Keys) == 0 {
		return wrong("keys", "say which types of events are meant; %s", enumerate(p.shape.Keys))
	}
	if q.To <= q.From {
		return wrong("to", "%s is not after from, %s", clock(q.To), clock(q.From))
	}
	if q.Every != "" {
		if n := q.Every.Periods(q.From, q.To); n > p.shape.MaxRows {
			return wrong("every", "%d periods of %s are more than the %d rows that one answer may have: ask for longer periods or for less time", n, q.Every, p.shape.MaxRows)
		}
	}
	switch name := strings.TrimPrefix(q.Order, "-"); {
	case name == "" || name == "n":
	case name == "time" && q.Every == "":
		return wrong("order", `without "every" there is no time to order by`)
	case name != "time" && !slices.Contains(q.By, name):
		return wrong("order", `want "time", "n" or one of "by", with "-" before it to turn it round`)
	}
	return nil
}

func (p *parser) keys(v any) *Error {
	list, err := texts("keys", v, maxKeys)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return wrong("keys", "the list is empty; %s", enumerate(p.shape.Keys))
	}
	for i, key := range list {
		if !slices.Contains(p.shape.Keys, key) {
			return wrong("keys", "no events of type %q; %s", cut(key), enumerate(p.shape.Keys))
		}
		if slices.Contains(list[:i], key) {
			return wrong("keys", "%q stands there twice", key)
		}
	}
	p.q.Keys = list
	return nil
}

func (p *parser) every(v any) *Error {
	s, _ := v.(string)
	if v != nil && !slices.Contains(All, Every(s)) {
		return wrong("every", "%s: want 1m, 10m, 1h, 1d, 1w or 1mo", describe(v))
	}
	p.q.Every = Every(s)
	return nil
}

func (p *parser) by(v any) *Error {
	list, err := texts("by", v, maxBy)
	if err != nil {
		return err
	}
	for i, name := range list {
		dimension, ok := p.shape.resolve(name)
		if !ok || dimension == Lat || dimension == Lon {
			return wrong("by", "no dimension %q to group by; %s", cut(name), p.shape.names())
		}
		list[i] = dimension
		if slices.Contains(list[:i], dimension) {
			return wrong("by", "%q stands there twice", name)
		}
	}
	p.q.By = list
	return nil
}

func (p *parser) order(v any) *Error {
	s, ok := v.(string)
	if v == nil {
		return nil
	}
	if !ok || s == "" {
		return wrong("order", `%s: want "time", "n" or one of "by", with "-" before it to turn it round`, describe(v))
	}
	name, down := strings.CutPrefix(s, "-")
	if name != "time" && name != "n" {
		if name, ok = p.shape.resolve(name); !ok {
			return wrong("order", `%s: want "time", "n" or one of "by", with "-" before it to turn it round`, describe(v))
		}
	}
	p.q.Order = name
	if down {
		p.q.Order = "-" + name
	}
	return nil
}

func (p *parser) limit(v any) *Error {
	if v == nil {
		return nil
	}
	n, ok := whole(v)
	if !ok || n < 1 || n > int64(p.shape.MaxRows) {
		return wrong("limit", "%s: want a whole number from 1 to %d", describe(v), p.shape.MaxRows)
	}
	p.q.Limit = int(n)
	return nil
}

// seconds64 reads a time.
func seconds64(m member, to *int64) *Error {
	if m.value == nil {
		return nil
	}
	sec, ok := whole(m.value)
	if s, isText := m.value.(string); isText {
		sec, ok = parseTime(s)
	}
	if !ok || sec < 0 || sec > MaxTime+1 {
		return wrong(m.name, "%s: want a date (2026-03-24) or a time (2026-03-24T14:00:00Z), 1970 to 9999", describe(m.value))
	}
	*to = sec
	return nil
}

func parseTime(s string) (int64, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix(), true
		}
	}
	return 0, false
}

func clock(sec int64) string { return time.Unix(sec, 0).UTC().Format(time.RFC3339) }

// texts reads a list of texts, or one text.
func texts(field string, v any, most int) ([]string, *Error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		if len(v) > most {
			return nil, wrong(field, "%d of them: want at most %d", len(v), most)
		}
		var list []string
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil, wrong(field, "%s in the list: want text", describe(one))
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, wrong(field, "%s: want a list of names", describe(v))
}

// whole reads a whole number.
func whole(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}
