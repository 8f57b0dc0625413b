package e2e

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/s3test"
)

// Everything at once: two of each daemon, killed and frozen; Redis killed, its
// file torn or not; a store that is slow, unreliable and killed. GLOW_E2E_CHAOS
// is for how many seconds.
func TestChaos(t *testing.T) {
	t.Parallel()
	seconds := harness.Size(t, "GLOW_E2E_CHAOS", 15)
	r := harness.Rand(t)
	g := harness.New(t)
	g.Redis.Fix = r.IntN(2) == 0
	server := s3test.Start(t)
	proxy := harness.NewProxy(t, r, server.URL(), harness.Weather{})
	read, _ := toS3Server(t, g, server, proxy.URL())
	f := startFlow(t, r, g, seconds*harness.Size(t, "GLOW_E2E_RATE", 4000), time.Duration(seconds)*time.Second)
	for _, name := range []string{"tailer", "publisher"} {
		f.units = append(f.units, g.Unit(name))
	}
	faults := map[string]int{}
	for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); {
		every(r, 1, 300*time.Millisecond, func(int) { faults[f.fault(r, server, proxy)]++ })
		for _, u := range f.units {
			u.Check()
		}
	}
	t.Logf("redis-check-aof %v, faults %v, store %v", g.Redis.Fix, faults, proxy.Faults())
	proxy.Set(harness.Weather{})
	f.wait(t)
	for _, u := range f.units {
		u.Stop()
	}
	g.Once("publisher")
	read().Compare(t, f.oracle)
	compareDrops(t, g, f.oracle)
}

// fault makes one fault, and says which.
func (f *flow) fault(r *rand.Rand, server *s3test.Server, proxy *harness.Proxy) string {
	u := f.units[r.IntN(len(f.units))]
	k := r.IntN(12)
	switch {
	case k < 6:
		u.Kill()
		return "kill " + u.Name
	case k < 8:
		u.Process().Freeze()
		<-time.After(rand.N(2 * time.Second))
		u.Process().Thaw()
		return "freeze " + u.Name
	case k == 8:
		server.Kill()
		server.Start()
		return "kill store"
	case k == 9:
		proxy.Set(harness.Weather{Delay: time.Duration(r.Int64N(int64(time.Second))), Refuse: r.Float64() / 4, Lose: r.Float64() / 4})
		return "weather"
	}
	f.g.Redis.Kill()
	defer f.g.Redis.Start()
	if k == 10 {
		f.g.Tear(r, 100000)
		return "tear redis"
	}
	return "kill redis"
}
