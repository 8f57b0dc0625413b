package schema

import (
	"os"
	"regexp"
	"testing"
)

// The documents that the page shows can be used: the first as a schema, all as
// filters.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/archive.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		if _, err := ParseFilter(m[1]); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
		if _, err := Parse(m[1]); i == 0 && err != nil {
			t.Error(err)
		}
	}
	for _, reason := range Reasons {
		if !regexp.MustCompile("`" + reason + "`").Match(page) {
			t.Errorf("reason %s is not on the page", reason)
		}
	}
}
