// Package e2e tests whole Glows: the real binaries, a real redis-server, real
// files and a real S3 server, compared with the oracle. Run it with -count=1.
//
// The default sizes suit a small machine. GLOW_E2E_LINES, GLOW_E2E_KILLS,
// GLOW_E2E_REDIS_KILLS, GLOW_E2E_GARBAGE, GLOW_E2E_SHARES, GLOW_E2E_HISTORY,
// GLOW_E2E_HISTORY_FAULTS, GLOW_E2E_QUERIER and GLOW_E2E_QUERIER_KILLS enlarge them,
// GLOW_E2E_SYSCALLS and GLOW_E2E_STEP (steps) make them finer, GLOW_E2E_SEED
// replays the chance, GLOW_E2E_GEOIP names a real City database to test with
// too, and GLOW_E2E_BIN a directory of binaries to test instead of fresh ones.
//
// Of chaos (README.md), GLOW_E2E_CHAOS is the time in seconds or as in "2h",
// GLOW_E2E_RATE and GLOW_E2E_SHARE_RATE are lines and shares a second,
// GLOW_E2E_FAULTS the faults to draw from, GLOW_E2E_KEEP a directory for the
// state of a failed run, and GLOW_E2E_CLOCK builds daemons whose clock can be
// stepped.
package e2e

import (
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
