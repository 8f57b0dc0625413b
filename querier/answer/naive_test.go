//go:build cgo

package answer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
)

// ask is a question as a client writes it. The oracle answers it row by row,
// and shares nothing with what is tested.
type ask struct {
	Keys  []string       `json:"keys"`
	Where map[string]any `json:"where,omitempty"`
	From  string         `json:"from,omitempty"`
	To    string         `json:"to,omitempty"`
	Every string         `json:"every,omitempty"`
	By    []string       `json:"by,omitempty"`
	Order string         `json:"order,omitempty"`
	Limit int            `json:"limit,omitempty"`
}

// of is what a row has of a dimension; nil: nobody knows.
func of(r *archive.Row, dimension string) any {
	t := time.Unix(r.Time, 0).UTC()
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	switch dimension {
	case "continent":
		return text(r.Continent)
	case "country":
		return text(r.Country)
	case "region":
		return text(r.Region)
	case "date":
		return t.Format("2006-01-02")
	case "hour":
		return int64(t.Hour())
	case "weekday":
		return int64((int(t.Weekday())+6)%7 + 1)
	}
	if r.Located {
		switch dimension {
		case "cell":
			return int64(r.Cell)
		case "lat":
			return float64(r.Lat) / 1e4
		case "lon":
			return float64(r.Lon) / 1e4
		}
	}
	for _, a := range r.Attrs {
		if a.Key == strings.TrimPrefix(dimension, "attr_") {
			return a.Value
		}
	}
	return nil
}

func holds(r *archive.Row, dimension string, condition any) bool {
	have := of(r, dimension)
	switch c := condition.(type) {
	case []any:
		return slices.ContainsFunc(c, func(one any) bool { return one == have })
	case map[string]any:
		if have == nil {
			return false
		}
		low, high := c["min"], c["max"]
		return (low == nil || compare(have, low) >= 0) && (high == nil || compare(have, high) <= 0)
	}
	return condition == have
}

func compare(a, b any) int {
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	}
	return cmp.Compare(a.(string), b.(string))
}

// period is when the period begins that a moment is in, and when it ends.
func period(every string, t time.Time) (from, to time.Time) {
	year, month, date := t.Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	switch every {
	case "1m":
		return t.Truncate(time.Minute), t.Truncate(time.Minute).Add(time.Minute)
	case "10m":
		return t.Truncate(10 * time.Minute), t.Truncate(10 * time.Minute).Add(10 * time.Minute)
	case "1h":
		return t.Truncate(time.Hour), t.Truncate(time.Hour).Add(time.Hour)
	case "1d":
		return midnight, midnight.AddDate(0, 0, 1)
	case "1w":
		for midnight.Weekday() != time.Monday {
			midnight = midnight.AddDate(0, 0, -1)
		}
		return midnight, midnight.AddDate(0, 0, 7)
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return first, first.AddDate(0, 1, 0)
}

// naive answers for one key, as rows without order: each as JSON.
func naive(a *archivetest.Archive, s *catalog.Snapshot, q ask, key string) []string {
	from, _ := time.Parse(time.RFC3339, q.From)
	to, _ := time.Parse(time.RFC3339, q.To)
	type group struct {
		values []any
		sum    int
		n      map[time.Time]int
	}
	groups := map[string]*group{}
	for i := range a.Rows {
		r := &a.Rows[i]
		if r.Type != key || r.Time < from.Unix() || r.Time >= to.Unix() || !wanted(r, q.Where) {
			continue
		}
		var values []any
		for _, d := range q.By {
			values = append(values, of(r, d))
		}
		id := fmt.Sprintf("%#v", values)
		if groups[id] == nil {
			groups[id] = &group{values: values, n: map[time.Time]int{}}
		}
		start := time.Time{}
		if q.Every != "" {
			start, _ = period(q.Every, time.Unix(r.Time, 0).UTC())
		}
		groups[id].n[start]++
		groups[id].sum++
	}
	if len(q.By) == 0 && len(groups) == 0 {
		groups[""] = &group{n: map[time.Time]int{}}
	}
	var all []*group
	for _, g := range groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *group) int { // what a limit takes
		first := 0
		name, down := strings.CutPrefix(q.Order, "-")
		if at := slices.Index(q.By, name); at >= 0 {
			first = nullLast(a.values[at], b.values[at], down)
		} else if name == "n" && !down {
			first = a.sum - b.sum
		}
		byValue := 0
		for i := range a.values {
			byValue = cmp.Or(byValue, nullLast(a.values[i], b.values[i], false))
		}
		return cmp.Or(first, b.sum-a.sum, byValue)
	})
	if q.Limit > 0 && len(q.By) > 0 {
		all = all[:min(len(all), q.Limit)]
	}
	var rows []string
	for _, g := range all {
		if q.Every == "" {
			rows = append(rows, asText(append(slices.Clone(g.values), g.n[time.Time{}])))
			continue
		}
		for start, end := period(q.Every, from); start.Before(to); start, end = period(q.Every, end) {
			var n any = g.n[start]
			if !knownAt(a, s, key, maxTime(start, from), minTime(end, to)) {
				n = nil
			}
			rows = append(rows, asText(append(append([]any{start.Format(time.RFC3339)}, g.values...), n)))
		}
	}
	return rows
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// knownAt looks at each second's quarter of an hour: is it within the archive,
// and are there rows of its date, or none missing?
func knownAt(a *archivetest.Archive, s *catalog.Snapshot, key string, from, to time.Time) bool {
	for t := from.Unix(); t < to.Unix(); t++ {
		if t < s.From || t >= s.Until {
			t += max(0, min(s.From-t, 3600)-1)
			continue
		}
		date := archive.Date(t)
		if a.Manifest.Missing[key][date] == 0 {
			return true
		}
		if slices.ContainsFunc(a.Rows, func(r archive.Row) bool { return r.Type == key && archive.Date(r.Time) == date }) {
			return true
		}
		t += archivetest.Day - t%archivetest.Day - 1
	}
	return false
}

func nullLast(a, b any, down bool) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	case down:
		return compare(b, a)
	}
	return compare(a, b)
}

func wanted(r *archive.Row, where map[string]any) bool {
	for d, c := range where {
		if d == "not" {
			for d, c := range c.(map[string]any) {
				if holds(r, d, c) {
					return false
				}
			}
		} else if !holds(r, d, c) {
			return false
		}
	}
	return true
}

func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
