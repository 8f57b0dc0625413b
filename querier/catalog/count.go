package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// mostValues is how many different values of a column are counted in one file
// for each type: those that occur most.
const mostValues = 2000

// words gives texts numbers, so that counts of many files are small.
type words struct {
	ids   map[string]uint32
	texts []string
}

func newWords() *words { return &words{ids: map[string]uint32{}} }

func (w *words) id(s string) uint32 {
	id, ok := w.ids[s]
	if !ok {
		id = uint32(len(w.texts))
		w.ids[s] = id
		w.texts = append(w.texts, s)
	}
	return id
}

// counts are the values of one file.
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
	Version string
	of      map[string]map[string]*sums
}

type sums struct {
	n    map[uint32]uint64
	null uint64
	more bool
}

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

// Count counts the values of files that were not counted yet. It takes as long
// as a few queries over those files. [engine.ErrGone] names files that are lost; the
// others are counted all the same.
func (c *Catalog) Count(ctx context.Context, e engine.Engine) error {
	s := c.Current()
	if s == nil {
		return nil
	}
	var lost []error
	for _, f := range s.Manifest.Files {
		if err := gone(c.countFile(ctx, e, f)); errors.Is(err, engine.ErrGone) {
			lost = append(lost, err)
		} else if err != nil {
			return fmt.Errorf("count the values of %s: %w", f.Name, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total == nil || c.total.Version != s.Version {
		c.total = c.sum(s)
		close(c.ready)
		c.ready = make(chan struct{})
	}
	return errors.Join(lost...)
}

func (c *Catalog) countFile(ctx context.Context, e engine.Engine, f archive.File) error {
	c.mu.Lock()
	_, done := c.counts[f.Name]
	c.mu.Unlock()
	if done {
		return nil
	}
	columns, err := c.columnsOf(ctx, f)
	if err != nil {
		return err
	}
	var of counts
	for _, name := range counted(columns) {
		if err := c.countColumn(ctx, e, f, name, &of); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[f.Name] = &of
	return nil
}

func (c *Catalog) countColumn(ctx context.Context, e engine.Engine, f archive.File, name string, of *counts) error {
	quoted := engine.Quote(name)
	q := engine.Query{
		SQL: `SELECT "type", ` + quoted + `, count(*) AS n FROM events GROUP BY "type", ` + quoted +
			` ORDER BY "type", n DESC, ` + quoted,
		Files: []archive.File{f}, Columns: []string{"type", name},
	}
	var col *column
	return e.Run(ctx, q, func(row []any) error {
		typ, _ := row[0].(string)
		n, _ := row[2].(int64)
		c.mu.Lock()
		defer c.mu.Unlock()
		if col == nil || col.typ != typ {
			of.of = append(of.of, column{typ: strings.Clone(typ), name: name})
			col = &of.of[len(of.of)-1]
		}
		switch text, ok := row[1].(string); {
		case !ok:
			col.null += uint64(n)
		case len(col.values) == mostValues:
			col.more = true
		default:
			col.values = append(col.values, value{c.words.id(text), uint64(n)})
		}
		return nil
	})
}

// sum adds the counts of all files up; the lock is held.
func (c *Catalog) sum(s *Snapshot) *Counts {
	total := &Counts{Version: s.Version, of: map[string]map[string]*sums{}}
	for _, f := range s.Manifest.Files {
		of := c.counts[f.Name]
		if of == nil { // gone meanwhile: a newer snapshot will be counted
			continue
		}
		for i := range of.of {
			total.add(&of.of[i])
		}
		for _, name := range counted(s.columns) {
			if slices.Contains(c.columns[f.Name], name) {
				continue
			}
			for typ, n := range f.Types { // of a file without the column, nobody knows
				total.add(&column{typ: typ, name: name, null: n})
			}
		}
	}
	return total
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

// Counted waits until the current snapshot is counted, or ctx is done: then it
// returns the counts of an earlier one, or none of no version.
func (c *Catalog) Counted(ctx context.Context) *Counts {
	for {
		c.mu.Lock()
		total, now, ready := c.total, c.now, c.ready
		c.mu.Unlock()
		if total != nil && now != nil && total.Version == now.Version {
			return total
		}
		select {
		case <-ready:
		case <-ctx.Done():
			if total == nil {
				total = &Counts{}
			}
			return total
		}
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
	c.mu.Lock()
	texts := c.words.texts
	c.mu.Unlock()
	list = make([]Value, 0, len(all.n)+1)
	for word, n := range all.n {
		list = append(list, Value{&texts[word], n})
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
