//go:build cgo

package answer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/question"
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

// questions is how many are asked: GLOW_QUERIER_QUESTIONS=1000 for all.
func questions(t *testing.T) int {
	n := 100
	if s := os.Getenv("GLOW_QUERIER_QUESTIONS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func duckDB(t *testing.T, a *archivetest.Archive, c *catalog.Catalog) engine.Engine {
	t.Helper()
	e, err := engine.OpenDuckDB(c, engine.Limits{Folders: []string{a.Dir}, Threads: 2, Memory: 1 << 30, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func shapeOf(s *catalog.Snapshot) *question.Shape {
	return &question.Shape{
		Keys: s.Types(), From: s.From, To: s.Until, MaxRows: 100_000,
		Dimensions: []string{"continent", "country", "region", "cell", "lat", "lon", "date", "hour", "weekday", "attr_country", "attr_lang", "attr_os"},
	}
}

// Random questions have the answers that going through all rows by hand gives,
// and in the order asked for.
func TestOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a := archivetest.Random(t, r, 120)
	c := a.Catalog()
	e, s := duckDB(t, a, c), c.Current()
	said := 0 // questions whose answer says anything
	for i := range questions(t) {
		q := randomAsk(r, s.Types())
		text := asText(q)
		parsed, err := question.Parse([]byte(text), shapeOf(s))
		if err != nil {
			t.Fatalf("question %d, %s: %v", i, text, err)
		}
		results, err := Ask(t.Context(), e, s, parsed, Options{MaxRows: 100_000})
		if err != nil {
			t.Fatalf("question %d, %s: %v", i, text, err)
		}
		for k, result := range results {
			if result.Key != q.Keys[k] {
				t.Fatalf("question %d, %s: result %d is of %s", i, text, k, result.Key)
			}
			same(t, fmt.Sprintf("question %d, %s, %s", i, text, result.Key), result, naive(a, s, q, result.Key))
			ordered(t, text, result, q)
			if strings.ContainsAny(asText(result.Rows), "123456789") && len(result.Rows) > 1 {
				said++
			}
		}
		if t.Failed() {
			return
		}
	}
	if said < questions(t) {
		t.Errorf("only %d results have more than one row", said)
	}
}

func same(t *testing.T, name string, result Result, want []string) {
	t.Helper()
	var got []string
	for _, row := range result.Rows {
		got = append(got, asText(row))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// ordered checks the first thing that rows are ordered by.
func ordered(t *testing.T, text string, result Result, q ask) {
	t.Helper()
	name, down := strings.CutPrefix(q.Order, "-")
	if name == "" {
		if name, down = "n", true; q.Every != "" {
			name, down = "time", false
		}
	}
	at := slices.Index(result.Columns, name)
	if at < 0 {
		t.Fatalf("%s: columns %v", text, result.Columns)
	}
	if !slices.IsSortedFunc(result.Rows, func(a, b []any) int { return nullLast(a[at], b[at], down) }) {
		t.Errorf("%s: not in order: %s", text, asText(result.Rows))
	}
}
