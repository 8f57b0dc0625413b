package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/clickhousetest"
	"github.com/glowmap/glow/querier/engine"
)

// total is how many rows a server has of all files.
func total(s *clickhousetest.Server) string { return s.Do("SELECT count() FROM history.events") }

// stagesOf are the tables that are being filled, or were.
func stagesOf(s *clickhousetest.Server) string {
	const sql = "SELECT count() FROM system.tables WHERE database = 'history' AND name != 'events'"
	for range 1000 { // old servers fail where a table is dropped meanwhile
		if n, err := s.Try(sql); err == nil {
			return n
		}
	}
	return s.Do(sql)
}

// awaitProgress waits until something is loaded, or being loaded, that was not,
// or whoever does it has ended.
func awaitProgress(t *testing.T, s *clickhousetest.Server, ended <-chan struct{}) {
	t.Helper()
	progress := func() string { return total(s) + " " + stagesOf(s) }
	was, end := progress(), time.Now().Add(time.Minute)
	for progress() == was {
		select {
		case <-ended:
			return
		default:
		}
		if time.Now().After(end) {
			t.Fatal("nothing is loaded")
		}
	}
}

// What the archive no longer names stays for a while and goes then; what is
// asked for comes back.
func TestKeep(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := newFolder(t.TempDir())
	s := clickhousetest.Start(t)
	e := connect(t, s, d, time.Nanosecond)
	files := []archive.File{d.put(t, someRows(r, 10)), d.put(t, someRows(r, 20, "a")), d.put(t, someRows(r, 40))}
	keep := func(files ...archive.File) {
		t.Helper()
		if err := e.Keep(t.Context(), files); err != nil {
			t.Fatal(err)
		}
	}
	keep(files[:2]...)
	keep(files[:2]...)
	if got := total(s); got != "30" {
		t.Errorf("%s rows of two files, want 30", got)
	}
	keep(files[2]) // notes that the others are unwanted
	if got := total(s); got != "70" {
		t.Errorf("%s rows, want 70: nothing goes at once", got)
	}
	keep(files[2])
	if got := total(s); got != "40" {
		t.Errorf("%s rows, want 40", got)
	}
	q := engine.Query{SQL: "SELECT count(*) FROM events", Files: files[:2]}
	if got := fmt.Sprint(all(t, e, q)); got != "[[30]]" {
		t.Errorf("an old version has %s rows, want [[30]]", got)
	}
	keep() // wanted again in between
	if got := total(s); got != "70" {
		t.Errorf("%s rows, want 70", got)
	}
	if got := stagesOf(s); got != "0" {
		t.Errorf("%s tables are left over", got)
	}
}

// A file that is gone, or is not what the archive says, keeps nothing else from
// being loaded or dropped.
func TestKeepWithoutAFile(t *testing.T) {
	d := newFolder(t.TempDir())
	s := clickhousetest.Start(t)
	e := connect(t, s, d, time.Nanosecond)
	r := rand.New(rand.NewPCG(3, 4))
	files := []archive.File{d.put(t, someRows(r, 10)), d.put(t, someRows(r, 20)), d.put(t, someRows(r, 40)), d.put(t, someRows(r, 80))}
	if err := e.Keep(t.Context(), files[:1]); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(d.path(files[3])); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Keep(t.Context(), files[1:]); err != nil {
			t.Error(err)
		}
	}
	if got := total(s); got != "60" {
		t.Errorf("%s rows, want 60", got)
	}
	files[2].Types = map[string]uint64{"download": 41}
	for range 2 {
		if err := e.Keep(t.Context(), files[2:3]); err == nil || !strings.Contains(err.Error(), "the manifest says 41") {
			t.Errorf("%v, want that rows are missing", err)
		}
	}
	if got := total(s); got != "0" {
		t.Errorf("%s rows, want none", got)
	}
}

// loadsOf are the loads that a server has of a file, the smallest number first.
func loadsOf(s *clickhousetest.Server, f archive.File) []string {
	return strings.Fields(s.Do(fmt.Sprintf("SELECT DISTINCT load FROM history.events WHERE file = %d ORDER BY load", idOf(f))))
}

// A load that is not whole, for whatever reason, counts nothing.
func TestPartsAreNotBelieved(t *testing.T) {
	d := newFolder(t.TempDir())
	s, e := start(t, d)
	f := d.put(t, someRows(rand.New(rand.NewPCG(5, 6)), 100))
	q := engine.Query{SQL: "SELECT count(*) FROM events", Files: []archive.File{f}}
	for _, spoil := range []string{
		"",
		"INSERT INTO history.events (file, load, time, type) VALUES (%[1]d, %[2]s, 1, 'x')", // one more
		"INSERT INTO history.events (file, load, time, type) VALUES (%[1]d, 1, 1, 'x')",     // another one, of one row
		"INSERT INTO history.events (file, load, time, type) VALUES (7, %[2]s, 1, 'x')",     // of another file, with the same number
		"ALTER TABLE history.events DROP PARTITION (%[1]d, %[2]s)",
	} {
		if spoil != "" {
			loads := loadsOf(s, f)
			s.Do(fmt.Sprintf(spoil, idOf(f), loads[len(loads)-1]))
		}
		if got := fmt.Sprint(all(t, e, q)); got != "[[100]]" {
			t.Errorf("%q: %s rows, want [[100]]", spoil, got)
		}
	}
}

// Of several whole loads of a file everybody chooses the same, and the others
// go after a while; so does what is not whole.
func TestSuperfluousLoads(t *testing.T) {
	d := newFolder(t.TempDir())
	s := clickhousetest.Start(t)
	e, patient := connect(t, s, d, time.Nanosecond), connect(t, s, d, 0)
	f := d.put(t, someRows(rand.New(rand.NewPCG(5, 6)), 100))
	q := engine.Query{SQL: "SELECT count(*) FROM events", Files: []archive.File{f}}
	for range 3 { // nobody looked what was there
		if err := e.put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	s.Do(fmt.Sprintf("INSERT INTO history.events (file, load, time, type) VALUES (%d, 1, 1, 'x')", idOf(f)))
	want := loadsOf(s, f)[1]
	for range 2 {
		for _, e := range []*Engine{e, patient} {
			if got := fmt.Sprint(all(t, e, q)); got != "[[100]]" {
				t.Errorf("%s rows, want [[100]]", got)
			}
			if got := total(s); got != "301" {
				t.Errorf("%s rows, want 301: nothing goes at once", got)
			}
		}
		if err := patient.Keep(t.Context(), q.Files); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // notes them, and drops them
		if err := e.Keep(t.Context(), q.Files); err != nil {
			t.Fatal(err)
		}
	}
	if got := loadsOf(s, f); len(got) != 1 || got[0] != want {
		t.Errorf("loads %v are there, want %s", got, want)
	}
}

// Two engines with one table load the same files at the same time, with
// attributes that the table does not have yet.
func TestTwoEngines(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	d := newFolder(t.TempDir())
	s, e := start(t, d)
	engines := []*Engine{e, connect(t, s, d, 0)}
	var files []archive.File
	for i := range 6 {
		files = append(files, d.put(t, someRows(r, 100, fmt.Sprint("a", i), "b")))
	}
	var both sync.WaitGroup
	for _, e := range engines {
		both.Go(func() {
			if err := e.Keep(t.Context(), files); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	t.Logf("%s rows are there", total(s))
	for _, e := range engines {
		if got := fmt.Sprint(all(t, e, engine.Query{SQL: "SELECT count(*) FROM events", Files: files})); got != "[[600]]" {
			t.Errorf("%s rows, want [[600]]", got)
		}
	}
}

// loader is what a process that is to be killed does: it loads all there is.
func loader(t *testing.T, url string, d *folder, files []archive.File) {
	e, err := Open(Options{URL: url, Password: clickhousetest.Password, Files: d, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Keep(t.Context(), files); err != nil {
		t.Fatal(err)
	}
}

const loadURL = "GLOW_TEST_LOAD_URL"

// Whoever loads is killed at any moment, and the server too: in the end each
// row is there once.
func TestKilledWhileLoading(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	dir := os.Getenv("GLOW_TEST_LOAD_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	d := newFolder(dir)
	var files []archive.File
	for range 12 {
		files = append(files, d.put(t, someRows(r, 2000, "a", "b")))
	}
	if url := os.Getenv(loadURL); url != "" {
		loader(t, url, d, files)
		return
	}
	s, e := start(t, d)
	for i := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileLoading$")
		cmd.Env = append(os.Environ(), loadURL+"="+s.URL(), "GLOW_TEST_LOAD_DIR="+dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		before := total(s)
		for range 1 + r.IntN(6) { // steps: a table more, or rows more, or a table less
			awaitProgress(t, s, ended)
		}
		if i%4 == 3 {
			s.Kill()
			s.Start()
		}
		_ = cmd.Process.Kill()
		<-ended
		t.Logf("%d: from %s to %s rows, %s tables were being filled", i, before, total(s), stagesOf(s))
		for _, f := range files[:4*(i%3)] { // so that there is always something to do
			for _, l := range loadsOf(s, f) {
				s.Do(fmt.Sprintf("ALTER TABLE history.events DROP PARTITION (%d, %s)", idOf(f), l))
			}
		}
	}
	if err := e.Keep(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	var want []archive.Row
	r = rand.New(rand.NewPCG(9, 10))
	for range 12 {
		want = append(want, someRows(r, 2000, "a", "b")...)
	}
	q := engine.Query{SQL: "SELECT " + strings.Join(every, ", ") + " FROM events", Columns: every, Files: files}
	if got, want := strings.Join(text(all(t, e, q)), "\n"), strings.Join(text(expected(want)), "\n"); got != want {
		t.Error("the rows are not those of the files")
	}
}

// Tables that a killed process left are removed once they are old.
func TestLeftovers(t *testing.T) {
	d := newFolder(t.TempDir())
	s, e := start(t, d)
	s.Do("CREATE TABLE history.events_loading_1_ab AS history.events")
	look := func(want string) {
		t.Helper()
		if err := e.Keep(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := stagesOf(s); got != want {
			t.Fatalf("%s tables, want %s: one may be somebody's who is alive", got, want)
		}
	}
	look("1")
	s.Kill()
	s.Age("history", "events_loading_1_ab", 3*time.Hour)
	s.Start()
	look("0")
}

// Who has no time for a file to be loaded is told so; it is loaded all the same.
func TestFilling(t *testing.T) {
	d := newFolder(t.TempDir())
	_, e := start(t, d)
	q := engine.Query{SQL: "SELECT count(*) FROM events", Files: []archive.File{d.put(t, someRows(rand.New(rand.NewPCG(11, 12)), 100))}}
	e.turn <- struct{}{} // another file is being loaded
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx, q, nil) }()
	await(t, "it waits for its file", func() bool {
		runtime.Gosched()
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.flights) == 1
	})
	cancel()
	if err := <-done; !errors.Is(err, engine.ErrFilling) {
		t.Errorf("%v, want that the engine is being filled", err)
	}
	<-e.turn
	if got := fmt.Sprint(all(t, e, q)); got != "[[100]]" {
		t.Errorf("%s, want [[100]]", got)
	}
	q.Files[0].Name += ".gone"
	if err := e.Run(t.Context(), q, nil); !errors.Is(err, engine.ErrGone) {
		t.Errorf("%v, want that the file is gone", err)
	}
}
