package answer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// table is the counts of a question at the public door, and of all questions
// that are the same but coarser: by continent where it is by country, each day
// where it is each hour, or in all. Whoever asks several of them may subtract.
// So which counts are told is decided from the coarsest to the finest, the same
// way whichever of them is asked:
//
//   - A count is told only if it is at least the least, and if all that it is a
//     part of are told: an hour's only if its day's is, a region's only if its
//     country's is.
//   - What is hidden of one that is told is together at least the least. Where it
//     is too little, the smallest of the others are hidden with it.
//   - What is unknown of a known place, and what is called [Folded], is hidden.
//   - What an answer counts together (a country of two continents, all that is
//     unknown) is hidden together.
//
// Where the parts of each count lie within one axis, no sum or difference of
// told counts is a hidden one below the least. Where two axes cross, as in
// countries by hours, that holds for each count and its parts along one axis,
// and for all that one answer tells.
type table struct {
	least  int64
	leaves []leaf
	axes   []axis
	known  map[string]*cells // by the levels of the axes
}

// leaf is a count of one group in one period, which is not 0.
type leaf struct {
	group  *group
	period int
	n      int64
}

func newTable(f *folder, groups []*group) *table {
	leaves := leavesOf(groups)
	return &table{least: f.least, leaves: leaves, axes: axesOf(f, leaves), known: map[string]*cells{}}
}

func leavesOf(groups []*group) (list []leaf) {
	for _, g := range groups {
		for i, c := range g.n {
			if c.n > 0 {
				list = append(list, leaf{g, i, c.n})
			}
		}
	}
	return list
}

// cells are the counts of one question of a table.
type cells struct {
	of     []int32 // by leaf: its cell
	leaf   []int32 // by cell: one of its leaves
	n      []int64
	hidden []bool
}

// count counts at one level of each axis, and says what is hidden.
func (t *table) count(ctx context.Context, at []int) (*cells, error) {
	key := fmt.Sprint(at)
	if c := t.known[key]; c != nil {
		return c, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := t.sums(at)
	var lines [][]int32
	for i, level := range at {
		if level == 0 {
			continue
		}
		coarser := slices.Clone(at)
		coarser[i]--
		whole, err := t.count(ctx, coarser)
		if err != nil {
			return nil, err
		}
		lines = append(lines, c.lines(whole)...)
	}
	t.hide(c, at, lines)
	t.known[key] = c
	return c, nil
}

// sums adds the leaves up.
func (t *table) sums(at []int) *cells {
	c := &cells{of: t.number(at, func(l *level) []int32 { return l.of })}
	for i, cell := range c.of {
		if int(cell) == len(c.n) {
			c.n, c.leaf = append(c.n, 0), append(c.leaf, int32(i))
		}
		c.n[cell] += t.leaves[i].n
	}
	c.hidden = make([]bool, len(c.n))
	return c
}

// number numbers leaves that have the same in all axes, in the order in which
// they come.
func (t *table) number(at []int, of func(*level) []int32) []int32 {
	numbers, n := make([]int32, len(t.leaves)), 1
	for i, level := range at {
		if own := of(&t.axes[i].levels[level]); own != nil {
			n = pair(numbers, own, n)
		}
	}
	return numbers
}

// pair makes new numbers of pairs of numbers, and says how many there are. The
// first of each pair is below n.
func pair(numbers, with []int32, n int) int {
	most := 0
	for _, b := range with {
		most = max(most, int(b)+1)
	}
	next := int32(0)
	if n*most <= 8*len(numbers)+1024 { // nearly all of them exist
		found := make([]int32, n*most)
		for i, a := range numbers {
			id := &found[int(a)*most+int(with[i])]
			if *id == 0 {
				next++
				*id = next
			}
			numbers[i] = *id - 1
		}
		return int(next)
	}
	found := map[[2]int32]int32{}
	for i, a := range numbers {
		id, ok := found[[2]int32{a, with[i]}]
		if !ok {
			id = next
			found[[2]int32{a, with[i]}] = id
			next++
		}
		numbers[i] = id
	}
	return int(next)
}

// lines are the cells that are the parts of each cell of whole; what is hidden
// there is hidden here.
func (c *cells) lines(whole *cells) [][]int32 {
	lines := make([][]int32, len(whole.n))
	for cell, leaf := range c.leaf {
		of := whole.of[leaf]
		c.hidden[cell] = c.hidden[cell] || whole.hidden[of]
		lines[of] = append(lines[of], int32(cell))
	}
	return lines
}

// hide hides what is too little or never told, and what must be hidden with it.
func (t *table) hide(c *cells, at []int, lines [][]int32) {
	for cell, leaf := range c.leaf {
		c.hidden[cell] = c.hidden[cell] || c.n[cell] < t.least
		for i, level := range at {
			never := t.axes[i].levels[level].never
			c.hidden[cell] = c.hidden[cell] || never != nil && never[leaf]
		}
	}
	same := t.same(c, at)
	less := t.order(c, at)
	for again := true; again; {
		again = false
		for _, line := range lines {
			again = t.cover(c, line, less) || again
		}
		for _, all := range same {
			again = c.together(all) || again
		}
	}
}

// same are the cells that an answer counts together.
func (t *table) same(c *cells, at []int) (all [][]int32) {
	if !slices.ContainsFunc(t.levelsAt(at), func(l *level) bool { return l.same != nil }) {
		return nil
	}
	number := t.number(at, func(l *level) []int32 {
		if l.same != nil {
			return l.same
		}
		return l.of
	})
	by := map[int32]int{}
	for cell, leaf := range c.leaf {
		i, ok := by[number[leaf]]
		if !ok {
			i = len(all)
			by[number[leaf]] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], int32(cell))
	}
	return all
}

func (t *table) levelsAt(at []int) (list []*level) {
	for i, level := range at {
		list = append(list, &t.axes[i].levels[level])
	}
	return list
}

// order compares cells by their counts, then by what they are of.
func (t *table) order(c *cells, at []int) func(a, b int32) int {
	return func(a, b int32) int {
		if d := cmp.Compare(c.n[a], c.n[b]); d != 0 {
			return d
		}
		for i, level := range at {
			of := t.axes[i].levels[level].of
			if of == nil {
				continue
			}
			if d := cmp.Compare(of[c.leaf[a]], of[c.leaf[b]]); d != 0 {
				return d
			}
		}
		return 0
	}
}

// cover hides the smallest counts of a line that are still told, while what is
// hidden is too little by itself. It says whether it hid any.
func (t *table) cover(c *cells, line []int32, compare func(a, b int32) int) (hid bool) {
	for {
		hidden, next := int64(0), int32(-1)
		for _, cell := range line {
			if c.hidden[cell] {
				hidden += c.n[cell]
			} else if next < 0 || compare(cell, next) < 0 {
				next = cell
			}
		}
		if hidden == 0 || hidden >= t.least || next < 0 {
			return hid
		}
		c.hidden[next], hid = true, true
	}
}

// together hides all of some cells if one of them is hidden.
func (c *cells) together(all []int32) (hid bool) {
	hidden := 0
	for _, cell := range all {
		if c.hidden[cell] {
			hidden++
		}
	}
	if hidden == 0 || hidden == len(all) {
		return false
	}
	for _, cell := range all {
		c.hidden[cell] = true
	}
	return true
}
