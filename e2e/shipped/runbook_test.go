package shipped

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// What the runbook quotes from the log is what the daemons say.
func TestRunbookQuotesTheLog(t *testing.T) {
	page := read(t, "docs/operating.md")
	_, table, _ := strings.Cut(page, "| log | means | do |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	quotes := regexp.MustCompile("(?m)^\\| `(?:… )?([^`]+)` \\|").FindAllStringSubmatch(table, -1)
	if len(quotes) < 10 || len(quotes) != strings.Count(table, "\n")+1 {
		t.Fatalf("found %d quotes in a table of %d lines", len(quotes), strings.Count(table, "\n")+1)
	}
	said := strings.Join(literals(t), "\n")
	for _, q := range quotes {
		if !strings.Contains(said, q[1]) {
			t.Errorf("no daemon says %q", q[1])
		}
	}
}

// Each metric that the page speaks of is in one of its tables.
func TestRunbookNamesMetrics(t *testing.T) {
	page := read(t, "docs/operating.md")
	known := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(glow_\\w+)").FindAllStringSubmatch(page, -1) {
		known[m[1]] = true
	}
	for _, name := range regexp.MustCompile(`glow_[a-z]+_\w+`).FindAllString(page, -1) {
		if !known[name] {
			t.Errorf("no daemon has the metric %s", name)
		}
	}
}

// literals are all strings in the daemons' sources.
func literals(t *testing.T) (all []string) {
	t.Helper()
	for _, dir := range append([]string{"internal"}, daemons...) {
		err := filepath.WalkDir(filepath.Join(harness.Root(), dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					all = append(all, text)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
