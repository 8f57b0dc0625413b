package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/sharehook/spool"
	"github.com/glowmap/glow/tailer/follow"
)

const (
	probeName = ".glow-doctor"
	slowSync  = 50 * time.Millisecond
	leastRoom = 1 << 30 // bytes that a spool should have
)

// spool looks at the sharehook's spool.
func (d *doctor) spool() {
	dir := d.Spool
	if dir == "" {
		return
	}
	v, err := spool.Look(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.note("spool", "there is no "+dir, "a sharehook that starts makes it, if it may", "nothing, or name the right one")
		return
	case err != nil:
		d.note("spool", err.Error(), "nothing can be said of it", "run this as root")
		return
	}
	d.ok("spool", fmt.Sprintf("%s: %s, %s", dir, term.Many(v.Segments, "segment", "segments"), term.Bytes(v.Bytes)))
	if st, err := modeOf(dir); err == nil && st.Mode&0o77 != 0 {
		d.warn("spool-mode", fmt.Sprintf("%s has mode %04o", dir, st.Mode&0o7777), "others may read the addresses in it", "chmod 0700 "+dir)
	}
	d.spoolUser(dir)
	d.spoolDisk(dir)
	if !d.ReadOnly {
		d.trySync("spool-sync", dir, "shares wait for this")
	}
}

// spoolUser looks who has the spool's lock, without asking for it: that could
// keep a sharehook from starting. The inode has to do: overlays show another
// device here than there.
func (d *doctor) spoolUser(dir string) {
	st, err := modeOf(filepath.Join(dir, "lock"))
	locks, err2 := os.ReadFile("/proc/locks")
	if err2 != nil {
		return
	}
	if err == nil && strings.Contains(string(locks), fmt.Sprintf(":%d ", st.Ino)) {
		d.ok("spool-lock", "a sharehook has it in use")
		return
	}
	d.note("spool-lock", "no sharehook has it in use", "shares in it wait until one starts", "start the sharehook, if shares are wanted")
}

// File systems that a reboot empties; see statfs(2).
const (
	tmpfs = 0x01021994
	ramfs = 0x858458f6
)

func (d *doctor) spoolDisk(dir string) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err == nil && (st.Type == tmpfs || st.Type == ramfs) {
		d.refuse("spool-disk", dir+" is in memory", "shares that were answered are lost when the machine goes down", "keep the spool on a disk")
	}
	if seen, err := follow.See(dir); err == nil {
		d.ground("spool", dir, seen)
	}
	d.space("spool", dir, leastRoom)
}

// trySync writes a small file, syncs it and deletes it again.
func (d *doctor) trySync(check, dir, means string) {
	path := filepath.Join(dir, probeName)
	_ = os.Remove(path) // left by a doctor who was cut off, or put there by whoever owns the folder
	start := time.Now()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // follows no link
	if err == nil {
		defer os.Remove(path)
		_, err = f.WriteString("glow doctor\n")
		err = errors.Join(err, f.Sync(), f.Close())
	}
	took := time.Since(start)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.note(check, err.Error(), "whether writing works cannot be told", "run this as root, or with --read-only")
	case err != nil:
		d.refuse(check, "a file in "+dir+" cannot be synced: "+err.Error(), "nothing that is written there is safe", "see to the disk: is it full, or failing?")
	case took > slowSync:
		d.note(check, fmt.Sprintf("a file in %s was synced in %s", dir, term.Span(took)), means, "a faster disk, if that is not a busy moment")
	default:
		d.ok(check, fmt.Sprintf("a file was written and synced in %.1f ms, and deleted", float64(took.Microseconds())/1000))
	}
}
