//go:build cgo

package answer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/question"
)

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
