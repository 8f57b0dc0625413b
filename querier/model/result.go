package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"slices"

	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

// block is some of a model's rows, in their order: period by period. It does
// not change. Its first column is the start of the period, if there are periods.
type block struct {
	*table
	hash [sha256.Size]byte // of the rows
}

// resultTypes are the columns of a block.
func resultTypes(m *define.Model) []expr.Type {
	types := m.Types()
	if m.Every.Column != "" {
		types[0] = expr.Int
	}
	return types
}

// finish makes of sums the rows that they are for. Counts below least are not
// told of (see hide).
func finish(m *define.Model, sums *table, least int64) *block {
	out := newTable(resultTypes(m))
	groups := 1 + len(m.Groups)
	hidden := hide(m, sums, least)
	var row, result []any
	for i := range sums.N {
		row = sums.row(i, row)
		if row[groups].(int64) < int64(m.Min) || hidden[0] != nil && hidden[0][i] {
			continue
		}
		slot := slots(row[groups:], i, hidden)
		result = result[:0]
		if m.Every.Column != "" {
			result = append(result, row[0])
		}
		result = append(result, row[1:groups]...)
		for _, f := range m.Finals {
			result = append(result, f.Eval(slot))
		}
		out.add(result)
	}
	return newBlock(m, out)
}

// newBlock sorts rows and leaves those beyond the limit of a period out.
func newBlock(m *define.Model, t *table) *block {
	order := natural(m, t)
	sorted := newTable(resultTypes(m))
	var row []any
	inPeriod := 0
	for n, i := range order {
		if n > 0 && m.Every.Column != "" && t.Cols[0].Ints[i] != t.Cols[0].Ints[order[n-1]] {
			inPeriod = 0
		}
		if inPeriod++; m.Limit > 0 && inPeriod > m.Limit {
			continue
		}
		row = t.row(int(i), row)
		sorted.add(row)
	}
	sorted.shrink()
	return &block{sorted, digest(sorted)}
}

// natural is the order of a model's rows: by period, then as the model says,
// then by the other columns, so that there is but one.
func natural(m *define.Model, t *table) []int32 {
	var by []define.Sort
	if m.Every.Column != "" {
		by = append(by, define.Sort{})
	}
	return sortRows(t.N, slices.Concat(by, m.Order, rest(t)), func(column int) func(i, j int) int { return t.Cols[column].compare }, t.null)
}

func (t *table) null(column, i int) bool { return t.Cols[column].null(i) }

// rest is all columns from the first to the last.
func rest(t *table) []define.Sort {
	var by []define.Sort
	for i := range t.Cols {
		by = append(by, define.Sort{Column: i})
	}
	return by
}

// sortRows sorts the numbers of rows. What is unknown comes last either way.
func sortRows(n int, by []define.Sort, compare func(column int) func(i, j int) int, null func(column, i int) bool) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	compares := make([]func(i, j int) int, len(by))
	for k, s := range by {
		compares[k] = compare(s.Column)
	}
	slices.SortFunc(order, func(a, b int32) int {
		i, j := int(a), int(b)
		for k, s := range by {
			c := compares[k](i, j)
			if c != 0 && s.Down && !null(s.Column, i) && !null(s.Column, j) {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	})
	return order
}

// digest is the hash of all rows.
func digest(t *table) (sum [sha256.Size]byte) {
	h := sha256.New()
	var b []byte
	for i := range t.N {
		b = b[:0]
		for _, c := range t.Cols {
			b = appendKey(b, c.get(i))
		}
		h.Write(b)
	}
	h.Sum(sum[:0])
	return sum
}

// versionOf names what a model's rows are: the same rows, the same version.
func versionOf(m *define.Model, blocks []*block) string {
	h := sha256.New()
	for _, c := range m.Columns() {
		h.Write(appendKey(nil, c))
	}
	for _, b := range blocks {
		h.Write(b.hash[:])
	}
	return short(h)
}

func short(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:6]) }

// span is rows from up to to (not included) of a block.
type span struct {
	b        *block
	from, to int
}

// between returns the rows whose period begins at or after start and before stop.
func (b *block) between(start, stop int64) span {
	at := func(second int64) int {
		i, _ := slices.BinarySearch(b.Cols[0].Ints, second)
		return i
	}
	if stop == 0 {
		stop = math.MaxInt64
	}
	return span{b, at(start), at(stop)}
}

// fileKey names a set of files.
func fileKey(names []string) string {
	h := sha256.New()
	for _, n := range names {
		h.Write(binary.AppendUvarint(nil, uint64(len(n))))
		h.Write([]byte(n))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
