package follow

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/glowmap/glow/internal/position"
)

// Whatever stands among the positions, under our own source's name or another:
// it is refused, or reading goes on from somewhere, and then no line comes
// twice, none is made up and the steps begin with what stands there.
func FuzzReset(f *testing.F) {
	good := position.Position{Offset: 4, Head: position.Head([]byte("aaa\n")), Tail: position.Tail([]byte("aaa\n")), Order: 1, State: position.Open, Host: "host", Path: "access.log"}
	f.Add("", "1.2.3.0", good.String(), true)
	f.Add("", "0.0.5.0", position.Position{State: position.Done, Host: "host", Order: 1 << 62}.String(), false)
	f.Add("other", position.Roll("host").String(), good.String(), false)
	f.Add("", "x", "1 ", true)
	f.Fuzz(func(t *testing.T, source, generation, value string, here bool) {
		d, dir := newDesk(t, "access.log")
		log := filepath.Join(dir, "access.log")
		appendText(t, log, "aaa\nbbb\nccc\n")
		if source == "" {
			source = "host:" + log
		}
		if in, err := stat(log); err == nil && here { // the very file
			generation = position.Generation{Dev: in.id.dev, Ino: in.id.ino, Born: in.id.born}.String()
		}
		d.positions[source+"|"+generation] = value
		if d.f.Reset(d.positions) != nil {
			return
		}
		must(t, d.once())
		d.start()
		must(t, d.once())
		for line, n := range d.lines {
			if n > 1 || !strings.Contains("aaa\nbbb\nccc\n", line) {
				t.Fatalf("line %q came %d times", line, n)
			}
		}
	})
}

// A compressed log may hold anything: what is read of it is what the usual
// library reads, in bounded memory, and damage is an error and not an end.
func FuzzPacked(f *testing.F) {
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = g.Write([]byte("aaa\nbbb\n"))
	must(f, g.Close())
	z, err := zstd.NewWriter(&zs)
	must(f, err)
	_, _ = z.Write(bytes.Repeat([]byte("aaa\n"), 1000))
	must(f, z.Close())
	f.Add(gz.Bytes(), int64(3))
	f.Add(append(gz.Bytes(), gz.Bytes()...), int64(1))
	f.Add(gz.Bytes()[:gz.Len()-5], int64(0))
	f.Add(zs.Bytes(), int64(3000))
	path := filepath.Join(f.TempDir(), "access.log.1.gz")
	f.Fuzz(func(t *testing.T, packed []byte, off int64) {
		must(t, os.WriteFile(path, packed, 0o600))
		c, _, err := open(path)
		must(t, err)
		defer c.close()
		const most = 1 << 16 // of what may be very much
		buf := make([]byte, most)
		n, err := c.readAt(buf, 0)
		if err != nil && !errors.Is(err, errIncomplete) {
			t.Fatal(err)
		}
		if want, errWant := unpack(packed, most); errWant == nil && err == nil && n < most && !bytes.Equal(buf[:n], want) {
			t.Fatalf("read %q, want %q", buf[:n], want)
		}
		off &= most - 1
		again := make([]byte, 100)
		k, _ := c.readAt(again, off)
		if end := min(int(off)+k, n); int(off) < end && !bytes.Equal(again[:end-int(off)], buf[off:end]) {
			t.Fatalf("at %d it reads as something else", off)
		}
		if c.pack != nil && cap(c.pack.buf) > 2*window {
			t.Fatalf("keeps %d bytes", cap(c.pack.buf))
		}
	})
}

// unpack reads gzip by the standard library.
func unpack(b []byte, most int64) ([]byte, error) {
	r, err := stdgzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, most))
}
