//go:build cgo

package clickhouse

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/question"
)

// asker asks at random, mostly about what there is.
type asker struct{ *rand.Rand }

func one[T any](r asker, list ...T) T { return list[r.IntN(len(list))] }

// condition is one on a dimension, of any kind that it may have.
func (r asker) condition(dimension string) question.Condition {
	c := question.Condition{Dimension: dimension, Null: r.IntN(4) == 0}
	number := func() *int64 { return new(r.Int64N(8)) }
	switch dimension {
	case question.Lat, question.Lon:
		c.Null = false
		c.Degrees = &[2]question.Degree{{Is: r.IntN(3) > 0, Value: 180*r.Float64() - 90}, {Is: true, Value: float64(r.IntN(1800000)-900000) / 1e4}}
	case question.Date:
		c.Null, c.Numbers = false, []int64{day, day + 86400}[:1+r.IntN(2)]
	case question.Hour, question.Weekday, question.Cell:
		if c.Min = number(); r.IntN(2) == 0 {
			c.Max = new(*c.Min + r.Int64N(5))
		}
		if r.IntN(2) == 0 {
			c.Min, c.Max, c.Numbers = nil, nil, []int64{1, *number(), 3}
		}
	case question.Country:
		c.Texts = one(r, []string{"DE"}, []string{"FR"}, []string{"DE", "FR"}, []string{"DE", "XX"}, nil)
	default:
		c.Texts = slices.Compact([]string{one(r, strange...), one(r, strange...)})
	}
	if c.Texts == nil && c.Numbers == nil && c.Min == nil && c.Degrees == nil {
		c.Null = true
	}
	return c
}

func (r asker) question() *question.Question {
	dimensions := []string{
		question.Continent, question.Country, question.Region, question.Cell, question.Date, question.Hour, question.Weekday, "attr_a", "attr_b", "attr_none",
	}
	from := day + r.Int64N(2*86400)
	q := &question.Question{From: from - from%one[int64](r, 1, 60, 86400), Every: one[question.Every](r, "", "", "1m", "10m", "1h", "1d", "1w", "1mo")}
	q.To = q.From + 1 + r.Int64N(3*86400)
	for _, i := range r.Perm(len(dimensions))[:r.IntN(4)] {
		q.By = append(q.By, dimensions[i])
	}
	for _, to := range []*[]question.Condition{&q.Where, &q.Not} {
		for range one(r, 0, 0, 1, 2) {
			*to = append(*to, r.condition(one(r, append(dimensions, question.Lat, question.Lon)...)))
		}
	}
	q.Order = one(r, append([]string{"", "n", "-n"}, q.By...)...)
	return q
}

// Random questions, which a seed repeats, have the same answers from both
// engines. GLOW_QUERIER_QUESTIONS says how many.
func TestAnswersAreDuckDBs(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		d := newFolder(t.TempDir())
		_, e := start(t, d)
		sameAsDuckDB(t, d, e)
	})
	t.Run("cluster", func(t *testing.T) {
		d := newFolder(t.TempDir())
		_, e := startCluster(t, 2, d)
		sameAsDuckDB(t, d, e)
	})
}

func sameAsDuckDB(t *testing.T, d *folder, e *Engine) {
	n, err := strconv.Atoi(os.Getenv("GLOW_QUERIER_QUESTIONS"))
	if err != nil {
		n = 60
	}
	r := asker{rand.New(rand.NewPCG(13, 14))}
	var files []archive.File
	for i, keys := range [][]string{nil, {"a"}, {"a", "b"}, {"b"}} {
		rows := someRows(r.Rand, 300, keys...)
		for j := range rows {
			rows[j].Time += int64(i/2) * 86400
		}
		files = append(files, d.put(t, rows))
	}
	duck, err := engine.OpenDuckDB(d, engine.Limits{Folders: []string{d.dir}, Threads: 1, Memory: 256 << 20, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer duck.Close()
	answered := 0
	for i := range n {
		asked := r.question()
		most := 0
		if asked.Every == "" { // else the order has ties
			most = one(r, 0, 1, 5)
		}
		q := asked.Query(one(r, "download", "download", "share:x", "download", "share:x", "'none"), most)
		q.Files = files[:r.IntN(len(files)+1)]
		var want, got []string
		for to, on := range map[*[]string]engine.Engine{&want: duck, &got: e} {
			err := on.Run(t.Context(), q, func(row []any) error {
				*to = append(*to, fmt.Sprintf("%#v", row))
				return nil
			})
			if err != nil {
				t.Fatalf("question %d, %s: %T: %v", i, asked.Canonical(), on, err)
			}
			if most == 0 { // in any order
				slices.Sort(*to)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("question %d, %s\n%s %q\nhas %d rows, want %d:\n%.1000v\n%.1000v", i, asked.Canonical(), q.SQL, q.Args, len(got), len(want), got, want)
		}
		if len(got) > 1 {
			answered++
		}
	}
	if answered < n/5 {
		t.Errorf("only %d of %d questions had an answer worth comparing", answered, n)
	}
}
