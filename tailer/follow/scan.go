package follow

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/position"
)

// scan lists the folders of what is followed. It finds generations again that
// were renamed, and if it is asked for more than that those that were copied or
// compressed, and those that came and went unseen. For these two the files at
// the followed paths must be known: one of them may just be being copied.
func (f *Follower) scan(all bool) {
	f.meet()
	bases, dirs := f.bases()
	if all {
		f.begin(bases)
	}
	for _, dir := range dirs {
		if _, known := f.folders[dir]; !known {
			f.folders[dir] = 0
		}
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.trouble(dir, "list folder", err)
			continue
		}
		f.fine(dir)
		searching := f.searching()
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			source, sibling := f.siblingOf(bases, path)
			if sibling || searching && e.Type().IsRegular() {
				f.scanFile(path, source, sibling && all)
			}
		}
	}
	if all {
		f.miss()
		f.age()
	}
}

// meet notes which generations have their file open, or where it is followed.
func (f *Follower) meet() {
	for _, g := range f.gens {
		g.onDisk = g.file != nil
	}
	for path, g := range f.current {
		if in, err := stat(path); err == nil && in.id == g.seen.id {
			g.onDisk = true
		}
	}
}

// age notes the youngest of the current files of each shape.
func (f *Follower) age() {
	f.young = make(map[string]int64, len(f.current))
	for path, g := range f.current {
		s := shape(path)
		f.young[s] = max(f.young[s], g.id.Born)
	}
}

// bases returns the paths that siblings may have been rotated away from, with
// their sources, and the folders to list.
func (f *Follower) bases() (map[string]string, []string) {
	bases, dirs := map[string]string{}, map[string]bool{}
	add := func(path, source string) {
		bases[path] = source
		dirs[filepath.Dir(path)] = true
	}
	for _, w := range f.watches {
		if !w.glob {
			add(w.path, w.source)
		}
	}
	for path, g := range f.current {
		add(path, g.source)
	}
	for _, g := range f.gens {
		if g.own && g.file == nil && g.pos.State == position.Open && g.pos.Host == f.o.Host && filepath.IsAbs(g.path) {
			if _, known := bases[g.path]; !known {
				add(g.path, g.source)
			}
		}
	}
	list := make([]string, 0, len(dirs))
	for d := range dirs {
		list = append(list, d)
	}
	slices.Sort(list)
	return bases, list
}

// siblingOf says whether the name of path looks rotated away from a base, and
// whose.
func (f *Follower) siblingOf(bases map[string]string, path string) (source string, ok bool) {
	dir, name := filepath.Split(path)
	for _, from := range rotatedFrom(name) {
		if source, ok := bases[dir+from]; ok {
			return source, true
		}
	}
	plain := trimPacked(path)
	for _, w := range f.watches {
		if match, _ := filepath.Match(w.path, plain); match && w.glob && plain != path {
			return w.source, true
		}
	}
	return "", false
}

// searching says whether a generation is to be found under any name.
func (f *Follower) searching() bool {
	return slices.ContainsFunc(f.gens, func(g *generation) bool {
		return g.own && g.file == nil && g.pos.State == position.Open && !g.ended
	})
}

// scanFile looks at a file beside a followed path.
func (f *Follower) scanFile(path, source string, sibling bool) {
	in, err := stat(path)
	if err != nil || !in.regular || f.isCurrent(path, in.id) {
		return
	}
	if g := f.byIdentity(in.id); g != nil {
		g.onDisk = true
		if g.own && g.file == nil && (g.pos.State != position.Done || in.size > g.pos.Offset) {
			f.reopen(g, path)
		}
		return
	}
	if !sibling || in.size == 0 || f.isCopy(in) {
		return
	}
	f.adopt(path, source)
}

// isCurrent says whether look has taken care of the file.
func (f *Follower) isCurrent(path string, id identity) bool {
	g := f.current[path]
	return g != nil && g.seen.id == id
}

// isCopy says whether the file is known as the copy of a generation, or as
// history, and has not changed since.
func (f *Follower) isCopy(in info) bool {
	if g, ok := f.copies[fileState{in.id, in.size, in.modified}]; ok {
		if g != nil {
			g.onDisk = true
		}
		return true
	}
	for _, g := range f.gens {
		if g.file != nil && g.file.id == in.id {
			g.onDisk = true
			return true
		}
	}
	return false
}

// reopen opens a generation again under the name that it has now.
func (f *Follower) reopen(g *generation, path string) {
	c, in, err := open(path)
	if err != nil {
		f.trouble(path, "open rotated log", err)
		return
	}
	f.fine(path)
	if f.byIdentity(in.id) != g { // replaced since
		c.close()
		return
	}
	g, err = f.resume(g, c, in, path)
	if err != nil {
		c.close()
		f.trouble(path, "read rotated log", err)
		return
	}
	g.sibling = true
}

// adopt finds out what an unknown sibling is: the copy of a generation, one
// that came and went unseen, or older history.
func (f *Follower) adopt(path, source string) {
	c, in, err := open(path)
	if err != nil {
		f.trouble(path, "open rotated log", err)
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
		return false, err // being written: look again at the next scan
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

// since is from when on siblings of a source are not history: the last change
// and the birth of the youngest generation that Redis knew when we started, or
// when it had gone back in time.
type since struct{ modified, born int64 }

// known is the since of a source as Redis knows it now, from the generations
// of this host if there are any (hosts may share a source, and a host may get
// another name).
func (f *Follower) known(source string) since {
	var ours, all since
	for _, g := range f.gens {
		if g.source != source || g.value == "" {
			continue
		}
		all = since{max(all.modified, g.pos.Modified), max(all.born, g.id.Born)}
		if g.pos.Host == f.o.Host {
			ours = since{max(ours.modified, g.pos.Modified), max(ours.born, g.id.Born)}
		}
	}
	return or(ours, all)
}

func or(a, b since) since {
	if a == (since{}) {
		return b
	}
	return a
}

// begin decides on since when a source is met first: if Redis knows nothing of
// it, all that has not changed since now is history.
func (f *Follower) begin(bases map[string]string) {
	sources := slices.Collect(maps.Values(bases))
	for _, w := range f.watches {
		sources = append(sources, w.source)
	}
	for _, source := range sources {
		if _, known := f.since[source]; known {
			continue
		}
		f.since[source] = f.known(source)
		if f.since[source] == (since{}) {
			f.since[source] = since{modified: f.scanned.Add(-clockGrain).UnixNano()}
		}
	}
}

// goBack lets since go back with Redis.
func (f *Follower) goBack() {
	for source, s := range f.since {
		if now := f.known(source); now != (since{}) {
			f.since[source] = since{min(s.modified, now.modified), min(s.born, now.born)}
		}
	}
}

// unseen says whether a sibling that nothing is known of is younger than what
// was known of its source.
func (f *Follower) unseen(source string, in info) bool {
	s := f.since[source]
	return in.modified >= s.modified && (in.id.born == 0 || in.id.born >= s.born)
}

// miss starts the clock of the generations that were not found.
func (f *Follower) miss() {
	for _, g := range f.gens {
		if g.file != nil || g.onDisk {
			g.missing = time.Time{}
		} else if g.missing.IsZero() {
			g.missing = time.Now()
		}
	}
}
