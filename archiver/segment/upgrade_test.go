package segment

import (
	"testing"

	"github.com/glowmap/glow/archiver/schema"
)

// Lines of an earlier version and of this one are rows of one segment.
func TestEarlierLines(t *testing.T) {
	s := New("0-0", schema.Default().Keeper().Keep)
	s.Add("1-0", "1395100800 a EU DE DE-BY 53666 525244 134105\n1395100801 a EU DE DE-BY 53666 525244 134106\n"+
		"1395100802 a EU DE DE-BY 53666 525244 134105 os=win\n1395100803 a - - - - - -\n1395100804 a - -")
	if s.Rows() != 4 || s.Spoilt() != 1 {
		t.Errorf("%d rows, %d spoilt; want 4 and 1", s.Rows(), s.Spoilt())
	}
}
