package e2e

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/s3test"
)

// The store is away for an hour of feed time under load: afterwards every
// object is right, and Redis takes no more memory than if the store had always
// been there. GLOW_E2E_LINES is how many lines the hour has.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	seed := harness.Rand(t).Uint64()
	var there, away int64
	t.Run("both", func(t *testing.T) {
		for name, kept := range map[string]*int64{"there": &there, "away": &away} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				*kept = hourOfLoad(t, rand.New(rand.NewPCG(seed, 0)), name == "away")
			})
		}
	})
	t.Logf("Redis after an hour of load: %d KiB with the store there, %d KiB with it away", there>>10, away>>10)
	if away > there+there/5+(1<<20) {
		t.Errorf("Redis keeps %d KiB after the store was away, and %d KiB otherwise", away>>10, there>>10)
	}
}

// hourOfLoad publishes an hour's log, written in some seconds, and returns how
// many bytes Redis takes when all is done.
func hourOfLoad(t *testing.T, r *rand.Rand, away bool) int64 {
	t.Helper()
	g := harness.New(t)
	server := s3test.Start(t)
	read, _ := toS3Server(t, g, server, server.URL())
	g.Args["publisher"] = append(g.Args["publisher"], "--every", "500ms")
	f := &flow{g: g, r: r, lines: harness.Size(t, "GLOW_E2E_LINES", 30000), age: 90 * time.Minute, span: time.Hour, sorted: true}
	f.start(t, max(4*time.Second, time.Duration(f.lines)*10*time.Microsecond))
	if away {
		server.Kill()
	}
	f.wait(t)
	before := g.UsedMemory()
	if away {
		server.Start()
	}
	for _, u := range f.units {
		u.Stop()
	}
	g.Once("publisher") // all of it: the long periods would else wait for their minute
	after := g.UsedMemory()
	t.Logf("store away: %v; Redis takes %d KiB before all is published, %d KiB after", away, before>>10, after>>10)
	read().Compare(t, f.oracle)
	compareDrops(t, g, f.oracle)
	return after
}
