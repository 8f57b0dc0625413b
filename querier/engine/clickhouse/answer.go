package clickhouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"

	"github.com/glowmap/glow/querier/engine"
)

// format is that of answers: it says where it ends and how many rows it has, so
// that a part of an answer, or one with something else in it, is none.
const format = "JSONCompact"

// read reads an answer and calls each with every row.
func read(body io.Reader, each func(row []any) error) error {
	a := answer{in: json.NewDecoder(body), each: each}
	a.in.UseNumber()
	err := a.object()
	if err == nil {
		if _, err = a.in.Token(); err == io.EOF {
			return a.check()
		}
		if err == nil {
			err = errors.New("it goes on after its end")
		}
	}
	if a.own != nil {
		return a.own
	}
	err = fmt.Errorf("clickhouse: read the answer: %w", err)
	if op := (*net.OpError)(nil); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op) {
		return fmt.Errorf("%w: %w", engine.ErrAway, err) // it ended on the way
	}
	return err
}

// answer is one that is being read.
type answer struct {
	in      *json.Decoder
	each    func(row []any) error
	columns []func(string) (any, error)
	rows    int64
	said    json.Number // how many rows there are
	own     error       // of each
}

func (a *answer) check() error {
	if a.said.String() != strconv.FormatInt(a.rows, 10) {
		return fmt.Errorf("clickhouse: %d rows of %q have come", a.rows, a.said)
	}
	return nil
}

// object reads {"meta": […], "data": […], "rows": n, …}.
func (a *answer) object() error {
	if err := a.want('{'); err != nil {
		return err
	}
	for a.in.More() {
		key, err := a.in.Token()
		if err != nil {
			return err
		}
		switch key {
		case "meta":
			err = a.meta()
		case "data":
			err = a.data()
		case "rows":
			err = a.in.Decode(&a.said)
		case "exception": // of current servers
			err = errors.New("the server failed in the middle of it")
		default:
			err = a.in.Decode(new(json.RawMessage))
		}
		if err != nil {
			return err
		}
	}
	return a.want('}')
}

func (a *answer) want(d json.Delim) error {
	t, err := a.in.Token()
	if err == nil && t != d {
		err = fmt.Errorf("%v stands where %v is wanted", t, d)
	}
	return err
}

func (a *answer) meta() error {
	var meta []struct{ Type string }
	if err := a.in.Decode(&meta); err != nil {
		return err
	}
	for _, m := range meta {
		a.columns = append(a.columns, reader(plain(m.Type)))
	}
	return nil
}

func (a *answer) data() error {
	if err := a.want('['); err != nil {
		return err
	}
	row := make([]any, len(a.columns))
	for a.in.More() {
		var values []any
		if err := a.in.Decode(&values); err != nil {
			return err
		}
		if err := a.fill(row, values); err != nil {
			return err
		}
		a.rows++
		if a.own = a.each(row); a.own != nil {
			return a.own
		}
	}
	return a.want(']')
}

func (a *answer) fill(row, values []any) (err error) {
	if len(values) != len(row) || len(row) == 0 {
		return fmt.Errorf("a row of %d columns, want %d", len(values), len(row))
	}
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			row[i] = nil
		case string:
			row[i], err = a.columns[i](v)
		case json.Number:
			row[i], err = a.columns[i](v.String())
		case bool:
			row[i] = v
		default:
			err = fmt.Errorf("a value of kind %T", v)
		}
		if err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
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
	}
	return func(s string) (any, error) { return s, nil }
}
