package follow

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/glowmap/glow/internal/position"
)

// adopt finds out what an unknown sibling is: the copy of a generation, one
// that came and went unseen, or older history.
func (f *Follower) adopt(path, source string) {
	c, in, err := open(path)
	if err != nil {
		f.trouble(path, "open rotated log", err)
		return
	}
	if g := f.byIdentity(in.id); g != nil { // it was renamed since the look at path, and is met again
		g.onDisk = true
		c.close()
		return
	}
	kept, err := f.place(c, in, path, source)
	if !kept {
		c.close()
	}
	if err == nil {
		f.fine(path)
	} else if !errors.Is(err, errIncomplete) {
		f.trouble(path, "read rotated log", err)
	}
}

// place does adopt's work with the open file, and says whether it is kept open.
func (f *Follower) place(c *file, in info, path, source string) (kept bool, err error) {
	if f.copying(c, in) {
		return false, nil
	}
	g, err := f.byContent(c, in, path, true)
	if err != nil && (!errors.Is(err, errIncomplete) || f.underway(path, in)) {
		return false, err
	}
	now, err := fstat(c.f)
	if err != nil || now.size != in.size || now.modified != in.modified {
		f.undecided = true // being written: look again at the next scan
		return false, err
	}
	switch {
	case g == nil && f.unseen(source, in):
		g = f.add(source, position.Generation{Dev: in.id.dev, Ino: in.id.ino, Born: in.id.born}, c, in, path)
		g.sibling = true
		return true, nil
	case g == nil:
		f.copies[fileState{in.id, in.size, in.modified}] = nil
	case g.file != nil: // its own file may be about to be truncated: then it is asked for
		g.onDisk = true
	case g.pos.State == position.Done && f.readToEnd(g, c, in), c.pack == nil && in.size < g.pos.Offset:
		g.onDisk, g.covered = true, g.ended
		f.copies[fileState{in.id, in.size, in.modified}] = g
	default:
		f.o.Log.Debug("found the copy of a generation", "path", path, "generation", g.id.String(), "byte", g.pos.Offset)
		g.attach(c, in, path)
		g.sibling = true
		return true, nil
	}
	return false, nil
}

// underway says whether a compressed file is still being written: what it is
// made from is still there, or it has just changed.
func (f *Follower) underway(path string, in info) bool {
	_, err := os.Stat(trimPacked(path))
	return err == nil || time.Now().UnixNano()-in.modified < int64(f.o.Grace)
}

// copying says whether c holds the beginning of an open generation: then it is
// a copy (perhaps not yet whole) of what is being read anyway.
func (f *Follower) copying(c *file, in info) bool {
	var a, b [position.HeadMax]byte
	n, err := c.readAt(a[:], 0)
	if err != nil && n == 0 {
		return false
	}
	for _, g := range f.gens {
		if g.file == nil || g.file.id == in.id || g.file.pack != nil {
			continue
		}
		if m, err := g.file.readAt(b[:n], 0); err == nil && m == n && bytes.Equal(a[:n], b[:n]) {
			g.onDisk = true
			return true
		}
	}
	return false
}

// byContent finds the generation of which the file holds all that was read,
// the youngest if there are several. Short beginnings may be equal by chance:
// they are believed only of files that were rotated away from its source. At a
// followed path another file is only believed to be a known generation if that
// one's own file is gone.
func (f *Follower) byContent(c *file, in info, path string, sibling bool) (*generation, error) {
	for i := len(f.gens) - 1; i >= 0; i-- {
		g := f.gens[i]
		if g.pos.Offset == 0 || g.pos.Head.Len < position.HeadMax && !(sibling && g.own) && !f.isRotationOf(path, g) {
			continue
		}
		if !sibling && (g.file != nil || g.own && !g.ended && f.stillThere(g)) {
			continue
		}
		v, err := g.compare(c, in)
		if err != nil {
			return nil, err
		}
		if v == same || v == shorter && sibling {
			return g, nil
		}
	}
	return nil, nil
}

// isRotationOf says whether the name of path is what a rotation makes of g's
// path, or of that of its source.
func (f *Follower) isRotationOf(path string, g *generation) bool {
	dir, name := filepath.Split(path)
	for _, from := range rotatedFrom(name) {
		if g.pos.Host == f.o.Host && (g.path == dir+from || g.source == f.o.Host+":"+dir+from) {
			return true
		}
	}
	return false
}

// stillThere says whether the generation's own file is where it was last seen.
func (f *Follower) stillThere(g *generation) bool {
	in, err := stat(g.path)
	return err == nil && in.id == g.identity()
}

// readToEnd says whether c, which holds g, ends at g's position.
func (f *Follower) readToEnd(g *generation, c *file, in info) bool {
	if c.pack == nil || c.pack.endsAt(g.pos.Offset, in.size) {
		return c.pack != nil || in.size == g.pos.Offset
	}
	var b [1]byte
	n, err := c.readAt(b[:], g.pos.Offset)
	return n == 0 && err == nil
}
