// Package define reads the files that define models (TOML):
//
//	summary = "Share of Windows among downloads, per country and day"
//	where   = "type = 'download'"
//	by      = ["date", "country"]
//	value   = "avg(attr_os = 'win') as share"
//
// Expressions are those of package expr. All mistakes of a file are found at
// once, each with its line and column.
package define

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/glowmap/glow/querier/model/expr"
)

// Column is a column of a model's rows.
type Column struct {
	Name string
	Expr *expr.Expr
}

// Sort is a column to sort by.
type Sort struct {
	Column int // of Model.Columns
	Down   bool
}

// Model is what a file says. It does not change.
type Model struct {
	Name, Summary string
	Public        bool // to be seen by anybody
	Off           bool // not to be had at all
	Where         *expr.Expr
	Every         Every
	Groups        []Column // besides the period, none of which adds up rows
	Values        []Column
	Order         []Sort // of the rows of one period
	Limit         int    // most rows of one period; 0: all
	Days          int    // only the newest so many days of the archive; 0: all
	Min           int    // rows that stand for fewer events are left out

	// Sums is what has to be added up, the number of events first, and Finals
	// computes the Values of the sums.
	Sums   []expr.Partial
	Finals []*expr.Expr
}

// Key names what is added up: models with one key have the same sums.
func (m *Model) Key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "1\n%s\n", m.Every.Name)
	if m.Where != nil {
		b.WriteString(m.Where.String())
	}
	for _, g := range m.Groups {
		b.WriteString("\nby " + g.Expr.String())
	}
	for _, s := range m.Sums {
		b.WriteString("\nsum " + s.How)
		if s.Arg != nil {
			b.WriteString(" " + s.Arg.String())
		}
	}
	hash := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(hash[:8])
}

// Columns are the names of a row's columns: the period's, the groups', the
// values'.
func (m *Model) Columns() []string {
	var names []string
	if m.Every.Column != "" {
		names = append(names, m.Every.Column)
	}
	for _, c := range slices.Concat(m.Groups, m.Values) {
		names = append(names, c.Name)
	}
	return names
}

// Types are the types of Columns; that of a period is a text.
func (m *Model) Types() []expr.Type {
	var types []expr.Type
	if m.Every.Column != "" {
		types = append(types, expr.Text)
	}
	for _, c := range slices.Concat(m.Groups, m.Values) {
		types = append(types, c.Expr.Type)
	}
	return types
}

// Combines says whether the sums of parts of a period can be combined.
func (m *Model) Combines() bool {
	return !slices.ContainsFunc(m.Sums, func(p expr.Partial) bool { return p.How == expr.Unique })
}

// Uses are the columns of events that the model reads.
func (m *Model) Uses() []string {
	list := []*expr.Expr{}
	if m.Where != nil {
		list = append(list, m.Where)
	}
	for _, c := range slices.Concat(m.Groups, m.Values) {
		list = append(list, c.Expr)
	}
	uses := expr.Uses(list...)
	if !slices.Contains(uses, "time") {
		uses = append(uses, "time")
	}
	slices.Sort(uses)
	return uses
}

// Pulse says whether the model looks at nothing but when something happened and
// of which type it was.
func (m *Model) Pulse() bool {
	return !slices.ContainsFunc(m.Uses(), func(c string) bool { return c != "time" && c != "type" })
}

// Wants says whether events of a type can be in the model's rows: by those of
// the conditions joined by and that look at nothing else.
func (m *Model) Wants(typ string) bool {
	return m.Where == nil || m.Where.Wants(typ)
}
