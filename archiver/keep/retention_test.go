package keep

import (
	"strings"
	"testing"
	"time"
)

func TestRetention(t *testing.T) {
	r, err := ParseRetention("download=400d,*=30d")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1774310400, 0)
	for _, c := range []struct {
		typ  string
		days int
		over bool
	}{{"download", 399, false}, {"download", 401, true}, {"share:twitter", 29, false}, {"share:twitter", 31, true}} {
		if got := r.over(c.typ, now.Add(-time.Duration(c.days)*day), now); got != c.over {
			t.Errorf("%s of %d days ago: over %v", c.typ, c.days, got)
		}
	}
	none, err := ParseRetention("")
	if err != nil || none.over("download", time.Unix(0, 0), now) {
		t.Errorf("without a rule: %v, %v", none, err)
	}
}

func FuzzRetention(f *testing.F) {
	for _, s := range []string{"", "download=400d,*=30d", "*=1d", "a=0d", "a=1d,a=2d", "A=1d", "a=1h", "a", "=1d", "a=99999999999d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRetention(s)
		for typ, life := range r {
			if err != nil || life < day || !strings.Contains(s, typ+"=") {
				t.Fatalf("%q: %v, %v", s, r, err)
			}
		}
	})
}
