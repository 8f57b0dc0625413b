package harness

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Size is the number in an environment variable, or else the one given: what a
// test does by default must be quick, and more can be asked for.
func Size(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: want a number above 0", name, text)
	}
	return n
}

// Duration is the time in an environment variable, in seconds or as Go writes
// durations, or else the one given.
func Duration(t testing.TB, name string, otherwise time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(name)
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d
	}
	return time.Duration(Size(t, name, int(otherwise/time.Second))) * time.Second
}

// Rand is the test's source of chance. GLOW_E2E_SEED replays a run, as far as
// processes can be replayed.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("GLOW_E2E_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("GLOW_E2E_SEED=%s: want a number", text)
		}
		seed = n
	}
	t.Logf("GLOW_E2E_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
