package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
)

// words gives texts numbers, so that counts of many files are small.
type words struct {
	ids   map[string]uint32
	texts []string
	most  int // so many that it is time to look which of them are used
}

// fewWords are never too many.
var fewWords = 1 << 16

func newWords() *words { return &words{ids: map[string]uint32{}, most: fewWords} }

func (w *words) id(s string) uint32 {
	id, ok := w.ids[s]
	if !ok {
		id = uint32(len(w.texts))
		w.ids[s] = id
		w.texts = append(w.texts, s)
	}
	return id
}

// counts are the values of one file. They do not change.
type counts struct{ of []column }

// column is the values of one column in the rows of one type.
type column struct {
	typ, name string
	null      uint64
	values    []value
	more      bool // there are more values than these
}

type value struct {
	word uint32
	n    uint64
}

// Counts says which values the rows of an archive have, by type and column.
type Counts struct {
	// Version is that of the snapshot which they are of, and another one while
	// not all of its files are counted that are there: the same version and as
	// many files, the same counts.
	Version string

	snapshot string // version of the snapshot
	whole    bool   // all is counted that can be
	files    int    // counted
	texts    []string
	of       map[string]map[string]*sums
}

type sums struct {
	n    map[uint32]uint64
	null uint64
	more bool
}

// Files is how many are counted: one that was lost, and is back, adds its values
// to those of the same version.
func (t *Counts) Files() int { return t.files }

// Value is a value of a dimension and the number of rows that have it.
type Value struct {
	Value *string `json:"value"` // null: unknown
	N     uint64  `json:"n"`
}

// counted are the columns whose values are worth counting.
func counted(columns []string) []string {
	var list []string
	for _, c := range columns {
		if c == "continent" || c == "country" || c == "region" || strings.HasPrefix(c, attr) {
			list = append(list, c)
		}
	}
	return list
}

// uncounted says of a file that nobody knows its values.
func uncounted(f archive.File, columns []string) *counts {
	of := &counts{}
	for typ := range f.Types {
		for _, name := range counted(columns) {
			of.of = append(of.of, column{typ: typ, name: name, more: true})
		}
	}
	return of
}

// shrink forgets texts that no file has any more, when there are twice as many
// as were used when it looked last; the lock is held. Counts that were told
// have their own list.
func (c *Catalog) shrink() {
	old := c.words
	if len(old.texts) < old.most {
		return
	}
	c.words = newWords()
	for name, of := range c.counts {
		again := &counts{of: slices.Clone(of.of)}
		for i, col := range of.of {
			again.of[i].values = make([]value, len(col.values))
			for j, v := range col.values {
				again.of[i].values[j] = value{c.words.id(old.texts[v.word]), v.n}
			}
		}
		c.counts[name] = again
	}
	c.words.most = max(fewWords, 2*len(c.words.texts))
}

// fileCounts is what is known of a file.
type fileCounts struct {
	file    archive.File
	columns []string // nil: it is lost
	counts  *counts  // nil: not counted
}

// addFile adds the values of a file; all has the columns that any file has.
func (t *Counts) addFile(f fileCounts, all []string) {
	if f.columns == nil {
		return
	}
	of := f.counts
	if of == nil {
		of = uncounted(f.file, f.columns)
	}
	for i := range of.of {
		t.add(&of.of[i])
	}
	for _, name := range all {
		if slices.Contains(f.columns, name) {
			continue
		}
		for typ, n := range f.file.Types { // of a file without the column, nobody knows
			t.add(&column{typ: typ, name: name, null: n})
		}
	}
}

func (t *Counts) add(col *column) {
	columns := t.of[col.typ]
	if columns == nil {
		columns = map[string]*sums{}
		t.of[col.typ] = columns
	}
	s := columns[col.name]
	if s == nil {
		s = &sums{n: map[uint32]uint64{}}
		columns[col.name] = s
	}
	s.null += col.null
	s.more = s.more || col.more
	for _, v := range col.values {
		s.n[v.word] += v.n
	}
}

// Values are those of a column in the rows of some types, the most frequent
// first; how many different ones there are, and whether there are more than
// were counted. There are none of a column whose values are not counted.
func (c *Catalog) Values(t *Counts, column string, types []string) (list []Value, distinct int, more bool) {
	if len(counted([]string{column})) == 0 {
		return nil, 0, false
	}
	all := sums{n: map[uint32]uint64{}}
	for _, typ := range types {
		s := t.of[typ][column]
		if s == nil {
			continue
		}
		all.null += s.null
		all.more = all.more || s.more
		for word, n := range s.n {
			all.n[word] += n
		}
	}
	list = make([]Value, 0, len(all.n)+1)
	for word, n := range all.n {
		list = append(list, Value{&t.texts[word], n})
	}
	if all.null > 0 {
		list = append(list, Value{nil, all.null})
	}
	slices.SortFunc(list, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.N, a.N), compareText(a.Value, b.Value))
	})
	return list, len(all.n), all.more
}

// compareText has null last.
func compareText(a, b *string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return strings.Compare(*a, *b)
}
