package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// A real log is imported with attributes, once more, and by force: the feed and
// the archive stay what they are, to the byte.
func TestImportedHistory(t *testing.T) {
	t.Parallel()
	g := harness.New(t)
	g.GeoIP = harness.Testdata("GeoIP2-City-Test.mmdb")
	log := apache(t)
	rows := newRowSet(10000)
	o := newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "combined", Attrs: "flav,q,page"}, Row: func(r oracle.Row) { rows.add(r.String()) }}, log)
	folder := filepath.Join(g.Dir, "old logs")
	half := bytes.IndexByte(log[len(log)/2:], '\n') + len(log)/2 + 1
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "access.log"), log[half:])
	write(t, filepath.Join(folder, "access.log.1"), log[:half])
	g.Once("publisher")
	g.Once("archiver")
	args := []string{"import", "--redis-url", g.Redis.URL(), "--format", "combined", "--attrs", "flav,q,page"}
	var before map[string]file
	for i, want := range []string{
		"2 files, 0 skipped, 10000 lines, 10000 events, 0 drops, 12 pushes",
		"0 files, 2 skipped, 0 lines, 0 events, 0 drops, 0 pushes",
		"2 files, 0 skipped, 0 lines, 0 events, 0 drops, 0 pushes",
	} {
		if i == 2 {
			args = append(args, "--force")
		}
		runArchiver(g, func(line string) {
			if !strings.HasSuffix(line, "import: "+want) {
				t.Errorf("run %d: %s, want %s", i, line, want)
			}
		}, append(args, folder)...)
		g.Count(2)
		g.Once("publisher")
		g.Once("archiver", "--compact-after", "0s")
		catRows(g, 10000).compare(t, rows)
		g.Feed().Compare(t, o)
		now := tree(t, strings.TrimPrefix(g.Archive, "file://"))
		if before != nil {
			compareTrees(t, before, now)
		}
		before = tree(t, strings.TrimPrefix(g.Archive, "file://"))
	}
	// A tailer that comes upon an imported file has nothing to do, either.
	g.Format, g.Log = "combined", filepath.Join(folder, "access.log")
	if says := g.Once("tailer"); !strings.Contains(says, " 0 lines") {
		t.Errorf("tailer: %s", says)
	}
}

// An import leaves out what a tailer has read, and refuses what it is reading.
func TestImportMeetsTailer(t *testing.T) {
	t.Parallel()
	g := harness.New(t)
	log := apache(t)[:1<<20]
	log = log[:bytes.LastIndexByte(log, '\n')+1]
	write(t, g.Log, log)
	g.Format = "combined"
	g.Once("tailer")
	importing := func(args ...string) string {
		args = append([]string{"import", "--redis-url", g.Redis.URL(), "--format", "combined"}, args...)
		out, _ := exec.Command(harness.Program(t, "archiver"), args...).CombinedOutput()
		return string(out)
	}
	queued := g.Client.XLen(context.Background(), g.Keys.Queue()).Val()
	copied := filepath.Join(g.Dir, "copy")
	write(t, copied, log)
	if says := importing(copied); !strings.Contains(says, "import: 0 files, 1 skipped") {
		t.Errorf("what a tailer has read: %s", says)
	}
	write(t, copied, append(log, log[:len(log)/2]...))
	if says := importing(copied); !strings.Contains(says, "a tailer has read its first") || !strings.Contains(says, "nothing was imported") {
		t.Errorf("what a tailer is reading: %s", says)
	}
	if n := g.Client.XLen(context.Background(), g.Keys.Queue()).Val(); n != queued {
		t.Errorf("%d entries queued, %d before", n, queued)
	}
}

// Downloads by country and hour: map/reduce on one machine, on two, by any
// number of processes, and the feed say the same.
func TestMapReduce(t *testing.T) {
	t.Parallel()
	g := harness.New(t)
	r := harness.Rand(t)
	h := &history{r: r, addrs: harness.Addresses(t, r, g.GeoIP, 1000), left: 20000}
	write(t, g.Log, text(h.lines(20000)))
	g.Once("publisher")
	g.Once("archiver")
	g.All(1)
	g.Once("archiver", "--compact-after", "0s")
	script := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("scripts/mapreduce", args...)
		cmd.Dir = harness.Root()
		cmd.Env = append(os.Environ(), "ARCHIVER="+harness.Program(t, "archiver"))
		var says bytes.Buffer
		cmd.Stderr = &says
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("mapreduce %v: %v\n%s", args, err, says.String())
		}
		return string(out)
	}
	const mapper, sum = "awk -f scripts/examples/country-hour.awk", "awk -f scripts/examples/sum.awk"
	want := countryHours(t, g.Feed())
	in := []string{"-i", strings.TrimPrefix(g.Archive, "file://"), "-m", mapper}
	var parts []string
	for i := range 2 {
		path := filepath.Join(g.Dir, fmt.Sprint("part", i))
		write(t, path, []byte(script(append(in, "-p", fmt.Sprintf("%d/2", i+1), "-c", []string{sum, "cat"}[i])...)))
		parts = append(parts, path)
	}
	for name, got := range map[string]string{
		"one machine":  script(append(in, "-c", sum, "-r", sum)...),
		"no combiner":  script(append(in, "-r", sum, "-j", "1")...),
		"two machines": script(append([]string{"-r", sum}, parts...)...),
	} {
		if got != want {
			t.Errorf("%s: %d bytes, the feed says %d others", name, len(got), len(want))
		}
	}
	filter := filepath.Join(g.Dir, "filter.json")
	write(t, filter, []byte(`{"v": 1, "types": ["download"], "attributes": {"os": {"allow": ["win"]}}}`))
	shares := script(append(in[:2:2], "-f", filter, "-m", "scripts/examples/share.py map os", "-c", "scripts/examples/share.py combine", "-r", "scripts/examples/share.py reduce")...)
	for line := range strings.Lines(shares) {
		if !strings.HasSuffix(line, "\twin\t1.0000\n") {
			t.Errorf("among windows only: %s", line)
		}
	}
	cmd := exec.Command("scripts/mapreduce", append(in, "-r", "false")...)
	cmd.Dir, cmd.Env = harness.Root(), append(os.Environ(), "ARCHIVER="+harness.Program(t, "archiver"))
	if err := cmd.Run(); err == nil {
		t.Error("a reducer that failed did not fail the whole")
	}
}

// countryHours is what the feed says of downloads, as the example writes it.
func countryHours(t *testing.T, feed harness.Feed) string {
	t.Helper()
	var lines []string
	for name, b := range feed {
		if !strings.HasPrefix(name, "1h/") {
			continue
		}
		var s struct {
			Start time.Time
			Types map[string]struct{ Countries map[string]int }
		}
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatal(err)
		}
		for country, n := range s.Types["download"].Countries {
			lines = append(lines, fmt.Sprintf("%s %s\t%d\n", country, s.Start.Format("2006-01-02T15"), n))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
