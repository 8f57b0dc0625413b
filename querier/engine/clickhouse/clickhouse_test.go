package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/clickhousetest"
	"github.com/glowmap/glow/querier/engine"
)

// folder is an archive's files in a folder.
type folder struct {
	dir     string
	columns map[string][]string
}

func (d *folder) path(f archive.File) string { return filepath.Join(d.dir, filepath.FromSlash(f.Name)) }

// Local says where a file is.
func (d *folder) Local(_ context.Context, f archive.File) (engine.Local, func(), error) {
	path := d.path(f)
	if _, err := os.Stat(path); err != nil {
		return engine.Local{}, nil, engine.ErrGone
	}
	return engine.Local{Path: path, Columns: d.columns[f.Name]}, func() {}, nil
}

// All says where files are.
func (d *folder) All(ctx context.Context, files []archive.File) (all []engine.Local, release func(), err error) {
	for _, f := range files {
		l, _, err := d.Local(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, l)
	}
	return all, func() {}, nil
}

// put writes rows as a file of the archive.
func (d *folder) put(t *testing.T, rows []archive.Row) archive.File {
	t.Helper()
	var table archive.Table
	columns := []string{"cell", "continent", "country", "lat", "lon", "region", "time", "type"}
	for i := range rows {
		table.Add(&rows[i])
		for _, a := range rows[i].Attrs {
			if c := archive.Column(a.Key); !slices.Contains(columns, c) {
				columns = append(columns, c)
			}
		}
	}
	slices.Sort(columns)
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	sum := table.Sum()
	date := archive.Date(sum.From)
	name := archive.SegmentName(date, fmt.Sprint(len(d.columns), "-0"), "abcdef")
	path := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	d.columns[name] = columns
	return archive.File{Name: name, Date: date, Types: sum.Types, From: sum.From, To: sum.To, Bytes: int64(b.Len())}
}

func newFolder(dir string) *folder { return &folder{dir, map[string][]string{}} }

// strange are values that others stumble over.
var strange = []string{"", " ", "NULL", `\N`, `\`, `\t`, "a\tb\nc\r\x00", "'; DROP TABLE events; --", `"`, "`", "ü%_", "日本", "?", "events"}

const day = 1774310400 // 2026-03-24

// someRows are rows of one day, some of them alike, some with little known.
func someRows(r *rand.Rand, n int, keys ...string) []archive.Row {
	rows := make([]archive.Row, n)
	for i := range rows {
		rows[i] = archive.Row{Time: day + r.Int64N(86400), Type: []string{"download", "share:x"}[r.IntN(2)]}
		if r.IntN(4) > 0 {
			rows[i].Continent, rows[i].Country, rows[i].Region = "EU", []string{"DE", "FR"}[r.IntN(2)], ""
		}
		if r.IntN(3) > 0 {
			rows[i].Located, rows[i].Cell, rows[i].Lat, rows[i].Lon = true, uint32(r.IntN(3)), int32(r.IntN(1800000)-900000), -1799999
		}
		for _, k := range keys {
			if r.IntN(2) == 0 {
				rows[i].Attrs = append(rows[i].Attrs, archive.Attr{Key: k, Value: strange[r.IntN(len(strange))]})
			}
		}
	}
	return rows
}

// start starts a server and connects to it.
func start(t *testing.T, d *folder) (*clickhousetest.Server, *Engine) {
	t.Helper()
	s := clickhousetest.Start(t)
	return s, connect(t, s, d, 0)
}

func connect(t *testing.T, s *clickhousetest.Server, d *folder, keep time.Duration) *Engine {
	t.Helper()
	e := openAt(t, s.URL(), d, keep)
	if err := e.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// openAt makes an engine, which has asked the server nothing yet.
func openAt(t *testing.T, url string, d *folder, keep time.Duration) *Engine {
	t.Helper()
	e, err := Open(Options{
		URL: url, Password: clickhousetest.Password, Keep: keep, Files: d,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// all are the rows of an answer.
func all(t *testing.T, e *Engine, q engine.Query) (rows [][]any) {
	t.Helper()
	err := e.Run(t.Context(), q, func(row []any) error {
		rows = append(rows, slices.Clone(row))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var every = []string{"time", "type", "continent", "country", "region", "cell", "lat", "lon", "attr_a", "attr_b"}

// text are rows as lines, sorted.
func text(rows [][]any) []string {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = fmt.Sprintf("%#v", r)
	}
	slices.Sort(list)
	return list
}

// expected are rows as an answer has them.
func expected(rows []archive.Row) (list [][]any) {
	some := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	for _, r := range rows {
		row := []any{r.Time, r.Type, some(r.Continent), some(r.Country), some(r.Region), nil, nil, nil, nil, nil}
		if r.Located {
			row[5], row[6], row[7] = int64(r.Cell), float64(r.Lat)/1e4, float64(r.Lon)/1e4
		}
		for _, a := range r.Attrs {
			row[8+int(a.Key[0]-'a')] = a.Value
		}
		list = append(list, row)
	}
	return list
}

// Every value of every row arrives as it is in the archive, from files with
// other columns, each row once.
func TestRowsAreThoseOfTheFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := newFolder(t.TempDir())
	_, e := start(t, d)
	one, two, three := someRows(r, 500), someRows(r, 700, "a", "b"), someRows(r, 300, "b")
	files := []archive.File{d.put(t, one), d.put(t, two), d.put(t, three)}
	q := engine.Query{SQL: "SELECT " + strings.Join(every, ", ") + " FROM events", Columns: every}
	if got := all(t, e, q); len(got) != 0 {
		t.Errorf("%d rows of no file", len(got))
	}
	q.Files = files[:1] // before anybody knows of attributes
	if got, want := text(all(t, e, q)), text(expected(one)); !slices.Equal(got, want) {
		t.Errorf("rows of the first file differ: %d, want %d", len(got), len(want))
	}
	q.Files = files[1:]
	if got, want := text(all(t, e, q)), text(expected(slices.Concat(two, three))); !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("row %d is %s, want %s", i, got[i], want[i])
			}
		}
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	q.Files = append(files, files[1])
	if got := all(t, e, q); len(got) != 1500 {
		t.Errorf("%d rows, with a file named twice, want 1500", len(got))
	}
}

// A value is a value, whatever it says and wherever it stands.
func TestArguments(t *testing.T) {
	d := newFolder(t.TempDir())
	_, e := start(t, d)
	rows := make([]archive.Row, len(strange))
	for i, s := range strange {
		rows[i] = archive.Row{Time: day + int64(i), Type: "x", Attrs: []archive.Attr{{Key: "a", Value: s}}}
	}
	q := engine.Query{Files: []archive.File{d.put(t, rows)}, Columns: []string{"time", "attr_a"}}
	q.SQL = "SELECT time, '? events', 'it''s' AS \"events?\" FROM events WHERE attr_a = ?"
	for i, s := range strange {
		q.Args = []any{s}
		if got, want := fmt.Sprint(all(t, e, q)), fmt.Sprintf("[[%d ? events it's]]", day+i); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	q.SQL, q.Columns = "SELECT ?, ?, ?, ?, ?, ? FROM events LIMIT ?", nil
	q.Args = []any{int64(-3), true, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, int64(math.MinInt64), 1}
	want := fmt.Sprint([][]any{{int64(-3), int64(1), 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, int64(math.MinInt64)}})
	if got := fmt.Sprint(all(t, e, q)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, args := range [][]any{{}, {1, 2}, {nil}, {math.NaN()}, {[]byte("x")}} {
		if err := e.Run(t.Context(), engine.Query{SQL: "SELECT ? FROM events", Args: args}, nil); err == nil {
			t.Errorf("arguments %v of one question mark are taken", args)
		}
	}
}
