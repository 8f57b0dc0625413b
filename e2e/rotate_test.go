package e2e

import (
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// Each way to rotate alone, and all of them together, with nobody killed.
func TestRotations(t *testing.T) {
	for i := range len(harness.Rotations) + 1 {
		name, kinds := "all", harness.Rotations
		if i < len(kinds) {
			name, kinds = string(kinds[i]), kinds[i:i+1]
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := harness.Rand(t)
			startFlow(t, r, harness.New(t), harness.Size(t, "GLOW_E2E_LINES", 20000), 5*time.Second, kinds...).finish(t)
		})
	}
}
