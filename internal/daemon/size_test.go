package daemon

import (
	"fmt"
	"testing"
)

// A size is as many bytes as it says, and never too few or negative.
func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"4G", "500mb", "8388608T", "9007199254740992K", "-1", " 1e9", "4GB", "B"} {
		f.Add(s, int64(1<<20))
	}
	f.Fuzz(func(t *testing.T, s string, least int64) {
		n, err := ParseSize(s, least)
		if err != nil {
			return
		}
		if again, err := ParseSize(fmt.Sprint(n), least); n < 0 || n < least || err != nil || again != n {
			t.Fatalf("%q is %d, then %d, %v", s, n, again, err)
		}
	})
}
