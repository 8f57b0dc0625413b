package model

import (
	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

// Everybody may see a public model, so its rows do not tell what few did: a
// count below --min-count is hidden, and so are as many others as it takes that
// what is hidden of a line is together at least that much, or nothing of it is
// told. A line is what can be known otherwise: a period, and in it what rows have
// in common in the first of their groups, so of by = ["date", "continent",
// "country"] the countries of a date, and those of a continent and date.
//
// This is done for rows, whose count is that of their events, and for each value
// that counts some of these (sums of a condition): such a count is hidden, too,
// where few of the row's events are left. Models that look at nothing but time
// and type are left as they are: that is the pulse, which the feed shows to
// everybody.

// leastOf is the least count that rows of a model tell; 0 for all.
func leastOf(m *define.Model, minCount int64) int64 {
	if !m.Public || m.Pulse() || minCount <= 1 {
		return 0
	}
	return max(minCount, int64(m.Min))
}

// hide says which counts of rows of sums are not told: by sum, nil for those
// that are no counts, and by row.
func hide(m *define.Model, sums *table, least int64) [][]bool {
	hidden := make([][]bool, len(m.Sums))
	if least == 0 {
		return hidden
	}
	all := linesOf(m, sums)
	events := sums.Cols[1+len(m.Groups)].Ints
	for p, sum := range m.Sums {
		if !sum.Counts() {
			continue
		}
		counts := sums.Cols[1+len(m.Groups)+p].Ints
		hidden[p] = make([]bool, sums.N)
		few := func(n int64) bool { return n > 0 && n < least }
		for i, n := range counts {
			hidden[p][i] = few(n) || few(events[i]-n) || hidden[0][i] && n > 0
		}
		for again := true; again; {
			again = false
			for _, line := range all {
				again = cover(line, counts, hidden[p], least) || again
			}
		}
	}
	return hidden
}

// linesOf are the numbers of the rows of each line, longer ones first.
func linesOf(m *define.Model, sums *table) (all [][]int) {
	for groups := range max(1, len(m.Groups)) {
		at := map[string]int{}
		var key []byte
		for i := range sums.N {
			key = key[:0]
			for _, c := range sums.Cols[:1+groups] {
				key = appendKey(key, c.get(i))
			}
			n, met := at[string(key)]
			if !met {
				n = len(all)
				at[string(key)] = n
				all = append(all, nil)
			}
			all[n] = append(all[n], i)
		}
	}
	return all
}

// cover hides the smallest counts of a line that are still told, while what is
// hidden is too little by itself. It says whether it hid any.
func cover(line []int, counts []int64, hidden []bool, least int64) (hid bool) {
	for {
		sum, next := int64(0), -1
		for _, i := range line {
			switch {
			case hidden[i]:
				sum += counts[i]
			case counts[i] > 0 && (next < 0 || counts[i] < counts[next]):
				next = i
			}
		}
		if sum == 0 || sum >= least || next < 0 {
			return hid
		}
		hidden[next], hid = true, true
	}
}

// slots gives what values are computed from, null for what is hidden.
func slots(row []any, i int, hidden [][]bool) func(*expr.Expr) any {
	return func(e *expr.Expr) any {
		n, _ := e.Slot()
		if hidden[n] != nil && hidden[n][i] {
			return nil
		}
		return row[n]
	}
}
