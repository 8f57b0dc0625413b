package follow

import (
	"errors"
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
	began := time.Now()
	f.undecided = false
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
		// What is renamed meanwhile may be met under neither of its names.
		if in, err := stat(dir); err == nil && in.modified >= began.Add(-clockGrain).UnixNano() {
			f.undecided = true
		}
	}
	if all {
		f.miss()
		f.age()
		f.doubt()
	}
}

// doubt notes when a scan has last decided on every sibling, and since when
// none has.
func (f *Follower) doubt() {
	if !f.undecided {
		f.decided, f.unsure = f.scanned, time.Time{}
	} else if f.unsure.IsZero() {
		f.unsure = f.scanned
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
