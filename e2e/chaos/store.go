package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// storeFaults happen to the store and on the way to it.
func storeFaults() []fault {
	const c = "store"
	weather := func(name string, weight int, longest time.Duration, w func(r *rand.Rand) harness.Weather) fault {
		return fault{c, "store " + name, weight, 0, func(o *world, r *rand.Rand) {
			o.proxy.Set(w(r))
			time.Sleep(within(r, longest/4, longest))
			o.proxy.Set(harness.Weather{})
		}}
	}
	wire := func(name string, w func(r *rand.Rand) harness.Wire) fault {
		return fault{c, "store link " + name, 1, 0, func(o *world, r *rand.Rand) {
			o.wire.Set(w(r))
			time.Sleep(within(r, 300*time.Millisecond, 4*time.Second))
			o.wire.Set(harness.Wire{})
			o.wire.Reset()
		}}
	}
	return []fault{
		{c, "store kill -9", 3, 0, func(w *world, _ *rand.Rand) {
			w.store.Kill()
			w.store.Start()
		}},
		{c, "store away", 1, 0, func(w *world, r *rand.Rand) {
			w.store.Kill()
			time.Sleep(within(r, time.Second, 6*time.Second))
			w.store.Start()
		}},
		weather("answers 500", 1, 3*time.Second, func(r *rand.Rand) harness.Weather { return harness.Weather{Fail: some(r)} }),
		weather("answers 503", 1, 3*time.Second, func(r *rand.Rand) harness.Weather { return harness.Weather{Refuse: some(r)} }),
		weather("slow", 2, 5*time.Second, func(r *rand.Rand) harness.Weather {
			return harness.Weather{Delay: within(r, 100*time.Millisecond, 2*time.Second)}
		}),
		weather("stores and drops the answer", 3, 4*time.Second, func(r *rand.Rand) harness.Weather { return harness.Weather{Lose: some(r)} }),
		weather("stores what went astray, late", 4, 3*time.Second, func(r *rand.Rand) harness.Weather {
			return harness.Weather{Late: some(r) / 2, Hold: within(r, time.Second, 6*time.Second)}
		}),
		wire("cut", func(*rand.Rand) harness.Wire { return harness.Wire{Refuse: true} }),
		wire("slow", func(r *rand.Rand) harness.Wire {
			return harness.Wire{Delay: within(r, time.Millisecond, 100*time.Millisecond), Piece: 100 + r.IntN(5000)}
		}),
		wire("half-open", func(r *rand.Rand) harness.Wire { return harness.Wire{Up: r.IntN(2) == 0, Down: true} }),
		{c, "store link breaks in a body", 2, 0, func(w *world, r *rand.Rand) {
			for range 1 + r.IntN(6) {
				w.wire.Break(1 + r.IntN(20_000))
				time.Sleep(within(r, 0, 300*time.Millisecond))
			}
		}},
	}
}

// some is a share of the requests, now and then all of them.
func some(r *rand.Rand) float64 {
	if r.IntN(4) == 0 {
		return 1
	}
	return 0.05 + r.Float64()/2
}
