package model

import (
	"math"
	"strings"
	"testing"

	"github.com/glowmap/glow/querier/model/define"
)

// TestSumsTooLarge: sums of parts that are together too large for a whole
// number are an error, as those of one part are, and never another number.
func TestSumsTooLarge(t *testing.T) {
	m, err := define.Read("m", []byte("value = \"sum(hour)\""))
	if err != nil {
		t.Fatal(err)
	}
	for other, fits := range map[int64]bool{0: true, -1: true, 1: false, math.MaxInt64: false, math.MinInt64: true} {
		a := newAdder(m)
		var err error
		for _, n := range []int64{math.MaxInt64, other} {
			part := newTable(sumTypes(m))
			part.add([]any{int64(0), int64(1), n})
			if err == nil {
				err = a.addTable(part, func(int64) error { return nil })
			}
		}
		switch {
		case fits && (err != nil || a.sums.Cols[2].Ints[0] != math.MaxInt64+other):
			t.Errorf("and %d: %v, %v", other, a.sums.Cols[2].Ints, err)
		case !fits && (err == nil || !strings.Contains(err.Error(), "sum(hour) is too large")):
			t.Errorf("and %d: %v", other, err)
		}
	}
}
