package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText and maxDepth bound what an expression may ask of us.
const (
	maxText  = 4096
	maxDepth = 64
)

// Error says what is wrong with an expression, and where in it.
type Error struct {
	Pos     int // in bytes
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

func wrong(pos int, format string, args ...any) error {
	return &Error{pos, fmt.Sprintf(format, args...)}
}

type kind uint8

const (
	end kind = iota
	word
	number
	quoted
	sign
)

// token is a word (in lower case), a number, a text without its quotes, or a sign.
type token struct {
	kind kind
	text string
	pos  int
}

// is says whether a token is that word or sign.
func (t token) is(text string) bool {
	return (t.kind == word || t.kind == sign) && t.text == text
}

// String is how messages call a token.
func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case quoted:
		return quote(t.text)
	}
	return strconv.Quote(t.text)
}

// signs are longest first.
var signs = []string{"<=", ">=", "<>", "!=", "(", ")", ",", "=", "<", ">", "+", "-", "*", "/", "%"}

// scan takes a text apart. The last token is the end.
func scan(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, wrong(0, "the expression is longer than %d bytes", maxText)
	}
	var tokens []token
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
		t, n, err := first(text[at:], at)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.kind == end {
			return tokens, nil
		}
		at += n
	}
}

// first reads the token with which text begins, and says how long it is.
func first(text string, at int) (token, int, error) {
	if text == "" {
		return token{end, "", at}, 0, nil
	}
	switch c := text[0]; {
	case letter(c):
		n := 1
		for n < len(text) && (letter(text[n]) || digit(text[n])) {
			n++
		}
		return token{word, strings.ToLower(text[:n]), at}, n, nil
	case digit(c) || c == '.' && len(text) > 1 && digit(text[1]):
		n := numberLength(text)
		if n < len(text) && letter(text[n]) {
			return token{}, 0, wrong(at+n, "a letter stands right behind a number")
		}
		return token{number, text[:n], at}, n, nil
	case c == '\'':
		return firstText(text, at)
	}
	for _, s := range signs {
		if strings.HasPrefix(text, s) {
			return token{sign, s, at}, len(s), nil
		}
	}
	r, _ := utf8.DecodeRuneInString(text)
	switch r {
	case '"':
		return token{}, 0, wrong(at, `texts stand in single quotes, as in 'download'`)
	case '[':
		return token{}, 0, wrong(at, `lists stand in parentheses, as in ('DE', 'FR')`)
	}
	return token{}, 0, wrong(at, "%q means nothing here", r)
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// numberLength is the length of the number with which text begins.
func numberLength(text string) int {
	n := digits(text, 0)
	if n < len(text) && text[n] == '.' {
		n = digits(text, n+1)
	}
	if n < len(text) && text[n]|0x20 == 'e' {
		exponent := n + 1
		if exponent < len(text) && (text[exponent] == '+' || text[exponent] == '-') {
			exponent++
		}
		if past := digits(text, exponent); past > exponent {
			n = past
		}
	}
	return n
}

func digits(text string, from int) int {
	for from < len(text) && digit(text[from]) {
		from++
	}
	return from
}

// firstText reads a text in quotes; two quotes stand for one.
func firstText(text string, at int) (token, int, error) {
	var b strings.Builder
	for n := 1; n < len(text); n++ {
		if text[n] == '\'' {
			if n+1 == len(text) || text[n+1] != '\'' {
				return checkedText(b.String(), at, n+1)
			}
			n++
		}
		b.WriteByte(text[n])
	}
	return token{}, 0, wrong(at, "the text that begins here has no closing quote")
}

func checkedText(s string, at, length int) (token, int, error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return token{}, 0, wrong(at, "the text is not UTF-8")
	}
	return token{quoted, s, at}, length, nil
}
