package shipped

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// quotes are what the runbook quotes from the log.
func quotes(t *testing.T) (all []string) {
	t.Helper()
	_, table, _ := strings.Cut(read(t, "docs/runbook.md"), "| log | means | do |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, m := range regexp.MustCompile("(?m)^\\| `(?:… )?([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		all = append(all, m[1])
	}
	if len(all) < 30 || len(all) != strings.Count(table, "\n")+1 {
		t.Fatalf("found %d quotes in a table of %d lines", len(all), strings.Count(table, "\n")+1)
	}
	return all
}

// What the runbook quotes from the log is what the daemons say.
func TestRunbookQuotesTheLog(t *testing.T) {
	all, _ := literals(t)
	said := strings.Join(all, "\n")
	for _, q := range quotes(t) {
		if !strings.Contains(said, q) {
			t.Errorf("no daemon says %q", q)
		}
	}
}

// The runbook has every warning and every error that a daemon may log.
func TestRunbookHasEveryWarning(t *testing.T) {
	_, warnings := literals(t)
	if len(warnings) < 20 {
		t.Fatalf("found %d warnings", len(warnings))
	}
	known := quotes(t)
	for _, w := range warnings {
		if !slices.ContainsFunc(known, func(q string) bool { return strings.Contains(w, q) }) {
			t.Errorf("docs/runbook.md, \"What the log says\", lacks %q", w)
		}
	}
}

// The runbook has every state that the page may show.
func TestRunbookHasEveryState(t *testing.T) {
	_, source, _ := strings.Cut(read(t, "page/src/feed/state.ts"), "type State")
	source, _, _ = strings.Cut(source, ";")
	_, table, _ := strings.Cut(read(t, "docs/runbook.md"), "| state | means | do |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	states := regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(source, -1)
	if len(states) < 9 {
		t.Fatalf("found only the states %v", states)
	}
	for _, m := range states {
		if !regexp.MustCompile(`(?m)^\| (?:\w+, )?` + m[1] + `\b`).MatchString(table) {
			t.Errorf("docs/runbook.md lacks the state %s", m[1])
		}
	}
}

// Each metric that the runbook speaks of exists.
func TestRunbookNamesMetrics(t *testing.T) {
	metrics := known(t)
	for _, page := range []string{"docs/runbook.md", "docs/operating.md"} {
		for _, name := range regexp.MustCompile(`glow_[a-z]+_\w+`).FindAllString(read(t, page), -1) {
			if !metrics[name] {
				t.Errorf("%s: no daemon has the metric %s", page, name)
			}
		}
	}
}

// literals are all strings in the daemons' sources, and those of them that are
// logged as a warning or as an error.
func literals(t *testing.T) (all, warnings []string) {
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
				switch n := n.(type) {
				case *ast.BasicLit:
					if n.Kind == token.STRING {
						all = append(all, text(n))
					}
				case *ast.CallExpr:
					warnings = append(warnings, warning(n)...)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all, warnings
}

// warns are the functions that log a warning or an error, with the place of its
// text among their arguments.
var warns = map[string]int{"Warn": 0, "Error": 0, "warn": 0, "trouble": 1}

// warning is the text of a call that logs one; where it is put together, its
// longest part.
func warning(call *ast.CallExpr) []string {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	at, ok := warns[f.Sel.Name]
	if !ok || at >= len(call.Args) {
		return nil
	}
	longest := ""
	ast.Inspect(call.Args[at], func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && len(text(lit)) > len(longest) {
			longest = text(lit)
		}
		return true
	})
	if longest == "" {
		return nil
	}
	return []string{longest}
}

func text(lit *ast.BasicLit) string {
	s, _ := strconv.Unquote(lit.Value)
	return s
}
