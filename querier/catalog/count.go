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

// mostFailures is how many files may fail one after another before counting
// rests: then it is not the files.
const mostFailures = 3

// Count counts the values of files that were not counted yet, the newest first,
// with an engine of which questions do not notice it. It takes as long as a few
// queries over those files; how far it is, is told each second. One at a time
// may count.
//
// A file that is lost ([engine.ErrGone]) or damaged ([archive.ErrDamaged]), too large ([ErrFull]) or of too many
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
		case errors.Is(err, engine.ErrGone), errors.Is(err, archive.ErrDamaged), errors.Is(err, ErrFull), errors.Is(err, engine.ErrMemory):
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
			c.tell(s, false, false)
			shown = time.Now()
		}
	}
	c.tell(s, failed.n == 0, true)
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

// tell shows what is counted of a snapshot: all of it, or so far. What was
// counted of an earlier one stays until there is all, or no more to be had.
func (c *Catalog) tell(s *Snapshot, whole, end bool) {
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
	if last != nil && (last.whole && !whole && !(end && last.snapshot != s.Version) || last.snapshot == s.Version && last.whole == whole && last.files == total.files) {
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
