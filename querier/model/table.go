package model

import (
	"cmp"
	"slices"
	"strings"

	"github.com/glowmap/glow/querier/model/expr"
)

// table is rows in columns: a few bytes a value, each text once. Its fields are
// exported for gob only.
type table struct {
	N    int
	Cols []*column
}

// column is one column. Of its slices one is used, as the type says.
type column struct {
	Type   expr.Type
	Null   []bool // may be shorter than the column: the rest is not null
	Ints   []int64
	Floats []float64
	IDs    []uint32 // of Words
	Words  []string

	ids  map[string]uint32
	text int64 // bytes of Words
}

func newTable(types []expr.Type) *table {
	t := &table{}
	for _, typ := range types {
		t.Cols = append(t.Cols, &column{Type: typ})
	}
	return t
}

// add appends a row.
func (t *table) add(row []any) {
	for i, c := range t.Cols {
		c.set(t.N, row[i])
	}
	t.N++
}

// row reads row i.
func (t *table) row(i int, row []any) []any {
	row = row[:0]
	for _, c := range t.Cols {
		row = append(row, c.get(i))
	}
	return row
}

func (c *column) null(i int) bool { return i < len(c.Null) && c.Null[i] }

func (c *column) get(i int) any {
	if c.null(i) {
		return nil
	}
	switch c.Type {
	case expr.Text:
		return c.Words[c.IDs[i]]
	case expr.Float:
		return c.Floats[i]
	case expr.Bool:
		return c.Ints[i] != 0
	}
	return c.Ints[i]
}

// set puts a value at i, which is at most one behind the last.
func (c *column) set(i int, v any) {
	if v == nil || c.null(i) {
		for len(c.Null) <= i {
			c.Null = append(c.Null, false)
		}
		c.Null[i] = v == nil
	}
	switch c.Type {
	case expr.Text:
		s, _ := v.(string)
		c.IDs = put(c.IDs, i, c.id(s))
	case expr.Float:
		c.Floats = put(c.Floats, i, toFloat(v))
	default:
		c.Ints = put(c.Ints, i, toInt(v))
	}
}

func put[T any](list []T, i int, v T) []T {
	if i == len(list) {
		return append(list, v)
	}
	list[i] = v
	return list
}

func (c *column) id(s string) uint32 {
	if c.ids == nil {
		c.ids = make(map[string]uint32, len(c.Words))
		for i, w := range c.Words {
			c.ids[w] = uint32(i)
		}
	}
	id, found := c.ids[s]
	if !found {
		id = uint32(len(c.Words))
		s = strings.Clone(s)
		c.ids[s] = id
		c.text += int64(len(s))
		c.Words = append(c.Words, s)
	}
	return id
}

// toInt and toFloat take what an engine gives for a number; null is 0.
func toInt(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return 0
}

// compare compares two rows by a column; null is more than anything.
func (c *column) compare(i, j int) int {
	switch a, b := c.null(i), c.null(j); {
	case a && b:
		return 0
	case a:
		return 1
	case b:
		return -1
	}
	switch c.Type {
	case expr.Text:
		if c.IDs[i] == c.IDs[j] {
			return 0
		}
		return strings.Compare(c.Words[c.IDs[i]], c.Words[c.IDs[j]])
	case expr.Float:
		return cmp.Compare(c.Floats[i], c.Floats[j])
	}
	return cmp.Compare(c.Ints[i], c.Ints[j])
}

// shrink gives back what is needed only to add rows.
func (t *table) shrink() {
	for _, c := range t.Cols {
		c.ids = nil
	}
}

// whole says whether a table that was read can be used.
func (t *table) whole() bool {
	return t != nil && !slices.ContainsFunc(t.Cols, func(c *column) bool { return c == nil || !c.whole(t.N) })
}

// has says whether a table's columns are of some types.
func (t *table) has(types []expr.Type) bool {
	return slices.EqualFunc(t.Cols, types, func(c *column, typ expr.Type) bool { return c.Type == typ })
}

func (c *column) whole(n int) bool {
	if len(c.Null) > n {
		return false
	}
	switch c.Type {
	case expr.Text:
		c.text = 0
		for _, w := range c.Words {
			c.text += int64(len(w))
		}
		return len(c.IDs) == n && !slices.ContainsFunc(c.IDs, func(id uint32) bool { return int(id) >= len(c.Words) })
	case expr.Float:
		return len(c.Floats) == n
	}
	return len(c.Ints) == n
}
