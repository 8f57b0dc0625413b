package report

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// A table has the medians, ratios to the base, and the most memory.
func TestReport(t *testing.T) {
	r := &Report{Commit: "abc", Mode: "test"}
	for i, cpu := range []time.Duration{3, 1, 2} {
		r.Add("glow", "day", Sample{Events: 1e6, Wall: time.Second * (1 + time.Duration(i)), CPU: cpu * time.Second, Memory: map[string]int64{"tailer": int64(i) << 20}})
	}
	r.Add("others", "slow", Sample{Events: 1000, Wall: time.Second, CPU: time.Second / 10, Note: "a note"})
	r.Fact("facts", "answer", "%d", 42)
	c := r.Case("glow", "day")
	if c.CPUPerMillion != 2 || c.EventsPerSecond != 5e5 || c.Runs != 3 || c.Memory["tailer"] != 2<<20 || c.Spread != 1 {
		t.Errorf("%+v", c)
	}
	var b strings.Builder
	if err := r.Table(&b, "glow", "day"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"500,000", "2.000", "tailer 2", "100.0", " 50 ", "a note", "answer", "42"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	path, err := r.Save(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	var back Report
	if err := json.Unmarshal(text, &back); err != nil || back.Case("others", "slow").CPUPerMillion != 100 {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 8002530: "8,002,530"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
