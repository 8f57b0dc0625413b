package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
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
	began := g.Began()
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
			g.TearSince(began, r, 100000) // the archiver has waited until its beginning was on the disk
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
