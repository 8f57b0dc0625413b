package follow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// errIncomplete says that a compressed file ends too early: it is still being
// written, or damaged.
var errIncomplete = errors.New("compressed file is incomplete")

// window is how far back a packed file can be read without starting over: a
// slice and what is compared before it.
const window = sliceSize + 4<<10

// packed reads a compressed file by offsets of its content. Going forward is
// cheap, going back by more than the window starts over.
type packed struct {
	f    *os.File
	gzip bool
	open func(io.Reader) (io.ReadCloser, error)
	r    io.ReadCloser
	buf  []byte // content before end, at most 2 windows
	end  int64
	err  error // why r gives no more
}

var magics = []struct {
	magic []byte
	open  func(io.Reader) (io.ReadCloser, error)
}{
	{[]byte{0x1f, 0x8b}, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{[]byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// packedBy returns nil unless both the name and the first bytes say that the
// file is compressed.
func packedBy(path string, f *os.File) *packed {
	if trimPacked(path) == path {
		return nil
	}
	var b [4]byte
	n, _ := f.ReadAt(b[:], 0)
	for _, m := range magics {
		if bytes.HasPrefix(b[:n], m.magic) {
			return &packed{f: f, open: m.open, gzip: m.magic[0] == 0x1f}
		}
	}
	return &packed{f: f, open: func(io.Reader) (io.ReadCloser, error) { return nil, errIncomplete }}
}

func (p *packed) readAt(b []byte, off int64) (int, error) {
	if p.r == nil || off < p.end-int64(len(p.buf)) {
		if err := p.restart(); err != nil {
			return 0, err
		}
	}
	for p.end < off+int64(len(b)) && p.err == nil {
		p.more()
	}
	start := p.end - int64(len(p.buf))
	if off >= p.end {
		return 0, p.err
	}
	n := copy(b, p.buf[off-start:])
	if n < len(b) {
		return n, p.err
	}
	return n, nil
}

func (p *packed) restart() error {
	p.close()
	r, err := p.open(io.NewSectionReader(p.f, 0, 1<<62))
	if err != nil {
		return fmt.Errorf("%w: %w", errIncomplete, err)
	}
	p.r, p.buf, p.end, p.err = r, p.buf[:0], 0, nil
	return nil
}

// more decompresses a little more, and forgets what is out of the window.
func (p *packed) more() {
	if cap(p.buf) == 0 {
		p.buf = make([]byte, 0, 2*window)
	}
	if len(p.buf) == cap(p.buf) {
		p.buf = p.buf[:copy(p.buf, p.buf[len(p.buf)-window:])]
	}
	n, err := p.r.Read(p.buf[len(p.buf):cap(p.buf)])
	p.buf = p.buf[:len(p.buf)+n]
	p.end += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errIncomplete, err)
	}
	p.err = err
}

// endsAt says whether a gzip file's last four bytes, its content's size modulo
// 2^32, are those of a content of the given length. It is quick, and false
// where it cannot know.
func (p *packed) endsAt(length, fileSize int64) bool {
	var b [4]byte
	if p == nil || !p.gzip {
		return false
	}
	_, err := p.f.ReadAt(b[:], fileSize-4)
	return err == nil && binary.LittleEndian.Uint32(b[:]) == uint32(length)
}

func (p *packed) close() {
	if p.r != nil {
		p.r.Close()
		p.r = nil
	}
}
