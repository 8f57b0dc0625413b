package answer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/question"
)

// rows makes the rows of an answer of its groups, in order.
func (a *asker) rows(groups []*group, starts []int64) ([][]any, error) {
	q := a.q
	compare := order(q)
	if q.Limit > 0 && len(q.By) > 0 && len(groups) > q.Limit {
		slices.SortFunc(groups, compare.groups)
		groups = groups[:q.Limit]
	}
	if n := len(groups) * len(starts); n > a.most {
		return nil, a.tooMany(n)
	}
	unknown := a.unknown(starts)
	lines := make([]line, 0, len(groups)*len(starts))
	for _, g := range groups {
		for i, start := range starts {
			l := line{start: start, group: g, n: g.n[i].n, null: g.n[i].hidden || unknown[i]}
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, compare.lines)
	rows := make([][]any, len(lines))
	for i, l := range lines {
		rows[i] = l.row(q)
	}
	return rows, nil
}

// line is a row to be.
type line struct {
	start int64
	group *group
	n     int64
	null  bool // n is not known, or not told
}

func (l *line) row(q *question.Question) []any {
	row := make([]any, 0, len(l.group.values)+2)
	if q.Every != "" {
		row = append(row, time.Unix(l.start, 0).UTC().Format(time.RFC3339))
	}
	row = append(row, l.group.values...)
	if l.null {
		return append(row, nil)
	}
	return append(row, l.n)
}

// unknown says of each period whether nothing is known of it. Without periods
// that is asked of none: what there is, is counted.
func (a *asker) unknown(starts []int64) []bool {
	list := make([]bool, len(starts))
	if a.q.Every == "" {
		return list
	}
	for i, start := range starts {
		from, to := max(start, a.q.From), min(a.q.Every.Next(start), a.q.To)
		list[i] = !known(a.snapshot, a.key, from, to)
	}
	return list
}

// known says whether anything is known of a span: it is within the archive's
// time, and not all of its dates are missing.
func known(s *catalog.Snapshot, key string, from, to int64) bool {
	from, to = max(from, s.From), min(to, s.Until)
	for ; from < to; from += 24*60*60 - from%(24*60*60) {
		if !s.Missing(key, archive.Date(from)) {
			return true
		}
	}
	return false
}

// sorter is the order of an answer.
type sorter struct {
	by   int // a dimension; -1: none
	name string
	down bool
}

func order(q *question.Question) sorter {
	name, down := strings.CutPrefix(q.Order, "-")
	return sorter{slices.Index(q.By, name), name, down}
}

func (s sorter) lines(a, b line) int {
	first := 0
	switch {
	case s.by >= 0:
		first = compareValues(a.group.values[s.by], b.group.values[s.by], s.down)
	case s.name == "n":
		first = compareCounts(a, b, s.down)
	case s.name == "time" && s.down:
		first = cmp.Compare(b.start, a.start)
	}
	return cmp.Or(first, cmp.Compare(a.start, b.start), compareCounts(a, b, true), compareAll(a.group, b.group))
}

// groups is the order in which a limit takes groups.
func (s sorter) groups(a, b *group) int {
	first := 0
	switch {
	case s.by >= 0:
		first = compareValues(a.values[s.by], b.values[s.by], s.down)
	case s.name == "n" && !s.down:
		first = cmp.Compare(a.sum, b.sum)
	}
	return cmp.Or(first, cmp.Compare(b.sum, a.sum), compareAll(a, b))
}

func compareCounts(a, b line, down bool) int {
	switch {
	case a.null || b.null:
		return compareBool(a.null, b.null)
	case down:
		return cmp.Compare(b.n, a.n)
	}
	return cmp.Compare(a.n, b.n)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compareAll has what is folded last.
func compareAll(a, b *group) int {
	if c := compareBool(a.folded, b.folded); c != 0 {
		return c
	}
	return compareLists(a.values, b.values)
}

func compareLists(a, b []any) int {
	for i := range a {
		if c := compareValues(a[i], b[i], false); c != 0 {
			return c
		}
	}
	return 0
}

// compareValues compares numbers or texts; what is unknown comes last either way.
func compareValues(a, b any, down bool) int {
	if a == nil || b == nil {
		return compareBool(a == nil, b == nil)
	}
	c := 0
	switch a := a.(type) {
	case int64:
		b, _ := b.(int64)
		c = cmp.Compare(a, b)
	case string:
		b, _ := b.(string)
		c = cmp.Compare(a, b)
	}
	if down {
		return -c
	}
	return c
}
