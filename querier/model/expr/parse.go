package expr

import (
	"math"
	"slices"
	"strconv"
)

// reserved words cannot be names of columns.
var reserved = []string{
	"and", "or", "not", "in", "like", "between", "is", "null", "true", "false",
	"case", "when", "then", "else", "end", "distinct", "as",
}

// Parse reads an expression and checks it. Its errors are of type [*Error].
func Parse(text string) (*Expr, error) {
	e, name, err := ParseNamed(text)
	if err == nil && name != "" {
		err = wrong(0, "a name (as %s) has no place here", name)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ParseNamed is Parse of an expression behind which a name may stand:
// prefix(type, ':') as category.
func ParseNamed(text string) (e *Expr, name string, err error) {
	tokens, err := scan(text)
	if err != nil {
		return nil, "", err
	}
	p := &parser{tokens: tokens}
	if e, err = p.or(); err != nil {
		return nil, "", err
	}
	if p.take("as") {
		if name, err = p.name(); err != nil {
			return nil, "", err
		}
	}
	switch t := p.peek(); {
	case t.is(","):
		return nil, "", wrong(t.pos, `here stands one: several stand in a list, by = ["date", "country"], or in the table [values]`)
	case t.kind != end:
		return nil, "", wrong(t.pos, "%v is not expected here", t)
	}
	return e, name, e.check()
}

// ValidName says whether a column may be called so.
func ValidName(name string) bool {
	if name == "" || len(name) > 40 || !letter(name[0]) || slices.Contains(reserved, name) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c >= 'A' && c <= 'Z' || !letter(c) && !digit(c) {
			return false
		}
	}
	return true
}

type parser struct {
	tokens []token
	depth  int
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take goes past a word or sign if it comes next.
func (p *parser) take(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.next()
	return true
}

// want is take of what must come.
func (p *parser) want(text string) error {
	if t := p.peek(); !p.take(text) {
		return wrong(t.pos, "want %q before %v", text, t)
	}
	return nil
}

func (p *parser) name() (string, error) {
	t := p.next()
	if t.kind != word || !ValidName(t.text) {
		return "", wrong(t.pos, "want a name of letters, digits and underscores, not %v", t)
	}
	return t.text, nil
}

// deeper guards against expressions that would exhaust the stack.
func (p *parser) deeper(parse func() (*Expr, error)) (*Expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, wrong(p.peek().pos, "more than %d parentheses deep", maxDepth)
	}
	return parse()
}

func (p *parser) or() (*Expr, error) { return p.chain(p.and, "or") }

func (p *parser) and() (*Expr, error) { return p.chain(p.not, "and") }

func (p *parser) sum() (*Expr, error) { return p.chain(p.product, "+", "-") }

func (p *parser) product() (*Expr, error) { return p.chain(p.factor, "*", "/", "%") }

// chain reads parts that stand between signs of one precedence.
func (p *parser) chain(part func() (*Expr, error), signs ...string) (*Expr, error) {
	left, err := part()
	for n := 0; err == nil; n++ {
		t := p.peek()
		if !slices.ContainsFunc(signs, t.is) {
			return left, nil
		}
		if n == 4*maxDepth {
			return nil, wrong(t.pos, "more than %d parts in a row: use in (…)", n)
		}
		p.next()
		var right *Expr
		right, err = part()
		left = &Expr{Op: Op(t.text), Args: []*Expr{left, right}, pos: t.pos}
	}
	return nil, err
}

func (p *parser) not() (*Expr, error) {
	t := p.peek()
	if !p.take("not") {
		return p.predicate()
	}
	e, err := p.deeper(p.not)
	return &Expr{Op: opNot, Args: []*Expr{e}, pos: t.pos}, err
}

// predicate is a sum, or what is said of one.
func (p *parser) predicate() (*Expr, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	if p.take("is") {
		return p.isNull(left, t.pos)
	}
	negated := p.take("not")
	e, err := p.said(left, p.peek())
	switch {
	case err != nil:
		return nil, err
	case e == left && negated:
		return nil, wrong(p.peek().pos, "want in, like or between before %v", p.peek())
	case negated:
		return &Expr{Op: opNot, Args: []*Expr{e}, pos: t.pos}, nil
	}
	return e, nil
}

func (p *parser) isNull(left *Expr, pos int) (*Expr, error) {
	negated := p.take("not")
	e := &Expr{Op: opNull, Args: []*Expr{left}, pos: pos}
	if negated {
		e = &Expr{Op: opNot, Args: []*Expr{e}, pos: pos}
	}
	return e, p.want("null")
}

// said reads what is said of left by the sign or word t, if it is one that
// says something.
func (p *parser) said(left *Expr, t token) (*Expr, error) {
	e := &Expr{Op: Op(t.text), Args: []*Expr{left}, pos: t.pos}
	switch {
	case t.is("!="):
		e.Op = "<>"
		fallthrough
	case t.is("="), t.is("<>"), t.is("<"), t.is("<="), t.is(">"), t.is(">="), t.is("like"):
		p.next()
		if p.peek().is("=") {
			return nil, wrong(t.pos, "= compares, one of it")
		}
		return p.add(e, p.sum)
	case t.is("in"):
		p.next()
		return p.list(e)
	case t.is("between"):
		p.next()
		if _, err := p.add(e, p.sum); err != nil {
			return nil, err
		}
		if err := p.want("and"); err != nil {
			return nil, err
		}
		return p.add(e, p.sum)
	}
	return left, nil
}

// add appends what parse reads to e's arguments.
func (p *parser) add(e *Expr, parse func() (*Expr, error)) (*Expr, error) {
	a, err := parse()
	e.Args = append(e.Args, a)
	return e, err
}

// list reads arguments in parentheses.
func (p *parser) list(e *Expr) (*Expr, error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	for {
		if _, err := p.add(e, func() (*Expr, error) { return p.deeper(p.or) }); err != nil {
			return nil, err
		}
		if !p.take(",") {
			return e, p.want(")")
		}
	}
}

func (p *parser) factor() (*Expr, error) {
	t := p.peek()
	if !p.take("-") {
		return p.primary()
	}
	e, err := p.deeper(p.factor)
	return &Expr{Op: opNeg, Args: []*Expr{e}, pos: t.pos}, err
}

func (p *parser) primary() (*Expr, error) {
	switch t := p.next(); {
	case t.kind == number:
		return literalNumber(t)
	case t.kind == quoted:
		return &Expr{Op: opLiteral, Type: Text, Value: t.text, pos: t.pos}, nil
	case t.is("true"), t.is("false"):
		return &Expr{Op: opLiteral, Type: Bool, Value: t.text == "true", pos: t.pos}, nil
	case t.is("case"):
		return p.cases(t)
	case t.is("null"):
		return nil, wrong(t.pos, "ask for null with is null, or is not null")
	case t.is("("):
		e, err := p.deeper(p.or)
		if err != nil {
			return nil, err
		}
		return e, p.want(")")
	case t.kind == word && !slices.Contains(reserved, t.text):
		if p.peek().is("(") {
			return p.call(t)
		}
		return column(t)
	default:
		return nil, wrong(t.pos, "want a column, a function, a number or a text, not %v", t)
	}
}

func literalNumber(t token) (*Expr, error) {
	e := &Expr{Op: opLiteral, Type: Int, pos: t.pos}
	if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
		e.Value = n
		return e, nil
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, wrong(t.pos, "%s is too large a number", t.text)
	}
	e.Type, e.Value = Float, f
	return e, nil
}

// cases reads what follows the word case.
func (p *parser) cases(t token) (*Expr, error) {
	e := &Expr{Op: opCase, pos: t.pos}
	deep := func() (*Expr, error) { return p.deeper(p.or) }
	for p.take("when") {
		if _, err := p.add(e, deep); err != nil {
			return nil, err
		}
		if err := p.want("then"); err != nil {
			return nil, err
		}
		if _, err := p.add(e, deep); err != nil {
			return nil, err
		}
	}
	if len(e.Args) == 0 {
		return nil, wrong(p.peek().pos, "want case when CONDITION then VALUE … end")
	}
	if p.take("else") {
		if _, err := p.add(e, deep); err != nil {
			return nil, err
		}
	}
	return e, p.want("end")
}
