package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/glowmap/glow/internal/s3test"
)

// queued are the events in the queue, in their order.
func (st *stage) queued() []string {
	st.Helper()
	entries, err := st.redis.XRange(st.Context(), ns.Queue(), "-", "+").Result()
	st.must(err)
	var list []string
	for _, e := range entries {
		list = append(list, strings.Split(e.Values["events"].(string), "\n")...)
	}
	return list
}

// importing prepares an import; options go before files.
func (st *stage) importing(args ...string) *exec.Cmd {
	return archiver(append([]string{"import", "--redis-url", st.s.URL()}, args...)...)
}

// doImport runs an import that must go well.
func (st *stage) doImport(args ...string) string {
	st.Helper()
	out, err := st.importing(args...).CombinedOutput()
	if err != nil {
		st.Fatalf("import %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// imported runs an import and compares its summary.
func (st *stage) imported(want string, args ...string) {
	st.Helper()
	out := st.doImport(args...)
	if !strings.HasSuffix(strings.TrimSpace(out), "archiver: import: "+want) {
		st.Errorf("import %v: %s, want %s", args, out, want)
	}
}

// refused runs an import that must fail, and returns what it says.
func (st *stage) refused(args ...string) string {
	st.Helper()
	out, err := st.importing(args...).CombinedOutput()
	if err == nil {
		st.Errorf("import %v went well: %s", args, out)
	}
	return string(out)
}

func (st *stage) write(dir, name string, content []byte) string {
	st.Helper()
	path := filepath.Join(dir, name)
	st.must(os.WriteFile(path, content, 0o644))
	return path
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func zstded(b []byte) []byte {
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll(b, nil)
}

// day makes a log of n events from a time on, and says what must be queued.
func day(from int64, n int) (log []byte, events []string) {
	for i := range n {
		event := fmt.Sprintf("203.0.%d.%d %d download", i/256%256, i%256, from+int64(i))
		events = append(events, event)
		log = append(append(log, event...), '\n')
	}
	return log, events
}

// A folder of rotated logs, some compressed, one twice, is queued in the order
// of its events, each once; again nothing happens, by force nothing more.
func TestImportFolder(t *testing.T) {
	t.Parallel()
	st, dir := newStage(t), t.TempDir()
	a, eventsA := day(1395100800, 2500)
	b, eventsB := day(1395187200, 1500)
	c, eventsC := day(1395273600, 10)
	st.write(dir, "access.log", append(c, "no event\n"...))
	st.write(dir, "access.log.1", b)
	st.write(dir, "access.log.2.gz", gzipped(a))
	st.must(os.Mkdir(filepath.Join(dir, "old"), 0o755))
	st.write(dir, "old/copy.zst", zstded(a))
	st.write(dir, ".hidden", []byte("1.2.3.4 5\n"))
	st.write(dir, "empty", nil)

	want := slices.Concat(eventsA, eventsB, eventsC)
	st.imported("3 files, 2 skipped, 4011 lines, 4010 events, 1 drops (ip 1), 6 pushes", dir)
	for range 2 {
		compareInOrder(st, st.queued(), want)
		st.imported("0 files, 5 skipped, 0 lines, 0 events, 0 drops, 0 pushes", dir)
		st.imported("1 files, 0 skipped, 0 lines, 0 events, 0 drops, 0 pushes", "--force", filepath.Join(dir, "old"))
	}
	elsewhere := st.write(t.TempDir(), "another-name", a)
	st.imported("0 files, 1 skipped, 0 lines, 0 events, 0 drops, 0 pushes", elsewhere)
	if n, _ := st.redis.HGet(t.Context(), ns.Drops(), "archiver:ip").Result(); n != "1" {
		t.Errorf("%s drops, want 1", n)
	}
}

func compareInOrder(st *stage, got, want []string) {
	st.Helper()
	if !slices.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		st.Fatalf("%d events queued, want %d; they differ from %d on", len(got), len(want), i)
	}
}

// A dry run says what would be done, shows no address, and leaves Redis empty.
func TestImportDryRun(t *testing.T) {
	t.Parallel()
	st, dir := newStage(t), t.TempDir()
	log, _ := day(1395100800, 2500)
	st.write(dir, "a.log.gz", gzipped(log))
	st.write(dir, "b.csv", []byte("when,from\n1,::1\n"))
	out := st.doImport("--dry-run", dir)
	want := fmt.Sprintf(`%[1]s/a.log.gz
  imported
  %[2]d bytes, 2500 lines, from 2014-03-18T00:00:00Z
  of the first 1000 lines 1000 are events
    #.#.#.# 1395100800 download
    #.#.#.# 1395100801 download
    #.#.#.# 1395100802 download
%[1]s/b.csv
  refused: not of this format
  16 bytes, 2 lines
  of the first 2 lines 0 are events; drops: format 2

1 of 2 files would be imported, with 2500 lines; nothing was changed
`, dir, len(log))
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	if n, err := st.redis.DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("%d keys in Redis: %v", n, err)
	}
}

// What cannot be read keeps everything from being imported.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	st, dir := newStage(t), t.TempDir()
	log, _ := day(1395100800, 10)
	st.write(dir, "a", log)
	st.write(dir, "b", []byte("<html>\n"))
	if out := st.refused(dir); !strings.Contains(out, dir+"/b: of its first 1 lines 1 cannot be read: is --format right?") {
		t.Error(out)
	}
	if out := st.refused(filepath.Join(dir, "none")); !strings.Contains(out, "no such file") {
		t.Error(out)
	}
	st.write(dir, "b", gzipped(log)[:30])
	if out := st.refused(dir); !strings.Contains(out, "read "+dir+"/b: unexpected EOF") {
		t.Error(out)
	}
	if out := st.refused("--format", "csv", "--max-queue", "0"); !strings.Contains(out, "nothing to import") || !strings.Contains(out, "--max-queue") {
		t.Error(out)
	}
	if n := len(st.queued()); n != 0 {
		t.Errorf("%d events queued", n)
	}
}

// Each file's own head line says how it is read.
func TestImportHeads(t *testing.T) {
	t.Parallel()
	st, dir := newStage(t), t.TempDir()
	st.write(dir, "1.csv", []byte("\ufeffip;time\n203.0.113.1;1395100801\n"))
	st.write(dir, "2.csv", []byte("time,x,ip,type\r\n1395100802,\"a,b\",203.0.113.2,share:x\r\n"))
	st.imported("2 files, 0 skipped, 4 lines, 2 events, 2 drops (empty 2), 2 pushes", "--format", "csv", dir)
	cloudfront := st.write(t.TempDir(), "cf.gz", gzipped([]byte("#Version: 1.0\n#Fields: timestamp c-ip\n1395100803\t2001:db8::1\n")))
	st.imported("1 files, 0 skipped, 3 lines, 1 events, 2 drops (empty 2), 1 pushes", "--format", "cloudfront", cloudfront)
	compareInOrder(st, st.queued(), []string{"203.0.113.1 1395100801 download", "203.0.113.2 1395100802 share:x", "2001:db8::1 1395100803 download"})
}

// kill -9 of imports, two at a time, and of Redis: every event is queued once.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	st, dir := newStage(t), t.TempDir()
	var want []string
	for i := range 6 {
		log, events := day(1395100800+int64(i)*86400, 40000)
		want = append(want, events...)
		if i%2 == 0 {
			log = gzipped(log)
		}
		st.write(dir, fmt.Sprint("log.", i), log)
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for i := range 12 {
		one := st.importing("--max-queue", "1000000", dir)
		two := st.importing("--max-queue", "1000000", dir)
		st.must(one.Start())
		if i%3 == 0 {
			st.must(two.Start())
			defer func() { _ = two.Wait() }()
		}
		<-time.After(time.Duration(50+r.IntN(250)) * time.Millisecond)
		if i%4 == 3 {
			st.s.Kill()
			st.s.Start()
		}
		_ = one.Process.Kill()
		_ = one.Wait()
		if two.Process != nil {
			_ = two.Process.Kill()
		}
	}
	st.doImport("--max-queue", "1000000", dir)
	got := st.queued()
	slices.Sort(got)
	slices.Sort(want)
	compareInOrder(st, got, want)
	st.imported("0 files, 6 skipped, 0 lines, 0 events, 0 drops, 0 pushes", dir)
}

// Redis goes back to what it was before and within an import: the next run
// goes on from there.
func TestImportAfterRollback(t *testing.T) {
	t.Parallel()
	st, dir := newStage(t), t.TempDir()
	a, eventsA := day(1395100800, 3000)
	b, eventsB := day(1395187200, 3000)
	st.write(dir, "a", a)
	st.imported("1 files, 0 skipped, 3000 lines, 3000 events, 0 drops, 3 pushes", dir)
	backup := filepath.Join(t.TempDir(), "backup")
	st.s.Kill()
	st.must(os.CopyFS(backup, os.DirFS(st.s.Dir()+"/appendonlydir")))
	st.s.Start()
	st.write(dir, "b", b)
	st.imported("1 files, 1 skipped, 3000 lines, 3000 events, 0 drops, 3 pushes", dir)
	st.s.Kill()
	st.must(os.RemoveAll(st.s.Dir() + "/appendonlydir"))
	st.must(os.CopyFS(st.s.Dir()+"/appendonlydir", os.DirFS(backup)))
	st.s.Start()
	compareInOrder(st, st.queued(), eventsA)
	st.imported("1 files, 1 skipped, 3000 lines, 3000 events, 0 drops, 3 pushes", dir)
	compareInOrder(st, st.queued(), slices.Concat(eventsA, eventsB))
}

func TestImportFromS3(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	s3 := s3test.Start(t)
	s3.Bucket("logs")
	a, eventsA := day(1395100800, 1200)
	b, eventsB := day(1395187200, 10)
	for _, dir := range []string{"cdn", "other"} {
		st.must(os.Mkdir(filepath.Join(s3.Path("logs"), dir), 0o755))
	}
	st.write(s3.Path("logs"), "cdn/E1.2014-03-19.gz", gzipped(b))
	st.write(s3.Path("logs"), "cdn/E1.2014-03-18.gz", gzipped(a))
	st.write(s3.Path("logs"), "other/x", []byte("no log\n"))
	for _, want := range []string{"2 files, 0 skipped, 1210 lines, 1210 events, 0 drops, 3 pushes", "0 files, 2 skipped, 0 lines, 0 events, 0 drops, 0 pushes"} {
		st.imported(want, "--s3-endpoint", s3.URL(), "s3://logs/cdn/E1.")
		compareInOrder(st, st.queued(), slices.Concat(eventsA, eventsB))
	}
	local := st.write(t.TempDir(), "a.log", a)
	st.imported("0 files, 1 skipped, 0 lines, 0 events, 0 drops, 0 pushes", local)
	if out := st.refused("--s3-endpoint", s3.URL(), "s3://none/x"); !strings.Contains(out, "s3://none/x") {
		t.Error(out)
	}
}
