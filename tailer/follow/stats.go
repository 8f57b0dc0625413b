package follow

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

// Owned lists the fields of the positions of the sources that are followed
// here, and of the files taken over from others, as they stood at the last Reset.
func (f *Follower) Owned() []string {
	var fields []string
	for _, g := range f.gens {
		if g.own && g.value != "" {
			fields = append(fields, g.field())
		}
	}
	return fields
}
