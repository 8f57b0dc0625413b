package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/chaos"
	"github.com/glowmap/glow/e2e/harness"
)

// Everything at once, for GLOW_E2E_CHAOS seconds (or "2h"), GLOW_E2E_RATE lines
// a second. GLOW_E2E_FAULTS names the faults to draw from, or their beginnings.
func TestChaos(t *testing.T) {
	t.Parallel()
	c := chaos.Config{
		For:    harness.Duration(t, "GLOW_E2E_CHAOS", 15*time.Second),
		Rate:   harness.Size(t, "GLOW_E2E_RATE", 3000),
		Shares: harness.Size(t, "GLOW_E2E_SHARE_RATE", 20),
		Keep:   os.Getenv("GLOW_E2E_KEEP"),
	}
	if names := os.Getenv("GLOW_E2E_FAULTS"); names != "" {
		c.Only = strings.Split(names, ",")
	}
	chaos.Run(t, c)
}
