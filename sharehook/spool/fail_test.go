package spool

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fakeDisk is the real disk with faults.
type fakeDisk struct {
	delay time.Duration // of a sync
	syncs atomic.Int64

	now atomic.Pointer[faults]
}

// faults is what fails, and with what.
type faults struct{ create, write, sync, truncate error }

func (d *fakeDisk) faults() faults {
	if f := d.now.Load(); f != nil {
		return *f
	}
	return faults{}
}

type fakeFile struct {
	file
	d *fakeDisk
}

func (d *fakeDisk) create(path string, reserve int64) (file, error) {
	if err := d.faults().create; err != nil {
		return nil, err
	}
	f, err := realDisk{}.create(path, reserve)
	return fakeFile{f, d}, err
}

// Write tears what it cannot write in the middle of its last line.
func (f fakeFile) Write(b []byte) (int, error) {
	if err := f.d.faults().write; err != nil {
		n, _ := f.file.Write(b[:len(b)-2])
		return n, err
	}
	return f.file.Write(b)
}

func (f fakeFile) Sync() error {
	f.d.syncs.Add(1)
	time.Sleep(f.d.delay) // a slow disk is what is played
	if err := f.d.faults().sync; err != nil {
		return err
	}
	return f.file.Sync()
}

func (f fakeFile) Truncate(size int64) error {
	if err := f.d.faults().truncate; err != nil {
		return err
	}
	return f.file.Truncate(size)
}

// What a failing disk left half done is taken back, and never built on.
func TestDiskFails(t *testing.T) {
	for name, broken := range map[string]faults{
		"no space for a segment": {create: syscall.ENOSPC},
		"no space for a line":    {write: syscall.ENOSPC},
		"lost at sync":           {sync: syscall.EIO},
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, first %v", name, first), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testDiskFails(t, broken, first) })
			})
		}
	}
}

// testDiskFails runs in a bubble of synctest, whose sleeps take no time.
func testDiskFails(t *testing.T, broken faults, first bool) {
	var log bytes.Buffer
	dir, o := t.TempDir(), options()
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	if broken.create != nil {
		o.SegmentBytes = 1 // each group has a segment of its own
	}
	d := &fakeDisk{}
	s := mustOpen(t, dir, o, d)
	defer s.Close()
	want := ""
	if !first {
		mustAppend(t, s, "before")
		want = "before\n"
	}
	d.now.Store(&broken)
	for range 3 {
		if err := s.Append([]byte("lost")); !errors.Is(err, ErrDisk) {
			t.Fatalf("on a broken disk: %v", err)
		}
	}
	if all, _ := contents(t, dir); all != want {
		t.Errorf("left behind: %q", all)
	}
	time.Sleep(2 * retryAfter)
	if err := s.Append([]byte("lost")); !errors.Is(err, ErrDisk) {
		t.Fatalf("on a broken disk, later: %v", err)
	}
	d.now.Store(nil)
	time.Sleep(2 * retryAfter)
	mustAppend(t, s, "after")
	if all, _ := contents(t, dir); all != want+"after\n" {
		t.Errorf("then: %q", all)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), "works again") {
		t.Errorf("logged:\n%s", &log)
	}
}

// Where even the cut fails, readers are told to stop before what was refused,
// and it is cut as soon as the disk lets us.
func TestCutLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, d := t.TempDir(), &fakeDisk{}
		s := mustOpen(t, dir, options(), d)
		defer s.Close()
		mustAppend(t, s, "before")
		s.mu.Lock()
		path := s.live.path
		s.mu.Unlock()
		d.now.Store(&faults{sync: syscall.EIO, truncate: syscall.EIO})
		if err := s.Append([]byte("lost")); !errors.Is(err, ErrDisk) {
			t.Fatal(err)
		}
		if n := s.Synced(path); n != int64(len("before\n")) {
			t.Errorf("readers may go to %d", n)
		}
		if n := len(s.Segments()); n != 0 {
			t.Errorf("%d finished", n)
		}
		d.now.Store(nil)
		time.Sleep(2 * time.Second)
		if all, _ := contents(t, dir); all != "before\n" {
			t.Errorf("left behind: %q", all)
		}
		if n := len(s.Segments()); n != 1 {
			t.Errorf("%d finished", n)
		}
	})
}
