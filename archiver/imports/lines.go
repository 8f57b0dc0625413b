package imports

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/parse"
)

// sliceSize is the most that is read at once.
const sliceSize = 1 << 20

// lines reads a content in slices of whole lines.
type lines struct {
	r    *bufio.Reader
	buf  []byte // what was read and not yet returned
	next int    // where that begins
	long bool   // within an overlong line
	err  error  // why r gives no more
}

// slice is a piece of a content: whole lines, or bytes that are none.
type slice struct {
	data  []byte // the last line of a content may lack its newline
	none  bool   // data is no lines: NULs, or a part of an overlong line
	count bool   // … of which this is the end
}

func newLines(r io.Reader) *lines {
	return &lines{r: bufio.NewReaderSize(r, 64<<10), buf: make([]byte, 0, sliceSize)}
}

// read returns the next slice, valid until the next call; io.EOF at the end.
func (l *lines) read() (slice, error) {
	l.buf = l.buf[:copy(l.buf[:cap(l.buf)], l.buf[l.next:])]
	l.next = 0
	for len(l.buf) < cap(l.buf) && l.err == nil {
		var n int
		n, l.err = l.r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
	}
	if l.err == nil {
		_, l.err = l.r.Peek(1) // the content may end here
	}
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return slice{}, l.err
	}
	if len(l.buf) == 0 {
		return slice{}, io.EOF
	}
	return l.cut(), nil
}

// cut takes the next slice off the buffer, which is full unless the content
// ends with it.
func (l *lines) cut() slice {
	ended := l.err != nil
	first := bytes.IndexByte(l.buf, '\n') + 1
	if l.long {
		if first == 0 && !ended {
			return l.take(len(l.buf), true, false)
		}
		l.long = false
		if first == 0 {
			first = len(l.buf)
		}
		return l.take(first, true, true)
	}
	if first == 0 && !ended {
		if n := len(l.buf) - len(bytes.TrimLeft(l.buf, "\x00")); n > parse.MaxLine {
			return l.take(n, true, false)
		}
		l.long = true
		return l.take(len(l.buf), true, false)
	}
	if ended {
		return l.take(len(l.buf), false, false)
	}
	return l.take(bytes.LastIndexByte(l.buf, '\n')+1, false, false)
}

func (l *lines) take(n int, none, count bool) slice {
	l.next = n
	return slice{data: l.buf[:n], none: none, count: count}
}

// trace is what a position at the end of what has passed says of a content.
type trace struct {
	offset int64
	head   []byte
	tail   []byte
}

// pass notes the next bytes.
func (t *trace) pass(b []byte) {
	t.offset += int64(len(b))
	if room := position.HeadMax - len(t.head); room > 0 {
		t.head = append(t.head, b[:min(room, len(b))]...)
	}
	if len(b) >= position.TailMax {
		t.tail = append(t.tail[:0], b[len(b)-position.TailMax:]...)
		return
	}
	t.tail = append(t.tail, b...)
	if extra := len(t.tail) - position.TailMax; extra > 0 {
		t.tail = t.tail[:copy(t.tail, t.tail[extra:])]
	}
}

// position is the value of a position here.
func (t *trace) position(state position.State, name string) position.Position {
	return position.Position{
		Offset: t.offset, Head: position.MarkOf(t.head), Tail: position.MarkOf(t.tail),
		State: state, Host: "-", Path: name,
	}
}

// is says whether a position may be one of this content, here.
func (t *trace) is(p *position.Position) bool {
	return p.Offset == t.offset && p.Head == position.MarkOf(t.head) && p.Tail == position.MarkOf(t.tail)
}
