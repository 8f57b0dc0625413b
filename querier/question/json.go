package question

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// member is one of a JSON object, in the order of the text.
type member struct {
	name  string
	value any // nil, bool, json.Number, string, []any or []member
}

// deepest is how deeply a question may be nested.
const deepest = 8

// parseJSON reads one JSON value and nothing else. Unlike encoding/json it
// keeps the order of members and refuses one that stands there twice.
func parseJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, position(b, d, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, position(b, d, errors.New("more text follows the question"))
	}
	return v, nil
}

// position says where an error is.
func position(b []byte, d *json.Decoder, err error) error {
	at := d.InputOffset()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the text ends in the middle")
	}
	before := b[:min(int(at), len(b))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("no JSON, line %d, column %d: %w", line, column, err)
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > deepest {
		return nil, errors.New("too deeply nested")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return parseObject(d, depth)
	case json.Delim('['):
		return parseArray(d, depth)
	}
	return t, nil
}

func parseObject(d *json.Decoder, depth int) (any, error) {
	members := []member{}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return nil, fmt.Errorf("%q stands there twice", t)
		}
		seen[name] = true
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, v})
	}
	_, err := d.Token()
	return members, err
}

func parseArray(d *json.Decoder, depth int) (any, error) {
	values := []any{}
	for d.More() {
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	_, err := d.Token()
	return values, err
}

// describe says what a JSON value is.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []any:
		return "a list"
	case []member:
		return "an object"
	case string:
		return fmt.Sprintf("%q", cut(v))
	}
	return fmt.Sprint(v)
}

// cut shortens what a client wrote, to be shown to it.
func cut(s string) string {
	const most = 60
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
