package follow

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writer writes numbered lines and rotates its log every so many of them, in
// one of the ways that logs are rotated.
type writer struct {
	t    testing.TB
	path string
	mode string
	f    *os.File
	n    int
	day  int
	late int // lines that still go to the renamed file
}

func (w *writer) open() {
	path := w.path
	if w.mode == "dated" {
		path = filepath.Join(filepath.Dir(path), fmt.Sprintf("access-%04d.log", w.day))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		panic(err)
	}
	w.f = f
}

func (w *writer) write(lines int) {
	for range lines {
		if _, err := w.f.WriteString(numbered(w.n) + "\n"); err != nil {
			panic(err)
		}
		w.n++
		if w.late > 0 {
			if w.late--; w.late == 0 {
				w.f.Close()
				w.open()
			}
		}
	}
}

func (w *writer) rotate() {
	if w.late > 0 {
		return
	}
	w.day++
	if w.mode == "dated" {
		w.f.Close()
		w.open()
		return
	}
	for i := 40; i > 0; i-- {
		_ = os.Rename(fmt.Sprintf("%s.%d", w.path, i), fmt.Sprintf("%s.%d", w.path, i+1))
	}
	switch w.mode {
	case "rename":
		must(w.t, os.Rename(w.path, w.path+".1"))
		w.f.Close()
		w.open()
	case "late reopen":
		must(w.t, os.Rename(w.path, w.path+".1"))
		w.late = 1 + rand.N(300)
	case "copytruncate":
		copyFile(w.t, w.path, w.path+".1")
		must(w.t, os.Truncate(w.path, 0))
	}
}

// Lines are read once each through rotations of all kinds, while the follower
// is refused steps and started anew all the time.
func TestRotation(t *testing.T) {
	for _, mode := range []string{"rename", "late reopen", "copytruncate", "dated"} {
		t.Run(mode, func(t *testing.T) {
			name := "access.log"
			if mode == "dated" {
				name = "access-*.log"
			}
			d, dir := newDesk(t, name)
			d.refuse = func() bool { return rand.N(30) == 0 }
			w := &writer{t: t, path: filepath.Join(dir, "access.log"), mode: mode}
			w.open()
			d.drain()
			done := make(chan bool)
			go func() {
				defer close(done)
				for range 30 {
					w.write(rand.N(4000))
					w.rotate()
				}
				w.write(500)
			}()
			defer func() { <-done }() // whatever fails, before the folder goes
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				if d.poll(); rand.N(40) == 0 {
					d.start()
				}
			}
			w.f.Close()
			d.refuse = func() bool { return false }
			d.drain()
			must(t, d.once())
			d.want(w.n)
		})
	}
}

// Between two polls the log is rotated as often as it likes.
func TestRotationWhileAway(t *testing.T) {
	for _, mode := range []string{"rename", "late reopen", "copytruncate", "dated"} {
		for _, stop := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stopped %v", mode, stop), func(t *testing.T) {
				name := "access.log"
				if mode == "dated" {
					name = "access-*.log"
				}
				d, dir := newDesk(t, name)
				w := &writer{t: t, path: filepath.Join(dir, "access.log"), mode: mode}
				w.open()
				defer func() { w.f.Close() }()
				d.drain()
				for range 20 {
					w.write(rand.N(200))
					if rand.N(2) == 0 {
						d.poll()
					}
					for range rand.N(3) {
						w.write(1 + rand.N(400))
						w.rotate()
					}
					if stop {
						d.start()
					}
					if rand.N(2) == 0 {
						d.drain()
					}
				}
				w.write(400) // the log is there again
				d.drain()
				must(t, d.once())
				d.want(w.n)
			})
		}
	}
}

// A log that was rotated and compressed while nobody looked is found again,
// and the ones between are read too.
func TestCompressedWhileStopped(t *testing.T) {
	for _, ending := range []string{".gz", ".zst"} {
		for _, size := range []int{3, 20000} {
			t.Run(fmt.Sprintf("%d%s", size, ending), func(t *testing.T) {
				d, dir := newDesk(t, "access.log")
				log := filepath.Join(dir, "access.log")
				appendLines(t, log, 0, size)
				d.drain()
				appendLines(t, log, size, 2*size)
				must(t, os.Rename(log, log+".2"))
				appendLines(t, log, 2*size, 3*size)
				must(t, os.Rename(log, log+".1"))
				pack(t, log+".2", ending)
				pack(t, log+".1", ending)
				appendLines(t, log, 3*size, 4*size)
				d.start()
				d.drain()
				d.want(4 * size)
				must(t, os.Rename(log+".2"+ending, log+".3"+ending))
				d.start()
				d.drain()
				d.want(4 * size)
			})
		}
	}
}

// History from before the first start is nobody's wish; a later start knows
// that still, also after it was compressed.
func TestHistoryIsLeftAlone(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	for _, name := range []string{".1", ".2", "-20260101"} {
		appendText(t, log+name, "old "+name+"\n")
		before := time.Now().Add(-time.Minute)
		must(t, os.Chtimes(log+name, before, before))
	}
	pack(t, log+".2", ".gz")
	appendLines(t, log, 0, 10)
	d.drain()
	pack(t, log+"-20260101", ".gz")
	d.drain()
	d.start()
	d.drain()
	pack(t, log+".1", ".gz")
	d.drain()
	d.start()
	d.drain()
	d.want(10)
}

// A renamed log is held open until a new one is there, however long that takes.
func TestLateReopen(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendLines(t, log, 0, 10)
	d.drain()
	must(t, os.Rename(log, log+".1"))
	deadline := time.Now().Add(3 * d.o.Grace)
	d.until("time passes", func() bool { return time.Now().After(deadline) })
	appendLines(t, log+".1", 10, 20)
	appendText(t, log+".1", numbered(20)) // no newline
	d.drain()
	d.want(20)
	appendLines(t, log, 21, 30)
	d.until("the renamed log is over", func() bool { return d.state(log+".1") == "d" || d.lines[numbered(20)] == 1 })
	d.drain()
	d.want(30)
}

// A finished generation that grows all the same is read on.
func TestGrowsAfterItsEnd(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	appendLines(t, log, 0, 10)
	d.drain()
	must(t, os.Rename(log, log+".1"))
	appendLines(t, log, 10, 20)
	d.until("the renamed log is closed", func() bool { return d.f.Stats().Files == 1 })
	appendLines(t, log+".1", 20, 30)
	d.until("the late lines", func() bool { return len(d.lines) == 30 })
	d.want(30)
}
