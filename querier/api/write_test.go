//go:build cgo

package api

import (
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// CSV has commas, quotes and all letters, and no formulas.
func TestCSV(t *testing.T) {
	a, token := inside(t, random(t), "*")
	got := a.ask("POST", "/v1/query", `{"keys":["download","it's \"odd\" *?[%_"],"by":["lang"],"order":"lang"}`, token, "Accept: text/csv;q=0.9, application/json;q=0.1")
	text, marked := strings.CutPrefix(got.body, "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || got.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(text, "\r\n") {
		t.Fatal(err, got.Header, got.body)
	}
	var langs []string
	for _, row := range rows[1:7] {
		langs = append(langs, row[1])
	}
	if want := []string{"", "'=1+1", "a\"b'c;--", "de-DE", "日本語", ""}; !slices.Equal(rows[0], []string{"key", "lang", "n"}) || !slices.Equal(langs, want) || rows[7][0] != "it's \"odd\" *?[%_" {
		t.Errorf("%q", rows)
	}
	for accept, want := range map[string]int{"": 200, "*/*": 200, "text/*": 200, "application/json, */*;q=0.1": 200, "image/png": 406, "text/csv;q=0": 406, "application/xml;q=x": 406} {
		if got := a.ask("POST", "/v1/query", `{"keys":["download"]}`, token, "Accept: "+accept); got.StatusCode != want {
			t.Errorf("Accept: %s: %s", accept, got.Status)
		}
	}
}

// Answers are forgotten for newer ones.
func TestCache(t *testing.T) {
	c := newCache(1000)
	made := 0
	get := func(key string) {
		body, had, err := c.get(t.Context(), key, func(context.Context) ([]byte, error) { made++; return make([]byte, 200), nil })
		if err != nil || len(body) != 200 {
			t.Error(had, err)
		}
	}
	for _, key := range []string{"a", "b", "a", "c", "d", "a", "e", "a", "b"} {
		get(key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made != 6 || c.bytes > 1000 {
		t.Errorf("%d made, %d bytes", made, c.bytes)
	}
}
