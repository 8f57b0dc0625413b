package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/glowmap/glow/internal/position"
)

// look opens what is new at the followed paths.
func (f *Follower) look() error {
	first := f.first
	f.first = false
	for _, w := range f.watches {
		paths := f.matches(w)
		if len(paths) == 0 && f.o.Once {
			return fmt.Errorf("no file matches %s", w.path)
		}
		for _, path := range paths {
			if err := f.lookAt(w, path, first); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Follower) matches(w *watch) []string {
	if !w.glob {
		return []string{w.path}
	}
	paths, _ := filepath.Glob(w.path) // the pattern was checked
	return paths
}

// lookAt makes the generation at path current, and opens it.
func (f *Follower) lookAt(w *watch, path string, first bool) error {
	in, err := stat(path)
	if err != nil {
		return f.absent(w, path, err)
	}
	g := f.current[path]
	if g != nil && !g.ended && g.seen.id == in.id && (g.file != nil || in.size == g.seen.size && in.modified == g.seen.modified) {
		return nil
	}
	c, in, err := open(path)
	if err != nil {
		return f.absent(w, path, err)
	}
	f.fine(path)
	if err := f.take(w, c, in, path, first); err != nil {
		c.close()
		f.trouble(path, "read log", err)
		if f.o.Once {
			return err
		}
	}
	return nil
}

// absent handles a followed path that cannot be opened. Daemons wait for it.
func (f *Follower) absent(w *watch, path string, err error) error {
	if f.o.Once && !w.glob {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f.trouble(path, "open log", err)
	return nil
}

// take finds or makes the generation that the file at a followed path holds.
func (f *Follower) take(w *watch, c *file, in info, path string, first bool) error {
	g := f.byIdentity(in.id)
	if g == nil {
		var err error
		if g, err = f.byContent(c, in, path, false); err != nil {
			return err
		}
	}
	switch {
	case g == nil:
		g = f.add(w.source, position.Generation{Dev: in.id.dev, Ino: in.id.ino, Born: in.id.born}, c, in, path)
		f.rescan = true
		f.current[path] = g
		if first && f.o.FromEnd {
			return f.startAtEnd(g, in)
		}
		return nil
	case g.file != nil: // another path to the same file, or the file under another name
		c.close()
		g.path = path
	default:
		var err error
		if g, err = f.resume(g, c, in, path); err != nil {
			return err
		}
	}
	g.sibling = false
	f.current[path] = g
	return nil
}

// resume opens a known generation again in c, or the one that replaced it there.
func (f *Follower) resume(g *generation, c *file, in info, path string) (*generation, error) {
	v, err := g.compare(c, in)
	if err != nil {
		return g, err
	}
	f.o.Log.Debug("found a generation again", "path", path, "generation", g.id.String(), "byte", g.pos.Offset, "intact", v == same)
	switch v {
	case same:
		g.attach(c, in, path)
	case shorter:
		g.attach(c, in, path)
		if err := f.shorten(g, in); err != nil {
			g.file = nil
			return g, err
		}
	default:
		if c.id != g.identity() {
			return g, fmt.Errorf("%s changed while it was compared", path)
		}
		g.own = true
		g = f.succeed(g, c, in, path)
	}
	return g, nil
}

// shorten goes on at the end of a file that lost its last bytes in a power
// failure: all that it still holds was counted, the lost lines too.
func (f *Follower) shorten(g *generation, in info) error {
	f.o.Log.Warn("log lost its end, as in a power failure: what it still holds was counted before", "path", g.path, "bytes", g.pos.Offset-in.size)
	return g.moveTo(in.size)
}

// succeed makes the generation that began when g's inode was truncated.
func (f *Follower) succeed(g *generation, c *file, in info, path string) *generation {
	id := g.id
	id.Epoch++
	source := g.source
	g.ended, g.file = true, nil
	g.missing = time.Now()
	ng := f.add(source, id, c, in, path)
	ng.sibling = g.sibling
	for p, cur := range f.current {
		if cur == g {
			f.current[p] = ng
		}
	}
	f.rescan = true
	return ng
}

// startAtEnd begins after the last whole line.
func (f *Follower) startAtEnd(g *generation, in info) error {
	from := max(0, in.size-int64(len(f.buf)))
	n, err := g.file.readAt(f.buf[:in.size-from], from)
	if err != nil {
		return err
	}
	for n > 0 && f.buf[n-1] != '\n' {
		n--
	}
	off := from + int64(n)
	if n == 0 && from > 0 {
		off = in.size // amid an overlong line
	}
	g.start = off
	return g.moveTo(off)
}
