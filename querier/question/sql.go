package question

import (
	"slices"
	"strconv"
	"strings"

	"github.com/glowmap/glow/querier/engine"
)

// Query is what an engine is asked for one key: a row a group, which is the
// start of its period (with Every; of a month's days), what By says, and n.
// With most > 0 there are at most so many rows: those that come first in the
// question's order.
func (q *Question) Query(key string, most int) engine.Query {
	b := builder{}
	var list []string
	if q.Every != "" {
		list = append(list, b.period(q.Every))
	}
	for _, dimension := range q.By {
		list = append(list, b.expression(dimension))
	}
	groups := make([]string, len(list))
	for i := range list {
		groups[i] = "g" + strconv.Itoa(i)
		list[i] += " AS " + groups[i]
	}
	sql := "SELECT " + strings.Join(append(list, "count(*) AS n"), ", ") + " FROM events"
	tail := ""
	if len(groups) > 0 {
		tail += " GROUP BY " + strings.Join(groups, ", ")
	}
	if most > 0 {
		tail += " ORDER BY " + q.sorting(groups) + " LIMIT " + strconv.Itoa(most)
	}
	scope := &engine.Scope{Type: key, From: q.From, To: q.To}
	within, about := b.scope(), b.conditions(q)
	slices.Sort(b.columns)
	scope.SQL, scope.Args = sql+where(about)+tail, b.args
	return engine.Query{
		SQL: sql + where(append(within, about...)) + tail, Args: append([]any{key, q.From, q.To}, b.args...),
		Columns: slices.Compact(b.columns), Scope: scope,
	}
}

func where(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

// builder puts SQL together out of pieces of its own.
type builder struct {
	args    []any
	columns []string
}

func (b *builder) column(name string) string {
	b.columns = append(b.columns, name)
	return engine.Quote(name)
}

func (b *builder) period(e Every) string {
	t := b.column("time")
	switch e {
	case month:
		e = "1d"
	case "1w":
		return t + " - (" + t + " + " + strconv.Itoa(monday) + ") % " + strconv.Itoa(week)
	}
	return t + " - " + t + " % " + strconv.FormatInt(seconds[e], 10)
}

// expression is a dimension in SQL; dimensions of time are in seconds: see value.
func (b *builder) expression(dimension string) string {
	switch dimension {
	case Date:
		return b.period("1d")
	case Hour:
		t := b.column("time")
		return t + " % 86400 - " + t + " % 3600"
	case Weekday:
		t := b.column("time")
		return "(" + t + " + 259200) % 604800 - " + t + " % 86400" // seconds since Monday
	}
	return b.column(dimension)
}

// inSQL is a number of a dimension as the expression has it.
func inSQL(dimension string, n int64) int64 {
	switch dimension {
	case Hour:
		return n * 3600
	case Weekday:
		return (n - 1) * day
	}
	return n
}

// Value is a value of a dimension as clients see it, of one in SQL.
func Value(dimension string, v any) any {
	n, ok := v.(int64)
	if !ok {
		return v
	}
	switch dimension {
	case Date:
		return clock(n)[:len("2006-01-02")]
	case Hour:
		return n / 3600
	case Weekday:
		return n/day + 1
	}
	return n
}

// scope are the conditions that a scope says; their arguments are its own.
func (b *builder) scope() []string {
	t := b.column("time")
	return []string{b.column("type") + " = ?", t + " >= ?", t + " < ?"}
}

// conditions are all others.
func (b *builder) conditions(q *Question) (all []string) {
	for _, c := range q.Where {
		all = append(all, b.condition(&c, false))
	}
	for _, c := range q.Not {
		all = append(all, b.condition(&c, true))
	}
	return all
}

// condition is never null, whatever engines think of null in a list: what is
// unknown matches a condition only if that says null.
func (b *builder) condition(c *Condition, not bool) string {
	e := "(" + b.expression(c.Dimension) + ")"
	match := b.match(c, e)
	switch {
	case !not && match == "":
		return e + " IS NULL"
	case !not && c.Null:
		return "(" + e + " IS NULL OR " + match + ")"
	case !not:
		return "(" + e + " IS NOT NULL AND " + match + ")"
	case match == "":
		return e + " IS NOT NULL"
	case c.Null:
		return "(" + e + " IS NOT NULL AND NOT (" + match + "))"
	}
	return "(" + e + " IS NULL OR NOT (" + match + "))"
}

// match is a condition on what is not null; "" if there is none.
func (b *builder) match(c *Condition, e string) string {
	var all []string
	bound := func(operator string, v any) {
		all = append(all, e+operator+"?")
		b.args = append(b.args, v)
	}
	if c.Degrees != nil {
		for i, operator := range []string{" >= ", " <= "} {
			if d := c.Degrees[i]; d.Is {
				bound(operator, d.Value)
			}
		}
	}
	if c.Min != nil {
		bound(" >= ", inSQL(c.Dimension, *c.Min))
	}
	if c.Max != nil {
		bound(" <= ", inSQL(c.Dimension, *c.Max))
	}
	if n := len(c.Texts) + len(c.Numbers); n > 0 {
		for _, s := range c.Texts {
			b.args = append(b.args, s)
		}
		for _, n := range c.Numbers {
			b.args = append(b.args, inSQL(c.Dimension, n))
		}
		all = append(all, e+" IN ("+strings.Repeat("?, ", n-1)+"?)")
	}
	return strings.Join(all, " AND ")
}

// sorting is the order of the groups, ties broken by all that they have. What
// is unknown comes last.
func (q *Question) sorting(groups []string) string {
	first := 0
	if q.Every != "" {
		first = 1
	}
	direction := func(down bool) string {
		if down {
			return " DESC"
		}
		return " ASC"
	}
	var list []string
	name, down := strings.CutPrefix(q.Order, "-")
	if at := slices.Index(q.By, name); at >= 0 {
		list = append(list, groups[first+at]+direction(down)+" NULLS LAST")
	}
	if name == "n" && !down {
		list = append(list, "n ASC")
	} else {
		list = append(list, "n DESC")
	}
	for _, g := range groups[first:] {
		list = append(list, g+" ASC NULLS LAST")
	}
	return strings.Join(list, ", ")
}
