package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	// not all of its files are counted: the same version, the same counts.
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

// mostFailures is how many files may fail one after another before counting
// rests: then it is not the files.
const mostFailures = 3

// Count counts the values of files that were not counted yet, the newest first,
// with an engine of which questions do not notice it. It takes as long as a few
// queries over those files; how far it is, is told each second. One at a time
// may count.
//
// A file that is lost ([engine.ErrGone]), too large ([ErrFull]) or of too many
// values ([engine.ErrMemory]) is passed over: there are more values, nobody
// knows which. The error says so; that of the last two comes once.
func (c *Catalog) Count(ctx context.Context, e engine.Engine) error {
	s := c.Current()
	if s == nil {
		return nil
	}
	files := slices.Clone(s.Manifest.Files)
	slices.SortFunc(files, func(a, b archive.File) int {
		return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(b.To, a.To), cmp.Compare(a.Name, b.Name))
	})
	var passed, failed failures
	inARow, shown := 0, time.Now()
	for _, f := range files {
		err := gone(c.countFile(ctx, Behind(e), f))
		inARow++
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, engine.ErrGone), errors.Is(err, ErrFull), errors.Is(err, engine.ErrMemory):
			passed.add(f, err)
			inARow = 0
		case err != nil:
			failed.add(f, err)
		default:
			inARow = 0
		}
		if inARow == mostFailures {
			break
		}
		if time.Since(shown) >= c.show {
			c.tell(s, false)
			shown = time.Now()
		}
	}
	c.tell(s, failed.n == 0)
	return errors.Join(passed.err(), failed.err())
}

// failures are errors of files, of which the first few are told.
type failures struct {
	n    int
	list []error
}

func (f *failures) add(of archive.File, err error) {
	if f.n++; f.n <= 3 {
		f.list = append(f.list, fmt.Errorf("count the values of %s: %w", of.Name, err))
	}
}

func (f *failures) err() error {
	if f.n > len(f.list) {
		return errors.Join(append(f.list, fmt.Errorf("and so of %d more files", f.n-len(f.list)))...)
	}
	return errors.Join(f.list...)
}

func (c *Catalog) countFile(ctx context.Context, e engine.Engine, f archive.File) error {
	c.mu.Lock()
	_, done := c.counts[f.Name]
	c.mu.Unlock()
	if done {
		return nil
	}
	columns, err := c.columnsOf(ctx, f) // and perhaps its values, by the notes
	if err != nil {
		return err
	}
	c.mu.Lock()
	_, done = c.counts[f.Name]
	c.mu.Unlock()
	if done {
		return nil
	}
	var of counts
	for _, name := range counted(columns) {
		if err = c.countColumn(ctx, e, f, name, &of); err != nil {
			break
		}
	}
	never := errors.Is(err, ErrFull) || errors.Is(err, engine.ErrMemory)
	if err != nil && !never {
		return err
	}
	c.mu.Lock()
	if never {
		of = *uncounted(f, columns)
	}
	c.counts[f.Name] = &of
	is := c.noteOf(columns, &of)
	c.mu.Unlock()
	if !never {
		c.notes.write(f, is)
	}
	return err
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

// tell shows what is counted of a snapshot: all of it, or so far. What was
// counted of an earlier one stays until it is all.
func (c *Catalog) tell(s *Snapshot, whole bool) {
	c.mu.Lock()
	c.shrink()
	total := &Counts{Version: s.Version, snapshot: s.Version, whole: whole, texts: c.words.texts, of: map[string]map[string]*sums{}}
	last := c.total
	known := make([]fileCounts, 0, len(s.Manifest.Files))
	for _, f := range s.Manifest.Files {
		of := c.counts[f.Name]
		if of != nil {
			total.files++
		}
		known = append(known, fileCounts{f, c.columns[f.Name], of})
	}
	c.mu.Unlock()
	if last != nil && (last.whole && !whole || last.snapshot == s.Version && last.whole == whole && last.files == total.files) {
		return
	}
	if !whole {
		total.Version += fmt.Sprint("+", total.files)
	}
	columns := counted(s.columns)
	for _, f := range known {
		total.addFile(f, columns)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total = total
	close(c.ready)
	c.ready = make(chan struct{})
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

// Counted returns what is counted of the current snapshot: all, or so far where
// that takes long. For what takes a moment it waits, or until ctx is done: then
// it returns the counts of an earlier snapshot, or none of no version.
func (c *Catalog) Counted(ctx context.Context) *Counts {
	for {
		c.mu.Lock()
		total, now, ready := c.total, c.now, c.ready
		c.mu.Unlock()
		if total != nil && now != nil && total.snapshot == now.Version {
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
