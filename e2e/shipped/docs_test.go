package shipped

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

var update = flag.Bool("update", false, "write the generated tables into the documentation")

// generated is a part of a page that is made from the programs:
//
//	<!-- flags publisher setup -->
//	…
//	<!-- end -->
var generated = regexp.MustCompile(`(?s)<!-- (flags|metrics) ([a-z ]+) -->\n(.*?)<!-- end -->`)

// The tables in the documentation are those of the programs. After a change:
// go test ./e2e/shipped -run Tables -update
func TestTables(t *testing.T) {
	found := map[string]bool{}
	for _, page := range pages(t) {
		text := read(t, page)
		now := generated.ReplaceAllStringFunc(text, func(part string) string {
			m := generated.FindStringSubmatch(part)
			kind, of := m[1], m[2]
			found[kind+" "+of] = true
			table := flagTable
			if kind == "metrics" {
				table = metricTable
			}
			return "<!-- " + kind + " " + of + " -->\n" + table(t, of) + "<!-- end -->"
		})
		switch {
		case now == text:
		case *update:
			if err := os.WriteFile(filepath.Join(harness.Root(), page), []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s: a table is out of date: go test ./e2e/shipped -run Tables -update\n%s", page, news(text, now))
		}
	}
	for _, d := range daemons {
		if !found["flags "+d] || !found["metrics "+d] {
			t.Errorf("no page has the flags and the metrics of %s", d)
		}
	}
}

// news is the lines that a text had or has alone.
func news(text, now string) string {
	var b strings.Builder
	for _, side := range [][3]string{{"-", text, now}, {"+", now, text}} {
		for line := range strings.Lines(side[1]) {
			if !strings.Contains(side[2], line) {
				b.WriteString(side[0] + line)
			}
		}
	}
	return b.String()
}

func pages(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(harness.Root(), "docs", "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("pages: %v, %v", paths, err)
	}
	names := []string{"README.md", "CHANGELOG.md"}
	for _, p := range paths {
		names = append(names, filepath.Join("docs", filepath.Base(p)))
	}
	return names
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)

// Links between files of the repository lead somewhere.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(harness.Root(), filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
