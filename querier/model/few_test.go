//go:build cgo

package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/models"
)

// sparse are rows of a day: many of a few countries, few of others.
func sparse(r *rand.Rand, day int) (list []archive.Row) {
	add := func(n int, typ, continent, country, region string) {
		for range n {
			list = append(list, archive.Row{Time: firstDay + int64(day)*86400 + r.Int64N(86400), Type: typ, Place: located.Place{Continent: continent, Country: country, Region: region}})
		}
	}
	add(900, "download", "EU", "DE", "DE-BY")
	add(40, "download", "EU", "FR", "FR-IDF")
	add(3, "download", "EU", "MT", "MT-01")
	add(4, "download", "EU", "DE", "DE-HB")
	add(60, "download", "EU", "DE", "DE-BE")
	add(2, "download", "OC", "TV", "TV-FUN")
	add(300, "download", "NA", "US", "US-CA")
	add(25, "share:x", "EU", "DE", "DE-BY")
	add(4, "share:x", "NA", "US", "US-CA")
	return list
}

// TestFew: everybody sees no count below --min-count, and none that follows
// from those shown and the sums of what they are parts of; the pulse, what is
// not public, and all where --min-count is off, are as they are.
func TestFew(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(21, 22))
	for day := range 2 {
		h.add(sparse(r, day))
	}
	h.commit()
	open := func(minCount int64) *Store {
		s, _ := h.store(h.duck(), Options{MinCount: minCount, Shipped: models.FS, Folders: []string{folder(t, map[string]string{
			"mine": "by = [\"date\", \"country\"]\nvalue = \"count(*) as n\"",
			"min":  "by = [\"date\", \"country\"]\nvalue = \"count(*) as n\"\nmin = 50\npublic = true",
			"rate": "by = [\"date\"]\nvalue = \"avg(country = 'MT')\"\npublic = true",
		})}})
		h.until(func() bool { return len(s.List()) == len(shipped)+3 })
		for _, i := range s.List() {
			h.await(s, i.Name)
		}
		return s
	}
	s, exact := open(10), open(0)
	day := "2026-03-22"
	for name, want := range map[string][]string{
		// MT's 3 would follow from the sum of EU, so FR goes, too.
		"top-countries": {day + " | EU | DE | 964", day + " | NA | US | 300"},
		"top-regions":   {day + " | EU | DE | DE-BY | 900", day + " | NA | US | US-CA | 300"},
		// OC's 2 would follow from the sum of all, so NA goes, too; and NA's
		// shares are few, so EU's are not told.
		"shares-per-thousand": {day + " | EU | <nil> | <nil> | 1007"},
		"min":                 {day + " | DE | 989"}, // all others are 45, so US goes, too
		"totals":              {day + " | download | 1309", day + " | share:x | 29"},
		"rate":                {day + " | <nil>"},
	} {
		got := slices.DeleteFunc(rows(t, s, name, Ask{}), func(l string) bool { return !strings.HasPrefix(l, day) })
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if got := rows(t, s, "first-seen", Ask{}); len(got) != 2 || strings.Contains(fmt.Sprint(got), "TV") {
		t.Error(got)
	}
	for _, name := range []string{"mine", "per-second", "per-minute", "totals", "categories"} {
		if got, want := rows(t, s, name, Ask{}), rows(t, exact, name, Ask{}); !slices.Equal(got, want) {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
		}
	}
	if got := rows(t, exact, "top-countries", Ask{}); !slices.Contains(got, day+" | EU | MT | 3") {
		t.Error(got)
	}
}

// TestHide: of random sums, whatever is known of the sums of lines says nothing
// of a few events.
func TestHide(t *testing.T) {
	m, err := define.Read("m", []byte("by = [\"date\", \"continent\", \"country\", \"region\"]\npublic = true\n[values]\nn = \"count(*)\"\nk = \"count(attr_os)\"\nw = \"sum(attr_os = 'win')\""))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(23, 24))
	for range 300 {
		sums := newTable(sumTypes(m))
		for i := range 1 + r.IntN(40) {
			n := int64(1 + r.IntN([]int{3, 30, 300}[r.IntN(3)]))
			k := r.Int64N(n + 1)
			sums.add([]any{int64(86400 * r.IntN(2)), string(rune('A' + r.IntN(3))), string(rune('a' + r.IntN(3))), fmt.Sprint(i), n, k, r.Int64N(k + 1)})
		}
		least := int64(2 + r.IntN(20))
		hidden := hide(m, sums, least)
		for p := range m.Sums {
			counts := sums.Cols[4+p].Ints
			left := map[string]int64{}
			for i, n := range counts {
				switch {
				case !hidden[p][i] && n > 0 && (n < least || hidden[0][i]):
					t.Fatalf("%d of least %d is told", n, least)
				case !hidden[p][i] && counts[i] != sums.Cols[4].Ints[i] && sums.Cols[4].Ints[i]-n < least:
					t.Fatalf("%d of %d is told", n, sums.Cols[4].Ints[i])
				}
				for groups := range 3 {
					key := line(sums.row(i, nil)[:1+groups]...)
					if hidden[p][i] {
						left[key] += n
					} else if _, met := left[key]; !met {
						left[key] = 0
					}
					if !hidden[p][i] && n > 0 {
						left[key+" told"]++
					}
				}
			}
			for key, n := range left {
				if !strings.HasSuffix(key, " told") && n > 0 && n < least && left[key+" told"] > 0 {
					t.Fatalf("%d of %s follow, least %d", n, key, least)
				}
			}
		}
	}
}
