package clickhouse

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/glowmap/glow/querier/engine"
)

// rewrite puts arguments in place of SQL's question marks and a table in place
// of events.
func rewrite(sql string, args []any, events string) (string, error) {
	var b strings.Builder
	for len(sql) > 0 {
		n := token(sql)
		word := sql[:n]
		sql = sql[n:]
		switch {
		case word[0] == '\'' && strings.Contains(word, `\`):
			return "", errors.New("SQL has text with a backslash, which means something else here")
		case word == "?" && len(args) == 0:
			return "", errors.New("SQL has more question marks than there are arguments")
		case word == "?":
			text, err := literal(args[0])
			if err != nil {
				return "", err
			}
			b.WriteString(text)
			args = args[1:]
		case word == "events":
			b.WriteString(events)
		default:
			b.WriteString(word)
		}
	}
	if len(args) > 0 {
		return "", fmt.Errorf("SQL has %d question marks too few", len(args))
	}
	return b.String(), nil
}

// token is the length of what SQL begins with: text or a name in quotes, a
// word, or another character.
func token(sql string) int {
	if c := sql[0]; c == '\'' || c == '"' || c == '`' {
		if end := strings.IndexByte(sql[1:], c); end >= 0 {
			return end + 2 // a doubled quote makes it two in a row, which is as good
		}
		return len(sql)
	}
	n := strings.IndexFunc(sql, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if n < 0 {
		return len(sql)
	}
	return max(n, 1)
}

// literal writes a value. Text is written in hexadecimal digits, so that no
// text whatsoever can be anything but a value; so are fractions, which the
// server would not read to the last bit.
func literal(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return "unhex('" + hex.EncodeToString([]byte(v)) + "')", nil
	case bool:
		if v {
			return "1", nil
		}
		return "0", nil
	case int:
		return integer(int64(v)), nil
	case int64:
		return integer(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", fmt.Errorf("argument %v is no number", v)
		}
		bits := binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
		return "reinterpretAsFloat64(unhex('" + hex.EncodeToString(bits) + "'))", nil
	}
	return "", fmt.Errorf("argument of type %T", v)
}

func integer(v int64) string {
	if v < 0 {
		return "(" + strconv.FormatInt(v, 10) + ")"
	}
	return strconv.FormatInt(v, 10)
}

// events is the table of a query: the columns that it names, of the rows of the
// chosen loads.
func (h *hosts) events(q engine.Query, known map[string]bool, chosen []load) string {
	columns := []string{"1"} // there may be none
	for _, c := range q.Columns {
		if !known[c] {
			columns = append(columns, "CAST(NULL AS Nullable(String)) AS "+quote(c))
			continue
		}
		columns = append(columns, quote(c))
	}
	table := h.whole(h.database, events)
	if h.cluster != "" && len(chosen) > 0 && isDirect(q.SQL) && !slices.ContainsFunc(q.Columns, func(c string) bool { return !known[c] }) {
		return table + " PREWHERE " + of(chosen) // so that each server adds its own rows up
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM " + table + " WHERE " + of(chosen) + ")"
}

// direct is SQL in which a condition may follow the table; see isDirect.
var direct = regexp.MustCompile(`^SELECT .* FROM events( WHERE | GROUP BY | ORDER BY | LIMIT |$)`)

func isDirect(sql string) bool { return strings.Count(sql, events) == 1 && direct.MatchString(sql) }

// of is a condition for the rows of loads.
func of(chosen []load) string {
	if len(chosen) == 0 {
		return "1 = 0"
	}
	ids := make([]string, len(chosen))
	for i, l := range chosen {
		ids[i] = l.id.String()
	}
	return "load IN (" + strings.Join(ids, ", ") + ")"
}

// quote writes the name of a column, which comes from a file of the archive.
func quote(column string) string {
	return "`" + strings.NewReplacer("`", "", `\`, "").Replace(column) + "`"
}
