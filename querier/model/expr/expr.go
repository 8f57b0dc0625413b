// Package expr is the small language of models: what SQL calls a scalar
// expression, over the columns of an event.
//
//	type = 'download' and country in ('DE', 'AT')
//	avg(attr_os = 'win')
//	1000 * sum(type like 'share:%') / sum(type = 'download')
//
// Parse reads a text, and checks names and types ([Expr.Check]); String prints
// it, so that it parses to the same again; SQL writes it as SQL of an engine,
// in which nothing stands that the author wrote; Eval computes it. What is
// unknown (null) behaves as in SQL: a comparison with it is neither true nor
// false. Dividing by zero gives null.
package expr

import "slices"

// Type is what an expression's value is, if it is not null.
type Type uint8

// The types. A Time is in Unix seconds.
const (
	Bool Type = iota + 1
	Int
	Float
	Text
	Time
)

// String is the type's name in messages.
func (t Type) String() string {
	return [...]string{"", "a condition", "a whole number", "a number", "a text", "a time"}[t]
}

func (t Type) number() bool { return t == Int || t == Float }

// Op is what a node of an expression does.
type Op string

// The nodes that are no functions. Of a comparison, of arithmetic and of and,
// or the sign is the Op.
const (
	opLiteral Op = "literal"
	opColumn  Op = "column"
	opNot     Op = "not"
	opNeg     Op = "neg"
	opIn      Op = "in"
	opLike    Op = "like"
	opBetween Op = "between"
	opNull    Op = "is null"
	opCase    Op = "case" // when, then, when, then, …, and perhaps else
	opAll     Op = "count(*)"
	opUnique  Op = "count distinct"
)

// Expr is an expression. It does not change once it is parsed, and may be
// shared.
type Expr struct {
	Op    Op
	Type  Type
	Value any    // of a literal: bool, int64, float64 or string
	Name  string // of a column
	Args  []*Expr

	pos int // in bytes, where it stands
}

// Columns are the columns that events have besides attributes, which are
// called attr_ and their key; the second part is computed from time (UTC).
var Columns = []string{
	"time", "type", "continent", "country", "region", "cell", "lat", "lon",
	"date", "hour", "minute", "second", "weekday",
}

// Functions are the names that may stand before a parenthesis.
var Functions = []string{
	"count", "sum", "avg", "min", "max",
	"lower", "upper", "length", "substr", "prefix", "coalesce", "abs", "floor", "round",
}

var columnTypes = map[string]Type{
	"time": Time, "type": Text, "continent": Text, "country": Text, "region": Text,
	"cell": Int, "lat": Float, "lon": Float,
	"date": Text, "hour": Int, "minute": Int, "second": Int, "weekday": Int,
}

// ofTime are the columns that are computed from time.
var ofTime = Columns[8:]

// aggregate says whether e adds up rows.
func (e *Expr) aggregate() bool {
	switch e.Op {
	case "count", "sum", "avg", "min", "max", opAll, opUnique:
		return true
	}
	return false
}

// Walk calls each with every node, from the outside inwards.
func (e *Expr) Walk(each func(*Expr)) {
	each(e)
	for _, a := range e.Args {
		a.Walk(each)
	}
}

// Uses are the columns of the table of events that the expressions need, in
// order.
func Uses(list ...*Expr) []string {
	met := map[string]bool{}
	for _, e := range list {
		e.Walk(func(n *Expr) {
			switch {
			case n.Op != opColumn:
			case slices.Contains(ofTime, n.Name):
				met["time"] = true
			default:
				met[n.Name] = true
			}
		})
	}
	columns := make([]string, 0, len(met))
	for c := range met {
		columns = append(columns, c)
	}
	slices.Sort(columns)
	return columns
}

// Wants says whether a condition can be true of events of a type, by those
// of its parts that look at nothing else.
func (e *Expr) Wants(typ string) bool {
	if e.Op == "and" {
		return e.Args[0].Wants(typ) && e.Args[1].Wants(typ)
	}
	if uses := Uses(e); len(uses) > 1 || len(uses) == 1 && uses[0] != "type" {
		return true
	}
	return e.Eval(func(*Expr) any { return typ }) == true
}
