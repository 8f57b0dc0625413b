package expr

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Eval computes an expression without aggregates. leaf gives the values of
// columns (except of those computed from time) and slots. The result is nil
// for null, or a bool, int64, float64 or string as the type says.
func (e *Expr) Eval(leaf func(*Expr) any) any {
	switch e.Op {
	case opLiteral:
		return e.Value
	case opSlot:
		return leaf(e)
	case opColumn:
		return e.evalColumn(leaf)
	case "and", "or":
		return e.evalLogic(leaf)
	case opNull:
		return e.Args[0].Eval(leaf) == nil
	case opIn:
		return e.evalIn(leaf)
	case opCase:
		return e.fit(e.evalCase(leaf))
	case "coalesce":
		for _, a := range e.Args {
			if v := a.Eval(leaf); v != nil {
				return e.fit(v)
			}
		}
		return nil
	}
	args := make([]any, len(e.Args))
	for i, a := range e.Args {
		if args[i] = a.Eval(leaf); args[i] == nil && e.Op != opBetween {
			return nil
		}
	}
	return e.apply(args)
}

// fit makes a whole number a fraction where e is one.
func (e *Expr) fit(v any) any {
	if n, ok := v.(int64); ok && e.Type == Float {
		return float64(n)
	}
	return v
}

var timeColumn = &Expr{Op: opColumn, Type: Time, Name: "time"}

func (e *Expr) evalColumn(leaf func(*Expr) any) any {
	if !slices.Contains(ofTime, e.Name) {
		return leaf(e)
	}
	t, ok := leaf(timeColumn).(int64)
	if !ok {
		return nil
	}
	switch e.Name {
	case "hour":
		return t / 3600 % 24
	case "minute":
		return t / 60 % 60
	case "second":
		return t % 60
	case "weekday":
		return (t/86400+3)%7 + 1
	}
	return time.Unix(t, 0).UTC().Format(time.DateOnly)
}

// evalLogic is and, or with three values.
func (e *Expr) evalLogic(leaf func(*Expr) any) any {
	decides := e.Op == "or"
	unknown := false
	for _, a := range e.Args {
		switch v := a.Eval(leaf); v {
		case decides:
			return decides
		case nil:
			unknown = true
		}
	}
	if unknown {
		return nil
	}
	return !decides
}

func (e *Expr) evalIn(leaf func(*Expr) any) any {
	v := e.Args[0].Eval(leaf)
	if v == nil {
		return nil
	}
	for _, a := range e.Args[1:] {
		if compare(v, a.Eval(leaf)) == 0 {
			return true
		}
	}
	return false
}

func (e *Expr) evalCase(leaf func(*Expr) any) any {
	for i := 0; i+1 < len(e.Args); i += 2 {
		if e.Args[i].Eval(leaf) == true {
			return e.Args[i+1].Eval(leaf)
		}
	}
	if len(e.Args)%2 == 1 {
		return e.Args[len(e.Args)-1].Eval(leaf)
	}
	return nil
}

// apply computes what needs all of its arguments.
func (e *Expr) apply(v []any) any {
	switch e.Op {
	case "=", "<>", "<", "<=", ">", ">=":
		return compares(e.Op, compare(v[0], v[1]))
	case opBetween:
		return between(v)
	case opNot:
		return !v[0].(bool)
	case opLike:
		return like(v[0].(string), v[1].(string))
	case "+", "-", "*", "/", "%", opNeg:
		return arithmetic(e.Op, e.Type, v)
	case "abs", "floor", "round":
		return e.applyNumber(v[0])
	}
	return e.applyText(v[0].(string))
}

func (e *Expr) applyText(s string) any {
	switch e.Op {
	case "lower":
		return strings.ToLower(s)
	case "upper":
		return strings.ToUpper(s)
	case "length":
		return int64(utf8.RuneCountInString(s))
	case "substr":
		return substr(s, e.Args[1].Value.(int64)-1, e.Args[2].Value.(int64))
	}
	s, _, _ = strings.Cut(s, e.Args[1].Value.(string)) // prefix
	return s
}

func substr(s string, from, length int64) string {
	r := []rune(s)
	from = min(from, int64(len(r)))
	return string(r[from:min(from+length, int64(len(r)))])
}

func (e *Expr) applyNumber(v any) any {
	if n, ok := v.(int64); ok {
		if e.Op == "abs" && n < 0 {
			return -n
		}
		return n
	}
	return map[Op]func(float64) float64{"abs": math.Abs, "floor": math.Floor, "round": math.Round}[e.Op](v.(float64))
}

func compares(op Op, c int) bool {
	switch op {
	case "=":
		return c == 0
	case "<>":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// between is v[0] >= v[1] and v[0] <= v[2], any of which may be null.
func between(v []any) any {
	if v[0] == nil {
		return nil
	}
	low := v[1] == nil || compare(v[0], v[1]) >= 0
	high := v[2] == nil || compare(v[0], v[2]) <= 0
	switch {
	case !low || !high:
		return false
	case v[1] == nil || v[2] == nil:
		return nil
	}
	return true
}

// compare compares two values that are not null.
func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case bool:
		return cmp.Compare(truth(a), truth(b.(bool)))
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	}
	return cmp.Compare(fraction(a), fraction(b))
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func fraction(v any) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	return v.(float64)
}

func arithmetic(op Op, t Type, v []any) any {
	if len(v) == 1 {
		v = []any{int64(0), v[0]}
		op = "-"
	}
	a, aWhole := v[0].(int64)
	b, bWhole := v[1].(int64)
	if op != "/" && t != Float && aWhole && bWhole {
		return whole(op, a, b)
	}
	return finite(fractions(op, fraction(v[0]), fraction(v[1])))
}

// whole is null for what is too large.
func whole(op Op, a, b int64) any {
	switch {
	case op != "%":
		if c := basic(op, a, b); !beyond(op, a, b, c) {
			return c
		}
		return nil
	case b == 0:
		return nil
	}
	return a % b
}

// beyond says whether c is not what op makes of a and b, as that has more bits.
func beyond(op Op, a, b, c int64) bool {
	switch op {
	case "+":
		return (c > a) != (b > 0) && b != 0
	case "-":
		return (c < a) != (b > 0) && b != 0
	}
	return a != 0 && (c/a != b || a == -1 && b == math.MinInt64)
}

func fractions(op Op, a, b float64) float64 {
	switch {
	case op != "%" && op != "/":
		return basic(op, a, b)
	case b == 0:
		return math.NaN()
	case op == "/":
		return a / b
	}
	return math.Mod(a, b)
}

// basic adds, subtracts and multiplies.
func basic[N int64 | float64](op Op, a, b N) N {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	}
	return a * b
}

// finite is null for what is no number.
func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

// like says whether s fits a pattern, in which % stands for any text and _ for
// any one character.
func like(s, pattern string) bool {
	text, p := []rune(s), []rune(pattern)
	at, star, mark := 0, -1, 0
	for i := 0; i < len(text); {
		switch {
		case at < len(p) && p[at] == '%':
			star, mark = at, i
			at++
		case at < len(p) && (p[at] == '_' || p[at] == text[i]):
			at, i = at+1, i+1
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	for at < len(p) && p[at] == '%' {
		at++
	}
	return at == len(p)
}
