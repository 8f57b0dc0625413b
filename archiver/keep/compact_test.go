package keep

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/schema"
	"github.com/glowmap/glow/archiver/segment"
	"github.com/glowmap/glow/archiver/store"
)

// A day of more rows than are sorted in memory goes by way of files, and comes
// out the same, to the byte.
func TestSortByWayOfFiles(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s, err := store.New(t.Context(), "file://"+t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := segments(t, s, 5000)
	want := ""
	for _, rows := range []int{inMemory, 100, 997} {
		k := &Keeper{store: s, inMemory: rows, m: newMetrics(prometheus.NewRegistry())}
		out, err := k.sort(t.Context(), in[0].Date, in, time.Unix(march24, 0))
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(out) // the names end in a hash of the bytes
		if want == "" {
			want = got
		}
		if got != want || len(out) != 3 {
			t.Errorf("%d at a time: %s, want %s", rows, got, want)
		}
		sorted(t, s, out)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

// sorted reads what was sorted.
func sorted(t *testing.T, s store.Store, files []archive.File) {
	t.Helper()
	n := 0
	for _, f := range files {
		var last archive.Row
		err := archive.ReadFile(t.Context(), s, f, archive.Filter{}, func(r *archive.Row) error {
			if n++; last.Type != "" && last.Compare(r) > 0 {
				return fmt.Errorf("row %d comes before the one before it", n)
			}
			last = *r
			last.Attrs = append([]archive.Attr(nil), r.Attrs...)
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if n != 5000 {
		t.Errorf("%d rows", n)
	}
}

const march24 = 1774310400 // 2026-03-24T00:00:00Z

// segments are files of n rows of one date, as they came.
func segments(t *testing.T, s store.Store, n int) (files []archive.File) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	types := []string{"download", "share:twitter", "share:x"}
	places := []string{"- - - - - -", "EU DE DE-BY 59423 481234 115678", "NA US US-CA 70000 377749 -1224194"}
	for i := 0; i < n; i += 500 {
		g := segment.New("0-0", schema.Default().Keeper().Keep)
		var lines []string
		for range 500 {
			lines = append(lines, fmt.Sprintf("%d %s %s os=%d", march24+r.IntN(86400), types[r.IntN(3)], places[r.IntN(3)], r.IntN(4)))
		}
		g.Add(fmt.Sprintf("%d-1", i+1), strings.Join(lines, "\n"))
		f, b, err := g.File(g.Dates()[0], time.Unix(march24, 0))
		if err == nil {
			err = s.Put(t.Context(), f.Name, strings.NewReader(string(b)))
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}
