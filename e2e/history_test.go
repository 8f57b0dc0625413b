package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
	"github.com/glowmap/glow/internal/s3test"
)

// rowSet is a set of rows, each as often as it was added, in any order: its
// fingerprint, and the rows themselves where they are few.
type rowSet struct {
	n    int
	sums [2]uint64
	rows map[string]int // nil: too many
}

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func newRowSet(expected int) *rowSet {
	s := &rowSet{}
	if expected <= 1e6 {
		s.rows = map[string]int{}
	}
	return s
}

func (s *rowSet) add(row string) {
	s.n++
	for i, seed := range seeds {
		s.sums[i] += maphash.String(seed, row)
	}
	if s.rows != nil {
		s.rows[row]++
	}
}

// compare fails the test unless both sets are the same.
func (s *rowSet) compare(t *testing.T, want *rowSet) {
	t.Helper()
	if s.n == want.n && s.sums == want.sums {
		return
	}
	shown := 0
	for row, n := range want.rows {
		if s.rows[row] != n && shown < 5 {
			shown++
			t.Errorf("%d times, want %d: %s", s.rows[row], n, row)
		}
	}
	for row, n := range s.rows {
		if want.rows[row] == 0 && shown < 10 {
			shown++
			t.Errorf("%d times, want none: %s", n, row)
		}
	}
	t.Errorf("%d rows, want %d", s.n, want.n)
}

// archiver runs a command of the archiver and hands each line of its output to
// each; it must end with status 0.
func runArchiver(g *harness.Glow, each func(line string), args ...string) {
	g.T.Helper()
	cmd := exec.Command(harness.Program(g.T, "archiver"), args...)
	cmd.Env = append(os.Environ(), g.Env...)
	var says bytes.Buffer
	cmd.Stderr = &says
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		g.T.Fatal(err)
	}
	for in := bufio.NewScanner(out); in.Scan(); {
		each(in.Text())
	}
	if err := cmd.Wait(); err != nil {
		g.T.Fatalf("archiver %v: %v\n%s", args, err, says.String())
	}
	if strings.Contains(says.String(), "import:") {
		each(strings.TrimSpace(says.String()))
	}
}

// catRows are the rows of the archive, as archiver cat writes them, in the
// words of the oracle.
func catRows(g *harness.Glow, expected int) *rowSet {
	g.T.Helper()
	s := newRowSet(expected)
	runArchiver(g, func(line string) {
		f := strings.Split(line, "\t")
		for i := 6; i <= 7 && f[i] != "-"; i++ { // degrees, in ten-thousandths
			whole, rest, _ := strings.Cut(f[i], ".")
			sign := strings.TrimRight(whole, "0123456789")
			digits := strings.TrimLeft(whole[len(sign):]+rest, "0")
			if f[i] = sign + digits; digits == "" {
				f[i] = "0"
			}
		}
		f[8] = strings.ReplaceAll(f[8], "+", "%20") // a space, in two spellings
		s.add(strings.Join(f, " "))
	}, append([]string{"cat", "--archive", g.Archive}, g.Args["archiver"]...)...)
	return s
}

// dayFiles are the finished days below a folder, by name.
func dayFiles(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(filepath.Join(root, "v1", "days"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func sameDays(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for name, b := range want {
		if !bytes.Equal(got[name], b) {
			t.Errorf("%s has %d bytes, and %d in another run, which differ", name, len(got[name]), len(b))
		}
	}
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%d days, and %d in another run", len(got), len(want))
	}
}

// attributed are the query strings of a history's requests.
var attributed = []string{"", " os=win&lang=fr", " lang=de", " os=mac&version=%31.2", " x=%C3%BC+%26&lang=", " os=linux"}

// history is a log of many events of three days that are over, with attributes.
type history struct {
	r     *rand.Rand
	addrs []netip.Addr
	left  int
}

// lines makes up to n more lines.
func (h *history) lines(n int) [][]byte {
	n = min(n, h.left)
	h.left -= n
	list := make([][]byte, n)
	for i := range list {
		at := day.Add(time.Duration(h.r.IntN(50*3600)) * time.Second).Unix()
		list[i] = fmt.Appendf(nil, "%s %d %s%s", h.addrs[h.r.IntN(len(h.addrs))], at, harness.Types[h.r.IntN(len(harness.Types))], attributed[h.r.IntN(len(attributed))])
		if h.r.IntN(1000) == 0 {
			list[i] = []byte("no event")
		}
	}
	return list
}

// write appends all lines to the log, and tells the oracle, within about so long.
func (h *history) write(path string, o *oracle.Counter, takes time.Duration) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	chunk := max(100, int(float64(h.left)/(takes.Seconds()*50)))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for lines := h.lines(chunk); len(lines) > 0; lines = h.lines(chunk) {
		if _, err := f.Write(text(lines)); err != nil {
			return err
		}
		for _, line := range lines {
			o.Line(line)
		}
		<-tick.C
	}
	return nil
}

// toArchiveS3 has the archive in a bucket, and returns the server and the
// archive's folder there.
func toArchiveS3(t *testing.T, g *harness.Glow) (*s3test.Server, string) {
	t.Helper()
	server := s3test.Start(t)
	server.Bucket("history")
	g.Archive, g.Env = "s3://history/of/glow", s3test.Env()
	g.Args["archiver"] = []string{"--s3-endpoint", server.URL()}
	return server, filepath.Join(server.Path("history"), "of/glow")
}

// Any of the daemons is killed at any moment, two archivers among them, Redis
// loses its last second, the store is away: in the end the rows of the archive
// are those of the oracle, each once, its counts are the feed's, and its
// finished days are, to the byte, what another system makes of the same log,
// in other batches and without a fault.
func TestHistory(t *testing.T) {
	t.Parallel()
	lines, faults := harness.Size(t, "GLOW_E2E_HISTORY", 40000), harness.Size(t, "GLOW_E2E_HISTORY_FAULTS", 16)
	r := harness.Rand(t)
	g := harness.New(t)
	store, folder := toArchiveS3(t, g)
	mean := 400 * time.Millisecond
	rows := newRowSet(lines)
	const attrs = "os,lang,edition=version,x"
	g.Args["tailer"] = []string{"--attrs", attrs}
	o, err := oracle.New(oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow", Attrs: attrs}, Row: func(r oracle.Row) { rows.add(r.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	write(t, g.Log, nil)
	g.Args["geoworker"] = []string{"--claim-after", "1s"}
	g.Once("publisher") // takes the feed id
	g.Once("archiver")  // from here on all is archived
	soon := []string{"--segment-every", "200ms", "--max-rows", fmt.Sprint(lines/40 + 100), "--compact-after", "1s"}
	var units []*harness.Unit
	for _, name := range []string{"tailer", "geoworker", "geoworker", "publisher"} {
		units = append(units, g.Unit(name))
	}
	units = append(units, g.Unit("archiver", soon...), g.Unit("archiver", soon...))
	g.WaitFollowed()
	h := &history{r: rand.New(rand.NewPCG(r.Uint64(), 0)), addrs: harness.Addresses(t, r, g.GeoIP, 3000), left: lines}
	done := make(chan error, 1)
	go func() { done <- h.write(g.Log, o, time.Duration(faults)*mean) }()
	every(r, faults, mean, func(i int) {
		switch {
		case i%8 == 5:
			g.Redis.Kill()
			g.Tear(r, 100000)
			g.Redis.Start()
		case i%8 == 2:
			store.Kill()
			<-time.After(mean)
			store.Start()
		default:
			units[r.IntN(len(units))].Kill()
		}
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	g.WaitCounted(lines, 10*time.Minute)
	for _, u := range units {
		u.Stop()
	}
	g.Once("publisher")
	t.Log(g.Once("archiver", "--compact-after", "0s"))
	catRows(g, lines).compare(t, rows)
	feed := g.Feed()
	feed.Compare(t, o)
	sameTotals(t, g, feed)
	sameDays(t, anotherRun(t, g, lines), dayFiles(t, folder))
}

// anotherRun makes an archive of the same log without any fault, in other
// batches, and returns its days.
func anotherRun(t *testing.T, of *harness.Glow, lines int) map[string][]byte {
	t.Helper()
	g := harness.New(t)
	g.Log, g.GeoIP, g.Args["tailer"] = of.Log, of.GeoIP, of.Args["tailer"]
	g.Once("publisher")
	g.Once("archiver")
	a := g.Start("archiver", "--segment-every", "1h", "--max-rows", fmt.Sprint(lines/7+1000), "--compact-after", "1h")
	g.Once("tailer", "--max-queue", fmt.Sprint(lines)) // nobody empties the queue yet
	g.Count(1)
	a.Stop()
	t.Log(g.Once("archiver", "--compact-after", "0s"))
	return dayFiles(t, strings.TrimPrefix(g.Archive, "file://"))
}

// sameTotals compares the rows that the manifest names, by type, with all.json.
func sameTotals(t *testing.T, g *harness.Glow, feed harness.Feed) {
	t.Helper()
	var all struct{ Types map[string]struct{ N int } }
	if err := json.Unmarshal(feed["all.json"], &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	runArchiver(g, func(line string) { got[strings.Split(line, "\t")[1]]++ }, append([]string{"cat", "--archive", g.Archive}, g.Args["archiver"]...)...)
	for typ, c := range all.Types {
		if got[typ] != c.N {
			t.Errorf("%d rows of %s, the feed counts %d", got[typ], typ, c.N)
		}
		delete(got, typ)
	}
	if len(got) > 0 {
		t.Errorf("types that the feed has not: %v", got)
	}
}

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
