package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// golden compares the names in a JSON with testdata/NAME.keys, and these with
// the page that promises them.
func golden(t *testing.T, name, out string) {
	t.Helper()
	var v any
	must(t, json.Unmarshal([]byte(out), &v))
	names := map[string]bool{}
	walk(names, "", v)
	for _, open := range []string{"queue.oldest_pending_seconds", "rates.counted_per_second", "rates.entries_per_second", "rates.read_bytes_per_second", "rates.dropped_per_second"} {
		if name == "status" {
			names[open] = true
		}
	}
	delete(names, "rates")
	got := strings.Join(slices.Sorted(maps.Keys(names)), "\n") + "\n"
	path := filepath.Join("testdata", name+".keys")
	if os.Getenv("UPDATE") != "" {
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("names:\n%swant (%s):\n%s", got, path, want)
	}
	page, err := os.ReadFile("../docs/glow-json.md")
	must(t, err)
	for key := range names {
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("docs/glow-json.md lacks `%s`", key)
		}
	}
}

// walk collects names; of maps by type or reason only the map's.
func walk(names map[string]bool, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if slices.Contains([]string{"totals", "late", "drops", "by_period", "models"}, filepath.Ext("." + path)[1:]) {
				return
			}
			name := strings.TrimPrefix(path+"."+k, ".")
			names[name] = true
			walk(names, name, inner)
		}
	case []any:
		for _, inner := range v {
			walk(names, path+"[]", inner)
		}
	}
}

// The page names every problem there is, and no other.
func TestProblemsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/glow-json.md")
	must(t, err)
	_, list, _ := strings.Cut(string(page), "\nProblems: ")
	list, _, _ = strings.Cut(list, "\n\n")
	want := slices.Sorted(maps.Keys(firstArguments(t, "status", "problem")))
	var got []string
	for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(list, -1) {
		got = append(got, m[1])
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the page has %v\nthe program has %v", got, want)
	}
}

// firstArguments are the literals that a package's sources give a method first.
func firstArguments(t *testing.T, dir, method string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	must(t, err)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		must(t, err)
		for _, m := range regexp.MustCompile(`\.`+method+`\("([a-z0-9-]+)"`).FindAllStringSubmatch(string(b), -1) {
			found[m[1]] = true
		}
	}
	return found
}
