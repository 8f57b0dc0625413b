package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/internal/geotest"
)

// build builds a program of the repository.
func build(t *testing.T, dir, name string) {
	t.Helper()
	if out, err := exec.Command("go", "build", "-C", filepath.Join("..", name), "-o", filepath.Join(dir, name), ".").CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
}

// The whole benchmark on a log of a moment: all of it works, and all counts
// are right. Its figures mean nothing.
func TestSmoke(t *testing.T) {
	bin, results := t.TempDir(), t.TempDir()
	for _, name := range []string{"bench", "tailer", "geoworker", "publisher", "sharehook"} {
		build(t, bin, name)
	}
	city := filepath.Join(t.TempDir(), "city.mmdb")
	if err := geotest.Write(city, 28); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "gb") // short: a socket's path must fit in 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	run := exec.Command(filepath.Join(bin, "bench"), "--mode", "smoke", "--geoip", city, "--root", "..", "--bin", bin, "--dir", dir, "--results", results, "--commit", "test")
	var progress bytes.Buffer
	run.Stderr = &progress
	table, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{"the day, 1 worker", "geoworker", "wc -l", "hpcloud/tail", "sharehook, 8 clients", "RATIOS"} {
		if !strings.Contains(string(table), want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	text, err := os.ReadFile(filepath.Join(results, "test-smoke.json"))
	var r report.Report
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || r.Case("glow, from file to buckets", "the day, 1 worker") == nil {
		t.Errorf("%v\n%s", err, text)
	}
}
