package main

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The names of the metrics are a promise to whoever draws or alerts on them.
func TestMetricNames(t *testing.T) {
	h := start(t, t.TempDir(), nowhere)
	if code := post(t.Context(), http.DefaultClient, h.url, "203.0.113.7", "twitter"); code != 204 {
		t.Fatalf("answered %d", code)
	}
	_, text := get(t, h.admin+"/metrics")
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (glow_\w+ \w+)$`).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	got := strings.Join(names, "\n") + "\n"
	want, err := os.ReadFile("testdata/metrics.txt")
	if err != nil || got != string(want) {
		t.Errorf("metrics are now\n%s(testdata/metrics.txt: %v)", got, err)
	}
	for _, line := range []string{`glow_sharehook_requests_total{code="204"} 1`, `glow_sharehook_shares_total{type="share:twitter"} 1`, `glow_sharehook_shares_total{type="share:facebook"} 0`, "glow_sharehook_spool_segments 1"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("metrics lack %s", line)
		}
	}
	h.stop()
}
