package follow

import (
	"bytes"
	"errors"
	"time"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/parse"
)

// read gives the next slices of g to emit.
func (f *Follower) read(g *generation, emit func(*Chunk) error) (busy bool, err error) {
	in, err := fstat(g.file.f)
	if err != nil {
		return false, err
	}
	in.size = f.limit(g, in.size)
	if in.size != g.seen.size || in.modified != g.seen.modified {
		g.changed, g.drained = time.Now(), false
	}
	g.seen = in
	if g.drained {
		return false, nil
	}
	busy, err = f.readSlices(g, emit)
	if g.file != nil {
		g.behind, g.looked = in.size-g.pos.Offset, true
	}
	return busy, err
}

func (f *Follower) readSlices(g *generation, emit func(*Chunk) error) (busy bool, err error) {
	for range turns {
		more, err := f.slice(g, emit)
		switch {
		case errors.Is(err, errTruncated):
			return true, f.truncated(g)
		case errors.Is(err, errIncomplete):
			g.broken, g.drained = err, true
			return busy, nil
		case err != nil || !more:
			return busy, err
		}
		busy = true
	}
	return busy, nil
}

// slice gives one slice of whole lines to emit. It returns whether there may
// be more.
func (f *Follower) slice(g *generation, emit func(*Chunk) error) (bool, error) {
	lead, n, err := f.fill(g)
	if err != nil && n == 0 {
		return false, err
	}
	data := f.buf[lead : lead+n]
	end := bytes.LastIndexByte(data, '\n') + 1
	if end == 0 {
		if n > parse.MaxLine {
			return f.skip(g, emit)
		}
		g.pending, g.drained = int64(n), n < sliceSize && err == nil
		return false, err
	}
	g.pos.Modified = f.accounted(g)
	return true, emit(&Chunk{Data: data[:end], f: f, g: g, buf: f.buf, at: lead})
}

// clockGrain is more than file times lag behind the clock.
const clockGrain = 20 * time.Millisecond

// accounted is what a position says as the file's last change: a time before
// which no sibling changed that was not decided on. Whatever is younger is
// looked at after a restart.
func (f *Follower) accounted(g *generation) int64 {
	decided := f.decided
	if decided.IsZero() {
		if g.value != "" {
			return g.pos.Modified
		}
		decided = f.scanned // the promise begins here
	}
	return max(0, min(g.seen.modified, decided.Add(-clockGrain).UnixNano()))
}

// fill reads a slice behind the position, and then (not before: the file may
// be truncated between) makes sure that the bytes before the position are
// those that were read there. They precede the slice in the buffer, lead of them.
func (f *Follower) fill(g *generation) (lead, n int, err error) {
	off := g.pos.Offset
	lead = position.TailMax
	if off <= position.HeadMax {
		lead = int(off)
	}
	most := int(f.limit(g, off+sliceSize) - off)
	n, err = g.file.readAt(f.buf[lead:lead+most], off)
	if err != nil && n == 0 {
		return lead, 0, err
	}
	if off == 0 {
		return 0, n, f.again(g, f.buf[:min(n, position.TailMax)])
	}
	before := f.buf[:lead]
	m, err2 := g.file.readAt(before, off-int64(lead))
	switch {
	case err2 != nil:
		return lead, 0, err2
	case m < lead, position.Tail(before) != g.pos.Tail, off <= position.HeadMax && position.Head(before) != g.pos.Head:
		return lead, 0, errTruncated
	}
	return lead, n, err
}

// limit cuts a size down to what may be read of g. What was read stays read.
func (f *Follower) limit(g *generation, size int64) int64 {
	if f.o.Limit == nil {
		return size
	}
	return min(size, max(f.o.Limit(g.path), g.pos.Offset))
}

// again makes sure that the file still begins with b.
func (f *Follower) again(g *generation, b []byte) error {
	var c [position.TailMax]byte
	n, err := g.file.readAt(c[:len(b)], 0)
	if err == nil && !bytes.Equal(c[:n], b) {
		return errTruncated
	}
	return err
}

// skip passes a line that is longer than a line may be, in constant memory.
// NUL bytes before a line are no part of it: those it passes by themselves.
func (f *Follower) skip(g *generation, emit func(*Chunk) error) (bool, error) {
	for range 64 {
		at := g.pos.Offset + g.scanned
		n, err := g.file.readAt(f.buf, at)
		if err != nil {
			return false, err
		}
		if n == 0 {
			g.pending, g.drained = g.scanned, true
			return false, nil
		}
		if nul := leadingNULs(f.buf[:n]); g.scanned == 0 && nul > parse.MaxLine {
			return true, f.jump(g, at+int64(nul), false, emit)
		}
		if i := bytes.IndexByte(f.buf[:n], '\n'); i >= 0 {
			return true, f.jump(g, at+int64(i)+1, true, emit)
		}
		g.scanned += int64(n)
	}
	return true, nil
}

func leadingNULs(b []byte) int {
	for i, c := range b {
		if c != 0 {
			return i
		}
	}
	return len(b)
}

// jump moves the position past an overlong line or a run of NULs.
func (f *Follower) jump(g *generation, off int64, long bool, emit func(*Chunk) error) error {
	if old := g.pos; !g.file.holds(old.Tail, old.Offset) {
		return errTruncated
	}
	if err := g.moveTo(off); err != nil {
		return err
	}
	g.pos.Modified = f.accounted(g)
	c := f.bare(g)
	c.Long = long
	return emit(c)
}

// truncated handles a file whose bytes before the position have changed.
func (f *Follower) truncated(g *generation) error {
	c := g.file
	in, err := fstat(c.f)
	if err != nil {
		return err
	}
	g.scanned, g.pending = 0, 0
	v, err := g.compare(c, in)
	switch {
	case err != nil:
		return err
	case v == shorter:
		return f.shorten(g, in)
	case v == another && c.id != g.identity():
		g.detach() // a copy that was overwritten
		f.rescan = true
	case v == another:
		f.o.Log.Info("log was truncated", "path", g.path)
		f.succeed(g, c, in, g.path)
	}
	return nil
}
