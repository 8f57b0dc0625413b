package expr

import "slices"

// opSlot stands where an aggregate stood, for the value of a [Partial].
const opSlot Op = "slot"

// How values of rows are added up.
const (
	Count  = "count"  // rows, or those where Arg is not null
	Sum    = "sum"    // of whole numbers
	Min    = "min"    // the least
	Max    = "max"    // the greatest
	Unique = "unique" // different values; cannot be combined
)

// fine is by how much fractions are multiplied to be added up as whole numbers:
// so that a sum is the same in any order.
const fine = 1000000

// Partial is something to be added up over rows: what is left to do is the
// same whether over all rows at once or over the sums of parts of them.
type Partial struct {
	How string
	Arg *Expr // nil to count rows
}

// Fine says that a sum is in millionths.
func (p Partial) Fine() bool { return p.How == Sum && p.Arg.Type == Float }

// Counts says whether a sum is a number of events: of all, of those of which
// something is known, or of those for which a condition holds.
func (p Partial) Counts() bool {
	return p.How == Count || p.How == Sum && p.Arg.Type == Bool
}

// Type is the type of the result.
func (p Partial) Type() Type {
	if p.How == Min || p.How == Max {
		return p.Arg.Type
	}
	return Int
}

// Merge combines two results, each null if there was no value. It is false for
// a sum that is too large for a whole number.
func (p Partial) Merge(a, b any) (sum any, ok bool) {
	if a == nil || b == nil {
		if a == nil {
			return b, true
		}
		return a, true
	}
	switch p.How {
	case Min:
		if compare(a, b) > 0 {
			return b, true
		}
		return a, true
	case Max:
		if compare(a, b) < 0 {
			return b, true
		}
		return a, true
	}
	sum = whole("+", a.(int64), b.(int64))
	return sum, sum != nil
}

// Split divides expressions over aggregates into what has to be added up, of
// which the first is the number of rows, and what is computed of the sums by
// [Expr.Eval].
func Split(list []*Expr) (sums []Partial, finals []*Expr) {
	s := &splitter{sums: []Partial{{How: Count}}, met: map[string]int{Count: 0}}
	for _, e := range list {
		finals = append(finals, s.split(e))
	}
	return s.sums, finals
}

type splitter struct {
	sums []Partial
	met  map[string]int
}

// split returns e with slots for its aggregates.
func (s *splitter) split(e *Expr) *Expr {
	switch e.Op {
	case opAll:
		return s.slot(Count, nil)
	case opUnique:
		return s.slot(Unique, e.Args[0])
	case "count", "min", "max":
		return s.slot(string(e.Op), e.Args[0])
	case "sum":
		return s.sum(e.Args[0])
	case "avg":
		return &Expr{Op: "/", Type: Float, Args: []*Expr{s.sum(e.Args[0]), s.slot(Count, e.Args[0])}}
	}
	n := *e
	n.Args = slices.Clone(e.Args)
	for i, a := range e.Args {
		n.Args[i] = s.split(a)
	}
	return &n
}

func (s *splitter) sum(arg *Expr) *Expr {
	slot := s.slot(Sum, arg)
	if arg.Type != Float {
		return slot
	}
	million := &Expr{Op: opLiteral, Type: Int, Value: int64(fine)}
	return &Expr{Op: "/", Type: Float, Args: []*Expr{slot, million}}
}

func (s *splitter) slot(how string, arg *Expr) *Expr {
	p, key := Partial{how, arg}, how
	if arg != nil {
		key += " " + arg.String()
	}
	i, met := s.met[key]
	if !met {
		i = len(s.sums)
		s.met[key] = i
		s.sums = append(s.sums, p)
	}
	return &Expr{Op: opSlot, Type: p.Type(), Value: int64(i)}
}

// Slot is the index of the sum for which a node stands that Split put there;
// false for any other.
func (e *Expr) Slot() (int, bool) {
	if e.Op != opSlot {
		return 0, false
	}
	return int(e.Value.(int64)), true
}

// WriteSum writes the aggregate of a column, which holds p's argument.
func (s *SQL) WriteSum(p Partial, column string) {
	switch {
	case p.Arg == nil:
		s.WriteString("count(*)")
	case p.How == Unique:
		s.WriteString("coalesce(count(DISTINCT " + column + "), 0)")
	case p.How == Sum:
		s.WriteString("CAST(sum(" + column + ") AS BIGINT)")
	default:
		s.WriteString(p.How + "(" + column + ")")
	}
}

// WriteArg writes p's argument for one row, as WriteSum wants it.
func (s *SQL) WriteArg(p Partial) {
	arg := []*Expr{p.Arg}
	switch {
	case p.Fine():
		s.parts("CAST(round(", arg, "", " * 1000000) AS BIGINT)")
	case p.How == Sum && p.Arg.Type == Bool:
		s.parts("CAST(", arg, "", " AS BIGINT)")
	default:
		s.Expr(p.Arg)
	}
}
