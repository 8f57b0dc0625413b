package harness

import (
	"testing"
	"time"
)

// Until polls a condition until it holds, and fails the test with what it last
// said if it does not before the deadline.
func Until(t testing.TB, what string, within time.Duration, holds func() (ok bool, state string)) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(within)
	for {
		ok, state := holds()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v until %s; now: %s", within, what, state)
		}
		<-tick.C
	}
}
