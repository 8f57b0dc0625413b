package model

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

// sumTypes are the columns of a table of sums: the start of the period, the
// groups, the sums.
func sumTypes(m *define.Model) []expr.Type {
	types := []expr.Type{expr.Int}
	for _, g := range m.Groups {
		types = append(types, g.Expr.Type)
	}
	for _, s := range m.Sums {
		types = append(types, s.Type())
	}
	return types
}

// adder adds up rows of sums that are of the same period and groups.
type adder struct {
	m    *define.Model
	at   map[string]int
	sums *table
	key  []byte
	keys int64 // bytes of the keys
}

func newAdder(m *define.Model) *adder {
	return &adder{m: m, at: map[string]int{}, sums: newTable(sumTypes(m))}
}

// add adds a row; its period is that of its first column, a time in it.
func (a *adder) add(row []any) error {
	row[0] = a.m.Every.Start(row[0].(int64))
	groups := 1 + len(a.m.Groups)
	a.key = a.key[:0]
	for _, v := range row[:groups] {
		a.key = appendKey(a.key, v)
	}
	i, found := a.at[string(a.key)]
	if !found {
		a.at[string(a.key)] = a.sums.N
		a.keys += int64(len(a.key))
		a.sums.add(row)
		return nil
	}
	for n, p := range a.m.Sums {
		c := a.sums.Cols[groups+n]
		sum, ok := p.Merge(c.get(i), row[groups+n])
		if !ok {
			return fmt.Errorf("%s(%s) is too large for a whole number", p.How, p.Arg)
		}
		c.set(i, sum)
	}
	return nil
}

// lookRows is after how many rows it is looked how much memory they take.
const lookRows = 4096

// addTable adds all rows of a table, for as long as there is room.
func (a *adder) addTable(t *table, room func(bytes int64) error) error {
	row := make([]any, 0, len(t.Cols))
	for i := range t.N {
		if i%lookRows == 0 {
			if err := room(a.sums.bytes() + a.keys + int64(len(a.at))*mapBytes); err != nil {
				return err
			}
		}
		if err := a.add(t.row(i, row)); err != nil {
			return err
		}
	}
	return nil
}

// appendKey appends what tells a value from all others.
func appendKey(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, 0)
	case string:
		b = binary.AppendUvarint(append(b, 1), uint64(len(v)))
		return append(b, v...)
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, 2), math.Float64bits(v))
	case bool:
		return append(b, 3, byte(toInt(v)))
	}
	return binary.AppendVarint(append(b, 4), v.(int64))
}

// fit makes what an engine gave into the row of sums that the model wants.
func fit(m *define.Model, types []expr.Type, row []any) ([]any, error) {
	if len(row) != len(types) {
		return nil, fmt.Errorf("the engine gave %d columns instead of %d", len(row), len(types))
	}
	for i, t := range types {
		if row[i] != nil {
			row[i] = as(t, row[i])
		}
	}
	if row[0] == nil || row[1+len(m.Groups)] == nil {
		return nil, fmt.Errorf("the engine gave a row without time or number")
	}
	return row, nil
}

// as makes v what a type wants.
func as(t expr.Type, v any) any {
	switch t {
	case expr.Text:
		if s, ok := v.(string); ok {
			return s
		}
		return fmt.Sprint(v)
	case expr.Float:
		f := toFloat(v)
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			return nil
		case f == 0: // there are two zeros
			return 0.0
		}
		return f
	case expr.Bool:
		return toInt(v) != 0
	}
	return toInt(v)
}
