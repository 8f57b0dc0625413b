package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/event"
)

// maxDocument is the most that is read of a document, in bytes.
const maxDocument = 1 << 20

// document is what archive.json or a filter says.
type document struct {
	attributes map[string]*rule
	rest       *rule
	columns    map[string]*rule // of where
	types      []string
	from, to   int64
}

// read parses a document; only a filter may have types, from, to and where.
func read(b []byte, filter bool) (*document, error) {
	d := &document{attributes: map[string]*rule{}, columns: map[string]*rule{}, to: math.MaxInt64}
	s := newSource(bytes.TrimPrefix(b, []byte("\ufeff")))
	if len(b) > maxDocument {
		return nil, errors.New("the document is longer than 1 MiB")
	}
	version := false
	err := s.object("the document", func(name string) error {
		version = version || name == "v"
		return d.member(s, name, filter)
	})
	if err == nil {
		err = s.end()
	}
	if err == nil && !version {
		s.at = 0
		err = s.wrong(`"v" is missing: begin with {"v": 1, …`)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *document) member(s *source, name string, filter bool) (err error) {
	switch name {
	case "v":
		return version(s)
	case "description":
		_, err = s.string(name)
		return err
	case "attributes":
		return d.readAttributes(s)
	case "types", "from", "to", "where":
		if !filter {
			return s.wrong("%q belongs into a filter: the archive keeps all events", name)
		}
	default:
		return s.wrong("unknown member %q: there are v, description, attributes, and for filters types, from, to, where", name)
	}
	switch name {
	case "types":
		return d.readTypes(s)
	case "from":
		d.from, err = moment(s, name)
	case "to":
		d.to, err = moment(s, name)
	default:
		err = d.readWhere(s)
	}
	return err
}

func version(s *source) error {
	t, err := s.next()
	if err == nil && t != json.Number("1") {
		err = s.wrong(`"v": want 1, the only version that this program knows`)
	}
	return err
}

func (d *document) readAttributes(s *source) error {
	return s.object("attributes", func(key string) error {
		if key != "*" && !validKey(key) {
			return s.wrong("attribute %q: want 1 to 32 of a-z, 0-9 and underscore, or * for all others", key)
		}
		if len(d.attributes) == MaxKeys && key != "*" {
			return s.wrong("more than %d attributes", MaxKeys)
		}
		r, err := readRule(s, "attribute "+key, ruleForms{names: "allow range deny other max distinct missing", scale: 1})
		if key == "*" {
			d.rest = r
		} else {
			d.attributes[key] = r
		}
		return err
	})
}

func (d *document) readTypes(s *source) error {
	d.types = []string{}
	return s.list("types", func() error {
		t, err := s.string("types")
		if err == nil && !validPattern(t) {
			err = s.wrong("type %q: want a type such as download, or the beginning of types with a star: share:*", t)
		}
		d.types = append(d.types, t)
		return err
	})
}

// validPattern says whether t is a type, or the beginning of one and a star.
func validPattern(t string) bool {
	beginning, star := strings.CutSuffix(t, "*")
	return star && beginning == "" || event.ValidType([]byte(beginning))
}

// moment reads a date or a time in RFC 3339.
func moment(s *source, what string) (int64, error) {
	text, err := s.string(what)
	if err != nil {
		return 0, err
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil && t.Unix() >= 0 {
			return t.Unix(), nil
		}
	}
	return 0, s.wrong("%s: want a date such as 2026-03-24, or a time such as 2026-03-24T14:00:00Z", what)
}

// textColumns and numberColumns are those that where may name.
var (
	textColumns   = []string{"continent", "country", "region"}
	numberColumns = map[string]int64{"cell": 1, "lat": 10000, "lon": 10000} // by how much they are multiplied
)

func (d *document) readWhere(s *source) error {
	return s.object("where", func(column string) error {
		forms := ruleForms{names: "allow deny missing", scale: 1}
		scale, number := numberColumns[column]
		switch {
		case number:
			forms = ruleForms{names: "range missing", scale: scale}
		case !slices.Contains(textColumns, column):
			return s.wrong("no column %q: where knows continent, country, region, cell, lat and lon; attributes have their own member", column)
		}
		r, err := readRule(s, column, forms)
		d.columns[column] = r
		return err
	})
}

// ruleForms are the members that a rule may have where it stands.
type ruleForms struct {
	names string
	scale int64 // of the numbers of a range
}

func readRule(s *source, what string, forms ruleForms) (*rule, error) {
	r := &rule{max: usualMax, distinct: usualBreadth}
	says := map[string]bool{}
	start := 0
	err := s.object(what, func(name string) error {
		if !slices.Contains(strings.Fields(forms.names), name) {
			return s.wrong("%s: unknown member %q: there are %s", what, name, strings.ReplaceAll(forms.names, " ", ", "))
		}
		start = s.at
		says[name] = true
		return r.member(s, what+", "+name, name, forms)
	})
	if err != nil {
		return nil, err
	}
	s.at = max(start, s.at)
	switch {
	case says["allow"] == says["range"]:
		return nil, s.wrong(`%s: want either allow (a list, or "*" for any value) or range`, what)
	case says["deny"] && r.list != nil:
		return nil, s.wrong("%s: deny goes with \"*\" or a range: take the values out of the list", what)
	}
	return r, nil
}

func (r *rule) member(s *source, what, name string, forms ruleForms) (err error) {
	switch name {
	case "allow":
		return r.readAllow(s, what)
	case "range":
		return r.readRange(s, what, forms.scale)
	case "deny":
		r.deny, err = valueList(s, what)
	case "other":
		r.other, err = s.flag(what)
	case "missing":
		r.missing, err = s.flag(what)
	case "max":
		r.max, err = s.integer(what, maxValue)
	case "distinct":
		r.distinct, err = s.integer(what, maxDistinct)
	}
	return err
}

func (r *rule) readAllow(s *source, what string) error {
	t, err := s.next()
	switch {
	case err != nil:
		return err
	case t == json.Delim('['):
		r.list, err = valuesOf(s, what)
		return err
	case t == "*":
		r.any = true
		return nil
	}
	return s.wrong(`%s: want a list of values, or "*" for any`, what)
}

// valueList reads a list of values that can be stored.
func valueList(s *source, what string) (map[string]bool, error) {
	if err := s.delim(what, '[', "a list"); err != nil {
		return nil, err
	}
	return valuesOf(s, what)
}

// valuesOf is valueList behind the bracket.
func valuesOf(s *source, what string) (map[string]bool, error) {
	list := map[string]bool{}
	err := s.elements(func() error {
		v, err := s.string(what)
		switch {
		case err != nil:
		case v == Other:
			err = s.wrong(`%s: %s is what other values become: write "other": true`, what, Other)
		case v == "" || len(v) > maxValue:
			err = s.wrong("%s: want values of 1 to %d bytes", what, maxValue)
		case list[v]:
			err = s.wrong("%s: %q stands there twice", what, v)
		case len(list) == maxList:
			err = s.wrong("%s: more than %d values", what, maxList)
		}
		list[v] = true
		return err
	})
	if err == nil && len(list) == 0 {
		err = s.wrong("%s: the list is empty", what)
	}
	return list, err
}

func (r *rule) readRange(s *source, what string, scale int64) error {
	r.numeric, r.least, r.most = true, math.MinInt64, math.MaxInt64
	n := 0
	err := s.list(what, func() error {
		at := []*int64{&r.least, &r.most}
		if n == len(at) {
			return s.wrong("%s: want two numbers: [least, most]", what)
		}
		n++
		return s.bound(what, scale, at[n-1])
	})
	switch {
	case err != nil:
		return err
	case n != 2:
		return s.wrong("%s: want two numbers: [least, most]", what)
	case r.least > r.most:
		return s.wrong("%s: the least is more than the most", what)
	}
	return nil
}

// bound reads a number times scale, which must then be whole; null leaves it.
func (s *source) bound(what string, scale int64, to *int64) error {
	t, err := s.next()
	if err != nil || t == nil {
		return err
	}
	v, _ := t.(json.Number)
	if len(v) > 0 && len(v) < 30 && !strings.ContainsAny(string(v), "eE") {
		if n, ok := new(big.Rat).SetString(string(v)); ok && n.Mul(n, new(big.Rat).SetInt64(scale)).IsInt() && n.Num().IsInt64() {
			*to = n.Num().Int64()
			return nil
		}
	}
	if scale > 1 {
		return s.wrong("%s: want degrees with at most four decimals, or null for no bound", what)
	}
	return s.wrong("%s: want a whole number, or null for no bound", what)
}
