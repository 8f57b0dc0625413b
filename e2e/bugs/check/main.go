// Check shows that the end-to-end tests catch every one of the seeded bugs: it
// builds the daemons with each, lets the tests of the wire, the files and the
// store and then the chaos loose on them, and prints what caught it and how
// soon. It exits 1 if one is not caught.
//
//	scripts/chaos-check [--within 60s] [--chaos=false] [NAME…]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/glowmap/glow/e2e/bugs"
)

// scenarios are the tests that make one fault each, or listen at the wire.
const scenarios = "^Test(StepsArriveLate|ChangedWhilePublished|NothingButScripts|NoBlindRetry|AnswerAfterSync|LatePut|TruncatedUnseen|ShortenedByPowerLoss|InodeReused|DeletedWhileBehind)$"

// programs are the daemons that tests run.
var programs = []string{"tailer", "sharehook", "geoworker", "publisher"}

var (
	within = flag.Duration("within", time.Minute, "time that the tests have to catch a bug")
	chaos  = flag.Bool("chaos", true, "let the chaos try too, where a scenario has caught the bug")
)

func main() {
	flag.Parse()
	if err := run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	all, err := bugs.All()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "glow-bugs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h := &hunt{tests: filepath.Join(dir, "e2e.test"), dir: filepath.Join(bugs.Root(), "e2e")}
	build := exec.Command("go", "test", "-c", "-o", h.tests, ".")
	build.Dir = h.dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tests: %w\n%s", err, out)
	}
	var rows []row
	for _, b := range all {
		if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(b.Name, n) }) {
			continue
		}
		r, err := h.try(b, filepath.Join(dir, b.Name))
		if err != nil {
			return err
		}
		fmt.Println(r)
		rows = append(rows, r)
	}
	return report(rows)
}

// hunt has the tests' binary, and where they run.
type hunt struct{ tests, dir string }

// row is how a bug fared.
type row struct {
	bug             bugs.Bug
	scenario, chaos catch
}

func (r row) caught() bool { return r.scenario.test != "" || r.chaos.test != "" }

// String is a row of the table in the end.
func (r row) String() string {
	return fmt.Sprintf("%s: %s\n  by a scenario: %s\n  by chaos:      %s", r.bug.Name, r.bug.About, r.scenario, r.chaos)
}

// try builds a bug and runs the tests against it.
func (h *hunt) try(b bugs.Bug, dir string) (r row, err error) {
	r.bug = b
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return r, err
	}
	overlay, err := b.Overlay(dir)
	if err != nil {
		return r, err
	}
	if err := b.Build(overlay, bin, programs...); err != nil {
		return r, err
	}
	if r.scenario, err = h.watch(bin, scenarios, ""); err != nil {
		return r, err
	}
	if *chaos || r.scenario.test == "" {
		r.chaos, err = h.watch(bin, "^TestChaos$", b.Faults)
	}
	return r, err
}

// report prints the table.
func report(rows []row) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nbug\tcaught\tby scenario\tafter\tby chaos\tafter\twhat was found")
	missed := 0
	for _, r := range rows {
		yes := "yes"
		if !r.caught() {
			yes = "NO"
			missed++
		}
		found := r.scenario.found
		if found == "" {
			found = r.chaos.found
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.bug.Name, yes, r.scenario.test, r.scenario.seconds(), r.chaos.test, r.chaos.seconds(), found)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d bugs were not caught within %v", missed, len(rows), *within)
	}
	fmt.Printf("\nall %d bugs caught\n", len(rows))
	return nil
}
