package parse

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/event"
)

// Attr says where an attribute is found.
type Attr struct {
	Name string // of the attribute, [a-z0-9_]{1,32}
	From string // key in a query string, member of a JSON object, column
}

// ParseAttrs reads "os,lang=locale": the attribute os, and lang, which lines
// call locale. The list is in the order of names.
func ParseAttrs(s string) ([]Attr, error) {
	var list []Attr
	for _, one := range strings.Split(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, from, renamed := strings.Cut(one, "=")
		if !renamed {
			from = name
		}
		if !event.ValidKey(name) || from == "" {
			return nil, fmt.Errorf("%q: want names such as os,lang=locale of 1 to 32 lower-case letters, digits and underscores", one)
		}
		if slices.ContainsFunc(list, func(a Attr) bool { return a.Name == name }) {
			return nil, fmt.Errorf("%s is named twice", name)
		}
		list = append(list, Attr{name, from})
	}
	sortAttrs(list)
	return list, nil
}

func sortAttrs(list []Attr) {
	slices.SortFunc(list, func(a, b Attr) int { return strings.Compare(a.Name, b.Name) })
}

const attrGroup = "attr_"

// attrGroups adds the groups attr_NAME of a regexp to those that are wanted.
func attrGroups(list []Attr, re *regexp.Regexp) []Attr {
	for _, group := range re.SubexpNames() {
		name, ok := strings.CutPrefix(group, attrGroup)
		if ok && !slices.ContainsFunc(list, func(a Attr) bool { return a.Name == name }) {
			list = append(list, Attr{name, name})
		}
	}
	return list
}

// checkAttrGroups says which group names no attribute.
func checkAttrGroups(re *regexp.Regexp) error {
	for _, group := range re.SubexpNames() {
		if name, ok := strings.CutPrefix(group, attrGroup); ok && !event.ValidKey(name) {
			return fmt.Errorf("the group %s: want attr_ and 1 to 32 lower-case letters, digits and underscores", group)
		}
	}
	return nil
}

// attrs gathers the attributes of a line. Where a line has one twice, the
// first counts; a group, a member or a column comes before the query string.
type attrs struct {
	list  []Attr // by name
	paths [][]string
	group []int    // by name: number of its group, -1 for none
	cell  []int    // by name: number of its column in CSV, -1 for none
	found [][]byte // values in the line under way; nil for none
	text  []byte   // of values that had to be decoded
	out   []byte
}

func newAttrs(o Options) (a attrs) {
	a.list = slices.Clone(o.Attrs)
	if o.Regexp != nil {
		a.list = attrGroups(a.list, o.Regexp)
	}
	sortAttrs(a.list)
	a.found, a.text = make([][]byte, len(a.list)), make([]byte, 0, event.MaxAttrs)
	for _, one := range a.list {
		a.paths = append(a.paths, strings.Split(one.From, "."))
		group := -1
		if o.Regexp != nil {
			group = o.Regexp.SubexpIndex(attrGroup + one.Name)
		}
		a.group = append(a.group, group)
	}
	return a
}

// columns finds the attributes in the head of a CSV.
func (a *attrs) columns(t *table) {
	for _, one := range a.list {
		a.cell = append(a.cell, t.column(one.From, one.From))
	}
}

// begin forgets the line before.
func (a *attrs) begin() {
	clear(a.found)
	a.text = a.text[:0]
}

// collect is the attribute field of the line, nil if it has none. It is valid
// until the next line.
func (a *attrs) collect(r *record) []byte {
	switch {
	case r.attrs != nil:
		a.query(r.attrs)
	case r.hasRequest:
		a.query(queryOf(r.request))
	}
	a.out = a.out[:0]
	for i, value := range a.found {
		if value != nil {
			a.out = event.AppendAttr(a.out, a.list[i].Name, value)
		}
	}
	if len(a.out) == 0 {
		return nil
	}
	return a.out
}

// queryOf is the query string in a request such as "GET /a?b=c HTTP/1.1".
func queryOf(request []byte) []byte {
	_, query, _ := bytes.Cut(request, []byte{'?'})
	if end := bytes.IndexAny(query, " #"); end >= 0 {
		query = query[:end]
	}
	return query
}

// query takes from a query string what was not found yet.
func (a *attrs) query(query []byte) {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		key, value, _ := bytes.Cut(pair, []byte{'='})
		for i := range a.list {
			if len(pair) > 0 && a.found[i] == nil && string(key) == a.list[i].From {
				a.found[i] = a.decode(value)
			}
		}
	}
}

// decode takes the escapes of a query string back. What is none stays as it is.
func (a *attrs) decode(value []byte) []byte {
	if bytes.IndexByte(value, '%') < 0 && bytes.IndexByte(value, '+') < 0 && value != nil {
		return value
	}
	from := len(a.text)
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(value) {
			if hi, lo := nibble(value[i+1]), nibble(value[i+2]); hi >= 0 && lo >= 0 {
				c, i = byte(hi<<4|lo), i+2
			}
		}
		a.text = append(a.text, c)
	}
	return a.text[from:len(a.text):len(a.text)]
}

// nibble is the value of a hexadecimal digit, -1 if c is none.
func nibble(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
