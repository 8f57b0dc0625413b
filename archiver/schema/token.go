package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// source is a JSON text that is read token by token, so that errors can say
// where.
type source struct {
	text []byte
	d    *json.Decoder
	at   int // where the last token begins
}

func newSource(text []byte) *source {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return &source{text: text, d: d}
}

// next reads a token.
func (s *source) next() (json.Token, error) {
	s.at = int(s.d.InputOffset())
	for s.at < len(s.text) && bytes.IndexByte([]byte(" \t\r\n,:"), s.text[s.at]) >= 0 {
		s.at++
	}
	t, err := s.d.Token()
	if err == nil {
		return t, nil
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		s.at = max(0, int(syntax.Offset)-1)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.at, err = len(s.text), errors.New("the document ends too early")
	}
	return nil, s.wrong("%w", err)
}

// wrong is an error at the last token.
func (s *source) wrong(format string, args ...any) error {
	before := s.text[:min(s.at, len(s.text))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Errorf("line %d, column %d: %w", line, column, fmt.Errorf(format, args...))
}

// object reads an object and calls member for each of its names, which must
// read the value.
func (s *source) object(what string, member func(name string) error) error {
	if err := s.delim(what, '{', "an object"); err != nil {
		return err
	}
	met := map[string]bool{}
	for s.d.More() {
		t, err := s.next()
		if err != nil {
			return err
		}
		name, _ := t.(string) // the decoder takes nothing else here
		if met[name] {
			return s.wrong("%q stands there twice", name)
		}
		met[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := s.next() // its end
	return err
}

// list reads an array and calls element, which must read it, for each element.
func (s *source) list(what string, element func() error) error {
	if err := s.delim(what, '[', "a list"); err != nil {
		return err
	}
	return s.elements(element)
}

// elements is list behind the bracket.
func (s *source) elements(element func() error) error {
	for s.d.More() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := s.next()
	return err
}

func (s *source) delim(what string, d json.Delim, kind string) error {
	t, err := s.next()
	if err == nil && t != d {
		err = s.wrong("%s: want %s", what, kind)
	}
	return err
}

func (s *source) string(what string) (string, error) {
	t, err := s.next()
	if err != nil {
		return "", err
	}
	v, ok := t.(string)
	if !ok {
		return "", s.wrong("%s: want a text in quotation marks", what)
	}
	return v, nil
}

func (s *source) flag(what string) (bool, error) {
	t, err := s.next()
	if err != nil {
		return false, err
	}
	v, ok := t.(bool)
	if !ok {
		return false, s.wrong("%s: want true or false", what)
	}
	return v, nil
}

// integer reads a whole number of at least 1 and at most most.
func (s *source) integer(what string, most int) (int, error) {
	t, err := s.next()
	if err != nil {
		return 0, err
	}
	v, _ := t.(json.Number)
	n, err := v.Int64()
	if err != nil || n < 1 || n > int64(most) {
		return 0, s.wrong("%s: want a whole number from 1 to %d", what, most)
	}
	return int(n), nil
}

// end makes sure that nothing follows.
func (s *source) end() error {
	if _, err := s.d.Token(); !errors.Is(err, io.EOF) {
		s.at = int(s.d.InputOffset())
		return s.wrong("something follows the document")
	}
	return nil
}
