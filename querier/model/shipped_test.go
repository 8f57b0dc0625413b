//go:build cgo

package model

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/models"
)

// TestShipped: every shipped model against a count without any SQL, model
// language or parts: group by a line, count, sort.
func TestShipped(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(1, 2))
	for day := range 9 {
		for range 1 + day%3 {
			h.add(someRows(r, day, 300))
		}
	}
	h.commit()
	s, _ := h.store(h.duck(), Options{Shipped: models.FS})
	all := h.all()
	for name, naive := range shipped {
		h.await(s, name)
		if got, want := rows(t, s, name, Ask{}), naive(all); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, sample(got), sample(want))
		}
	}
	if list := s.List(); len(list) != len(shipped) {
		t.Errorf("%d models, %d are tested", len(list), len(shipped))
	}
}

func sample(lines []string) string { return strings.Join(lines[:min(20, len(lines))], "\n") }

// group is what rows have in common, and how many there are.
type group struct {
	keys      []any
	n         int64
	shares    int64
	downloads int64
	first     int64
}

// tally groups rows by the keys that key gives; nil leaves a row out.
func tally(rows []archive.Row, key func(r *archive.Row) []any) []*group {
	groups := map[string]*group{}
	for i := range rows {
		keys := key(&rows[i])
		if keys == nil {
			continue
		}
		g := groups[line(keys...)]
		if g == nil {
			g = &group{keys: keys, first: rows[i].Time}
			groups[line(keys...)] = g
		}
		g.n++
		g.first = min(g.first, rows[i].Time)
		if strings.HasPrefix(rows[i].Type, "share:") {
			g.shares++
		}
		if rows[i].Type == "download" {
			g.downloads++
		}
	}
	var list []*group
	for _, g := range groups {
		list = append(list, g)
	}
	return list
}

// compareAny compares keys; what is unknown comes last.
func compareAny(a, b any) int {
	switch {
	case a == nil || b == nil:
		if a == b {
			return 0
		} else if a == nil {
			return 1
		}
		return -1
	}
	if a, ok := a.(string); ok {
		return strings.Compare(a, b.(string))
	}
	return cmp.Compare(a.(int64), b.(int64))
}

// byNumber orders by the first key, the greatest number, the other keys; limit
// is the most groups of one first key.
func byNumber(list []*group, limit int, number func(*group) float64) []*group {
	slices.SortFunc(list, func(a, b *group) int {
		if c := compareAny(a.keys[0], b.keys[0]); c != 0 {
			return c
		}
		if c := cmp.Compare(number(b), number(a)); c != 0 {
			return c
		}
		return slices.CompareFunc(a.keys, b.keys, compareAny)
	})
	var kept []*group
	inFirst := 0
	for i, g := range list {
		if i > 0 && compareAny(g.keys[0], list[i-1].keys[0]) != 0 {
			inFirst = 0
		}
		if inFirst++; limit == 0 || inFirst <= limit {
			kept = append(kept, g)
		}
	}
	return kept
}

func events(g *group) float64 { return float64(g.n) }

func lines(list []*group, more func(g *group) []any) (out []string) {
	for _, g := range list {
		out = append(out, line(append(slices.Clone(g.keys), more(g)...)...))
	}
	return out
}

func counted(g *group) []any { return []any{g.n} }

// known is nil for an unknown text.
func known(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func attr(r *archive.Row, key string) (string, bool) {
	for _, a := range r.Attrs {
		if a.Key == key {
			return a.Value, true
		}
	}
	return "", false
}

func stampOf(sec, step int64) string {
	return time.Unix(sec/step*step, 0).UTC().Format(time.RFC3339)
}

// perDay makes the naive count of a model by date and something else.
func perDay(limit int, key func(r *archive.Row) (any, bool)) func([]archive.Row) []string {
	return func(rows []archive.Row) []string {
		list := tally(rows, func(r *archive.Row) []any {
			k, ok := key(r)
			if !ok {
				return nil
			}
			return []any{archive.Date(r.Time), k}
		})
		return lines(byNumber(list, limit, events), counted)
	}
}

var shipped = map[string]func(rows []archive.Row) []string{
	"totals": perDay(0, func(r *archive.Row) (any, bool) { return r.Type, true }),
	"categories": perDay(0, func(r *archive.Row) (any, bool) {
		category, _, _ := strings.Cut(r.Type, ":")
		return category, true
	}),
	"top-countries": perDay(25, func(r *archive.Row) (any, bool) {
		return r.Continent + " | " + r.Country, r.Type == "download" && r.Country != ""
	}),
	"top-regions": perDay(25, func(r *archive.Row) (any, bool) {
		return r.Continent + " | " + r.Country + " | " + r.Region, r.Type == "download" && r.Region != ""
	}),
	"versions": perDay(100, func(r *archive.Row) (any, bool) {
		v, ok := attr(r, "version")
		return v, ok && r.Type == "download"
	}),
	"languages": perDay(100, func(r *archive.Row) (any, bool) {
		v, ok := attr(r, "lang")
		return strings.ToLower(v), ok && r.Type == "download"
	}),
	"per-minute": func(rows []archive.Row) []string {
		list := tally(rows, func(r *archive.Row) []any {
			if r.Time < firstDay+2*86400 { // the newest seven of nine days
				return nil
			}
			return []any{stampOf(r.Time, 60), r.Type}
		})
		return lines(byNumber(list, 0, events), func(g *group) []any { return []any{g.n, float64(g.n) / 60} })
	},
	"per-second": func(rows []archive.Row) []string {
		list := tally(rows, func(r *archive.Row) []any {
			if r.Time < firstDay+7*86400 {
				return nil
			}
			return []any{stampOf(r.Time, 1)}
		})
		return lines(byNumber(list, 0, events), counted)
	},
	"first-seen": func(rows []archive.Row) []string {
		list := tally(rows, func(r *archive.Row) []any {
			if r.Country == "" {
				return nil
			}
			return []any{r.Continent, r.Country}
		})
		slices.SortFunc(list, func(a, b *group) int { return cmp.Compare(a.first, b.first) })
		return lines(list, func(g *group) []any { return []any{stampOf(g.first, 1), g.n} })
	},
	"shares-per-thousand": func(rows []archive.Row) []string {
		list := tally(rows, func(r *archive.Row) []any {
			if r.Continent == "" {
				return nil
			}
			return []any{archive.Date(r.Time), r.Continent}
		})
		rate := func(g *group) float64 { return float64(1000*g.shares) / float64(g.downloads) }
		return lines(byNumber(list, 0, rate), func(g *group) []any { return []any{rate(g), g.shares, g.downloads} })
	},
	"hours": func(rows []archive.Row) []string {
		list := tally(rows, func(r *archive.Row) []any {
			if r.Type != "download" {
				return nil
			}
			return []any{known(r.Continent), r.Time / 3600 % 24}
		})
		slices.SortFunc(list, func(a, b *group) int { return slices.CompareFunc(a.keys, b.keys, compareAny) })
		return lines(list, counted)
	},
}
