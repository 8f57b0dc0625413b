// Package harness runs the real binaries of Glow against a real redis-server
// and compares what they publish with the oracle. It kills, freezes and doubles
// them, and writes and rotates the logs that they follow.
package harness

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

var binaries string // directory of the built daemons

// Main is the body of a TestMain: it runs the tests and removes the binaries
// that they built. GLOW_E2E_BIN names a directory with binaries to use instead.
//
// The go command does not know that a test depends on the daemons' sources:
// run these tests with -count=1.
func Main(m *testing.M) {
	// Tests of whole Glows wait more than they compute, on any number of cores.
	// Whoever gives -parallel has the last word, as flags are read later.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv("GLOW_E2E_BIN") != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "glow-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	return m.Run()
}

var (
	buildMu sync.Mutex
	built   = map[string]bool{}
)

// Program is the path of a daemon, built when it is first asked for, with the
// race detector if the test itself has it.
func Program(t testing.TB, name string) string {
	t.Helper()
	if dir := os.Getenv("GLOW_E2E_BIN"); dir != "" {
		return filepath.Join(dir, name)
	}
	buildMu.Lock()
	defer buildMu.Unlock()
	path := filepath.Join(binaries, name)
	if built[name] {
		return path
	}
	args := []string{"build", "-C", filepath.Join(Root(), name), "-o", path}
	if os.Getenv("GLOW_E2E_CLOCK") != "" {
		args = append(args, overlay(t, binaries)...)
	}
	if Race {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	built[name] = true
	return path
}

// Root is the directory that holds the modules.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Testdata is the path of a file in e2e/testdata.
func Testdata(name string) string { return filepath.Join(Root(), "e2e", "testdata", name) }
