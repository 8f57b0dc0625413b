package main

import (
	"os"
	"strconv"
	"testing"
)

// What a whole archiver takes, from the stream to files that are compacted:
// GLOW_ARCHIVER_EVENTS=2000000 go test -run Cost -v .
func TestCost(t *testing.T) {
	st := newStage(t)
	n := 20_000
	if s := os.Getenv("GLOW_ARCHIVER_EVENTS"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		st.must(err)
	}
	lines := events(30, n, 2)
	st.append(lines, 5000)
	cmd := st.command("--once")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bytes := int64(0)
	for _, f := range st.open().Files {
		bytes += f.Bytes
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	t.Logf("%d events: %.0f CPU ns and %.2f bytes each\n%s", n, float64(cpu.Nanoseconds())/float64(n), float64(bytes)/float64(n), out)
	st.check()
}
