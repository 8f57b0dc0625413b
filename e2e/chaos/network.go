package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// networkFaults happen between a daemon and Redis.
func networkFaults() []fault {
	const c = "network"
	return []fault{
		{c, "redis link cut", 2, 0, func(w *world, r *rand.Rand) {
			w.bad(r, harness.Wire{Refuse: true}, 100*time.Millisecond, 2*time.Second)
		}},
		{c, "redis link slow", 2, 0, func(w *world, r *rand.Rand) {
			wire := harness.Wire{Delay: within(r, time.Millisecond, 300*time.Millisecond), Piece: 100 + r.IntN(50_000)}
			w.bad(r, wire, time.Second, 4*time.Second)
		}},
		{c, "redis link loses answers", 3, 0, func(w *world, r *rand.Rand) {
			w.bad(r, harness.Wire{Down: true}, 10*time.Millisecond, 400*time.Millisecond).Reset()
		}},
		{c, "redis link breaks in a command", 3, 0, func(w *world, r *rand.Rand) {
			w.links[daemons[r.IntN(len(daemons))]].Break(1 + r.IntN(50_000))
		}},
		{c, "redis link half-open", 1, 0, func(w *world, r *rand.Rand) {
			w.bad(r, harness.Wire{Up: true, Down: r.IntN(2) == 0}, time.Second, 3*time.Second).Reset()
		}},
		{c, "redis link half-open until the daemon gives up", 1, 10 * time.Minute, func(w *world, r *rand.Rand) {
			w.bad(r, harness.Wire{Up: true, Down: true}, time.Second, 35*time.Second)
		}},
	}
}

// bad makes the link of some daemon bad for a while.
func (w *world) bad(r *rand.Rand, wire harness.Wire, from, to time.Duration) *harness.Link {
	l := w.links[daemons[r.IntN(len(daemons))]]
	l.Set(wire)
	time.Sleep(within(r, from, to))
	l.Set(harness.Wire{})
	return l
}
