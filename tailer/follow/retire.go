package follow

import (
	"time"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/parse"
)

// remembered is how many generations without a file keep their position, for
// each source: a restored backup of an older log than that would be counted again.
const remembered = 32

// retire ends g if it is over, and closes its file once it is superseded too.
func (f *Follower) retire(g *generation, emit func(*Chunk) error) (bool, error) {
	switch {
	case g.file == nil || !g.drained || !f.over(g):
		return false, nil
	case !g.finished():
		return true, f.finish(g, emit)
	case g.file.pack != nil || f.superseded(g):
		g.detach()
	}
	return false, nil
}

func (g *generation) finished() bool {
	return g.drained && g.pending == 0 && g.pos.State == position.Done
}

// superseded says whether another generation has taken g's path.
func (f *Follower) superseded(g *generation) bool {
	if g.sibling || g.ended {
		return true
	}
	cur := f.current[g.path]
	if cur != g {
		return cur != nil
	}
	return f.young[shape(g.path)] > g.id.Born
}

// over says whether g, read to its end, will have no more lines.
func (f *Follower) over(g *generation) bool {
	quiet := time.Since(g.changed)
	switch {
	case f.o.Once:
		return true
	case g.broken != nil:
		return quiet > f.o.Grace
	case g.file.pack != nil:
		return true
	case g.seen.links == 0 && quiet > 10*f.o.Grace: // deleted, and nobody made a new one
		return true
	}
	return quiet > f.o.Grace && f.superseded(g)
}

// finish takes the unfinished last line, and says that g is done.
func (f *Follower) finish(g *generation, emit func(*Chunk) error) error {
	if g.broken != nil {
		f.o.Log.Error("compressed log is damaged: what follows cannot be had", "path", g.path, "byte", g.pos.Offset, "err", g.broken)
		f.lost++
	}
	if g.pending > 0 {
		if err := f.lastLine(g, emit); err != nil {
			return err
		}
	}
	g.pos.State = position.Done
	return emit(f.bare(g))
}

func (f *Follower) lastLine(g *generation, emit func(*Chunk) error) error {
	size := g.pending
	g.pending = 0
	if size > parse.MaxLine {
		return f.jump(g, g.pos.Offset+size, true, emit)
	}
	lead, n, err := f.fill(g)
	if err != nil && n == 0 {
		return err
	}
	data := f.buf[lead : lead+min(n, int(size))]
	return emit(&Chunk{Data: data, f: f, g: g, buf: f.buf, at: lead})
}

func (f *Follower) isLost(g *generation) bool {
	return g.own && g.file == nil && !g.onDisk && g.pos.State == position.Open && g.pos.Host == f.o.Host &&
		!g.missing.IsZero() && (f.o.Once || time.Since(g.missing) > f.o.Grace)
}

func (f *Follower) loseAll(emit func(*Chunk) error) error {
	for _, g := range f.gens {
		var err error
		switch {
		case g.covered && g.pos.State == position.Open:
			g.pos.State = position.Done
			err = emit(f.bare(g))
		case f.isLost(g):
			err = f.lose(g, emit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lose gives up on a generation whose file cannot be found any more.
func (f *Follower) lose(g *generation, emit func(*Chunk) error) error {
	g.pos.State = position.Lost
	switch {
	case g.ended && g.looked && g.behind == 0, g.ended && g.pos.Offset == 0:
		f.o.Log.Warn("log was truncated without a copy: lines written just before that were not seen", "path", g.path)
		g.pos.State = position.Done
	default:
		f.lost++
		f.o.Log.Error("log disappeared before its end was read: its lines after this byte are lost", "path", g.path, "byte", g.pos.Offset)
	}
	return emit(f.bare(g))
}

// prune forgets the oldest of the finished generations that have no file.
func (f *Follower) prune(emit func(*Chunk) error) error {
	gone := map[string]int{}
	for i := len(f.gens) - 1; i >= 0; i-- {
		g := f.gens[i]
		if !g.own || g.pos.Host != f.o.Host || g.file != nil || g.onDisk || g.missing.IsZero() || g.pos.State == position.Open || g.value == "" {
			continue
		}
		if gone[g.source]++; gone[g.source] <= remembered {
			continue
		}
		step := f.step(g.source, Change{Field: g.field(), Old: g.value})
		f.gens = append(f.gens[:i], f.gens[i+1:]...)
		if f.current[g.path] == g {
			delete(f.current, g.path)
		}
		if err := emit(&Chunk{g: g, step: step}); err != nil {
			return err
		}
	}
	return nil
}
