package expr

import (
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/near"
)

// validAttribute says whether a column is that of an attribute.
func validAttribute(name string) bool {
	key, attribute := strings.CutPrefix(name, "attr_")
	return attribute && event.ValidKey(key)
}

// offerColumn says what an unknown column may have been meant to be.
func offerColumn(name string) string {
	if every, ok := map[string]string{"week": "1w", "month": "1mo"}[name]; ok {
		return `every = "` + every + `" makes a column ` + name
	}
	if slices.Contains(Functions, name) {
		return name + " is a function, as in " + name + "(…)"
	}
	if found, ok := Nearest(name, Columns); ok {
		return "did you mean " + found + "?"
	}
	return "there are " + strings.Join(Columns, ", ") + ", and attributes, which are called attr_" + name + "; texts stand in single quotes"
}

// offer says which of the names was perhaps meant, or all of them.
func offer(name, all string, names []string) string {
	if found, ok := Nearest(name, names); ok {
		return "did you mean " + found + "?"
	}
	return all + strings.Join(names, ", ")
}

// Nearest is the one of names that differs least from name, if that is little.
func Nearest(name string, names []string) (found string, ok bool) {
	least := 2 * (1 + len(name)/3)
	for _, n := range names {
		d := 2 * near.Distance(name, n)
		if d <= least && name != "" && n[0] == name[0] {
			d-- // of two, the one that begins alike
		}
		if d <= least && (!ok || d < least) {
			found, least, ok = n, d, true
		}
	}
	return found, ok
}
