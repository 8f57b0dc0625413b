// Package shipped tests what comes beside the programs against them: the
// documentation, the example settings and the configuration for Redis.
package shipped

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

var daemons = []string{"tailer", "sharehook", "geoworker", "publisher", "archiver", "querier"}

// read reads a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(harness.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// run runs a program to its end and returns what it says.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(harness.Program(t, program), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}
