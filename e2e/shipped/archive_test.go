package shipped

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/glowmap/glow/e2e/harness"
)

// beyond are mistakes that a JSON Schema cannot tell.
var beyond = []string{"same-member", "range-upside-down", "twice"}

// The JSON Schema of archive.json takes every document that the page shows, and
// none that the parser is known to refuse.
func TestArchiveSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join(harness.Root(), "docs", "archive.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	valid := func(b []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "archive.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	if len(shown) < 2 {
		t.Errorf("the page shows %d documents", len(shown))
	}
	for _, m := range shown {
		if err := valid(m[1]); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
	}
	wrong, _ := filepath.Glob(filepath.Join(harness.Root(), "archiver/schema/testdata/wrong/*.json"))
	for _, path := range wrong {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimSuffix(filepath.Base(path), ".json"); valid(b) == nil && !strings.Contains(strings.Join(beyond, " "), name) {
			t.Errorf("%s is valid:\n%s", name, b)
		}
	}
	if len(wrong) < 20 {
		t.Errorf("%d wrong documents", len(wrong))
	}
}
