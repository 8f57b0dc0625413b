package model

import (
	"context"
	"fmt"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

// question writes the SQL for a model's sums. The inner SELECT computes what
// the outer adds up, so that each expression stands there once.
func question(m *define.Model) (sql string, args []any) {
	outer, inner, by := &expr.SQL{}, &expr.SQL{}, "t"
	step := m.Every.Seconds
	if step == 0 {
		step = 86400
	}
	inner.WriteString(fmt.Sprintf(`SELECT "time" - "time" %% %d AS t`, step))
	outer.WriteString("SELECT t")
	for i, g := range m.Groups {
		name := fmt.Sprintf("g%d", i)
		inner.WriteString(", ")
		inner.Expr(g.Expr)
		inner.WriteString(" AS " + name)
		outer.WriteString(", " + name)
		by += ", " + name
	}
	for i, s := range m.Sums {
		name := fmt.Sprintf("s%d", i)
		if s.Arg != nil {
			inner.WriteString(", ")
			inner.WriteArg(s)
			inner.WriteString(" AS " + name)
		}
		outer.WriteString(", ")
		outer.WriteSum(s, name)
	}
	inner.WriteString(" FROM events")
	if m.Where != nil {
		inner.WriteString(" WHERE ")
		inner.Expr(m.Where)
	}
	return outer.String() + " FROM (" + inner.String() + ") AS e GROUP BY " + by, inner.Args
}

// ask has the engine add up files, and returns the sums by day (its first
// second), if there is room.
func ask(ctx context.Context, e engine.Engine, m *define.Model, files []archive.File, room func(bytes int64) error) (map[int64]*table, error) {
	sql, args := question(m)
	types := sumTypes(m)
	days := map[int64]*table{}
	rows := 0
	err := e.Run(ctx, engine.Query{SQL: sql, Args: args, Files: files, Columns: m.Uses()}, func(row []any) error {
		row, err := fit(m, types, row)
		if err != nil {
			return err
		}
		if rows++; rows%lookRows == 0 {
			if err := room(bytesOf(days)); err != nil {
				return err
			}
		}
		day := row[0].(int64) / 86400 * 86400
		if days[day] == nil {
			days[day] = newTable(types)
		}
		days[day].add(row)
		return nil
	})
	for _, t := range days {
		t.shrink()
	}
	return days, err
}

func bytesOf(days map[int64]*table) (n int64) {
	for _, t := range days {
		n += t.bytes()
	}
	return n
}
