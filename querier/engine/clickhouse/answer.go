package clickhouse

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// read reads an answer, tab-separated with two lines of heads, and calls each
// with every row.
func read(body io.Reader, each func(row []any) error) error {
	in := bufio.NewReaderSize(body, 1<<16)
	if _, err := line(in); err != nil { // names
		return fmt.Errorf("clickhouse: names of columns: %w", err)
	}
	types, err := line(in)
	if err != nil {
		return fmt.Errorf("clickhouse: types of columns: %w", err)
	}
	var columns []func(string) (any, error)
	for typ := range strings.SplitSeq(types, "\t") {
		columns = append(columns, reader(plain(typ)))
	}
	row := make([]any, len(columns))
	for {
		text, err := line(in)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("clickhouse: read the answer: %w", err)
		}
		if err := fill(row, columns, text); err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// line is the next line without its end; a last one that does not end is none.
func line(in *bufio.Reader) (string, error) {
	text, err := in.ReadString('\n')
	if err == io.EOF && text != "" {
		return "", io.ErrUnexpectedEOF
	}
	return strings.TrimSuffix(text, "\n"), err
}

// plain is a type without what is around it.
func plain(typ string) string {
	for _, around := range []string{"LowCardinality(", "Nullable("} {
		if inner, ok := strings.CutPrefix(typ, around); ok {
			typ = strings.TrimSuffix(inner, ")")
		}
	}
	return typ
}

// null is how NULL is written; text never is, as its backslashes are doubled.
const null = `\N`

func fill(row []any, columns []func(string) (any, error), text string) error {
	i := 0
	for field := range strings.SplitSeq(text, "\t") {
		if i == len(row) {
			return fmt.Errorf("clickhouse: a row of more than %d columns", len(row))
		}
		var err error
		if row[i] = nil; field != null {
			row[i], err = columns[i](field)
		}
		if err != nil {
			return fmt.Errorf("clickhouse: column %d: %w", i+1, err)
		}
		i++
	}
	if i < len(row) {
		return fmt.Errorf("clickhouse: a row of %d columns, want %d", i, len(row))
	}
	return nil
}

// reader reads the values of a type as [engine.Engine] has them.
func reader(typ string) func(string) (any, error) {
	switch {
	case strings.HasPrefix(typ, "Int") || strings.HasPrefix(typ, "UInt"):
		return func(s string) (any, error) { return strconv.ParseInt(s, 10, 64) }
	case strings.HasPrefix(typ, "Float"):
		return func(s string) (any, error) {
			f, err := strconv.ParseFloat(s, 64)
			if math.IsNaN(f) { // the mean of nothing
				return nil, err
			}
			return f, err
		}
	case typ == "Bool":
		return func(s string) (any, error) { return strconv.ParseBool(s) }
	}
	return func(s string) (any, error) { return unescape(s), nil }
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '0': 0, 'a': '\a', 'v': '\v', 'e': 27}

// unescape reads text whose special characters are escaped.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			c = s[i]
			if special, ok := escapes[c]; ok {
				c = special
			}
		}
		b = append(b, c)
	}
	return string(b)
}
