package define

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// MaxFile is the longest file, in bytes.
const MaxFile = 64 << 10

// Error is one mistake, and where in the file it is.
type Error struct {
	Line, Column int
	Message      string
}

// Error says where and what.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// entry is a value of the file and where it stands.
type entry struct {
	key    string
	keyAt  int // in bytes
	at     int
	kind   unstable.Kind
	text   string // of a string; of anything else as written
	exact  bool   // a string's text stands in the file as it is, from at on
	list   []entry
	isList bool
}

// document is a file in entries: those on top and those of the table values.
type document struct {
	text   []byte
	top    []entry
	values []entry
	errs   []*Error
}

// wrong notes a mistake at an offset.
func (d *document) wrong(at int, format string, args ...any) {
	before := d.text[:min(max(at, 0), len(d.text))]
	d.errs = append(d.errs, &Error{
		Line:    strings.Count(string(before), "\n") + 1,
		Column:  utf8.RuneCount(before[strings.LastIndexByte(string(before), '\n')+1:]) + 1,
		Message: fmt.Sprintf(format, args...),
	})
}

// err joins the mistakes, in the order of the file.
func (d *document) err() error {
	slices.SortStableFunc(d.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var list []error
	for _, e := range d.errs {
		list = append(list, e)
	}
	return errors.Join(list...)
}

// scan reads the file's entries.
func scan(text []byte) *document {
	d := &document{text: text}
	switch {
	case len(text) > MaxFile:
		d.wrong(0, "the file is longer than %d KiB", MaxFile>>10)
		return d
	case !utf8.Valid(text):
		d.wrong(0, "the file is not UTF-8")
		return d
	}
	p := &unstable.Parser{}
	p.Reset(text)
	inValues := false
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			key, at := d.key(p, e.Key())
			if inValues = key == "values"; !inValues {
				d.wrong(at, "no table [%s]: there is only [values]", key)
				return d
			}
		case unstable.KeyValue:
			d.add(p, e, inValues)
		case unstable.ArrayTable:
			_, at := d.key(p, e.Key())
			d.wrong(at, "no tables in double brackets here")
			return d
		}
	}
	if err := p.Error(); err != nil {
		d.syntax(p, err)
	}
	return d
}

// syntax notes an error of the parser.
func (d *document) syntax(p *unstable.Parser, err error) {
	var e *unstable.ParserError
	at := len(d.text)
	if errors.As(err, &e) {
		if len(e.Highlight) > 0 {
			at = int(p.Range(e.Highlight).Offset)
		}
		err = errors.New(strings.TrimPrefix(e.Message, "toml: "))
	}
	d.wrong(at, "no TOML: %s (texts stand in double quotes, where = \"type = 'download'\", lists in brackets, by = [\"date\", \"country\"])", err)
}

// key joins a key's parts and says where it begins.
func (d *document) key(p *unstable.Parser, parts unstable.Iterator) (string, int) {
	var names []string
	at := -1
	for parts.Next() {
		n := parts.Node()
		if at < 0 {
			at = d.offset(p, n)
		}
		names = append(names, string(n.Data))
	}
	return strings.Join(names, "."), at
}

// offset is where a node stands.
func (d *document) offset(p *unstable.Parser, n *unstable.Node) int {
	if n.Raw.Length > 0 {
		return int(n.Raw.Offset)
	}
	return int(p.Range(n.Data).Offset)
}

// add adds a member.
func (d *document) add(p *unstable.Parser, e *unstable.Node, inValues bool) {
	key, at := d.key(p, e.Key())
	to := &d.top
	name, dotted := strings.CutPrefix(key, "values.")
	switch {
	case inValues:
		to = &d.values
	case dotted:
		key, to = name, &d.values
	case key == "values" && e.Value().Kind == unstable.InlineTable:
		for members := e.Value().Children(); members.Next(); {
			d.add(p, members.Node(), true)
		}
		return
	}
	if slices.ContainsFunc(*to, func(o entry) bool { return o.key == key }) {
		d.wrong(at, "%s stands there twice", key)
		return
	}
	v := d.value(p, e.Value(), at)
	v.key, v.keyAt = key, at
	*to = append(*to, v)
}

// value reads a value; near is where to look for it if it does not say itself.
func (d *document) value(p *unstable.Parser, n *unstable.Node, near int) entry {
	v := entry{kind: n.Kind, at: near, text: string(n.Data)}
	switch n.Kind {
	case unstable.String:
		v.at = int(n.Raw.Offset)
		raw := string(p.Raw(n.Raw))
		if i := strings.Index(raw, v.text); i >= 0 {
			v.at, v.exact = v.at+i, true
		}
	case unstable.Array:
		v.isList = true
		for items := n.Children(); items.Next(); {
			item := d.value(p, items.Node(), near)
			v.list = append(v.list, item)
		}
		if len(v.list) > 0 {
			v.at = v.list[0].at
		}
	case unstable.Integer, unstable.Float, unstable.Bool:
		if n.Raw.Length > 0 {
			v.at = int(n.Raw.Offset)
		}
	}
	return v
}

// string is the text of an entry.
func (d *document) string(e entry) (string, bool) {
	if e.kind != unstable.String {
		d.wrong(e.at, "%s: want a text in double quotes", e.key)
		return "", false
	}
	return e.text, true
}

// strings is the texts of a list; a single text is a list of one.
func (d *document) strings(e entry) []entry {
	if !e.isList {
		e.list = []entry{e}
	}
	var list []entry
	for _, item := range e.list {
		item.key = e.key
		if _, ok := d.string(item); ok {
			list = append(list, item)
		}
	}
	return list
}

func (d *document) bool(e entry) bool {
	if e.kind != unstable.Bool {
		d.wrong(e.at, "%s: want true or false, without quotes", e.key)
	}
	return e.text == "true"
}

// number is a whole number of 1 to most.
func (d *document) number(e entry, most int) int {
	n, err := strconv.Atoi(strings.ReplaceAll(e.text, "_", ""))
	if e.kind != unstable.Integer || err != nil || n < 1 || n > most {
		d.wrong(e.at, "%s: want a whole number from 1 to %d", e.key, most)
		return 0
	}
	return n
}
