package e2e

import (
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// Each way to rotate alone, and all of them together, with nobody killed.
func TestRotations(t *testing.T) {
	every := []harness.Rotation{harness.Rename, harness.Late, harness.CopyTruncate, harness.Dated, harness.Gzip}
	for name, kinds := range map[string][]harness.Rotation{
		"rename": every[:1], "late": every[1:2], "copytruncate": every[2:3], "dated": every[3:4], "gzip": every[4:], "all": every,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := harness.Rand(t)
			startFlow(t, r, harness.New(t), harness.Size(t, "GLOW_E2E_LINES", 50000), 10*time.Second, kinds...).finish(t)
		})
	}
}
