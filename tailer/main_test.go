package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glowmap/glow/internal/redistest"
)

// asTailer makes the test binary a tailer.
const asTailer = "TEST_AS_TAILER"

func TestMain(m *testing.M) {
	if os.Getenv(asTailer) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"tailer": main})
}

// TestStory runs the scripts in testdata/story, each with a namespace of its
// own in one Redis.
func TestStory(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int64
	testscript.Run(t, testscript.Params{
		Dir: "testdata/story",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GLOW_REDIS_URL", server.URL())
			e.Setenv("GLOW_NAMESPACE", fmt.Sprintf("story%d", n.Add(1)))
			e.Setenv("GLOW_ADMIN_ADDR", "off")
			e.Setenv("HOSTNAME", hostname(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"events":    func(ts *testscript.TestScript, neg bool, args []string) { storyEvents(ts, server, args) },
			"hash":      func(ts *testscript.TestScript, neg bool, args []string) { storyHash(ts, server, args) },
			"rejects":   func(ts *testscript.TestScript, neg bool, args []string) { storyRejects(ts, server, args) },
			"lines":     storyLines,
			"interrupt": storyInterrupt,
		},
	})
}

func hostname(t *testing.T) string {
	h, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// waitFor polls until ok says so.
func waitFor(fatal func(string, ...any), what string, ok func() bool) {
	tick, late := time.Tick(10*time.Millisecond), time.After(time.Minute)
	for !ok() {
		select {
		case <-tick:
		case <-late:
			fatal("waited in vain: %s", what)
			return
		}
	}
}

// queued returns all events in the queue, sorted.
func queued(c *redis.Client, namespace string) ([]string, error) {
	entries, err := c.XRange(context.Background(), "{"+namespace+"}:queue", "-", "+").Result()
	var events []string
	for _, e := range entries {
		events = append(events, strings.Split(e.Values["events"].(string), "\n")...)
	}
	sort.Strings(events)
	return events, err
}

// "events N" waits until there are N events in the queue, and compares them
// with the file "want" if there is a second argument.
func storyEvents(ts *testscript.TestScript, s *redistest.Server, args []string) {
	c := s.Client()
	defer c.Close()
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var events []string
	waitFor(ts.Fatalf, args[0]+" events", func() bool {
		events, err = queued(c, ts.Getenv("GLOW_NAMESPACE"))
		ts.Check(err)
		return len(events) >= n
	})
	if len(events) != n {
		ts.Fatalf("%d events, want %d", len(events), n)
	}
	if len(args) > 1 {
		got := strings.Join(events, "\n") + "\n"
		if want := ts.ReadFile(args[1]); got != want {
			ts.Fatalf("events:\n%swant:\n%s", got, want)
		}
	}
}

// "hash NAME FILE" compares a hash in Redis with "field value" lines.
func storyHash(ts *testscript.TestScript, s *redistest.Server, args []string) {
	c := s.Client()
	defer c.Close()
	m, err := c.HGetAll(context.Background(), "{"+ts.Getenv("GLOW_NAMESPACE")+"}:"+args[0]).Result()
	ts.Check(err)
	var list []string
	for k, v := range m {
		list = append(list, k+" "+v+"\n")
	}
	slices.Sort(list)
	if got, want := strings.Join(list, ""), ts.ReadFile(args[1]); got != want {
		ts.Fatalf("hash %s:\n%swant:\n%s", args[0], got, want)
	}
}

// "rejects N" waits for N samples and writes them to standard output.
func storyRejects(ts *testscript.TestScript, s *redistest.Server, args []string) {
	c := s.Client()
	defer c.Close()
	var entries []redis.XMessage
	var err error
	waitFor(ts.Fatalf, args[0]+" samples", func() bool {
		entries, err = c.XRange(context.Background(), "{"+ts.Getenv("GLOW_NAMESPACE")+"}:rejects", "-", "+").Result()
		ts.Check(err)
		return strconv.Itoa(len(entries)) == args[0]
	})
	for _, e := range entries {
		fmt.Fprintln(ts.Stdout(), e.Values["daemon"], e.Values["reason"], e.Values["sample"])
	}
}

// "lines FILE FROM TO" appends well-formed lines of the format glow.
func storyLines(ts *testscript.TestScript, _ bool, args []string) {
	from, err := strconv.Atoi(args[1])
	ts.Check(err)
	to, err := strconv.Atoi(args[2])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	for i := from; i < to; i++ {
		fmt.Fprintf(f, "203.0.113.%d %d\n", i%256, 1395100800+i)
	}
	ts.Check(f.Close())
}

// "interrupt" stops the tailer in the background as systemd does.
func storyInterrupt(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// tailerCmd is a tailer process.
func tailerCmd(t testing.TB, url string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asTailer+"=1", "GLOW_REDIS_URL="+url, "GLOW_ADMIN_ADDR=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// tailer runs a tailer to its end.
func tailer(t testing.TB, url string, args ...string) string {
	t.Helper()
	cmd := tailerCmd(t, url, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("tailer %v: %v\n%s", args, err, &stderr)
	}
	return stderr.String()
}

// The names of the metrics are a promise to whoever has dashboards.
func TestMetrics(t *testing.T) {
	server := redistest.Start(t)
	log := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := metricNames(t, server.URL(), log)
	want, err := os.ReadFile("testdata/metrics.txt")
	if err != nil || got != string(want) {
		t.Errorf("metrics:\n%swant (testdata/metrics.txt):\n%s%v", got, want, err)
	}
}
