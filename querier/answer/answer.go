// Package answer answers checked questions: it asks an engine (answer.go), puts
// in what no row says (rows.go), and folds what few people did (fold.go), by what
// table.go says of counts that others are parts of (axis.go).
package answer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/question"
)

// Result is the answer of one key.
type Result struct {
	Key     string   `json:"key"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// Options are how questions are answered.
type Options struct {
	MaxRows  int
	MinCount int64 // counts below it are not told; 0: all are
}

// Errors of Ask that are the question's fault.
var ErrRows = errors.New("too many rows")

// Ask answers a question from a snapshot, one result for each key.
func Ask(ctx context.Context, e engine.Engine, s *catalog.Snapshot, q *question.Question, o Options) ([]Result, error) {
	var results []Result
	left := o.MaxRows
	for _, key := range q.Keys {
		a := asker{engine: e, snapshot: s, q: q, key: key, most: left, least: o.MinCount}
		rows, err := a.ask(ctx)
		if err != nil {
			return nil, err
		}
		left -= len(rows)
		results = append(results, Result{Key: key, Columns: columns(q), Rows: rows})
	}
	return results, nil
}

func columns(q *question.Question) []string {
	var list []string
	if q.Every != "" {
		list = append(list, "time")
	}
	for _, d := range q.By {
		list = append(list, question.Name(d))
	}
	return append(list, "n")
}

// asker answers for one key.
type asker struct {
	engine   engine.Engine
	snapshot *catalog.Snapshot
	q        *question.Question
	key      string
	most     int   // rows
	least    int64 // count that is told
}

// group is what has the same values of the dimensions, and its count in each period.
type group struct {
	values []any
	n      []count
	sum    int64
	folded bool // it stands for several
}

// count is what is known of one period.
type count struct {
	n      int64
	hidden bool // it is not told
}

func (a *asker) tooMany(n int) error {
	return fmt.Errorf("%w: %d are more than the %d that one answer may still have: ask for longer periods, less time, fewer dimensions or with a limit", ErrRows, n, a.most)
}

func (a *asker) ask(ctx context.Context) ([][]any, error) {
	q := a.q
	starts := a.starts(q)
	if len(starts) > a.most {
		return nil, a.tooMany(len(starts))
	}
	if q.Limit > 0 && q.Every != "" && a.least <= 1 && len(q.By) > 0 {
		return a.largest(ctx, starts)
	}
	if a.least > 1 {
		return a.folded(ctx, starts)
	}
	groups, err := a.groups(ctx, q, starts)
	if err != nil {
		return nil, err
	}
	return a.rows(groups, starts)
}

// folded tells no small counts.
func (a *asker) folded(ctx context.Context, starts []int64) ([][]any, error) {
	f := newFolder(a.q, a.least)
	f.starts, f.fine = starts, a.starts(&f.whole)
	if len(f.fine) > a.most {
		return nil, a.tooMany(len(f.fine))
	}
	groups, err := a.groups(ctx, &f.whole, f.fine)
	if err != nil {
		return nil, err
	}
	if groups, err = f.fold(ctx, groups); err != nil {
		return nil, err
	}
	return a.rows(groups, starts)
}

// largest looks first which groups are wanted, so that the periods of all
// others need not be held.
func (a *asker) largest(ctx context.Context, starts []int64) ([][]any, error) {
	totals := *a.q
	totals.Every = ""
	if strings.TrimPrefix(totals.Order, "-") == "time" {
		totals.Order = ""
	}
	top, err := a.groups(ctx, &totals, []int64{0})
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, g := range top {
		wanted[identity(g.values)] = true
	}
	if len(wanted)*len(starts) > a.most {
		return nil, a.tooMany(len(wanted) * len(starts))
	}
	groups, err := a.some(ctx, a.q, starts, wanted)
	if err != nil {
		return nil, err
	}
	return a.rows(groups, starts)
}

// starts are the starts of all periods; one if there is but one.
func (a *asker) starts(q *question.Question) []int64 {
	if q.Every == "" {
		return []int64{0}
	}
	var starts []int64
	for at := q.Every.Start(q.From); at < q.To && len(starts) <= a.most; at = q.Every.Next(at) {
		starts = append(starts, at)
	}
	return starts
}

func (a *asker) groups(ctx context.Context, q *question.Question, starts []int64) ([]*group, error) {
	return a.some(ctx, q, starts, nil)
}

// some asks the engine and puts the rows of a group together: of all of them,
// or of those wanted. Without periods the engine may know which come first.
func (a *asker) some(ctx context.Context, q *question.Question, starts []int64, wanted map[string]bool) ([]*group, error) {
	most := 0
	if q.Every == "" && len(q.By) > 0 {
		most = a.most + 1
		if q.Limit > 0 && a.least <= 1 {
			most = q.Limit
		}
	}
	sql := q.Query(a.key, most)
	sql.Files = a.snapshot.Select(q.From, q.To, a.key)
	c := collector{q: q, starts: starts, found: map[string]*group{}, wanted: wanted}
	err := a.engine.Run(ctx, sql, func(row []any) error {
		g, err := c.add(row)
		if err == nil && g && len(c.groups)*len(starts) > a.most {
			return a.tooMany(len(c.groups) * len(starts))
		}
		return err
	})
	if len(q.By) == 0 && len(c.groups) == 0 { // nothing happened, which is an answer
		c.groups = append(c.groups, &group{n: make([]count, len(starts))})
	}
	return c.groups, err
}

// collector makes groups of rows.
type collector struct {
	q      *question.Question
	starts []int64
	wanted map[string]bool
	found  map[string]*group
	groups []*group
	buf    []any
}

// add says whether the row began a group.
func (c *collector) add(row []any) (began bool, err error) {
	at := 0
	if c.q.Every != "" {
		sec, ok := row[0].(int64)
		if !ok {
			return false, fmt.Errorf("a period that begins at %v", row[0])
		}
		if at, ok = slices.BinarySearch(c.starts, c.q.Every.Start(sec)); !ok {
			return false, fmt.Errorf("a period that begins at %d", sec)
		}
		row = row[1:]
	}
	n, ok := row[len(row)-1].(int64)
	if !ok {
		return false, fmt.Errorf("a count of %v", row[len(row)-1])
	}
	c.buf = c.buf[:0]
	for i, d := range c.q.By {
		c.buf = append(c.buf, question.Value(d, row[i]))
	}
	id := identity(c.buf)
	g := c.found[id]
	if g == nil {
		if c.wanted != nil && !c.wanted[id] {
			return false, nil
		}
		g = &group{values: slices.Clone(c.buf), n: make([]count, len(c.starts))}
		c.found[id] = g
		c.groups = append(c.groups, g)
		began = true
	}
	g.n[at].n += n
	g.sum += n
	return began, nil
}

// identity is a text that only equal values have.
func identity(values []any) string {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 'u')
		case string:
			b = append(strconv.AppendInt(append(b, 't'), int64(len(v)), 10), ':')
			b = append(b, v...)
		default:
			b = fmt.Appendf(append(b, 'n'), "%v;", v)
		}
	}
	return string(b)
}
