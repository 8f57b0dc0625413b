package e2e

import (
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// Two of everything by mistake: two tailers on one file, four geoworkers of
// which some freeze beyond their claim, two publishers.
func TestTwoOfEverything(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	f := startFlow(t, r, g, harness.Size(t, "GLOW_E2E_LINES", 50000), 10*time.Second)
	for _, name := range []string{"tailer", "geoworker", "geoworker", "publisher"} {
		f.units = append(f.units, g.Unit(name))
	}
	every(r, 4, time.Second, func(int) {
		u := f.units[r.IntN(len(f.units))].Process()
		u.Freeze()
		<-time.After(1500 * time.Millisecond)
		u.Thaw()
	})
	f.finish(t)
}
