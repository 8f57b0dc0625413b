package follow

import (
	"maps"
	"slices"
)

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
