package expr

import (
	"strconv"
	"strings"
)

// precedence of an Op; higher binds tighter.
func (e *Expr) precedence() int {
	switch e.Op {
	case "or":
		return 1
	case "and":
		return 2
	case opNot:
		return 3
	case "=", "<>", "<", "<=", ">", ">=", opIn, opLike, opBetween, opNull:
		return 4
	case "+", "-":
		return 5
	case "*", "/", "%":
		return 6
	case opNeg:
		return 7
	}
	return 8
}

// String prints an expression so that it parses to the same again.
func (e *Expr) String() string {
	var b strings.Builder
	e.print(&b)
	return b.String()
}

// inner prints an argument, in parentheses if it binds less than least.
func (e *Expr) inner(b *strings.Builder, least int) {
	if e.precedence() >= least {
		e.print(b)
		return
	}
	b.WriteByte('(')
	e.print(b)
	b.WriteByte(')')
}

func (e *Expr) print(b *strings.Builder) {
	own := e.precedence()
	switch e.Op {
	case opLiteral:
		b.WriteString(printLiteral(e.Value))
	case opColumn:
		b.WriteString(e.Name)
	case opAll:
		b.WriteString("count(*)")
	case opUnique:
		e.printCall(b, "count(distinct ", e.Args)
	case opNot:
		b.WriteString("not ")
		e.Args[0].inner(b, own)
	case opNeg:
		b.WriteByte('-')
		e.Args[0].inner(b, own)
	case opNull:
		e.Args[0].inner(b, own+1)
		b.WriteString(" is null")
	case opIn:
		e.Args[0].inner(b, own+1)
		e.printCall(b, " in (", e.Args[1:])
	case opBetween:
		e.Args[0].inner(b, own+1)
		b.WriteString(" between ")
		e.Args[1].inner(b, own+1)
		b.WriteString(" and ")
		e.Args[2].inner(b, own+1)
	case opCase:
		e.printCase(b)
	default:
		e.printRest(b, own)
	}
}

// printRest prints what stands between its arguments, and functions.
func (e *Expr) printRest(b *strings.Builder, own int) {
	if own == 8 {
		e.printCall(b, string(e.Op)+"(", e.Args)
		return
	}
	left := own
	if own == 4 { // comparisons do not stand in a row
		left++
	}
	e.Args[0].inner(b, left)
	b.WriteString(" " + string(e.Op) + " ")
	e.Args[1].inner(b, own+1)
}

func (e *Expr) printCall(b *strings.Builder, before string, args []*Expr) {
	b.WriteString(before)
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		a.print(b)
	}
	b.WriteByte(')')
}

func (e *Expr) printCase(b *strings.Builder) {
	b.WriteString("case")
	for i, a := range e.Args {
		switch {
		case i%2 == 1:
			b.WriteString(" then ")
		case i+1 == len(e.Args):
			b.WriteString(" else ")
		default:
			b.WriteString(" when ")
		}
		a.print(b)
	}
	b.WriteString(" end")
}

func printLiteral(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") { // stays a fraction
			s += ".0"
		}
		return s
	}
	return strconv.FormatBool(v.(bool))
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
