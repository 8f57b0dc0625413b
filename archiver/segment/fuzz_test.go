package segment

import (
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/located"
)

// The short way takes exactly the lines that the format's own parser takes, and
// makes the same rows of them, whether it has met their parts or not.
func FuzzLine(f *testing.F) {
	f.Add("1774360850 download EU DE DE-BY 59423 481234 115678 lang=fr&os=win")
	f.Add("1774360850 download - - - - - - -")
	f.Add("01 download - - - - - - -")
	f.Add("1 a -  - - - - - -")
	f.Fuzz(func(t *testing.T, line string) {
		s := New("0-0", archive.ParseAttrs)
		s.Add("1-0", "1774360850 download - - - - - - -\n1 a EU DE DE-BY 59423 481234 115678 lang=fr&os=win")
		before := s.Rows()
		first, second := s.add(line), s.add(line)
		e, err := located.Parse(located.Upgrade(line))
		if first != (err == nil) || second != first {
			t.Fatalf("%q: taken %v, then %v; the parser says %v", line, first, second, err)
		}
		if err != nil {
			return
		}
		if s.Rows() != before+2 {
			t.Fatalf("%q: %d rows, want %d", line, s.Rows(), before+2)
		}
		want := archive.Row{Time: e.Time, Type: e.Type, Place: e.Place, Attrs: archive.ParseAttrs(e.Attrs)}
		g := s.days[e.Time/day]
		for i := g.table.Len() - 2; i < g.table.Len(); i++ {
			var got archive.Row
			if g.table.Row(i, &got); got.Compare(&want) != 0 {
				t.Fatalf("%q: row %v, want %v", line, got, want)
			}
		}
		if _, _, err := s.File(e.Time/day, time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	})
}
