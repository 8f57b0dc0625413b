package follow

import "github.com/glowmap/glow/internal/position"

// Stats are what there is to say of the files at the moment.
type Stats struct {
	Files int   // open
	Lag   int64 // bytes in them behind the positions, compressed ones left out
	Lost  int   // generations whose last lines cannot be had any more, since the start
}

// Stats returns them as of the last Poll.
func (f *Follower) Stats() Stats {
	s := Stats{Lost: f.lost}
	for _, g := range f.gens {
		if g.file == nil {
			continue
		}
		s.Files++
		if g.file.pack == nil {
			s.Lag += max(0, g.seen.size-g.pos.Offset)
		}
	}
	return s
}

// Owns says whether the position is of a source that is followed here, or of
// a file taken over from another one.
func (f *Follower) Owns(field string) bool {
	for _, g := range f.gens {
		if g.field() == field {
			return g.own
		}
	}
	source, _, ok := position.ParseField(field)
	return ok && f.follows(source)
}
