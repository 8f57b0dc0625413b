package model

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

func somePart(t testing.TB) part {
	m, err := define.Read("m", []byte("by = [\"country\", \"lat\", \"lat > 0 as north\"]\nvalue = \"max(time)\""))
	if err != nil {
		t.Fatal(err)
	}
	sums := newTable(sumTypes(m))
	sums.add([]any{int64(0), "DE", 1.5, true, int64(3), int64(7)})
	sums.add([]any{int64(0), nil, nil, nil, int64(1), nil})
	return part{[]string{"a", "b"}, sums}
}

// line is a row on one line.
func line(row ...any) string {
	parts := make([]string, len(row))
	for i, v := range row {
		parts[i] = fmt.Sprintf("%v", v)
	}
	return strings.Join(parts, " | ")
}

// TestState: parts are found by their files, and only those that fit.
func TestState(t *testing.T) {
	p := somePart(t)
	s := state{t.TempDir(), typesOf(p)}
	if err := s.write("2026-03-24", p); err != nil {
		t.Fatal(err)
	}
	find := func(names ...string) (parts, missing int) {
		var files []archive.File
		for _, n := range names {
			files = append(files, archive.File{Name: n})
		}
		found, left := s.find("2026-03-24", files)
		for _, f := range found {
			if !slices.Equal(f.files, p.files) || f.sums.N != 2 || line(f.sums.row(0, nil)...) != "0 | DE | 1.5 | true | 3 | 7" || line(f.sums.row(1, nil)...) != "0 | <nil> | <nil> | <nil> | 1 | <nil>" {
				t.Errorf("%+v", f)
			}
		}
		return len(found), len(left)
	}
	for _, c := range []struct {
		names          []string
		parts, missing int
	}{
		{[]string{"a", "b"}, 1, 0},
		{[]string{"a", "b", "c"}, 1, 1},
		{[]string{"b", "c"}, 0, 2},
		{nil, 0, 0},
	} {
		if parts, missing := find(c.names...); parts != c.parts || missing != c.missing {
			t.Errorf("%v: %d parts, %d missing", c.names, parts, missing)
		}
	}
	s.tidy("2026-03-24", nil)
	if _, err := os.Stat(filepath.Join(s.dir, "2026-03-24")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func typesOf(p part) (types []expr.Type) {
	for _, c := range p.sums.Cols {
		types = append(types, c.Type)
	}
	return types
}

// TestOtherColumns: a part under the right name whose columns are not the
// model's is none, and removed.
func TestOtherColumns(t *testing.T) {
	p := somePart(t)
	types := typesOf(p)
	for _, want := range [][]expr.Type{append(slices.Clone(types), expr.Int), types[1:], slices.Insert(slices.Clone(types[:4]), 1, expr.Int)} {
		s := state{t.TempDir(), want}
		if err := s.write("2026-03-24", p); err != nil {
			t.Fatal(err)
		}
		if parts, missing := s.find("2026-03-24", []archive.File{{Name: "a"}, {Name: "b"}}); len(parts) != 0 || len(missing) != 2 {
			t.Errorf("%v: %d parts, %d missing", want, len(parts), len(missing))
		}
		if _, err := os.Stat(s.path("2026-03-24", p.files)); !os.IsNotExist(err) {
			t.Error(want, err)
		}
	}
}

// FuzzPart: whatever lies on the disk is a part that can be used, or none.
func FuzzPart(f *testing.F) {
	p := somePart(f)
	s := state{f.TempDir(), typesOf(p)}
	if err := s.write("d", p); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(s.path("d", p.files))
	if err != nil {
		f.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		f.Fatal(err)
	}
	plain, err := io.ReadAll(zip)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, plain []byte) {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		_, _ = zip.Write(plain)
		_ = zip.Close()
		p, err := decodePart(&b)
		if err != nil {
			return
		}
		for i := range min(p.sums.N, 100) {
			p.sums.row(i, nil)
		}
	})
}
