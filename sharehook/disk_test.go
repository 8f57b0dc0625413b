package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/internal/redistest"
)

// smallDisk is a real disk of so many MB, and false where only root could
// have one.
func smallDisk(t *testing.T, size string) (dir string, ok bool) {
	t.Helper()
	dir = t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, true
}

// Somebody else fills the spool's disk, again and again: what is answered 204
// meanwhile is there, and with room there are shares again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir, ok := smallDisk(t, "40m")
	if !ok {
		t.Log("only root can have a small disk; TestDiskRefuses has been there instead")
		return
	}
	r := redistest.Start(t)
	spool, filler := filepath.Join(dir, "spool"), filepath.Join(dir, "filler")
	h := start(t, spool, r.URL())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var l load
	var now atomic.Pointer[hook]
	now.Store(h)
	l.run(ctx, func() string { return now.Load().url }, 20, 1000)
	for range 3 {
		n := len(l.answered(204))
		until(t, "shares are stored", func() bool { return len(l.answered(204)) > n+100 })
		fill(t, filler)
		h.kill() // and what was reserved with it
		fill(t, filler)
		h = start(t, spool, r.URL())
		now.Store(h)
		refused := len(l.answered(503))
		until(t, "shares are refused", func() bool { return len(l.answered(503)) > refused+100 })
		until(t, "not ready", func() bool { code, _ := get(t, h.admin+"/readyz"); return code == 503 })
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		until(t, "ready again", func() bool { code, _ := get(t, h.admin+"/readyz"); return code == 200 })
	}
	cancel()
	l.wg.Wait()
	h.stop()
	l.check(t, counts(spooled(t, spool)))
	c := r.Client()
	defer c.Close()
	l.check(t, queued(t, c))
	t.Logf("%d answered 204, %d answered 503", len(l.answered(204)), len(l.answered(503)))
}

// fill writes until the disk takes no more.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}
