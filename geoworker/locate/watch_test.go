package locate

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/geotest"
)

// Each change of the file is tried once, when the file has looked the same
// twice; what cannot be used is reported once.
func TestPoll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 3, 24, 14, 0, 0, 0, time.UTC)
	touch := func() { // two writes within the clock's grain are one
		at = at.Add(time.Second)
		must(os.Chtimes(path, at, at))
	}
	good := func(built int64) {
		must(geotest.DB{Built: built}.Write(path))
		touch()
	}
	good(1)
	m, err := Open(path, half(t))
	must(err)
	used, kept := 0, 0
	w := watcher{path: path, grid: half(t), tried: m.info, use: func(n *Map) { used++; m.Close(); m = n }, keep: func(error) { kept++ }}
	defer func() { m.Close() }()
	polls := func(when string, n, wantUsed, wantKept int) {
		t.Helper()
		for range n {
			w.poll()
		}
		if used != wantUsed || kept != wantKept {
			t.Fatalf("%s: %d used, %d kept; want %d, %d", when, used, kept, wantUsed, wantKept)
		}
	}
	polls("nothing changed", 5, 0, 0)
	good(2)
	polls("looked once", 1, 0, 0)
	touch()
	polls("still being written", 1, 0, 0)
	polls("settled", 5, 1, 0)
	must(os.Truncate(path, 1000))
	polls("truncated", 5, 1, 1)
	must(os.Remove(path))
	polls("missing", 5, 1, 2)
	good(3)
	polls("back", 5, 2, 2)
	must(os.Remove(path))
	polls("missing again", 5, 2, 3)
	must(geotest.DB{Built: 4}.Write(path + ".new"))
	must(os.Rename(path+".new", path))
	polls("replaced", 5, 3, 3)
	if m.Built.Unix() != 4 {
		t.Errorf("in use: built %s", m.Built)
	}
}
