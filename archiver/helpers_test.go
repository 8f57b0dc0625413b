package main

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

// asArchiver makes the test binary an archiver, as the tests are built.
const asArchiver = "TEST_AS_ARCHIVER"

func TestMain(m *testing.M) {
	if os.Getenv(asArchiver) != "" {
		main()
	}
	for _, e := range s3test.Env() { // the tests read the archive, too
		name, value, _ := strings.Cut(e, "=")
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

var ns, _ = keys.New("glow")

// stage is a Redis with a geoworker played by the test, and an archive.
type stage struct {
	*testing.T
	s      *redistest.Server
	redis  *redis.Client
	target []string // arguments that name the archive
	rows   []string // all that was counted, one line each
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := redistest.Start(t, "--appendfsync", "always") // so that what is durable is so at once
	st := &stage{T: t, s: s, redis: s.Client(), target: []string{"--archive", "file://" + t.TempDir()}}
	t.Cleanup(func() { st.redis.Close() })
	return st
}

func (st *stage) must(err error) {
	st.Helper()
	if err != nil {
		st.Fatal(err)
	}
}

// append is geoworker's step: lines go into the stream, so many an entry.
func (st *stage) append(lines []string, each int) {
	st.Helper()
	for chunk := range slices.Chunk(lines, each) {
		_, err := st.redis.TxPipelined(st.Context(), func(p redis.Pipeliner) error {
			types := map[string]int64{}
			for _, line := range chunk {
				types[strings.Fields(line)[1]]++
			}
			for typ, n := range types {
				p.HIncrBy(st.Context(), ns.Archive(), "n|"+typ, n)
			}
			p.XAdd(st.Context(), &redis.XAddArgs{Stream: ns.Located(), Values: []any{
				located.FieldEvents, strings.Join(chunk, "\n"), located.FieldN, len(chunk),
			}})
			return nil
		})
		st.must(err)
	}
	st.rows = append(st.rows, lines...)
}

// command prepares the real archiver.
func (st *stage) command(args ...string) *exec.Cmd {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") { // a command takes its own
		args = append(append([]string{"--admin-addr", "off"}, st.target...), args...)
	}
	return archiver(append(args, "--redis-url", st.s.URL())...)
}

// archiver prepares the real archiver.
func archiver(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asArchiver+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// once archives all there is and returns what was said.
func (st *stage) once(args ...string) string {
	st.Helper()
	out, err := st.command(append([]string{"--once"}, args...)...).CombinedOutput()
	if err != nil {
		st.Fatalf("archiver %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// run runs a command of the archiver.
func (st *stage) run(args ...string) string {
	st.Helper()
	out, err := st.command(args...).CombinedOutput()
	if err != nil {
		st.Fatalf("archiver %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// store is the archive's.
func (st *stage) store() store.Store {
	st.Helper()
	o := store.Options{}
	if len(st.target) > 2 {
		o.Endpoint = st.target[3]
	}
	s, err := store.New(st.Context(), st.target[1], o)
	st.must(err)
	return s
}

// open opens the archive as a reader does.
func (st *stage) open() *archive.Archive {
	st.Helper()
	a, err := archive.Open(st.Context(), st.store())
	st.must(err)
	return a
}

// read reads all rows of the archive, as lines, sorted.
func (st *stage) read() []string {
	st.Helper()
	rows, err := readAll(st, st.open())
	st.must(err)
	return rows
}

func readAll(st *stage, a *archive.Archive) ([]string, error) {
	var lines []string
	err := a.Rows(st.Context(), archive.Filter{}, func(r *archive.Row) error {
		e := located.Event{Time: r.Time, Type: r.Type, Place: r.Place, Attrs: string(archive.AppendAttrs(nil, r.Attrs))}
		lines = append(lines, string(e.Append(nil)))
		return nil
	})
	slices.Sort(lines)
	return lines, err
}

// check makes sure that the archive has every row once.
func (st *stage) check() {
	st.Helper()
	compare(st, st.read(), st.rows)
}

func compare(st *stage, got, want []string) {
	st.Helper()
	want = slices.Sorted(slices.Values(want))
	if slices.Equal(got, want) {
		return
	}
	n := map[string]int{}
	for _, line := range want {
		n[line]++
	}
	for _, line := range got {
		n[line]--
	}
	shown := 0
	for _, line := range slices.Sorted(maps.Keys(n)) {
		if n[line] != 0 && shown < 5 {
			shown++
			st.Errorf("%d too few of %s", n[line], line)
		}
	}
	st.Fatalf("%d rows, want %d", len(got), len(want))
}

// path is the folder of a file:// archive.
func (st *stage) path(name string) string {
	return filepath.Join(strings.TrimPrefix(st.target[1], "file://"), name)
}

// files are the names of all files of a file:// archive.
func (st *stage) files() []string {
	st.Helper()
	var names []string
	root := st.path("")
	st.must(filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	}))
	return names
}

const march24 = 1774310400 // 2026-03-24T00:00:00Z

// events are n located lines, spread over some days from 2026-03-24 on.
func events(seed uint64, n, days int) []string {
	r := rand.New(rand.NewPCG(seed, 7))
	places := []string{
		"- - - - - -", "EU DE DE-BY 59423 481234 115678", "EU DE DE-BE 53000 525200 134050", "NA US US-CA 70000 377749 -1224194",
		"AS - - - - -", "- - - 0 0 0", "AF ZA - 100 -338688 1511",
	}
	attrs := []string{"-", "-", "os=win", "lang=fr&os=mac", "os=", "lang=%C3%A9"}
	lines := make([]string, n)
	for i := range lines {
		typ := "download"
		if r.IntN(5) == 0 {
			typ = "share:twitter"
		}
		lines[i] = fmt.Sprintf("%d %s %s %s", march24+r.Int64N(int64(days)*86400), typ, places[r.IntN(len(places))], attrs[r.IntN(len(attrs))])
	}
	return lines
}

// process is an archiver that runs on.
type process struct {
	*exec.Cmd
	st  *stage
	log *logtest.Buffer
}

func (p *process) says(text string) bool { return strings.Contains(p.log.String(), text) }

func (st *stage) start(args ...string) *process {
	st.Helper()
	p := &process{st.command(args...), st, &logtest.Buffer{}}
	p.Stderr = p.log
	st.must(p.Start())
	st.Cleanup(func() {
		p.kill()
		if st.Failed() {
			st.Logf("it said:\n%s", p.log)
		}
	})
	return p
}

func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// gathered says how many events the archiver has read that it did not commit
// yet. It must serve its metrics.
func (p *process) gathered() int {
	p.st.Helper()
	m := regexp.MustCompile(`admin server listens.* addr=(\S+)`).FindStringSubmatch(p.log.String())
	if m == nil {
		return 0
	}
	r, err := http.Get("http://" + m[1] + "/metrics")
	p.st.must(err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	p.st.must(err)
	n := -1
	if g := regexp.MustCompile(`(?m)^glow_archiver_gathered_events (\d+)$`).FindSubmatch(b); g != nil {
		n, _ = strconv.Atoi(string(g[1]))
	}
	return n
}

// withMetrics makes an archiver serve them.
const withMetrics = "--admin-addr=127.0.0.1:0"

// stop stops it cleanly.
func (p *process) stop() {
	p.st.Helper()
	_ = p.Process.Signal(syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		p.st.Fatalf("after SIGTERM: %v\n%s", err, p.log)
	}
}

// eventually polls until check holds.
func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !check(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// archived says whether the archive has as many rows as were counted.
func (st *stage) archived() bool {
	b, _, err := st.store().Read(st.Context(), archive.ManifestName)
	if err != nil {
		return false
	}
	m, err := archive.DecodeManifest(b)
	st.must(err)
	n := uint64(0)
	for _, k := range m.Cursor.Rows {
		n += k
	}
	return n == uint64(len(st.rows))
}

func hoursAgo(n int) time.Time { return time.Now().Add(-time.Duration(n) * time.Hour) }
