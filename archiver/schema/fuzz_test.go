package schema

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

var position = regexp.MustCompile(`^line [1-9][0-9]*, column [1-9][0-9]*: .`)

// Any document is read, or refused with the place where it is wrong; one that
// is read can be applied to anything, and what a schema keeps it would keep again.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*.json")
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "os=win&lang=fr")
	}
	f.Add([]byte(sampleText), "os=win&year=2026&lang=fr&lang=de&version=-9")
	f.Fuzz(func(t *testing.T, text []byte, raw string) {
		filter, err := ParseFilter(text)
		if err != nil {
			if !position.MatchString(err.Error()) && len(text) <= maxDocument {
				t.Fatalf("%q: %v", text, err)
			}
			if _, err := Parse(text); err == nil {
				t.Fatalf("%q is a schema and no filter", text)
			}
			return
		}
		row := archive.Row{Type: "download", Attrs: archive.ParseAttrs(raw)}
		filter.Match(&row)
		checkExcludes(t, filter, &row)
		if s, err := Parse(text); err == nil {
			checkKeep(t, s, raw)
		}
	})
}

// checkExcludes makes sure that what a row's values exclude does not match.
func checkExcludes(t *testing.T, f archive.Filter, row *archive.Row) {
	for _, a := range row.Attrs {
		if f.Where.ExcludesText(archive.Column(a.Key), a.Value, a.Value, false) && f.Where.Row(row) {
			t.Fatalf("%v is wanted and excluded", a)
		}
	}
	if f.Where.ExcludesText("country", "1", "", true) && f.Where.Row(row) {
		t.Fatal("a row without a country is wanted and excluded")
	}
}

func checkKeep(t *testing.T, s *Schema, raw string) {
	kept := archive.AppendAttrs(nil, s.Keeper().Keep(raw))
	k := s.Keeper()
	again := archive.AppendAttrs(nil, k.Keep(string(kept)))
	if !bytes.Equal(kept, again) && !bytes.Contains(kept, []byte(Other)) {
		t.Fatalf("of %q it keeps %q, and of that %q", raw, kept, again)
	}
}
