//go:build cgo

package engine

import (
	"fmt"
	"testing"
)

// Text is a value to its end, whatever is in it.
func TestTextWithNUL(t *testing.T) {
	e, err := OpenDuckDB(nil, Limits{Threads: 1, Memory: 64 << 20, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	q := Query{SQL: `SELECT length(?), ? AS "?", 'it''s ?', ?, length(?)`, Args: []any{"a\x00b", "\x00", int64(7), "abc"}}
	var got string
	err = e.Run(t.Context(), q, func(row []any) error {
		got = fmt.Sprintf("%q", row)
		return nil
	})
	if want := `['\x03' "\x00" "it's ?" '\a' '\x03']`; err != nil || got != want {
		t.Errorf("%s (%v), want %s", got, err, want)
	}
}
