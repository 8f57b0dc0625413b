package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/geotest"
)

// look runs "glow status" beside a running system.
func look(t *testing.T, g *harness.Glow, args ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(harness.Program(t, "glow"), append([]string{
		"status", "--redis-url", g.Redis.URL(), "--target", g.Target, "--admin", "off", "--etc", g.Dir, "--max-lag", "3s",
	}, args...)...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

// What "glow status" says of real daemons: all is well; the only worker dies
// with work in its hands; another one comes, and all is well again.
func TestStatus(t *testing.T) {
	t.Parallel()
	g := harness.New(t)
	lines := func(n int) {
		f, err := os.OpenFile(g.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for range n {
			fmt.Fprintf(f, "8.8.8.8 %d\n", time.Now().Unix())
		}
	}
	until := func(what string, code int, says ...string) {
		t.Helper()
		harness.Until(t, what, 60*time.Second, func() (bool, string) {
			text, got := look(t, g)
			missing := slices.ContainsFunc(says, func(s string) bool { return !strings.Contains(text, s) })
			return got == code && !missing, fmt.Sprintf("exit %d\n%s", got, text)
		})
	}
	// The tests' database is of one day for ever, and so too old.
	if err := (geotest.DB{Built: time.Now().Unix()}).Write(g.GeoIP); err != nil {
		t.Fatal(err)
	}
	lines(1500)
	g.Start("tailer")
	worker := g.Start("geoworker", "--claim-after", "1s")
	g.Start("publisher")
	until("all is counted", 0, "glow: well", "counted     1,500: download 1,500", "0 B behind its end", "feed        live, seq")

	worker.Freeze()
	lines(1500)
	// It may hold the entries, or have been about to ask for them.
	until("a worker that hangs", 1, "glow: wrong", "entries", "geoworker")
	worker.Kill()
	g.Start("geoworker", "--claim-after", "1s")
	until("another worker", 0, "glow: well", "3,000: download 3,000")
}

// Every command that the daemons send is one whose right "glow doctor" asks for.
func TestDoctorAsksForEveryRight(t *testing.T) {
	g := harness.New(t)
	if err := os.WriteFile(g.Log, []byte("8.8.8.8 1774360801\nno line\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	g.Client.ConfigResetStat(ctx)
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		g.Start(name)
	}
	harness.Until(t, "all is published", 60*time.Second, func() (bool, string) {
		_, err := os.Stat(filepath.Join(strings.TrimPrefix(g.Target, "file://"), "v1", "all.json"))
		return err == nil, ""
	})
	stats, err := g.Client.Info(ctx, "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(harness.Root(), "glow", "doctor", "rights.go"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stats) {
		name, ok := strings.CutPrefix(line, "cmdstat_")
		name, _, _ = strings.Cut(name, ":")
		name = strings.ReplaceAll(name, "|", " ")
		ours := slices.Contains([]string{"hello", "client setinfo", "config resetstat"}, name) // of every connection, and of this test
		if ok && !ours && !strings.Contains(string(source), "\n"+name) && !strings.Contains(string(source), `"`+name) {
			t.Errorf("glow doctor does not ask for the right to %s", name)
		}
	}
}
