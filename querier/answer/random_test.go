//go:build cgo

package answer

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/glowmap/glow/querier/archivetest"
)

// randomAsk makes a question of all kinds.
func randomAsk(r *rand.Rand, types []string) ask {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	q := ask{Every: pick("", "", "1m", "10m", "1h", "1h", "1d", "1w", "1mo")}
	span := []int64{archivetest.Day * 9, archivetest.Day * 9, archivetest.Day * 2, 3600 * 7}[r.IntN(4)]
	if q.Every == "1m" {
		span = 3600
	}
	from := archivetest.First - archivetest.Day + r.Int64N(6*archivetest.Day)
	from -= from % []int64{1, 60, 3600, archivetest.Day}[r.IntN(4)]
	q.From = time.Unix(from, 0).UTC().Format(time.RFC3339)
	q.To = time.Unix(from+1+r.Int64N(span), 0).UTC().Format(time.RFC3339)
	for _, i := range r.Perm(len(types))[:1+r.IntN(len(types))] {
		q.Keys = append(q.Keys, types[i])
	}
	dimensions := []string{"continent", "country", "region", "cell", "date", "hour", "weekday", "attr_country", "lang", "os"}
	for range r.IntN(3) {
		if d := pick(dimensions...); !slices.Contains(q.By, d) {
			q.By = append(q.By, d)
		}
	}
	q.Where = randomWhere(r, append(dimensions, "lat", "lon"))
	if not := randomWhere(r, append(dimensions, "lat", "lon")); len(not) > 0 && r.IntN(2) == 0 {
		if q.Where == nil {
			q.Where = map[string]any{}
		}
		q.Where["not"] = not
	}
	orders := append([]string{"", "n", "-n"}, q.By...)
	for _, d := range q.By {
		orders = append(orders, "-"+d)
	}
	if q.Every != "" {
		orders = append(orders, "time", "-time")
	}
	q.Order = pick(orders...)
	if r.IntN(3) == 0 {
		q.Limit = 1 + r.IntN(5)
	}
	return q
}

func randomWhere(r *rand.Rand, dimensions []string) map[string]any {
	where := map[string]any{}
	for range r.IntN(4) / 2 {
		d := dimensions[r.IntN(len(dimensions))]
		where[d] = randomCondition(r, d)
	}
	return where
}

func randomCondition(r *rand.Rand, d string) any {
	values := map[string][]any{
		"continent": {"EU", "NA", "AS", "", "XX"}, "country": {"DE", "FR", "US", "de"}, "region": {"DE-BY", "IT-25", "US-CA"},
		"cell": {int64(0), int64(1), int64(259199)}, "date": {"2026-03-27", "2026-03-30", "2026-04-01", "1999-12-31"},
		"hour": {int64(0), int64(5), int64(11), int64(23)}, "weekday": {int64(1), int64(4), int64(5), int64(7)},
		"attr_country": {"de", "", "DE"}, "lang": {"de-DE", "日本語", "a\"b'c;--", "=1+1", ""}, "os": {"win", "OTHER", "x' OR 1=1 --"},
		"lat": {0.0, 37.7749, 45.5}, "lon": {-122.4194, 0.0, -90.25},
	}[d]
	pick := func() any { return values[r.IntN(len(values))] }
	bounded := slices.Contains([]string{"cell", "date", "hour", "weekday", "lat", "lon"}, d)
	if d == "lat" || d == "lon" || bounded && r.IntN(2) == 0 {
		bounds := map[string]any{[]string{"min", "max"}[r.IntN(2)]: pick()}
		if r.IntN(2) == 0 {
			bounds["min"] = pick()
		}
		return bounds
	}
	switch r.IntN(4) {
	case 0:
		return pick()
	case 1:
		return nil
	case 2:
		return []any{pick(), nil}
	}
	return []any{pick(), pick(), pick()}
}
