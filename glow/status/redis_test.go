package status

import (
	"testing"
	"time"
)

func TestWorkerState(t *testing.T) {
	for _, c := range []struct {
		pending int64
		idle    time.Duration
		want    string
	}{{0, time.Second, Working}, {3, time.Second, Working}, {0, time.Minute, Quiet}, {3, time.Minute, Gone}} {
		if got := workerState(c.pending, c.idle); got != c.want {
			t.Errorf("%d pending for %s: %s, want %s", c.pending, c.idle, got, c.want)
		}
	}
}

// What an admin server answers is no more trusted than anything else.
func FuzzReadMetrics(f *testing.F) {
	f.Add("# HELP x\nglow_publisher_active 1\nglow_tailer_drops_total{reason=\"ip\"} 2\n")
	f.Add("glow__x NaN\nglow_a_b 1e999\n")
	f.Fuzz(func(t *testing.T, text string) {
		name, metrics := readMetrics(text)
		if (name == "") != (len(metrics) == 0) {
			t.Errorf("%q has %v", name, metrics)
		}
	})
}
