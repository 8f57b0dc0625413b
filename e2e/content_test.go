package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// contents is a system whose log is changed by hand while a tailer looks, or
// does not.
type contents struct {
	t      *testing.T
	g      *harness.Glow
	oracle *oracle.Counter
	lines  func(n int) []byte
}

func newContents(t *testing.T) *contents {
	r := harness.Rand(t)
	g := harness.New(t)
	addrs := harness.Addresses(t, r, g.GeoIP, 500)
	return &contents{
		t: t, g: g, oracle: newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow"}}, nil),
		lines: func(n int) []byte {
			var list [][]byte
			for _, e := range harness.Events(r, n, addrs, day, time.Hour) {
				list = append(list, e.Line(r, "glow"))
			}
			return text(list)
		},
	}
}

// expect says that these lines are to be counted, or whatever is left of them.
func (c *contents) expect(lines ...[]byte) {
	c.t.Helper()
	for _, b := range lines {
		if err := c.oracle.Read(bytes.NewReader(b)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// counted lets a geoworker count until so many lines are, and a little longer.
func (c *contents) counted() {
	c.t.Helper()
	w := c.g.Start("geoworker")
	c.g.WaitCounted(c.oracle.Lines, 20*time.Second)
	w.Stop()
}

func (c *contents) compare() {
	c.t.Helper()
	c.g.Once("publisher")
	c.g.Feed().Compare(c.t, c.oracle)
}

func (c *contents) append(b []byte) {
	c.t.Helper()
	f, err := os.OpenFile(c.g.Log, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// queued waits until the queue has so many entries, as many as may be.
func (c *contents) queued(n int64) {
	c.t.Helper()
	harness.Until(c.t, fmt.Sprint(n, " entries are queued"), 20*time.Second, func() (bool, string) {
		have, err := c.g.Client.XLen(context.Background(), c.g.Keys.Queue()).Result()
		return have >= n, fmt.Sprint(have, err)
	})
}

// A log is copied and truncated, and grows past where a tailer was before that
// looks again: because it was frozen, or because it was dead.
func TestTruncatedUnseen(t *testing.T) {
	for _, frozen := range []bool{true, false} {
		t.Run(fmt.Sprint("frozen ", frozen), func(t *testing.T) {
			t.Parallel()
			c := newContents(t)
			before, after := c.lines(300), c.lines(900)
			write(t, c.g.Log, before)
			tailer := c.g.Start("tailer")
			c.queued(1)
			if frozen {
				tailer.Freeze()
			} else {
				tailer.Kill()
			}
			write(t, c.g.Log+".1", before)
			if err := os.Truncate(c.g.Log, 0); err != nil {
				t.Fatal(err)
			}
			c.append(after)
			if frozen {
				tailer.Thaw()
			} else {
				tailer = c.g.Start("tailer")
			}
			c.expect(before, after)
			c.counted()
			tailer.Stop()
			c.compare()
		})
	}
}

// A log lost its last lines with the machine's power: they were counted, and
// what it holds still is not counted again.
func TestShortenedByPowerLoss(t *testing.T) {
	t.Parallel()
	c := newContents(t)
	before, after := c.lines(300), c.lines(50)
	write(t, c.g.Log, before)
	c.g.Once("tailer")
	c.expect(before)
	if err := os.Truncate(c.g.Log, int64(bytes.LastIndexByte(before[:len(before)*2/3], '\n')+1)); err != nil {
		t.Fatal(err)
	}
	c.g.Once("tailer")
	c.append(after)
	c.expect(after)
	c.g.Once("tailer")
	c.g.Count(1)
	c.compare()
}

// A log is deleted, and a new one that begins with the same lines gets its
// inode: it is another log all the same.
func TestInodeReused(t *testing.T) {
	t.Parallel()
	c := newContents(t)
	first, second := c.lines(8), c.lines(8)
	for try := range 10 {
		c.g.Log = fmt.Sprintf("%s-%c", c.g.Log, 'a'+try)
		write(t, c.g.Log, first)
		c.expect(first)
		c.g.Once("tailer")
		old := inode(t, c.g.Log)
		if old == 0 {
			t.Log("this file system knows no births: the two logs cannot be told apart, as glow doctor says")
			return
		}
		if err := os.Remove(c.g.Log); err != nil {
			t.Fatal(err)
		}
		if c.reuse(old, first) {
			c.append(second)
			c.expect(first, second)
			c.g.Once("tailer")
			c.g.Count(1)
			c.compare()
			return
		}
	}
	t.Log("this file system does not give an inode again, or others are quicker")
}

// reuse makes files beside the log until one gets an inode that has become
// free, and makes that one the log; other free inodes may have to go before.
func (c *contents) reuse(free uint64, content []byte) (found bool) {
	c.t.Helper()
	var made []string
	for i := 0; i < 500 && !found; i++ {
		path := filepath.Join(filepath.Dir(c.g.Log), fmt.Sprint("made", i))
		write(c.t, path, content)
		made = append(made, path)
		found = inode(c.t, path) == free
	}
	if found {
		if err := os.Rename(made[len(made)-1], c.g.Log); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, path := range made {
		_ = os.Remove(path) // the last may be the log by now
	}
	return found
}

// inode is a file's, or 0 where the file system knows no births.
func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		t.Fatal(err)
	}
	if st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Ino
}

// The queue is full while a log is rotated and the old file deleted: what the
// tailer has of it open is read to its end.
func TestDeletedWhileBehind(t *testing.T) {
	t.Parallel()
	c := newContents(t)
	old, young := c.lines(20000), c.lines(30)
	old = append(old, bytes.Repeat([]byte(strings.Repeat("x", 8000)+"\n"), 300)...) // longer than is read at once
	old = append(old, c.lines(20)...)
	write(t, c.g.Log, old)
	c.g.Args["tailer"] = []string{"--max-queue", "2", "--grace", "200ms"}
	tailer := c.g.Start("tailer")
	c.queued(2)
	if err := os.Rename(c.g.Log, c.g.Log+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, c.g.Log, young)
	if err := os.Remove(c.g.Log + ".1"); err != nil {
		t.Fatal(err)
	}
	c.expect(old, young)
	c.counted()
	tailer.Stop()
	c.compare()
	compareDrops(t, c.g, c.oracle)
}
