package expr

import (
	"math"
	"slices"
)

// checkCall is check of functions.
func (e *Expr) checkCall() error {
	switch e.Op {
	case opAll:
		e.Type = Int
		return nil
	case "coalesce":
		return e.checkOne(e.Args)
	case "substr":
		return e.checkSubstr()
	case "prefix":
		return e.checkPrefix()
	}
	if len(e.Args) != 1 {
		return wrong(e.pos, "%s takes one argument, not %d", e.Op, len(e.Args))
	}
	return e.checkOneArgument(e.Args[0])
}

func (e *Expr) checkOneArgument(a *Expr) error {
	switch e.Op {
	case "lower", "upper", "length":
		e.Type = Text
		if e.Op == "length" {
			e.Type = Int
		}
		return e.all(Text, "a text")
	case "count", opUnique:
		e.Type = Int
	case "min", "max":
		e.Type = a.Type
		if a.Type == Bool {
			return wrong(a.pos, "%s of a condition: write sum(%s) > 0 or the like", e.Op, a)
		}
	default: // sum, avg, abs, floor, round
		return e.checkNumeric(a)
	}
	return nil
}

func (e *Expr) checkNumeric(a *Expr) error {
	sum := e.Op == "sum" || e.Op == "avg"
	switch {
	case sum && a.Type == Bool:
		e.Type = Int
	case !a.Type.number():
		return wrong(a.pos, "%s is %s: %s wants a number", a, a.Type, e.Op)
	default:
		e.Type = a.Type
	}
	if e.Op == "avg" {
		e.Type = Float
	}
	return nil
}

func (e *Expr) checkSubstr() error {
	e.Type = Text
	if n := len(e.Args); n != 3 || e.Args[0].Type != Text || !e.Args[1].natural(1) || !e.Args[2].natural(0) {
		return wrong(e.pos, "want substr(TEXT, FROM, LENGTH), two whole numbers, the first of at least 1")
	}
	return nil
}

// natural says whether e is a whole number of at least least, as written.
func (e *Expr) natural(least int64) bool {
	n, ok := e.Value.(int64)
	return ok && n >= least && n <= math.MaxInt32
}

func (e *Expr) checkPrefix() error {
	e.Type = Text
	if len(e.Args) == 2 && e.Args[0].Type == Text {
		if s, ok := e.Args[1].Value.(string); ok && s != "" {
			return nil
		}
	}
	return wrong(e.pos, "want prefix(TEXT, 'SIGN'): the text up to the first such sign, as in prefix(type, ':')")
}

// call reads the arguments of a function.
func (p *parser) call(t token) (*Expr, error) {
	if slices.Contains(ofTime, t.text) {
		return p.callOfTime(t)
	}
	if !slices.Contains(Functions, t.text) {
		return nil, wrong(t.pos, "no function %q: %s", t.text, offer(t.text, "there are ", Functions))
	}
	e := &Expr{Op: Op(t.text), pos: t.pos}
	if t.text == "count" {
		switch first := p.tokens[1]; {
		case first.is("*"):
			p.tokens = p.tokens[2:]
			e.Op = opAll
			return e, p.want(")")
		case first.is("distinct"):
			p.tokens = slices.Concat(p.tokens[:1], p.tokens[2:])
			e.Op = opUnique
		case first.is(")"):
			return nil, wrong(t.pos, "write count(*) for how many events there are, count(x) for those of which x is known")
		}
	}
	return p.list(e)
}

// callOfTime takes hour(time) for hour.
func (p *parser) callOfTime(t token) (*Expr, error) {
	p.next()
	if arg := p.next(); !arg.is("time") {
		return nil, wrong(arg.pos, "%s is that of an event's time: write %[1]s, or %[1]s(time)", t.text)
	}
	if err := p.want(")"); err != nil {
		return nil, err
	}
	return column(t)
}

// column makes a column of a word.
func column(t token) (*Expr, error) {
	e := &Expr{Op: opColumn, Name: t.text, Type: columnTypes[t.text], pos: t.pos}
	if e.Type == 0 && validAttribute(t.text) {
		e.Type = Text
	}
	if e.Type == 0 {
		return nil, wrong(t.pos, "no column %q: %s", t.text, offerColumn(t.text))
	}
	return e, nil
}
