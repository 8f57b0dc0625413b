//go:build cgo

package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model/expr"
)

// maker makes random expressions.
type maker struct{ *rand.Rand }

func (m maker) pick(list ...string) string { return list[m.IntN(len(list))] }

func (m maker) text(depth int) string {
	if depth == 0 {
		return m.pick("type", "country", "region", "continent", "attr_lang", "attr_none", "'DE'", "'it''s'", "''", "date")
	}
	switch m.IntN(5) {
	case 0:
		return m.pick("lower", "upper") + "(" + m.pick("type", "country", "'aB'") + ")"
	case 1:
		return fmt.Sprintf("substr(%s, %d, %d)", m.text(depth-1), 1+m.IntN(4), m.IntN(4))
	case 2:
		return fmt.Sprintf("prefix(%s, '%s')", m.text(depth-1), m.pick(":", "-", "E", "日"))
	case 3:
		return fmt.Sprintf("coalesce(%s, %s)", m.text(depth-1), m.text(depth-1))
	}
	return fmt.Sprintf("case when %s then %s else %s end", m.truth(depth-1), m.text(depth-1), m.text(depth-1))
}

func (m maker) number(depth int) string {
	if depth == 0 {
		return m.pick("lat", "lon", "cell", "hour", "minute", "second", "weekday", "2", "7", "0", "0.5", "-3")
	}
	switch m.IntN(6) {
	case 0:
		return m.pick("abs", "floor", "round") + "(" + m.number(depth-1) + ")"
	case 1:
		return "length(" + m.text(depth-1) + ")"
	case 2:
		return "-(" + m.number(depth-1) + ")"
	case 3:
		return fmt.Sprintf("case when %s then %s end", m.truth(depth-1), m.number(depth-1))
	}
	return fmt.Sprintf("(%s %s %s)", m.number(depth-1), m.pick("+", "-", "*", "/", "%"), m.number(depth-1))
}

func (m maker) truth(depth int) string {
	if depth == 0 {
		return m.pick("true", "false", "type = 'download'", "country is null", "lat > 0", "time > 1774300000")
	}
	compare := m.pick("=", "<>", "<", "<=", ">", ">=")
	switch m.IntN(9) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", m.truth(depth-1), m.pick("and", "or"), m.truth(depth-1))
	case 2:
		return "not " + m.truth(0)
	case 3:
		return fmt.Sprintf("%s %s in ('DE', 'download', '%s')", m.text(depth-1), m.pick("", "not"), m.pick("日本", "%"))
	case 4:
		return fmt.Sprintf("%s like '%s'", m.text(depth-1), m.pick("share:%", "%-_Y", "D_", "%日%", "%", "", `\%`, "a%b%"))
	case 5:
		return fmt.Sprintf("%s between %s and %s", m.number(depth-1), m.number(0), m.number(0))
	case 6:
		return fmt.Sprintf("%s is %s null", m.text(depth-1), m.pick("", "not"))
	case 7:
		return fmt.Sprintf("(%s %s %s)", m.text(depth-1), compare, m.text(depth-1))
	}
	return fmt.Sprintf("(%s %s %s)", m.number(depth-1), compare, m.number(depth-1))
}

// leaf gives a row's values.
func leaf(r *archive.Row) func(*expr.Expr) any {
	return func(e *expr.Expr) any {
		switch e.Name {
		case "time":
			return r.Time
		case "type":
			return r.Type
		case "continent":
			return known(r.Continent)
		case "country":
			return known(r.Country)
		case "region":
			return known(r.Region)
		case "attr_lang":
			if v, ok := attr(r, "lang"); ok {
				return v
			}
			return nil
		}
		if !r.Located {
			return nil
		}
		switch e.Name {
		case "cell":
			return int64(r.Cell)
		case "lat":
			return float64(r.Lat) / 10000
		case "lon":
			return float64(r.Lon) / 10000
		}
		return nil
	}
}

// size is how large a test is: usual, or what the environment says.
func size(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// TestEngineAgrees: random expressions give in the engine what Eval gives, row
// by row.
func TestEngineAgrees(t *testing.T) {
	n := size("GLOW_TEST_EXPRESSIONS", 150)
	h := newHistory(t)
	m := maker{rand.New(rand.NewPCG(13, 14))}
	for day := range 2 {
		h.add(someRows(m.Rand, day, 15))
	}
	h.commit()
	e := h.duck()
	seconds := map[int64]*archive.Row{}
	all := h.all()
	for i := range all {
		if seconds[all[i].Time] != nil {
			t.Fatal("two rows of one second: choose another seed")
		}
		seconds[all[i].Time] = &all[i]
	}
	for range n {
		text := []func(int) string{m.text, m.number, m.truth}[m.IntN(3)](1 + m.IntN(3))
		x, err := expr.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var s expr.SQL
		s.WriteString(`SELECT "time" AS t, `)
		s.Expr(x)
		s.WriteString(" AS x FROM events")
		q := engine.Query{SQL: s.String(), Args: s.Args, Columns: append(expr.Uses(x), "time")}
		q.Files = append(q.Files, h.catalog.Current().Manifest.Files...)
		rows := 0
		err = e.Run(t.Context(), q, func(row []any) error {
			rows++
			got := row[1]
			if got != nil {
				got = as(x.Type, got)
			}
			if want := x.Eval(leaf(seconds[row[0].(int64)])); !same(got, want) {
				t.Errorf("%s\n%s\n%v, want %v", text, s.String(), got, want)
			}
			return nil
		})
		if err != nil || rows != len(all) {
			t.Fatalf("%s\n%s %v\n%d rows, %v", text, s.String(), s.Args, rows, err)
		}
	}
}

// same compares values; fractions may differ in their last digits.
func same(a, b any) bool {
	x, ok := a.(float64)
	y, ok2 := b.(float64)
	if ok && ok2 {
		return x == y || math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y))
	}
	return a == b
}
