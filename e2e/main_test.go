// Package e2e tests whole Glows: the real binaries, a real redis-server, real
// files and a real S3 server, compared with the oracle. Run it with -count=1.
//
// The default sizes suit a small machine. GLOW_E2E_LINES, GLOW_E2E_KILLS,
// GLOW_E2E_REDIS_KILLS, GLOW_E2E_GARBAGE, GLOW_E2E_SHARES and GLOW_E2E_CHAOS
// (seconds) enlarge them, GLOW_E2E_SYSCALLS (a step) makes them finer,
// GLOW_E2E_SEED replays the chance, GLOW_E2E_GEOIP names a real City database to
// test with too, and GLOW_E2E_BIN a directory of binaries to test instead of
// fresh ones.
package e2e

import (
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
