package follow

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/internal/position"
)

// identity is a file's device, inode and birth time.
type identity struct {
	dev, ino uint64
	born     int64
}

// info is what statx says of a file.
type info struct {
	id       identity
	size     int64
	modified int64 // Unix nanoseconds
	links    uint32
	regular  bool
}

const statxMask = unix.STATX_TYPE | unix.STATX_INO | unix.STATX_SIZE | unix.STATX_MTIME | unix.STATX_NLINK | unix.STATX_BTIME

func stat(path string) (info, error) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, statxMask, &st)
	if err != nil {
		return info{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return infoOf(&st), nil
}

func fstat(f *os.File) (info, error) {
	var st unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, statxMask, &st)
	if err != nil {
		return info{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return infoOf(&st), nil
}

func infoOf(st *unix.Statx_t) info {
	return info{
		id:       identity{uint64(st.Dev_major)<<32 | uint64(st.Dev_minor), st.Ino, max(0, nanos(st.Btime))},
		size:     int64(st.Size),
		modified: max(0, nanos(st.Mtime)),
		links:    st.Nlink,
		regular:  st.Mode&unix.S_IFMT == unix.S_IFREG,
	}
}

func nanos(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

// file is an open log file, plain or compressed, read by offsets of the
// uncompressed content.
type file struct {
	f    *os.File
	id   identity
	pack *packed // nil if plain
}

// open opens the file at path; it must be a regular one.
func open(path string) (*file, info, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe must not hold us up
	if err != nil {
		return nil, info{}, err
	}
	in, err := fstat(f)
	if err == nil && !in.regular {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, info{}, err
	}
	return &file{f: f, id: in.id, pack: packedBy(path, f)}, in, nil
}

// readAt fills b from offset off as far as the content goes. Reaching the end
// of the content is no error.
func (c *file) readAt(b []byte, off int64) (int, error) {
	var n int
	var err error
	if c.pack != nil {
		n, err = c.pack.readAt(b, off)
	} else {
		n, err = c.f.ReadAt(b, off)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// close is safe on nil.
func (c *file) close() {
	if c == nil {
		return
	}
	if c.pack != nil {
		c.pack.close()
	}
	c.f.Close()
}

// holds says whether the content has the bytes of m before offset off.
func (c *file) holds(m position.Mark, off int64) bool {
	b := make([]byte, m.Len)
	n, err := c.readAt(b, off-int64(m.Len))
	return err == nil && n == m.Len && position.MarkOf(b) == m
}

// marks computes what a position at off has to say of the content.
func (c *file) marks(off int64) (head, tail position.Mark, err error) {
	b := make([]byte, min(off, position.HeadMax))
	if n, err := c.readAt(b, 0); err != nil || n < len(b) {
		return head, tail, errors.Join(err, errTruncated)
	}
	head = position.MarkOf(b)
	b = b[:min(off, position.TailMax)]
	if n, err := c.readAt(b, off-int64(len(b))); err != nil || n < len(b) {
		return head, tail, errors.Join(err, errTruncated)
	}
	return head, position.MarkOf(b), nil
}
