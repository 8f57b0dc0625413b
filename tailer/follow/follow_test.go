package follow

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/glowmap/glow/internal/position"
)

// desk stands for everything behind the follower: it takes lines and
// positions, together or not at all.
type desk struct {
	t         testing.TB
	o         Options
	f         *Follower
	positions map[string]string
	lines     map[string]int
	long      int
	log       bytes.Buffer
	refuse    func() bool // breaks before a step is done
}

var errRefused = errors.New("refused")

// newDesk follows paths in a folder of its own.
func newDesk(t testing.TB, paths ...string) (*desk, string) {
	dir := t.TempDir()
	d := &desk{t: t, positions: map[string]string{}, lines: map[string]int{}, refuse: func() bool { return false }}
	d.o = Options{Host: "host", Grace: 50 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&d.log, nil))}
	for _, p := range paths {
		d.o.Paths = append(d.o.Paths, filepath.Join(dir, p))
	}
	d.start()
	t.Cleanup(func() {
		d.f.Close()
		if t.Failed() {
			t.Logf("the follower's log:\n%s", &d.log)
			for _, f := range slices.Sorted(maps.Keys(d.positions)) {
				t.Logf("%s = %s", f, d.positions[f])
			}
		}
	})
	return d, dir
}

// start is what a new process does.
func (d *desk) start() {
	d.t.Helper()
	if d.f != nil {
		d.f.Close()
	}
	f, err := New(d.o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.f = f
	d.reset()
}

func (d *desk) reset() {
	d.t.Helper()
	if err := d.f.Reset(d.positions); err != nil {
		d.t.Fatal(err)
	}
}

// emit takes a chunk in one or two steps.
func (d *desk) emit(c *Chunk) error {
	if c.Data == nil {
		if err := d.step(c.Take(0)); err != nil {
			return err
		}
		if c.Long {
			d.long++
		}
		return nil
	}
	data := c.Data
	if i := bytes.IndexByte(data, '\n') + 1; i > 0 && rand.N(2) == 0 {
		if err := d.step(c.Take(i)); err != nil {
			return err
		}
		d.take(data[:i])
		data = data[i:]
	}
	if len(data) > 0 {
		if err := d.step(c.Take(len(data))); err != nil {
			return err
		}
		d.take(data)
	}
	return nil
}

func (d *desk) step(s Step) error {
	if d.refuse() {
		return errRefused
	}
	for _, c := range s.Changes {
		if d.positions[c.Field] != c.Old {
			d.t.Fatalf("change of %s from %q, but it is %q", c.Field, c.Old, d.positions[c.Field])
		}
	}
	for _, c := range s.Changes {
		if d.positions[c.Field] = c.New; c.New == "" {
			delete(d.positions, c.Field)
		}
	}
	return nil
}

func (d *desk) take(data []byte) {
	for line := range bytes.Lines(data) {
		d.lines[strings.TrimSuffix(string(line), "\n")]++
	}
}

// poll polls once.
func (d *desk) poll() bool {
	d.t.Helper()
	busy, err := d.f.Poll(d.emit)
	if errors.Is(err, errRefused) {
		d.reset()
		return true
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return busy
}

// drain polls until there is nothing to do.
func (d *desk) drain() {
	d.t.Helper()
	for d.poll() {
	}
}

// until polls until ok says so.
func (d *desk) until(what string, ok func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			d.t.Fatalf("waited in vain: %s", what)
		}
		d.poll()
	}
}

// once reads everything to its end with a follower of its own.
func (d *desk) once(paths ...string) error {
	o := d.o
	o.Once = true
	if len(paths) > 0 {
		o.Paths = paths
	}
	f, err := New(o)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if err := f.Reset(d.positions); err != nil {
		d.t.Fatal(err)
	}
	for {
		if busy, err := f.Poll(d.emit); err != nil || !busy {
			d.reset()
			return err
		}
	}
}

// want checks that the lines taken are those of the numbers from 0 to n-1,
// each once.
func (d *desk) want(n int) {
	d.t.Helper()
	bad := 0
	for i := range n {
		if k := d.lines[numbered(i)]; k != 1 {
			if bad++; bad < 5 {
				d.t.Errorf("line %d was taken %d times", i, k)
			}
		}
	}
	if len(d.lines) != n || bad > 0 {
		d.t.Errorf("%d different lines, %d of them not once; want %d", len(d.lines), bad, n)
	}
}

func (d *desk) state(path string) string {
	for _, v := range d.positions {
		if p, err := position.Parse(v); err == nil && p.Path == path {
			return string(p.State)
		}
	}
	return ""
}

func numbered(i int) string { return fmt.Sprintf("line %d of the log, more or less", i) }

// appendLines writes the numbers from a to b-1.
func appendLines(t testing.TB, path string, a, b int) {
	t.Helper()
	var buf bytes.Buffer
	for i := a; i < b; i++ {
		buf.WriteString(numbered(i) + "\n")
	}
	appendText(t, path, buf.String())
}

func appendText(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pack compresses a file as gzip(1) and zstd(1) do: beside it, with its time, then deletes it.
func pack(t testing.TB, path, ending string) {
	t.Helper()
	in, err := os.ReadFile(path)
	must(t, err)
	st, err := os.Stat(path)
	must(t, err)
	var out bytes.Buffer
	if ending == ".gz" {
		w := gzip.NewWriter(&out)
		_, err = w.Write(in)
		must(t, errors.Join(err, w.Close()))
	} else {
		w, err := zstd.NewWriter(&out)
		must(t, err)
		_, err = w.Write(in)
		must(t, errors.Join(err, w.Close()))
	}
	must(t, os.WriteFile(path+ending, out.Bytes(), 0o644))
	must(t, os.Chtimes(path+ending, st.ModTime(), st.ModTime()))
	must(t, os.Remove(path))
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o644))
}
