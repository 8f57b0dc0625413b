// Package harness runs the real binaries of Glow against a real redis-server
// and compares what they publish with the oracle. It kills, freezes and doubles
// them, and writes and rotates the logs that they follow.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Daemons are the binaries that Main builds.
var Daemons = []string{"tailer", "geoworker", "publisher"}

var binaries string // directory of the built daemons

// Main is the body of a TestMain: it builds the daemons into a directory of
// their own, with the race detector if the test itself has it, and runs the
// tests. GLOW_E2E_BIN names a directory with binaries to use instead.
//
// The go command does not know that a test depends on the daemons' sources:
// run these tests with -count=1.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if binaries = os.Getenv("GLOW_E2E_BIN"); binaries != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "glow-bin-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binaries = dir
	return m.Run()
}

func build(dir string) error {
	for _, name := range Daemons {
		args := []string{"build", "-C", filepath.Join(Root(), name), "-o", filepath.Join(dir, name)}
		if Race {
			args = append(args, "-race")
		}
		if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// Root is the directory that holds the modules.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Testdata is the path of a file in e2e/testdata.
func Testdata(name string) string { return filepath.Join(Root(), "e2e", "testdata", name) }

// Program is the path of a built daemon.
func Program(name string) string { return filepath.Join(binaries, name) }
