package main

import (
	"os"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{
			[]string{"--geoip", "", "--cell-degrees", "0.7", "--claim-after", "1ms", "--max-located", "x"},
			2,
			[]string{"--geoip (or GLOW_GEOIP)", "--cell-degrees (or GLOW_CELL_DEGREES)", "--claim-after (or GLOW_CLAIM_AFTER)", "--max-located (or GLOW_MAX_LOCATED)"},
		},
		{[]string{"--geoip", s.geoip + ".none"}, 1, []string{"open geoip database", "no such file"}},
		{[]string{"--geoip", "main.go"}, 1, []string{"open geoip database main.go"}},
		{[]string{"file.log"}, 2, []string{"unexpected argument"}},
	} {
		w := s.start(c.args...)
		s.until("it ends", w.exited)
		if w.ProcessState.ExitCode() != c.code {
			t.Errorf("%q: exit %d, want %d", c.args, w.ProcessState.ExitCode(), c.code)
		}
		for _, text := range c.says {
			if !strings.Contains(w.stderr.String(), text) {
				t.Errorf("%q: standard error lacks %q: %s", c.args, text, &w.stderr)
			}
		}
	}
}

// The names of metrics are promised to whoever made dashboards of them.
func TestMetrics(t *testing.T) {
	s := newStage(t)
	w := s.start()
	s.pushRandom(50)
	s.until("the queue is empty", s.queueEmpty)
	s.until("a commit is measured", func() bool { return w.metric("glow_geoworker_commits_total") > 0 })
	golden, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.metrics(), "\n") + "\n"; got != string(golden) {
		t.Errorf("metrics:\n%swant (testdata/metrics.txt):\n%s", got, golden)
	}
}
