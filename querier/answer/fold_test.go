package answer

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// No count that is too small is told, and none follows from those told of its
// period, or of its group, and their sum: what is hidden there is together at
// least as much, or all that there is. Nothing is lost by folding.
func TestFold(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 3000 {
		least := 1 + r.Int64N(12)
		groups := make([]*group, 1+r.IntN(6))
		periods := 1 + r.IntN(5)
		total := make([]int64, periods)
		for i := range groups {
			g := &group{values: []any{fmt.Sprint(i)}, n: make([]count, periods)}
			for j := range g.n {
				g.n[j].n = max(0, r.Int64N(30)-8) / (1 + r.Int64N(4))
				g.sum += g.n[j].n
				total[j] += g.n[j].n
			}
			groups[i] = g
		}
		own := append([]*group{}, groups...)
		folded := fold(groups, least)
		for j := range periods {
			sum := int64(0)
			for _, g := range folded {
				if n := g.n[j]; n.n > 0 && !n.hidden && n.n < least {
					t.Fatalf("a count of %d is told, the least is %d", n.n, least)
				}
				if g.folded || !g.n[j].hidden {
					sum += g.n[j].n
				}
			}
			if sum != total[j] {
				t.Fatalf("%d of %d are left", sum, total[j])
			}
			safe(t, column(own, j), least)
		}
		for _, g := range own {
			safe(t, row(g), least)
		}
	}
}

func safe(t *testing.T, line []*count, least int64) {
	t.Helper()
	hidden, told := int64(0), int64(0)
	for _, c := range line {
		if c.hidden {
			hidden += c.n
		} else {
			told += c.n
		}
	}
	if hidden > 0 && hidden < least && told > 0 {
		t.Fatalf("%d are hidden beside %d, the least is %d", hidden, told, least)
	}
}

func TestTell(t *testing.T) {
	for _, c := range []struct {
		n     []int64
		least int64
		want  string
	}{
		{[]int64{50, 20, 3, 0}, 10, "[true false false true]"},
		{[]int64{50, 20, 6, 5}, 10, "[true true false false]"},
		{[]int64{3}, 10, "[false]"},
		{[]int64{3, 1}, 0, "[true true]"},
	} {
		if got := fmt.Sprint(Tell(c.n, c.least)); got != c.want {
			t.Errorf("%v, %d: %s, want %s", c.n, c.least, got, c.want)
		}
	}
}
