package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var (
	listens = regexp.MustCompile(`admin server listens" .*addr=(\S+)`)
	help    = regexp.MustCompile(`(?m)^# HELP (glow_\S+ .*)$`)
	reason  = regexp.MustCompile(`(?m)^(glow_\w+\{.*\}) `)
)

// metricNames starts a tailer and lists the names and help texts of its own metrics.
func metricNames(t *testing.T, url, log string) string {
	t.Helper()
	cmd := tailerCmd(t, url, "--admin-addr", "127.0.0.1:0", log)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	addr := ""
	for s := bufio.NewScanner(stderr); addr == "" && s.Scan(); {
		if m := listens.FindStringSubmatch(s.Text()); m != nil {
			addr = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	waitFor(t.Fatalf, "readiness", func() bool { return get(t, "http://"+addr+"/readyz") == "ok\n" })
	text := get(t, "http://"+addr+"/metrics")
	var lines []string
	for _, m := range help.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1]+"\n")
	}
	for _, m := range reason.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1]+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rss is the most memory that a process has had, in KiB.
func rss(p *os.ProcessState) int64 { return p.SysUsage().(*syscall.Rusage).Maxrss }
