package answer

import (
	"context"
	"slices"

	"github.com/glowmap/glow/querier/question"
)

// Folded is what stands for all dimensions of groups that are not told apart.
// A group that has this very value (an archive calls so what it does not keep)
// is one of them, so that an answer has one such group at most.
const Folded = "OTHER"

// folder hides counts below least, and as many others as it takes that no hidden
// count follows from those told (see table).
type folder struct {
	q      *question.Question // as it was asked
	whole  question.Question  // as it is put to the engine: with what is above and between
	starts []int64            // of the periods asked for
	fine   []int64            // of those put to the engine
	least  int64
}

// newFolder says what must be known of a question besides what it asks for: the
// places that its places are parts of, and the days of weeks, as a month may
// begin on any of them.
func newFolder(q *question.Question, least int64) *folder {
	f := &folder{q: q, whole: *q, least: least}
	f.whole.By = above(q.By)
	if q.Every == "1w" {
		f.whole.Every = "1d"
	}
	return f
}

// above is by with all places that its places are parts of.
func above(by []string) []string {
	all := slices.Clone(by)
	deep := false
	for _, d := range slices.Backward(nested) {
		if slices.Contains(by, d) {
			deep = true
		} else if deep {
			all = append(all, d)
		}
	}
	return all
}

// fold makes groups of the question asked of those of the whole one. What is
// hidden of a period is counted in one group that stands for all.
func (f *folder) fold(ctx context.Context, groups []*group) ([]*group, error) {
	t := newTable(f, groups)
	own, err := t.count(ctx, finest(t.axes))
	if err != nil {
		return nil, err
	}
	all, err := t.count(ctx, periods(t.axes, f.q.Every))
	if err != nil {
		return nil, err
	}
	to := f.periods()
	untold := make([]bool, len(f.starts))
	for i, l := range t.leaves {
		l.group.n[l.period].hidden = own.hidden[own.of[i]]
		untold[to[l.period]] = all.hidden[all.of[i]]
	}
	return gather(f.asked(groups, to), untold, f.least), nil
}

// periods says of each fine period which of those asked for it is in.
func (f *folder) periods() []int {
	to := make([]int, len(f.fine))
	for i, start := range f.fine {
		if f.q.Every != "" {
			to[i], _ = slices.BinarySearch(f.starts, f.q.Every.Start(start))
		}
	}
	return to
}

// asked counts together what the question does not tell apart. What is hidden of
// it is hidden as a whole.
func (f *folder) asked(groups []*group, to []int) []*group {
	found := map[string]*group{}
	var list []*group
	for _, g := range groups {
		values := g.values[:len(f.q.By)]
		id := identity(values)
		have := found[id]
		if have == nil {
			have = &group{values: values, n: make([]count, len(f.starts))}
			found[id] = have
			list = append(list, have)
		}
		have.sum += g.sum
		for i, c := range g.n {
			sum := &have.n[to[i]]
			sum.n += c.n
			sum.hidden = sum.hidden || c.hidden
		}
	}
	return list
}

// gather leaves out groups of which nothing is told, and adds the one that has
// what is hidden. Of periods that are not told, that tells nothing either.
func gather(groups []*group, untold []bool, least int64) []*group {
	if len(groups) == 0 || len(groups[0].values) == 0 {
		return groups // the periods of one group: what is hidden stays so
	}
	rest := &group{n: make([]count, len(untold)), folded: true}
	for range groups[0].values {
		rest.values = append(rest.values, Folded)
	}
	var told []*group
	hid := false
	for _, g := range groups {
		shown := false
		for i := range g.n {
			c := &g.n[i]
			shown = shown || !c.hidden && c.n > 0
			if c.hidden {
				hid = true
				rest.n[i].n += c.n
				g.sum -= c.n // or its place in the order would tell
			}
		}
		if shown {
			told = append(told, g)
		}
	}
	if !hid {
		return told
	}
	for i := range rest.n {
		c := &rest.n[i]
		c.hidden = c.n > 0 && (untold[i] || c.n < least)
		if !c.hidden {
			rest.sum += c.n
		}
	}
	return append(told, rest)
}
