package follow

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// However many finished files a glob matches, all keep their positions while
// they are there, and only the last of those that are gone keep theirs.
func TestManyFinishedFiles(t *testing.T) {
	const files = remembered + 20
	d, dir := newDesk(t, "seg-*.log")
	path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("seg-%03d.log", i)) }
	for i := range files - 1 {
		appendLines(t, path(i), 10*i, 10*i+10)
	}
	born := func(i int) int64 {
		in, err := stat(path(i))
		if err != nil {
			t.Fatal(err)
		}
		return in.id.born
	}
	for { // until the clock of the file system has moved on
		appendLines(t, path(files-1), 10*files-10, 10*files)
		if born(files-1) > born(files-2) {
			break
		}
		if err := os.Remove(path(files - 1)); err != nil {
			t.Fatal(err)
		}
	}
	d.until("all but the last are finished", func() bool {
		n := 0
		for i := range files - 1 {
			if d.state(path(i)) == "d" {
				n++
			}
		}
		return n == files-1
	})
	from := time.Now()
	d.until("two scans have passed", func() bool { return d.f.scanned.Sub(from) > scanEvery })
	d.start()
	d.until("it looked again", func() bool { return d.f.scanned.After(from.Add(scanEvery)) })
	d.drain()
	d.want(10 * files)
	for i := range files - 1 {
		if err := os.Remove(path(i)); err != nil {
			t.Fatal(err)
		}
	}
	d.until("those that are gone are forgotten", func() bool { return len(d.f.gens) <= remembered+2 })
	if len(d.positions) < remembered {
		t.Errorf("%d positions left", len(d.positions))
	}
	d.want(10 * files)
}
