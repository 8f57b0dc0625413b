package follow

import (
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/position"
)

// errTruncated says that the bytes before the position are not those that
// were read there.
var errTruncated = errors.New("truncated")

// generation is what is known of one, and its file while that is open. See
// the package comment for the word.
type generation struct {
	id     position.Generation
	source string
	pos    position.Position // after all steps made so far
	value  string            // pos as it will stand in Redis after them; empty: nothing

	start int64 // where reading begins without a position

	file    *file // nil: not open
	path    string
	own     bool // of a source that is followed here, or taken over from another one
	sibling bool // its file was found beside the followed path
	ended   bool // its inode has another content now: only a copy can complete it

	seen    info      // its file before the last read
	drained bool      // the last read reached the end
	pending int64     // bytes of the unfinished line there
	behind  int64     // bytes of its file that were not read when it was last looked at
	looked  bool      // behind is known
	scanned int64     // bytes of an overlong line passed so far
	broken  error     // why its compressed file ends too early
	changed time.Time // when its file was last seen to change
	missing time.Time // since when its file has been looked for in vain
	onDisk  bool      // the last scan met its file
	covered bool      // it was truncated, and more of it was read than its copy holds
}

func (g *generation) identity() identity { return identity{g.id.Dev, g.id.Ino, g.id.Born} }

func (g *generation) field() string { return position.Field(g.source, g.id) }

// Step is a change of the hash keys.Positions that is done as a whole or not at all.
type Step struct {
	Source  string
	Changes []Change
}

// Change says that a field's whole old value (empty: none) is to be replaced
// by the new one (empty: the field goes).
type Change struct{ Field, Old, New string }

// commit makes the change to g.pos.
func (g *generation) commit() Change {
	c := Change{Field: g.field(), Old: g.value}
	g.pos.Path = g.path
	g.value = g.pos.String()
	c.New = g.value
	return c
}

// Chunk is a piece of a generation: lines to be taken, or a mere step.
type Chunk struct {
	// Data is whole lines with their newlines; the last line of a generation
	// may lack its. It is valid until the function that was given it returns.
	Data []byte
	// Long says that the step passes an overlong line that is not in Data.
	Long bool

	f    *Follower
	g    *generation
	buf  []byte // what precedes Data, then Data
	at   int    // how much of buf was taken
	step Step   // without Data
}

// Take moves the position past the next n bytes of Data (all of it may be
// taken in several steps, each at the end of a line) and returns the step that
// says so. Without Data, n is 0.
func (c *Chunk) Take(n int) Step {
	if c.Data == nil {
		return c.step
	}
	p := &c.g.pos
	c.at += n
	p.Offset += int64(n)
	if p.Head.Len < position.HeadMax {
		p.Head = position.Head(c.buf[:c.at]) // then buf begins at byte 0
	}
	p.Tail = position.Tail(c.buf[:c.at])
	p.State = position.Open
	return c.f.step(c.g.source, c.g.commit())
}

// verdict is how a file stands to a generation.
type verdict int

const (
	another verdict = iota // it holds something else
	same                   // it holds the generation at least up to the position
	shorter                // it holds the generation's beginning, and ends before the position
)

// compare says whether c holds what was read of the generation so far.
func (g *generation) compare(c *file, in info) (verdict, error) {
	p := &g.pos
	if p.Offset == 0 {
		return same, nil
	}
	if c.pack == nil && in.size < int64(p.Head.Len) {
		return another, nil
	}
	b := make([]byte, p.Head.Len)
	if _, err := c.readAt(b, 0); err != nil {
		return another, err
	}
	switch {
	case position.MarkOf(b) != p.Head:
		return another, nil
	case c.pack == nil && in.size < p.Offset:
		return shorter, nil
	case p.State == position.Done && p.Head.Len == position.HeadMax && c.pack.endsAt(p.Offset, in.size):
		return same, nil
	case c.holds(p.Tail, p.Offset):
		return same, nil
	}
	return another, nil
}

// moveTo moves the position to off, which must be within the file.
func (g *generation) moveTo(off int64) error {
	head, tail, err := g.file.marks(off)
	if err != nil {
		return fmt.Errorf("read around byte %d: %w", off, err)
	}
	g.pos.Offset, g.pos.Head, g.pos.Tail, g.pos.State = off, head, tail, position.Open
	g.scanned = 0
	return nil
}

// attach gives g a file whose content was compared.
func (g *generation) attach(c *file, in info, path string) {
	g.file, g.seen, g.path, g.own = c, in, path, true
	g.drained, g.broken, g.pending, g.scanned = false, nil, 0, 0
	g.changed, g.missing = time.Now(), time.Time{}
}

func (g *generation) detach() {
	g.file.close()
	g.file = nil
}
