package e2e

import (
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// Wherever in the first words with Redis the connection breaks: a daemon that
// starts waits and tries again.
func TestConnectionBreaksAtStart(t *testing.T) {
	t.Parallel()
	step := harness.Size(t, "GLOW_E2E_STEP", 250) // bytes
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := harness.New(t)
			write(t, g.Log, nil)
			link := harness.NewLink(t, "unix", g.Redis.Socket())
			g.Args[name] = []string{"--redis-url", "redis://" + link.Addr()}
			for after := 1; after < 2000; after += step {
				link.Break(after)
				g.Once(name)
			}
		})
	}
}
