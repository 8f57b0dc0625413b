package engine

import "strings"

// wholeTexts has text with a NUL in it, which DuckDB's binding would cut there,
// handed over as bytes. Question marks of SQL that are in no quotes stand for
// the arguments.
func wholeTexts(sql string, args []any) (string, []any) {
	var b strings.Builder
	own := make([]any, len(args))
	next, quote := 0, byte(0)
	for i := range len(sql) {
		c := sql[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?' && next < len(args):
			s, isText := args[next].(string)
			if own[next] = args[next]; isText && strings.Contains(s, "\x00") {
				own[next] = []byte(s)
				b.WriteString("decode(?)")
				next++
				continue
			}
			next++
		}
		b.WriteByte(c)
	}
	copy(own[next:], args[next:])
	return b.String(), own
}
