package follow

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Overlong lines are passed, whatever they look like, in constant memory, and
// so are runs of NUL before a line.
func TestOverlong(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	log := filepath.Join(dir, "access.log")
	long := strings.Repeat("x", 70<<10)
	appendText(t, log, numbered(0)+"\n"+long+"\n")
	appendText(t, log, strings.Repeat("y", 9<<20)) // to be continued
	d.drain()
	d.start()
	d.drain()
	appendText(t, log, "z\n"+numbered(1)+"\n")
	d.drain()
	must(t, os.Truncate(log, 0))
	appendText(t, log, strings.Repeat("\x00", 3<<20)+numbered(2)+"\n"+strings.Repeat("w", 2<<20))
	d.drain()
	if d.long != 1 {
		t.Errorf("%d overlong lines, want 1", d.long)
	}
	must(t, d.once())
	if d.long != 2 {
		t.Errorf("%d overlong lines, want 2", d.long)
	}
	if d.lines[long] != 1 {
		t.Error("a line of 70 KiB is given to the parser, which drops it")
	}
	delete(d.lines, long)
	for line := range d.lines { // NULs within a slice are the parser's to trim
		if plain := strings.TrimLeft(line, "\x00"); plain != line {
			d.lines[plain] += d.lines[line]
			delete(d.lines, line)
		}
	}
	d.want(3)
}

// A line without a newline is a line once its generation is over, not before.
func TestUnfinishedLine(t *testing.T) {
	d, dir := newDesk(t, "day-*.log")
	day1, day2 := filepath.Join(dir, "day-1.log"), filepath.Join(dir, "day-2.log")
	appendText(t, day1, numbered(0)[:5])
	d.drain()
	appendText(t, day1, numbered(0)[5:]+"\n"+numbered(1))
	d.drain()
	d.want(1)
	appendText(t, day2, numbered(2)+"\n"+numbered(3))
	d.until("the older file is over", func() bool { return len(d.lines) == 3 })
	d.want(3)
	must(t, d.once())
	d.want(4)
}

// Any bytes, written in any pieces, come out as they went in.
func FuzzContent(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint(2), uint(4))
	f.Add(bytes.Repeat([]byte("x"), 100), uint(0), uint(99))
	f.Fuzz(func(t *testing.T, content []byte, a, b uint) {
		d, dir := newDesk(t, "access.log")
		log := filepath.Join(dir, "access.log")
		cut1 := int(a % uint(len(content)+1))
		cut2 := cut1 + int(b%uint(len(content)-cut1+1))
		for i, piece := range [][]byte{content[:cut1], content[cut1:cut2], content[cut2:]} {
			appendText(t, log, string(piece))
			d.drain()
			if i == 1 {
				d.start()
			}
		}
		must(t, d.once())
		want := map[string]int{}
		for line := range bytes.Lines(content) {
			want[strings.TrimSuffix(string(line), "\n")]++
		}
		for line, n := range want {
			if d.lines[line] != n {
				t.Errorf("line %q: %d times, want %d", line, d.lines[line], n)
			}
		}
		if len(d.lines) != len(want) {
			t.Errorf("%d lines, want %d", len(d.lines), len(want))
		}
	})
}

// What following costs in allocations depends on slices of a file, not on lines.
func TestFollowAllocations(t *testing.T) {
	d, dir := newDesk(t, "access.log")
	const lines = 1 << 18
	line := []byte("203.0.113.7 1395100800\n")
	must(t, os.WriteFile(filepath.Join(dir, "access.log"), bytes.Repeat(line, lines), 0o644))
	n := testing.AllocsPerRun(3, func() {
		d.positions = map[string]string{}
		d.f.Close()
		f, err := New(d.o)
		must(t, err)
		d.f = f
		must(t, f.Reset(nil))
		for read := 0; read < lines; {
			_, err := f.Poll(func(c *Chunk) error {
				if c.Take(len(c.Data)); len(c.Data) > 0 {
					read += len(c.Data) / len(line)
				}
				return nil
			})
			must(t, err)
		}
	})
	if n > lines/200 {
		t.Errorf("%.0f allocations for %d lines", n, lines)
	}
}

func BenchmarkFollow(b *testing.B) {
	d, dir := newDesk(b, "access.log")
	log := filepath.Join(dir, "access.log")
	line := []byte("203.0.113.7 1395100800\n")
	content := bytes.Repeat(line, 1<<20)
	must(b, os.WriteFile(log, content, 0o644))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		d.positions = map[string]string{}
		d.f.Close()
		f, err := New(d.o)
		must(b, err)
		d.f = f
		must(b, f.Reset(nil))
		n := 0
		for n < 1<<20 {
			if _, err := f.Poll(func(c *Chunk) error {
				for data := c.Data; len(data) > 0; {
					k := min(1000*len(line), len(data))
					c.Take(k)
					n += k / len(line)
					data = data[k:]
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
	runtime.KeepAlive(d)
}
