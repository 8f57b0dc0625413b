package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// catch is the first test that failed; the zero catch is none.
type catch struct {
	tried bool
	test  string
	after time.Duration
	found string // what it said
}

func (c catch) seconds() string {
	switch {
	case !c.tried:
		return ""
	case c.test == "":
		return "never"
	}
	return fmt.Sprintf("%.0f s", c.after.Seconds())
}

// String is what is said of it in a table.
func (c catch) String() string {
	switch {
	case !c.tried:
		return "not tried"
	case c.test == "":
		return "not caught"
	}
	return fmt.Sprintf("%s after %s: %s", c.test, c.seconds(), c.found)
}

// event is a line of "go tool test2json".
type event struct{ Action, Test, Output string }

// watch runs tests against binaries until the first fails, or the time is up.
// Chaos spends half of that on faults.
func (h *hunt) watch(bin, pattern, faults string) (c catch, err error) {
	tests := exec.Command("go", "tool", "test2json", "-t", h.tests, "-test.v=test2json", "-test.run", pattern, "-test.parallel", "16")
	tests.Dir = h.dir
	tests.Env = append(os.Environ(), "GLOW_E2E_BIN="+bin, "GLOW_E2E_FAULTS="+faults, fmt.Sprintf("GLOW_E2E_CHAOS=%d", int(within.Seconds())/2))
	tests.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := tests.StdoutPipe()
	if err != nil {
		return c, err
	}
	if err := tests.Start(); err != nil {
		return c, err
	}
	start := time.Now()
	end := func() { _ = syscall.Kill(-tests.Process.Pid, syscall.SIGKILL) } // the daemons die with the tests
	timer := time.AfterFunc(*within, end)
	defer timer.Stop()
	c = first(out)
	c.tried, c.after = true, time.Since(start)
	end()
	_, _ = io.Copy(io.Discard, out)
	_ = tests.Wait() // killed, or failed: that is what is looked for
	return c, nil
}

// first reads events until the first failed test.
func first(out io.Reader) (c catch) {
	said := map[string][]string{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue
		}
		switch e.Action {
		case "output":
			said[e.Test] = append(said[e.Test], e.Output)
		case "fail":
			return catch{test: e.Test, found: finding(said[e.Test])}
		}
	}
	return catch{}
}

var (
	line  = regexp.MustCompile(`^ +\w+\.go:\d+: (.*)`)
	noise = regexp.MustCompile(`GLOW_E2E|^\d+[ms][\dms.]*: |the faults:|last log of|positions \(|rotations map|state kept`)
)

// finding is the first thing that a failed test said that tells what is wrong.
func finding(output []string) string {
	var all []string
	for i, text := range output {
		m := line.FindStringSubmatch(text)
		if m == nil || noise.MatchString(m[1]) {
			continue
		}
		said := strings.TrimSpace(m[1])
		if strings.HasSuffix(said, ":") && i+1 < len(output) { // the first detail
			said += " " + strings.TrimSpace(output[i+1])
		}
		all = append(all, said)
	}
	for _, text := range all {
		if strings.Contains(text, "want") || strings.Contains(text, "wrong") || strings.Contains(text, "missing") {
			return text
		}
	}
	if len(all) == 0 {
		return ""
	}
	return all[0]
}
