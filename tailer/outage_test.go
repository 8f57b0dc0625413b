package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/internal/redistest"
)

// Redis is away at the start, and later again: the tailer says so once each
// time, waits, and carries on. It can be stopped meanwhile, too.
func TestRedisAway(t *testing.T) {
	s := redistest.Start(t)
	log := filepath.Join(t.TempDir(), "a.log")
	write := func(from, to int) {
		f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := from; i < to; i++ {
			fmt.Fprint(f, chaosLine(i))
		}
	}
	c := s.Client()
	defer c.Close()
	arrived := func(n int) {
		t.Helper()
		waitFor(t.Fatalf, fmt.Sprint(n, " events"), func() bool {
			events, err := queued(c, "glow")
			return err == nil && len(events) == n
		})
	}
	s.Kill()
	write(0, 10)
	cmd := tailerCmd(t, s.URL(), log)
	var stderr logtest.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	says := func(text string, n int) {
		t.Helper()
		waitFor(t.Fatalf, text, func() bool { return strings.Count(stderr.String(), text) == n })
	}
	says("redis is away", 1)
	s.Start()
	arrived(10)
	says("redis is back", 1)
	s.Kill()
	write(10, 20)
	says("redis is away", 2)
	s.Start()
	waitFor(t.Fatalf, "the rest", func() bool {
		events, err := queued(c, "glow")
		return err == nil && len(events) == 20
	})
	exactly(t, s, "glow", 20)
	s.Kill()
	says("redis is away", 3)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("stopped while redis is away: %v\n%s", err, stderr.String())
	}
}

// A full queue makes the tailer wait; the log is the buffer.
func TestBackPressure(t *testing.T) {
	s := redistest.Start(t)
	log := filepath.Join(t.TempDir(), "a.log")
	var b bytes.Buffer
	for i := range 10_000 {
		b.WriteString(chaosLine(i))
	}
	if err := os.WriteFile(log, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := tailerCmd(t, s.URL(), "--once", "--max-queue", "3", log)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := s.Client()
	defer c.Close()
	ctx := context.Background()
	taken := 0
	waitFor(t.Fatalf, "all entries", func() bool {
		n, err := c.XLen(ctx, "{glow}:queue").Result()
		if err != nil || n > 3 {
			t.Fatalf("%d entries, %v", n, err)
		}
		if n == 3 || taken >= 7 && n > 0 {
			e := c.XRangeN(ctx, "{glow}:queue", "-", "+", 1).Val()[0]
			c.XDel(ctx, "{glow}:queue", e.ID)
			taken++
		}
		return taken == 10
	})
	if err := cmd.Wait(); err != nil || !strings.Contains(stderr.String(), "10000 lines, 10000 events") {
		t.Errorf("%v\n%s", err, &stderr)
	}
}

// Without an append-only file nothing is durable: that is said, and refused
// where it is asked for.
func TestNothingIsDurable(t *testing.T) {
	s := redistest.Start(t, "--appendonly", "no")
	log := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(log, []byte(chaosLine(0)), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := tailerCmd(t, s.URL(), "--once", "--require-durable", log)
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "set appendonly yes") {
		t.Errorf("%v\n%s", err, out)
	}
	if out := tailer(t, s.URL(), "--once", log); !strings.Contains(out, "level=WARN") || !strings.Contains(out, "tailer: 0 lines") {
		t.Error(out)
	}
	exactly(t, s, "glow", 1)
}
