package follow

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// A log is rotated while nobody looks, and its writer goes on with the old file
// for a while. A follower that starts then, and is killed as soon as it has
// taken a step, has not made the old file history for the next one.
func TestRotatedAndStillWritten(t *testing.T) {
	for range 50 {
		d, dir := newDesk(t, "access.log")
		path := filepath.Join(dir, "access.log")
		w := &writer{t: t, path: path, mode: "rename"}
		w.open()
		w.write(100)
		d.drain()
		later(t, dir)
		w.rotate()
		w.write(100)
		later(t, dir)
		must(t, os.Rename(path, path+".2")) // unseen, and w goes on writing
		must(t, os.WriteFile(path, nil, 0o600))
		stop, stopped := make(chan bool), make(chan bool)
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					w.write(1)
				}
			}
		}()
		d.start()
		d.poll()
		close(stop)
		<-stopped
		d.start()
		d.drain()
		w.f.Close()
		must(t, d.once())
		d.want(w.n)
		if t.Failed() {
			return
		}
	}
}

// Files move to names that were already looked at while the folder is listed:
// what is not found under its new name is no history either.
func TestRenamedWhileListed(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	path := filepath.Join(dir, "access.log")
	w := &writer{t: t, path: path, mode: "rename"}
	w.open()
	w.write(100)
	d.drain()
	for range 10 { // unseen but for what is .10 in the end
		later(t, dir)
		w.rotate()
		w.write(100)
	}
	moved := false
	d.o.Log = slog.New(onFound(func(found string) {
		if !moved && found == path+".2" { // after .1 and .10
			moved = true
			for i := 10; i > 0; i-- {
				must(t, os.Rename(fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("%s.%d", path, i+1)))
			}
		}
	}))
	d.start()
	d.poll()
	if !moved {
		t.Fatal("access.log.2 was not found")
	}
	d.start()
	d.drain()
	must(t, d.once())
	w.f.Close()
	d.want(w.n)
}

// A file moves to another name between the look at that name and its opening:
// it is no second generation of the same inode.
func TestRenamedBeforeItIsOpened(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	path := filepath.Join(dir, "access.log")
	w := &writer{t: t, path: path, mode: "rename"}
	w.open()
	w.write(100)
	d.drain()
	for range 3 { // unseen
		later(t, dir)
		w.rotate()
		w.write(100)
	}
	moved := false
	d.o.Log = slog.New(onFound(func(found string) {
		if !moved && found == path+".1" {
			moved = true
			must(t, os.Rename(path+".2", path+".3"))
			must(t, os.Rename(path+".1", path+".2"))
			d.f.adopt(path+".2", d.f.watches[0].source)
		}
	}))
	d.start()
	d.poll()
	if !moved {
		t.Fatal("access.log.1 was not found")
	}
	d.drain()
	must(t, d.once())
	w.f.Close()
	d.want(w.n)
}

// later waits until files get another time than those that are there.
func later(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "clock")
	for began := int64(0); ; {
		must(t, os.WriteFile(path, nil, 0o600))
		in, err := stat(path)
		must(t, err)
		if began == 0 {
			began = in.modified
		}
		if in.modified > began {
			must(t, os.Remove(path))
			return
		}
	}
}

// onFound is a log handler that is told the path of each new generation.
type onFound func(path string)

func (h onFound) Enabled(context.Context, slog.Level) bool { return true }
func (h onFound) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h onFound) WithGroup(string) slog.Handler            { return h }
func (h onFound) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "new generation" && a.Key == "path" {
			h(a.Value.String())
		}
		return true
	})
	return nil
}

// Redis goes back to where a log had its position and nothing of it was read.
// It was copied and truncated since, which the follower has known for long, and
// the folder is not at rest when it looks again: if it is killed as soon as it
// has taken a step, the copy has not become history for the next one.
func TestRolledBackToNothingRead(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	path := filepath.Join(dir, "access.log")
	w := &writer{t: t, path: path, mode: "copytruncate"}
	w.open()
	w.write(100)
	steps := 0
	d.refuse = func() bool { steps++; return steps > 1 }
	d.poll()
	d.refuse = func() bool { return false }
	old := maps.Clone(d.positions)
	if len(d.lines) > 0 || len(old) == 0 {
		t.Fatalf("%d lines taken, %d positions", len(d.lines), len(old))
	}
	later(t, dir)
	w.rotate()
	later(t, dir)
	w.write(100)
	copied, err := stat(path + ".1")
	must(t, err)
	d.until("all is decided on", func() bool { return d.f.decided.UnixNano() > copied.modified+int64(5*clockGrain) })
	d.positions = old
	clear(d.lines)
	later(t, dir)
	d.reset()
	d.poll()
	d.start()
	d.drain()
	must(t, d.once())
	w.f.Close()
	d.want(w.n)
}
