package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// clocks are those of the machine of the daemons and of the machine of Redis,
// each nil where it cannot be stepped.
type clocks struct{ daemons, redis *harness.Clock }

// newClocks restarts Redis with a clock of its own.
func newClocks(w *world) (c clocks) {
	w.t.Helper()
	if harness.Steppable(w.t) {
		c.daemons = harness.NewClock(w.t)
		w.g.Env = append(w.g.Env, c.daemons.Env())
	}
	redis := harness.NewClock(w.t)
	if env := redis.PreloadEnv(); env != nil {
		c.redis = redis
		w.g.Redis.Kill()
		w.g.Redis.Env = env
		w.g.Redis.Start()
	}
	return c
}

// most is how far a clock is stepped: two clocks wrong by so much, one each
// way, are still no five minutes apart, beyond which events are of the future.
const most = 120 // seconds

// step puts a clock wrong for a while.
func step(of func(clocks) *harness.Clock) func(w *world, r *rand.Rand) {
	return func(w *world, r *rand.Rand) {
		c := of(w.clocks)
		c.Step(r.IntN(2*most) - most)
		time.Sleep(within(r, 200*time.Millisecond, 5*time.Second))
		c.Step(0)
	}
}

func (c clocks) redisFaults() []fault {
	if c.redis == nil {
		return nil
	}
	return []fault{{"clock", "clock of redis steps", 2, 0, step(func(c clocks) *harness.Clock { return c.redis })}}
}

func (c clocks) daemonFaults() []fault {
	if c.daemons == nil {
		return nil
	}
	return []fault{{"clock", "clock of all daemons steps", 2, 0, step(func(c clocks) *harness.Clock { return c.daemons })}}
}
