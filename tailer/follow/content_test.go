package follow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A file that was truncated and has grown past the position is noticed.
func TestTruncatedAndGrown(t *testing.T) {
	for _, size := range []int{5, 5000} {
		d, dir := newDesk(t, "access.log")
		log := filepath.Join(dir, "access.log")
		appendLines(t, log, 0, size)
		d.drain()
		must(t, os.Truncate(log, 0))
		appendLines(t, log, size, 3*size)
		d.drain()
		d.want(3 * size)
		d.until("no copy turns up", func() bool { return strings.Contains(d.log.String(), "without a copy") })
		must(t, os.Truncate(log, 0))
		appendLines(t, log, 3*size, 7*size)
		d.start() // noticed after a start, too
		d.drain()
		d.want(7 * size)
		d.until("no copy turns up again", func() bool { return d.f.Stats().Lost > 0 })
		if n := d.f.Stats().Lost; n != 1 { // who was not there cannot know that nothing was unread
			t.Errorf("%d lost, want 1", n)
		}
	}
}

// After a power failure a file may be shorter than what was read of it: it
// goes on at its new end.
func TestShorterWithTheSameHead(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		d, dir := newDesk(t, "access.log")
		log := filepath.Join(dir, "access.log")
		appendLines(t, log, 0, 1000)
		d.drain()
		must(t, os.Truncate(log, 20000))
		if stopped {
			d.start()
		}
		d.drain()
		appendText(t, log, "\n")
		appendLines(t, log, 1000, 1100)
		d.drain()
		d.want2(1100, "") // the broken line's end is an empty line
	}
}

// want2 is want, besides one more line.
func (d *desk) want2(n int, more string) {
	d.t.Helper()
	if d.lines[more] != 1 {
		d.t.Errorf("line %q was taken %d times", more, d.lines[more])
	}
	delete(d.lines, more)
	d.want(n)
}

// Two different files with equal short beginnings are two files.
func TestEqualShortBeginnings(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendText(t, log, "same\n")
	d.drain()
	must(t, os.Remove(log))
	appendText(t, log, "same\n")
	d.drain()
	if d.lines["same"] != 2 {
		t.Errorf("%d lines, want 2", d.lines["same"])
	}
	other := filepath.Join(dir, "other.log")
	appendText(t, other, "same\nand more\n")
	must(t, d.once(other))
	if d.lines["same"] != 3 {
		t.Errorf("%d lines, want 3", d.lines["same"])
	}
}

// A copy of a log under any name goes on where the log was read, if enough of
// it was read to be sure.
func TestCopyElsewhere(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log, other := filepath.Join(dir, "access.log"), filepath.Join(dir, "import")
	appendLines(t, log, 0, 100)
	d.drain()
	appendLines(t, log, 100, 200)
	copyFile(t, log, other)
	must(t, d.once(other))
	d.drain()
	d.want(200)
}

// Lines that were read between copy and truncation are not asked of the copy.
func TestReadMoreThanTheCopyHolds(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendLines(t, log, 0, 100)
	copyFile(t, log, log+".1")
	appendLines(t, log, 100, 150)
	d.drain()
	must(t, os.Truncate(log, 0))
	appendLines(t, log, 150, 200)
	d.drain()
	must(t, d.once())
	d.want(200)
}

// Many compressed files are read one after the other.
func TestGlobOfCompressedFiles(t *testing.T) {
	d, dir := newDesk(t, "access.log*")
	for i := range 30 {
		path := filepath.Join(dir, "access.log."+strings.Repeat("1", i+1))
		appendLines(t, path, i*100, i*100+100)
		pack(t, path, []string{".gz", ".zst"}[i%2])
	}
	d.drain()
	if n := d.f.Stats().Files; n != 0 {
		t.Errorf("%d files are open", n)
	}
	must(t, d.once())
	d.want(3000)
}

// What cannot be had any more is said, once.
func TestLost(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendLines(t, log, 0, 10)
	d.drain()
	d.f.Close()
	must(t, os.Remove(log))
	appendLines(t, log, 10, 20)
	d.start()
	d.until("it is noticed", func() bool { return d.f.Stats().Lost == 1 })
	if !strings.Contains(d.log.String(), "disappeared before its end was read") {
		t.Error("nothing in the log")
	}
	d.start()
	deadline := time.Now().Add(3 * d.o.Grace)
	d.until("time passes", func() bool { return time.Now().After(deadline) })
	if d.f.Stats().Lost != 0 {
		t.Error("it is said again")
	}
	d.want(20)
}

// Old generations are forgotten, but not all of them.
func TestPrune(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	for i := range 100 {
		appendLines(t, log, i, i+1)
		d.drain()
		must(t, os.Remove(log))
	}
	appendLines(t, log, 100, 101)
	d.until("files are closed", func() bool { return d.f.Stats().Files == 1 })
	d.until("the oldest are forgotten", func() bool { return len(d.positions) == remembered+2 })
	d.drain()
	if n := len(d.positions); n != remembered+2 { // of the log now there, and the roll
		t.Errorf("%d positions", n)
	}
	d.want(101)
}

// Positions hold nothing of what is in the log.
func TestPositionsHoldNoLines(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	appendText(t, filepath.Join(dir, "access.log"), "203.0.113.7 1395100800\n203.0.113.8 1395100800")
	d.drain()
	must(t, d.once())
	for f, v := range d.positions {
		if strings.Contains(f+v, "203.0") || strings.Contains(f+v, "13951") {
			t.Errorf("%s = %s", f, v)
		}
	}
}

// Of a damaged compressed log all is read that can be, and the rest is said to be lost.
func TestDamagedCompressedLog(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendLines(t, log, 0, 100)
	d.drain()
	appendLines(t, log, 100, 20000)
	must(t, os.Rename(log, log+".1"))
	d.f.Close()
	pack(t, log+".1", ".gz")
	st, err := os.Stat(log + ".1.gz")
	must(t, err)
	must(t, os.Truncate(log+".1.gz", st.Size()/2))
	appendText(t, log, "new\n")
	d.start()
	d.until("it is noticed", func() bool { return d.f.Stats().Lost == 1 })
	if !strings.Contains(d.log.String(), "compressed log is damaged") || d.lines["new"] != 1 || len(d.lines) < 5000 {
		t.Errorf("%d lines", len(d.lines))
	}
}

// Lines that came after a generation was done are found in its compressed copy.
func TestLateLinesInCompressedCopy(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendLines(t, log, 0, 100)
	d.drain()
	must(t, os.Rename(log, log+".1"))
	appendLines(t, log, 100, 200)
	d.until("the renamed log is closed", func() bool { return d.f.Stats().Files == 1 })
	d.f.Close()
	appendLines(t, log+".1", 200, 300)
	pack(t, log+".1", ".gz")
	d.start()
	d.drain()
	d.want(300)
}
