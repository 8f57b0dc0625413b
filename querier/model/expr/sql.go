package expr

import (
	"strings"
)

// SQL is a piece of SQL that is being written: all that is a value stands in
// Args, and names of columns are those that Parse knows.
type SQL struct {
	strings.Builder
	Args []any
}

// Expr writes an expression of one row. It reads the columns of the table of
// events.
func (s *SQL) Expr(e *Expr) {
	switch e.Op {
	case opLiteral:
		s.literal(e)
	case opColumn:
		s.column(e.Name)
	case opNot:
		s.parts("(NOT ", e.Args[:1], "", ")")
	case opNeg:
		s.parts("(- ", e.Args[:1], "", ")")
	case opNull:
		s.parts("(", e.Args[:1], "", " IS NULL)")
	case opIn:
		s.in(e)
	case opBetween:
		s.parts("(", e.Args[:2], " BETWEEN ", " AND ")
		s.parts("", e.Args[2:], "", ")")
	case opCase:
		s.cases(e)
	case "/":
		s.parts("(", e.Args[:1], "", " / nullif(")
		s.parts("", e.Args[1:], "", ", 0))")
	case "%":
		s.parts("(", e.Args[:1], "", " % nullif(")
		s.parts("", e.Args[1:], "", ", 0))")
	default:
		s.rest(e)
	}
}

// rest writes what stands between its arguments, and functions.
func (s *SQL) rest(e *Expr) {
	switch {
	case e.Op == opLike:
		s.parts("(", e.Args, " LIKE ", ")")
	case e.precedence() < 8:
		s.parts("(", e.Args, " "+strings.ToUpper(string(e.Op))+" ", ")")
	case e.Op == "prefix":
		s.parts("split_part(", e.Args, ", ", ", 1)")
	case (e.Op == "floor" || e.Op == "round") && e.Type == Int:
		s.Expr(e.Args[0])
	case e.Op == "coalesce" && e.Type == Float:
		s.parts("coalesce(0.0 + ", e.Args, ", 0.0 + ", ")")
	default:
		s.parts(string(e.Op)+"(", e.Args, ", ", ")")
	}
}

func (s *SQL) parts(before string, args []*Expr, between, after string) {
	s.WriteString(before)
	for i, a := range args {
		if i > 0 {
			s.WriteString(between)
		}
		s.Expr(a)
	}
	s.WriteString(after)
}

// in writes equations: engines differ about null in a list.
func (s *SQL) in(e *Expr) {
	for i, a := range e.Args[1:] {
		if i > 0 {
			s.WriteString(" OR ")
		} else {
			s.WriteByte('(')
		}
		s.parts("(", []*Expr{e.Args[0], a}, " = ", ")")
	}
	s.WriteByte(')')
}

func (s *SQL) literal(e *Expr) {
	s.WriteByte('?')
	s.Args = append(s.Args, e.Value)
}

// column writes a column, or what is computed from time.
func (s *SQL) column(name string) {
	switch name {
	case "date":
		s.WriteString(`CAST(DATE '1970-01-01' + CAST(floor("time" / 86400) AS INTEGER) AS VARCHAR)`)
	case "hour":
		s.WriteString(`CAST(floor("time" % 86400 / 3600) AS BIGINT)`)
	case "minute":
		s.WriteString(`CAST(floor("time" % 3600 / 60) AS BIGINT)`)
	case "second":
		s.WriteString(`("time" % 60)`)
	case "weekday":
		s.WriteString(`((CAST(floor("time" / 86400) AS BIGINT) + 3) % 7 + 1)`)
	default:
		s.WriteString(`"` + name + `"`)
	}
}

func (s *SQL) cases(e *Expr) {
	s.WriteString("CASE")
	for i, a := range e.Args {
		switch {
		case i%2 == 1:
			s.WriteString(" THEN ")
		case i+1 == len(e.Args):
			s.WriteString(" ELSE ")
		default:
			s.WriteString(" WHEN ")
		}
		s.Expr(a)
	}
	s.WriteString(" END")
}
