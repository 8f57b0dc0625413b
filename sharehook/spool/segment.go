package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Pattern matches the names of segments. They sort by age.
const Pattern = "shares-*.log"

// name of segment n. Numbers only grow: Unix milliseconds, or one more than
// the newest where the clock has not come that far.
func name(n int64) string { return fmt.Sprintf("shares-%015d.log", n) }

func parseName(s string) (n int64, ok bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(s, "shares-"), ".log")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n > 0 && name(n) == s
}

// Segment is a segment that is written no more.
type Segment struct {
	Path    string
	Size    int64     // bytes, all on disk
	Changed time.Time // when the last line was written
	number  int64
}

// segment is the one being written.
type segment struct {
	path   string
	number int64
	begun  time.Time
	file   file
	size   int64 // bytes written and synced
}

// file is a segment's open file.
type file interface {
	Write([]byte) (int, error)
	Sync() error // data, and what is needed to read it back
	Truncate(size int64) error
	Close() error
}

// disk makes segments. Tests put a failing one in its place.
type disk interface {
	create(path string, reserve int64) (file, error)
}

type realDisk struct{}

type realFile struct{ *os.File }

// Sync is fdatasync, as sizes are all of the metadata that matters, and goes on after signals.
func (f realFile) Sync() error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}

// create makes a file with its blocks reserved, so that a full disk shows here
// and not in the middle of a line.
func (realDisk) create(path string, reserve int64) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, reserve)
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		f.Close()
		os.Remove(path)
		return nil, fmt.Errorf("reserve space: %w", err)
	}
	return realFile{f}, nil
}

// begin makes the next segment and syncs its name.
func (s *Spool) begin() error {
	if !s.fits() {
		return ErrFull
	}
	now := time.Now()
	n := max(now.UnixMilli(), s.number+1)
	path := filepath.Join(s.dir.Name(), name(n))
	f, err := s.disk.create(path, s.o.SegmentBytes)
	if err != nil {
		return s.fails(fmt.Errorf("begin a segment: %w", err))
	}
	if err := errors.Join(f.Sync(), s.dir.Sync()); err != nil {
		f.Close()
		os.Remove(path)
		return s.fails(fmt.Errorf("sync a new segment: %w", err))
	}
	s.mu.Lock()
	s.number = n
	s.live = &segment{path: path, number: n, begun: now, file: f}
	s.mu.Unlock()
	s.count()
	return nil
}

// seal ends the segment being written and gives back what it did not use.
func (s *Spool) seal() {
	if s.live != nil {
		_ = s.live.file.Truncate(s.live.size) // else the blocks stay reserved until it is deleted
		s.retire(s.live)
	}
}

// giveUp ends a segment that could not be written or synced. Its pages may be
// lost and yet look clean, so its file is never synced again and believed; only
// what was synced before stays.
func (s *Spool) giveUp(cause error) error {
	s.mu.Lock()
	s.uncut = append(s.uncut, s.live)
	s.live = nil
	s.mu.Unlock()
	_ = s.cut(s.uncut[len(s.uncut)-1]) // else tend does it
	return s.fails(cause)
}

// cut takes a given-up segment back to what was synced.
func (s *Spool) cut(seg *segment) error {
	if err := seg.file.Truncate(seg.size); err != nil {
		return err
	}
	_ = seg.file.Sync() // the sooner the better, but nothing rests on it
	s.retire(seg)
	return nil
}

// retire closes a segment. One without lines is removed.
func (s *Spool) retire(seg *segment) {
	_ = seg.file.Close() // all that counts is synced
	s.mu.Lock()
	if s.live == seg {
		s.live = nil
	}
	s.uncut = slices.DeleteFunc(s.uncut, func(u *segment) bool { return u == seg })
	if seg.size > 0 {
		s.insert(Segment{seg.path, seg.size, time.Now(), seg.number})
	}
	s.mu.Unlock()
	if seg.size == 0 {
		os.Remove(seg.path)
	}
	s.count()
}

// insert keeps sealed in order; s.mu is held.
func (s *Spool) insert(seg Segment) {
	i, _ := slices.BinarySearchFunc(s.sealed, seg.number, func(g Segment, n int64) int { return cmp.Compare(g.number, n) })
	s.sealed = slices.Insert(s.sealed, i, seg)
}

// Segments returns those that are written no more, oldest first.
func (s *Spool) Segments() []Segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sealed)
}

// Synced is how many bytes of a segment are known to be on the disk. What lies
// beyond was not acknowledged and may yet be taken back: do not read it.
func (s *Spool) Synced(path string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range s.open() {
		if seg.path == path {
			return seg.size
		}
	}
	for _, seg := range s.sealed {
		if seg.Path == path {
			return seg.Size
		}
	}
	return 0
}

// open is every segment whose file is open; s.mu is held.
func (s *Spool) open() []*segment {
	if s.live == nil {
		return s.uncut
	}
	return append(slices.Clip(s.uncut), s.live)
}

// Bytes is what the spool takes of its disk, the reserve of the segment being
// written included.
func (s *Spool) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int64
	for _, seg := range s.sealed {
		n += seg.Size
	}
	return n + int64(len(s.open()))*s.o.SegmentBytes
}

// Crowded says that the next segment but one would not fit.
func (s *Spool) Crowded() bool { return s.Bytes()+2*s.o.SegmentBytes > s.o.Max }

// Remove deletes a segment that is written no more.
func (s *Spool) Remove(seg Segment) error {
	if err := os.Remove(seg.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.mu.Lock()
	s.sealed = slices.DeleteFunc(s.sealed, func(g Segment) bool { return g.number == seg.number })
	s.mu.Unlock()
	s.count()
	return nil
}
