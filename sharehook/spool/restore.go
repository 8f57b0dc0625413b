package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// restore lists the segments of earlier runs, oldest first. A crash may have
// left half a line at the end of one, which nobody was told is stored: it is
// cut off, so that it can neither be taken for a line nor run into another.
// Whole lines stay, though a few at the very end may never have been
// acknowledged: kill -9 leaves no trace of what was being answered. They are
// synced now, so that what is read from here on cannot vanish.
func (s *Spool) restore() ([]Segment, error) {
	entries, err := os.ReadDir(s.dir.Name()) // sorted, and so by age
	if err != nil {
		return nil, err
	}
	var segs []Segment
	for _, e := range entries {
		n, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		seg, err := repair(filepath.Join(s.dir.Name(), e.Name()))
		if err != nil {
			return nil, fmt.Errorf("repair %s: %w", e.Name(), err)
		}
		if seg.Size > 0 {
			seg.number = n
			segs = append(segs, seg)
		}
	}
	return segs, s.dir.Sync()
}

func repair(path string) (seg Segment, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return Segment{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return Segment{}, err
	}
	size, err := wholeLines(f, st.Size())
	if err != nil {
		return Segment{}, err
	}
	if size == 0 {
		return Segment{}, os.Remove(path)
	}
	if size < st.Size() || reserved(st) {
		// Its age stays what it is: by that it will be deleted.
		if err := errors.Join(f.Truncate(size), os.Chtimes(path, time.Time{}, st.ModTime())); err != nil {
			return Segment{}, err
		}
	}
	return Segment{Path: path, Size: size, Changed: st.ModTime()}, f.Sync()
}

// reserved says whether a file takes much more of the disk than it holds.
func reserved(st os.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && sys.Blocks*512 > st.Size()+1<<20
}

// wholeLines is the length of r's first size bytes without an unfinished last line.
func wholeLines(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 4096)
	for size > 0 {
		n := min(size, int64(len(buf)))
		if _, err := r.ReadAt(buf[:n], size-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return size - n + int64(i) + 1, nil
		}
		size -= n
	}
	return 0, nil
}
