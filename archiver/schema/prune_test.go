package schema

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

// blob is a file in memory that counts what is read of it.
type blob struct {
	*bytes.Reader
	read int
}

func (b *blob) Close() error { return nil }

func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	b.read += len(p)
	return b.Reader.ReadAt(p, off)
}

func file(t *testing.T, rows []archive.Row) []byte {
	t.Helper()
	var table archive.Table
	for i := range rows {
		table.Add(&rows[i])
	}
	var b bytes.Buffer
	table.Sort()
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readAll(t *testing.T, b []byte, f archive.Filter) (rows []string, bytesRead int) {
	t.Helper()
	src := &blob{Reader: bytes.NewReader(b)}
	err := archive.ReadRows(src, f, func(r *archive.Row) error {
		rows = append(rows, fmt.Sprint(*r))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, src.read
}

// What is pruned is nothing that is wanted, and where nothing can be wanted
// nothing but the footer is read.
func TestPruning(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range 100 {
		var rows []archive.Row
		for range 1 + r.IntN(3) {
			attrs := pick("", "", "os=win", "os=OTHER", "os=linux&year=2026", "year=1999")
			rows = append(rows, row("download", pick("", "DE", "FR", "US"), pick("", "DE-BY", "US-CA"), 1774310400, attrs))
		}
		text := fmt.Sprintf(`{"v": 1, "where": {"country": {"allow": [%q], "missing": %v}}, "attributes": {%q: {%s, "other": %v, "missing": %v}}}`,
			pick("DE", "FR", "IT"), r.IntN(2) == 0, pick("os", "year", "lang"),
			pick(`"allow": ["win"]`, `"allow": "*"`, `"allow": "*", "deny": ["win"]`, `"range": [2000, 2030]`), r.IntN(2) == 0, r.IntN(2) == 0)
		f, err := ParseFilter([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		b := file(t, rows)
		all, _ := readAll(t, b, archive.Filter{})
		var want []string
		slices.SortFunc(rows, func(a, b archive.Row) int { return a.Compare(&b) })
		for i := range rows {
			if f.Match(&rows[i]) {
				want = append(want, all[i])
			}
		}
		if got, _ := readAll(t, b, f); !slices.Equal(got, want) {
			t.Fatalf("%s: of %v got %v, want %v", text, all, got, want)
		}
	}
}

func TestPruningReadsLittle(t *testing.T) {
	var rows []archive.Row
	for range 100000 {
		rows = append(rows, row("download", "DE", "DE-BY", 1774310400+rand.Int64N(86400), ""))
	}
	b := file(t, rows)
	_, whole := readAll(t, b, archive.Filter{})
	for _, text := range []string{`{"v": 1, "where": {"country": {"allow": ["FR"]}}}`, `{"v": 1, "attributes": {"os": {"allow": "*"}}}`} {
		f, err := ParseFilter([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, n := readAll(t, b, f); len(got) > 0 || n > whole/10 {
			t.Errorf("%s: %d rows, %d bytes read of %d", text, len(got), n, whole)
		}
	}
}
