package follow

import (
	"math/rand/v2"

	"github.com/glowmap/glow/internal/position"
)

// roll is the version of all that Redis holds of a source's generations on
// this host. Each step replaces it, so a step is done only if Redis holds
// exactly what the follower believes. What it decides on that ground (that a
// file is a copy of this generation, or that it came and went unseen) is
// thereby never decided on old news: neither after Redis went back in time nor
// where two follow one log by mistake.
type roll struct {
	field, value string
	order        int64 // the last that was given to a generation
}

func (f *Follower) roll(source string) *roll {
	r := f.rolls[source]
	if r == nil {
		r = &roll{field: position.Field(source, position.Roll(f.o.Host))}
		f.rolls[source] = r
	}
	return r
}

// step makes a step of changes to a source's generations.
func (f *Follower) step(source string, changes ...Change) Step {
	r := f.roll(source)
	p := position.Position{Order: r.order, State: position.Done, Host: f.o.Host, Tail: position.Mark{Sum: rand.Uint64()}}
	old := r.value
	r.value = p.String()
	return Step{source, append([]Change{{r.field, old, r.value}}, changes...)}
}

// bare is a chunk without lines: a mere step to g's position.
func (f *Follower) bare(g *generation) *Chunk {
	return &Chunk{g: g, f: f, step: f.step(g.source, g.commit())}
}

// loadRoll takes over what Redis holds of a roll, if it is ours.
func (f *Follower) loadRoll(source, field, value string, p position.Position) {
	if r := f.roll(source); r.field == field {
		r.value, r.order = value, p.Order
	}
}

// Rolls lists the fields of the rolls of our sources with their values as they
// stand in Redis once all steps made so far are done: if one is another there,
// Redis went back in time, or something else follows the same logs.
func (f *Follower) Rolls() map[string]string {
	m := map[string]string{}
	for _, g := range f.gens {
		if r := f.roll(g.source); g.own && r.value != "" {
			m[r.field] = r.value
		}
	}
	return m
}
