package shipped

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// docs/dependencies.md has every module that some go.mod asks for itself, in
// the version that it asks for, and no other.
func TestDependencies(t *testing.T) {
	asked := map[string]bool{}
	var files []string
	for _, pattern := range []string{"*/go.mod", "scripts/*/go.mod"} {
		found, err := filepath.Glob(filepath.Join(harness.Root(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	requirement := regexp.MustCompile(`(?m)^(?:require )?\s*([a-z0-9.]+\.[a-z]+/\S+) (v\S+)$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range requirement.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], "github.com/glowmap/") {
				asked[m[1]+" "+m[2]] = true
			}
		}
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (v\\S+) \\|").FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		listed[m[1]+" "+m[2]] = true
		if !asked[m[1]+" "+m[2]] {
			t.Errorf("docs/dependencies.md lists %s %s, which no go.mod asks for", m[1], m[2])
		}
	}
	for m := range asked {
		if !listed[m] {
			t.Errorf("docs/dependencies.md lacks %s", m)
		}
	}
}
