package follow

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/position"
)

// Reset sets all positions to what Redis holds: the fields of keys.Positions,
// of any source. Files stay open, and what they are is decided anew where it
// was decided in ignorance of what Redis holds now.
func (f *Follower) Reset(values map[string]string) error {
	open := map[string]*generation{}
	for _, g := range f.gens {
		if g.file != nil {
			open[g.field()] = g
		}
	}
	f.gens = nil
	clear(f.rolls)
	clear(f.copies)
	for field, value := range values {
		if err := f.load(open[field], field, value); err != nil {
			return err
		}
		delete(open, field)
	}
	slices.SortFunc(f.gens, func(a, b *generation) int { return cmp.Compare(a.pos.Order, b.pos.Order) })
	f.markEnded()
	f.goBack()
	loose := f.loosen()
	for _, g := range open {
		loose = append(loose, g)
	}
	for _, g := range loose {
		f.settle(g)
	}
	for path, g := range f.current {
		if !slices.Contains(f.gens, g) {
			delete(f.current, path)
		}
	}
	f.rescan = true
	// What was decided, and has its position no more, is undecided again.
	f.decided, f.unsure = time.Time{}, time.Time{}
	return nil
}

// load takes over one position, into g if that is known.
func (f *Follower) load(g *generation, field, value string) error {
	source, id, ok := position.ParseField(field)
	if !ok {
		return nil // of a newer version, perhaps: not ours to judge
	}
	p, err := position.Parse(value)
	if err != nil {
		if !f.follows(source) {
			return nil
		}
		return fmt.Errorf("position of source %s: %w", source, err)
	}
	if id.IsRoll() {
		f.loadRoll(source, field, value, p)
		return nil
	}
	if g == nil {
		g = &generation{id: id, source: source, path: p.Path}
	}
	g.pos, g.value = p, value
	g.own = g.own || f.follows(source)
	g.drained, g.pending, g.scanned = false, 0, 0
	if f.follows(source) {
		f.first = false
	}
	f.gens = append(f.gens, g)
	return nil
}

// markEnded finds the generations whose inode has a later one.
func (f *Follower) markEnded() {
	latest := map[identity]int{}
	for _, g := range f.gens {
		latest[g.identity()] = max(latest[g.identity()], g.id.Epoch)
	}
	for _, g := range f.gens {
		g.ended = g.id.Epoch < latest[g.identity()]
	}
}

// loosen takes files away from generations that they do not belong to: of
// those that ended the inode itself, of any a copy that holds something else,
// or nothing to tell it by, or that Redis knows as a generation of its own.
// For each it returns a generation that has only the file and where it was.
func (f *Follower) loosen() (loose []*generation) {
	for _, g := range f.gens {
		if g.file == nil {
			continue
		}
		own := g.file.id == g.identity()
		if own && !g.ended {
			continue
		}
		if !own && g.pos.Offset > 0 && f.byIdentity(g.file.id) == nil {
			if v, err := g.compare(g.file, g.seen); err == nil && v != another {
				continue
			}
		}
		loose = append(loose, &generation{id: g.id, source: g.source, file: g.file, path: g.path, sibling: g.sibling || !own})
		g.file = nil
	}
	return loose
}

// settle finds the right generation for a file that is open, perhaps under no
// name any more, but of which Redis knows nothing under the one that had it.
func (f *Follower) settle(g *generation) {
	in, err := fstat(g.file.f)
	kept := false
	switch {
	case err != nil:
	case g.sibling && f.byIdentity(in.id) == nil:
		kept, err = f.place(g.file, in, g.path, g.source)
	default:
		kept, err = f.settleInode(g, in)
	}
	if !kept {
		g.file.close()
	}
	if err != nil {
		f.trouble(g.path, "read log", err)
	}
}

// settleInode settles a file by its inode.
func (f *Follower) settleInode(g *generation, in info) (kept bool, err error) {
	known := f.byIdentity(in.id)
	if known == nil {
		f.renew(g)
		return true, nil
	}
	now := known
	switch {
	case known.file == nil:
		if now, err = f.resume(known, g.file, in, g.path); err != nil {
			return false, err
		}
	case known.file.id == in.id:
		return false, nil
	default: // it was truncated, and its old content is being read from a copy
		known.ended = true
		id := known.id
		id.Epoch++
		now = f.add(known.source, id, g.file, in, g.path)
	}
	now.sibling = g.sibling
	for path, cur := range f.current {
		if cur == g || cur == known {
			f.current[path] = now
		}
	}
	return true, nil
}

// renew sets a generation back to its beginning.
func (f *Follower) renew(g *generation) {
	g.id.Epoch = 0
	g.pos = position.Position{State: position.Open, Host: f.o.Host, Modified: g.pos.Modified}
	g.value, g.ended = "", false
	g.drained, g.pending, g.scanned = false, 0, 0
	if g.start > 0 {
		_ = g.moveTo(g.start) // if the file changed, from its beginning
	}
	f.gens = append(f.gens, g)
}
