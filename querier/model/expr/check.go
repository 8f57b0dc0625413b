package expr

// check finds the type of each node from its arguments', and says what does
// not fit.
func (e *Expr) check() error {
	for _, a := range e.Args {
		if err := a.check(); err != nil {
			return err
		}
		if e.aggregate() && a.HasAggregate() {
			return wrong(a.pos, "%s has an aggregate inside: one within another cannot be computed", e)
		}
	}
	var err error
	switch e.Op {
	case opLiteral, opColumn:
	case "and", "or", opNot:
		e.Type, err = Bool, e.all(Bool, "true or false")
	case "=", "<>", "<", "<=", ">", ">=", opBetween, opIn:
		e.Type, err = Bool, e.checkAlike()
	case opLike:
		e.Type, err = Bool, e.checkLike()
	case opNull:
		e.Type = Bool
	case "+", "-", "*", "/", "%", opNeg:
		err = e.checkArithmetic()
	case opCase:
		err = e.checkCase()
	default:
		err = e.checkCall()
	}
	return err
}

// all makes sure that all arguments are of a type.
func (e *Expr) all(t Type, why string) error {
	for _, a := range e.Args {
		if a.Type != t {
			return wrong(a.pos, "%s is %s: %s wants what is %s", a, a.Type, e.Op, why)
		}
	}
	return nil
}

// alike says whether values of two types can be compared.
func alike(a, b Type) bool {
	return a == b || a.number() && b.number() || a == Time && b == Int || a == Int && b == Time
}

// checkAlike is for what compares its first argument with the others.
func (e *Expr) checkAlike() error {
	first := e.Args[0]
	for _, a := range e.Args[1:] {
		switch {
		case first.Type == Time && a.Type == Text || first.Type == Text && a.Type == Time:
			return wrong(e.pos, "a time is in Unix seconds: to compare with a text, take date, as in date >= '2026-03-24'")
		case !alike(first.Type, a.Type):
			return wrong(a.pos, "%s is %s and %s is %s: they cannot be compared", first, first.Type, a, a.Type)
		case e.Op == opIn && !a.constant():
			return wrong(a.pos, "in (…) takes texts and numbers only, not %s", a)
		}
	}
	return nil
}

func (e *Expr) constant() bool {
	return e.Op == opLiteral || e.Op == opNeg && e.Args[0].Op == opLiteral
}

func (e *Expr) checkLike() error {
	if pattern := e.Args[1]; pattern.Op != opLiteral || pattern.Type != Text {
		return wrong(pattern.pos, "like wants a pattern in quotes, as in 'share:%%', not %s", pattern)
	}
	return e.all(Text, "a text")
}

func (e *Expr) checkArithmetic() error {
	if e.Op == "+" || e.Op == "-" {
		if t := addTime(e.Op, e.Args[0].Type, e.Args[1].Type); t != 0 {
			e.Type = t
			return nil
		}
	}
	e.Type = Int
	for _, a := range e.Args {
		switch {
		case a.Type == Bool:
			return wrong(a.pos, "%s is a condition: to count how often it holds, write sum(%[1]s)", a)
		case !a.Type.number():
			return wrong(a.pos, "%s is %s: want a number", a, a.Type)
		case a.Type == Float:
			e.Type = Float
		}
	}
	if e.Op == "/" {
		e.Type = Float
	}
	return nil
}

// addTime is the type of a sum or a difference of times, 0 if it has none.
func addTime(op Op, a, b Type) Type {
	switch {
	case a == Time && b == Time && op == "-":
		return Int
	case a == Time && b == Int, a == Int && b == Time && op == "+":
		return Time
	}
	return 0
}

// checkCase wants conditions, and values of one type.
func (e *Expr) checkCase() error {
	var values []*Expr
	for i, a := range e.Args {
		if i%2 == 0 && i+1 < len(e.Args) {
			if a.Type != Bool {
				return wrong(a.pos, "%s is %s: when wants a condition", a, a.Type)
			}
			continue
		}
		values = append(values, a)
	}
	return e.checkOne(values)
}

// checkOne makes e of the type that its values have in common.
func (e *Expr) checkOne(values []*Expr) error {
	e.Type = values[0].Type
	for _, v := range values[1:] {
		switch {
		case v.Type == e.Type:
		case v.Type.number() && e.Type.number():
			e.Type = Float
		default:
			return wrong(v.pos, "%s is %s and %s is %s: %s wants values of one type", values[0], values[0].Type, v, v.Type, e.Op)
		}
	}
	return nil
}

// HasAggregate says whether e adds up rows.
func (e *Expr) HasAggregate() bool {
	has := false
	e.Walk(func(n *Expr) { has = has || n.aggregate() })
	return has
}

// Scalar makes sure that e is computed from one row.
func (e *Expr) Scalar() error {
	var err error
	e.Walk(func(n *Expr) {
		if err == nil && n.aggregate() {
			err = wrong(n.pos, "%s adds up rows: it belongs into value", n)
		}
	})
	return err
}

// Aggregated makes sure that e is computed from what is added up, besides
// numbers and texts.
func (e *Expr) Aggregated() error {
	if e.aggregate() {
		return nil
	}
	if e.Op == opColumn {
		return wrong(e.pos, "%s is different from row to row: write count(%[1]s), min(%[1]s), …, or put it into by", e.Name)
	}
	for _, a := range e.Args {
		if err := a.Aggregated(); err != nil {
			return err
		}
	}
	return nil
}

// At is where e stands in its text, in bytes.
func (e *Expr) At() int { return e.pos }
