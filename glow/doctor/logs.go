package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/glow/logrotate"
	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/tailer/follow"
)

// logs looks at the log files, at what they stand on and at their rotation.
func (d *doctor) logs() {
	if len(d.Logs) == 0 {
		return
	}
	reader, err := d.tailer()
	if err != nil {
		d.refuse("log-reader", err.Error(), "the tailer cannot run as that user", "name a user who exists with --tailer-user")
		return
	}
	sections, denied := logrotate.Read(d.Root, "/etc/logrotate.conf")
	if len(denied) > 0 {
		d.note("log-rotation", "logrotate's configuration cannot be read: "+denied[0], "whether it fits cannot be told", "run this as root")
	}
	for _, pattern := range d.Logs {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			d.warn("log-file", "there is no "+pattern, "the tailer waits for it", "check the name; has the writer begun?")
			continue
		}
		for _, path := range paths[:min(len(paths), 20)] {
			if abs, err := filepath.Abs(path); err == nil {
				path = abs
			}
			d.log(path, reader)
			d.rotation(path, sections, reader)
		}
	}
}

// log looks at one log file.
func (d *doctor) log(path string, reader reader) {
	seen, err := follow.See(path)
	if err == nil && !seen.Regular {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if errors.Is(err, fs.ErrPermission) {
		d.note("log-file", err.Error(), "who may read it cannot be told", "run this as root")
		return
	}
	if err != nil {
		d.refuse("log-file", err.Error(), "the tailer cannot follow it", "name a log file")
		return
	}
	d.ok("log-file", fmt.Sprintf("%s, %s", path, term.Bytes(seen.Size)))
	if why := reader.mayRead(path); why != "" {
		d.refuse("log-readable", why, "the tailer cannot read the log", "let the group adm read it (chgrp adm, chmod g+r; the same for its folders), or run the tailer as another user")
	} else {
		d.ok("log-readable", reader.name+" may read it")
	}
	d.ground("log", path, seen)
	d.space("log", path, 0)
	d.followed(seen)
}

// ground looks at the file system under a file that is followed.
func (d *doctor) ground(what, path string, seen follow.Seen) {
	if seen.Generation.Born == 0 {
		d.warn(what+"-birth", "the file system of "+path+" does not tell when a file was born", "a new file with the number (inode) of a deleted one is told from it by its content only", "keep it on ext4, XFS or Btrfs")
	} else {
		d.ok(what+"-birth", "its file system tells when a file was born")
	}
	if seen.Generation.Dev>>32 == 0 {
		d.note(what+"-device", "the device number of "+path+" is made up by the kernel (overlay, network or Btrfs)", "it may be another after a restart; files are then found again by their first KiB", "nothing, if logs are longer than that")
	} else {
		d.ok(what+"-device", "its device number stays")
	}
}

// leastSpace is the share of a file system below which it is nearly full.
const leastSpace = 0.05

// space looks at what is left of the file system under path.
func (d *doctor) space(what, path string, least int64) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil || st.Blocks == 0 {
		return
	}
	free := int64(st.Bavail) * st.Bsize
	text := fmt.Sprintf("%s are free (%.0f %%)", term.Bytes(free), 100*float64(st.Bavail)/float64(st.Blocks))
	if float64(st.Bavail) < leastSpace*float64(st.Blocks) || free < least {
		d.warn(what+"-space", "under "+path+" only "+text, "what is not written cannot be counted", "make room")
		return
	}
	d.ok(what+"-space", text)
}

// followed says whether a tailer has ever read the file.
func (d *doctor) followed(seen follow.Seen) {
	if d.info == nil {
		return
	}
	id := seen.Generation.String()
	pattern := "*|" + id[:strings.LastIndexByte(id, '.')] + ".*" // of any epoch
	for cursor, rounds := uint64(0), 0; rounds < 20; rounds++ {
		list, next, err := d.Redis.HScan(d.ctx, d.Keys.Positions(), cursor, pattern, 1000).Result()
		if err != nil {
			return
		}
		if len(list) > 0 {
			d.ok("log-followed", "a tailer reads it")
			return
		}
		if cursor = next; next == 0 {
			break
		}
	}
	d.note("log-followed", "no tailer has read this file", "its lines are not counted yet", "start a tailer with it")
}

// modeOf is a file's owner and permissions, as far as they are to be seen.
func modeOf(path string) (st unix.Stat_t, err error) {
	if err := unix.Stat(path, &st); err != nil {
		return st, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return st, nil
}
