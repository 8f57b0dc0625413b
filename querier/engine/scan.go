package engine

import (
	"slices"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
)

// Limits are those of an engine within this process.
type Limits struct {
	Folders     []string // where files are
	Threads     int      // of one query
	Memory      int64    // of one query, in bytes
	Concurrency int      // queries at once
}

// scan is files that have the same of the wanted columns, and of which the same
// must be left out.
type scan struct {
	columns []string
	paths   []string
	outside outside
}

// outside says what a file may have that is outside of a scope.
type outside struct{ types, before, after bool }

func (s *Scope) outside(f archive.File) outside {
	if s == nil {
		return outside{}
	}
	return outside{types: len(f.Types) != 1 || f.Types[s.Type] == 0, before: f.From < s.From, after: f.To >= s.To}
}

// where leaves out what is outside.
func (s *Scope) where(o outside) (sql string, args []any) {
	var all []string
	leave := func(is bool, condition string, arg any) {
		if is {
			all, args = append(all, condition), append(args, arg)
		}
	}
	leave(o.types, `"type" = ?`, s.Type)
	leave(o.before, `"time" >= ?`, s.From)
	leave(o.after, `"time" < ?`, s.To)
	if len(all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

// kinds are how columns that are no text come into the table events. Degrees
// are decimals in the files.
var kinds = map[string]string{"time": "BIGINT", "cell": "BIGINT", "lat": "DOUBLE", "lon": "DOUBLE"}

func kind(column string) string {
	if k, ok := kinds[column]; ok {
		return k
	}
	return "VARCHAR"
}

// with puts the table events before a query.
func with(events, query string) string {
	head := "WITH events AS NOT MATERIALIZED (" + events + ")"
	if rest, ok := strings.CutPrefix(query, "WITH "); ok {
		return head + ", " + rest
	}
	return head + " " + query
}

// table is SQL whose rows are those of all scans that are not outside, and its
// arguments.
func table(columns []string, scans []scan, scope *Scope) (sql string, args []any) {
	if len(scans) == 0 {
		return selection(columns, nil) + " WHERE false", nil
	}
	var parts []string
	for _, s := range scans {
		paths := make([]string, len(s.paths))
		for i, p := range s.paths {
			paths[i] = text(p)
		}
		part := selection(columns, s.columns) + " FROM read_parquet([" + strings.Join(paths, ", ") + "], hive_partitioning = false)"
		if scope != nil {
			where, own := scope.where(s.outside)
			part, args = part+where, append(args, own...)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " UNION ALL "), args
}

// selection selects columns, of which some are there.
func selection(columns, there []string) string {
	list := make([]string, 0, len(columns)+1)
	for _, c := range columns {
		name := Quote(c)
		switch {
		case !slices.Contains(there, c):
			list = append(list, "CAST(NULL AS "+kind(c)+") AS "+name)
		case kind(c) == "DOUBLE":
			list = append(list, "CAST("+name+" AS DOUBLE) AS "+name)
		default:
			list = append(list, name)
		}
	}
	if len(list) == 0 { // rows are counted without looking at them
		list = append(list, "1 AS one")
	}
	return "SELECT " + strings.Join(list, ", ")
}

// Quote writes the name of a column.
func Quote(column string) string { return `"` + strings.ReplaceAll(column, `"`, `""`) + `"` }

// text writes a text of our own, as the path of a file.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// common are those of a that are in b, too.
func common(a, b []string) []string {
	var both []string
	for _, c := range a {
		if slices.Contains(b, c) {
			both = append(both, c)
		}
	}
	return both
}
