//go:build cgo

package model

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/model/define"
)

const byCountry = `
where = "type = 'download'"
by    = ["date", "country"]
value = "count(*) as n"
`

// naive is byCountry.
var naive = perDay(0, func(r *archive.Row) (any, bool) { return known(r.Country), r.Type == "download" })

const allTime = `
by = ["type"]
[values]
n     = "count(*)"
where = "min(country)"
mean  = "avg(lat)"
`

const unique = "by = \"date\"\nvalue = \"count(distinct country) as n\""

// TestDroppedIn: a model that comes while events flow has all of history, and
// each change has exactly the files added up that are new.
func TestDroppedIn(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(3, 4))
	var first []string
	for day := range 5 {
		first = append(first, h.add(someRows(r, day, 200)))
	}
	h.commit()
	e := h.duck()
	dir := folder(t, nil)
	s, _ := h.store(e, Options{Folders: []string{dir}})
	if len(s.List()) != 0 {
		t.Fatal(s.List())
	}
	write(t, dir, "countries", byCountry)
	h.until(func() bool { return len(s.List()) == 1 })
	h.await(s, "countries")
	expect := func(questions, files int64) {
		t.Helper()
		h.commit()
		h.await(s, "countries")
		if got, want := rows(t, s, "countries", Ask{}), naive(h.all()); !slices.Equal(got, want) {
			t.Fatalf("%s\nwant\n%s", sample(got), sample(want))
		}
		if q, f := e.questions.Swap(0), e.files.Swap(0); q != questions || f != files {
			t.Errorf("%d questions about %d files, want %d, %d", q, f, questions, files)
		}
	}
	expect(1, 5)
	expect(0, 0)
	second := h.add(someRows(r, 4, 50)) // today goes on
	expect(1, 1)
	h.add(someRows(r, 1, 10)) // late events
	expect(1, 1)
	h.add(append(slices.Clone(h.rows[first[4]]), h.rows[second]...), first[4], second) // compacted
	expect(1, 1)
	h.add(someRows(r, 0, 3), first[0]) // other rows than before
	expect(1, 1)
	for range 2 * maxParts { // many segments become one part
		h.add(someRows(r, 5, 5))
		expect(1, 1)
	}
	parts, err := os.ReadDir(filepath.Join(s.State, "countries", s.models["countries"].def.Key(), "2026-03-27"))
	if err != nil || len(parts) > maxParts {
		t.Errorf("%d parts, %v", len(parts), err)
	}
	for name := range h.files { // a day is deleted
		if h.files[name].Date == "2026-03-22" {
			delete(h.files, name)
			delete(h.rows, name)
		}
	}
	h.n++
	expect(0, 0)
}

// TestRestart: what was added up is there after a start, and what is torn is
// added up again.
func TestRestart(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(5, 6))
	for day := range 4 {
		h.add(someRows(r, day, 100))
		h.add(someRows(r, day, 100))
	}
	h.commit()
	e := h.duck()
	o := Options{Folders: []string{folder(t, map[string]string{"countries": byCountry, "all": allTime, "unique": unique})}, State: t.TempDir()}
	s, stop := h.store(e, o)
	for name := range map[string]bool{"countries": true, "all": true, "unique": true} {
		h.await(s, name)
	}
	before, version := rows(t, s, "all", Ask{}), s.models["all"].now().id
	stop()
	e.files.Store(0)
	part := s.models["countries"].run.state.dir
	files, _ := filepath.Glob(filepath.Join(part, "2026-03-23", "*.part"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	h.check(os.Truncate(files[0], 100))
	s, _ = h.store(e, o)
	for name := range map[string]bool{"countries": true, "all": true, "unique": true} {
		h.await(s, name)
	}
	if n := e.files.Load(); n != 2 {
		t.Errorf("%d files are added up again, want the 2 of the torn part", n)
	}
	if got := rows(t, s, "countries", Ask{}); !slices.Equal(got, naive(h.all())) {
		t.Error(sample(got))
	}
	if got := rows(t, s, "all", Ask{}); !slices.Equal(got, before) || s.models["all"].now().id != version {
		t.Error(sample(got), sample(before))
	}
}

// TestBroken: a file with mistakes is reported, stops nobody else, and nothing
// is shown of what it said before.
func TestBroken(t *testing.T) {
	h := newHistory(t)
	h.add(someRows(rand.New(rand.NewPCG(7, 8)), 0, 100))
	h.commit()
	dir := folder(t, map[string]string{"good": byCountry, "changing": byCountry, "bad": `by = ["dat"]`})
	s, _ := h.store(h.duck(), Options{Folders: []string{dir}})
	h.await(s, "good")
	h.await(s, "changing")
	if i, _ := s.Get("bad"); i.State != Broken || !strings.Contains(i.Error, "line 1, column 8: no column \"dat\": did you mean date?") {
		t.Errorf("%+v", i)
	}
	change := func(text string) { write(t, dir, "changing", text) }
	change("where = \"typ = 'x'\"")
	h.until(func() bool { i, _ := s.Get("changing"); return i.State == Broken })
	if _, err := s.Rows(t.Context(), "changing", Ask{Limit: 1}); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
	change("value = \"count(*) as events\"")
	h.until(func() bool { i, _ := s.Get("changing"); return i.State == Ready })
	if got := rows(t, s, "changing", Ask{}); !slices.Equal(got, []string{"100"}) {
		t.Error(got)
	}
	change("off = true")
	h.until(func() bool { _, ok := s.Get("changing"); return !ok })
	if _, err := s.Rows(t.Context(), "changing", Ask{}); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(s.State, "changing")); !os.IsNotExist(err) {
		t.Error("its state is still there", err)
	}
	h.await(s, "good")
}

// TestTurns: a model that takes long is filled turn by turn, so that others that
// are new need not wait for its end.
func TestTurns(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(7, 11))
	const days = 2*batchDays + 10
	for day := range days {
		h.add(someRows(r, day, 2))
	}
	h.commit()
	const all = "by = [\"date\", \"country\"]\n"
	s := h.still(h.duck(), map[string]string{"a-long-one": all, "short": "days = 1\n" + all})
	turn := func(want string, state string, progress float64) {
		t.Helper()
		now := h.catalog.Current()
		e, ctx := s.take(t.Context(), now, false)
		if e == nil || e.name != want {
			t.Fatalf("%v has its turn, not %s", e, want)
		}
		s.bring(ctx, e, now)
		if i, _ := s.Get(want); i.State != state || i.Progress != progress || i.Error != "" {
			t.Errorf("%+v, want it %s, %v of it", i, state, progress)
		}
	}
	turn("a-long-one", Filling, float64(batchDays)/days)
	write(t, s.Folders[0], "new", "days = 70\n"+all)
	s.look()
	s.look()
	turn("new", Filling, float64(batchDays)/70)
	turn("short", Ready, 1)
	turn("a-long-one", Filling, float64(2*batchDays)/days)
	turn("new", Ready, 1)
	turn("a-long-one", Ready, 1) // nobody else waits
	if got := rows(t, s, "a-long-one", Ask{}); len(got) < days {
		t.Error(sample(got))
	}
}

// TestOddFiles: what lies in the folder and is no model's file stops nobody.
func TestOddFiles(t *testing.T) {
	h := newHistory(t)
	h.add(someRows(rand.New(rand.NewPCG(7, 10)), 0, 100))
	h.commit()
	dir := folder(t, map[string]string{"good": byCountry, "long": byCountry})
	h.check(errors.Join(
		syscall.Mkfifo(filepath.Join(dir, "pipe.toml"), 0o600), os.Mkdir(filepath.Join(dir, "folder.toml"), 0o700),
		os.Symlink("none", filepath.Join(dir, "link.toml")), os.Truncate(filepath.Join(dir, "long.toml"), 1<<40),
	))
	s, _ := h.store(h.duck(), Options{Folders: []string{dir}})
	h.await(s, "good")
	if i, _ := s.Get("long"); i.State != Broken || !strings.Contains(i.Error, "longer than 64 KiB") || len(s.List()) != 2 {
		t.Errorf("%+v of %v", i, s.List())
	}
}

// TestFailing: what the engine refuses fails its model only.
func TestFailing(t *testing.T) {
	h := newHistory(t)
	h.add(someRows(rand.New(rand.NewPCG(7, 9)), 0, 100))
	h.commit()
	s, _ := h.store(h.duck(), Options{Folders: []string{folder(t, map[string]string{
		"good": byCountry, "huge": `value = "sum(cell * 9223372036854775807)"`,
	})}})
	h.await(s, "good")
	h.until(func() bool { i, _ := s.Get("huge"); return i.State == Failed })
	if _, err := s.Rows(t.Context(), "huge", Ask{Limit: 1}); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
}

// TestPages: whoever goes from page to page of a version meets each row of it
// once, whatever comes meanwhile, in any order.
func TestPages(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(9, 10))
	for day := range 3 {
		h.add(someRows(r, day, 2000))
	}
	h.commit()
	s, _ := h.store(h.duck(), Options{Folders: []string{folder(t, map[string]string{
		"seconds": "every = \"1s\"\nby = [\"country\"]\nvalue = \"count(*) as n\"",
	})}})
	h.await(s, "seconds")
	for _, order := range []string{"", "-n,country", "country,-time"} {
		want := rows(t, s, "seconds", Ask{Order: order})
		var got []string
		a := Ask{Order: order, Limit: 611}
		for {
			p, err := s.Rows(t.Context(), "seconds", a)
			h.check(err)
			a.Version = p.Info.Version
			for _, row := range p.Rows {
				got = append(got, line(row...))
			}
			a.Offset += a.Limit
			if a.Offset >= p.Total {
				break
			}
			h.add(someRows(r, a.Offset%4, 20))
			h.commit()
			h.await(s, "seconds")
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %q: %d rows, want %d", order, len(got), len(want))
		}
	}
	got := rows(t, s, "seconds", Ask{Start: firstDay + 3600, Stop: firstDay + 2*86400 + 7200})
	want := slices.DeleteFunc(rows(t, s, "seconds", Ask{}), func(l string) bool {
		return l < "2026-03-22T01:00:00Z" || l >= "2026-03-24T02:00:00Z"
	})
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("%d rows of a span, want %d", len(got), len(want))
	}
	if _, err := s.Rows(t.Context(), "seconds", Ask{Version: "123456789abc"}); !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
	var wrong *AskError
	if _, err := s.Rows(t.Context(), "seconds", Ask{Order: "m"}); !errors.As(err, &wrong) || wrong.Field != "order" {
		t.Error(err)
	}
}

// TestWeeks: weeks and months are combined from days.
func TestWeeks(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(11, 12))
	for day := range 20 {
		h.add(someRows(r, day, 50))
		h.add(someRows(r, day, 50))
	}
	h.commit()
	s, _ := h.store(h.duck(), Options{Folders: []string{folder(t, map[string]string{
		"weeks": "every = \"1w\"\nvalue = \"count(*) as n\"", "months": "every = \"1mo\"\nvalue = \"count(*) as n\"",
		"last": "days = 3\nvalue = \"count(*) as n\"", "few": "by = [\"date\", \"country\"]\nmin = 25\nvalue = \"count(*) as n\"",
	})}})
	for name, want := range map[string]string{
		"weeks":  "2026-03-16 | 100, 2026-03-23 | 700, 2026-03-30 | 700, 2026-04-06 | 500",
		"months": "2026-03 | 1000, 2026-04 | 1000",
		"last":   "300",
	} {
		h.await(s, name)
		if got := strings.Join(rows(t, s, name, Ask{}), ", "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	h.await(s, "few")
	p, err := s.Rows(t.Context(), "few", Ask{Limit: 1000})
	h.check(err)
	for _, row := range p.Rows {
		if row[2].(int64) < 25 {
			t.Error(row)
		}
	}
	if p.Total == 0 {
		t.Error("no rows")
	}
}

// TestManyRows: rows page by page while others come, each once; a million with
// GLOW_TEST_ROWS=1000000.
func TestManyRows(t *testing.T) {
	m, err := define.Read("m", []byte("every = \"1s\"\nby = [\"country\"]\nvalue = \"count(*) as n\""))
	if err != nil {
		t.Fatal(err)
	}
	const days = 20
	perDay := size("GLOW_TEST_ROWS", 60000) / days
	var blocks []*block
	for day := range days {
		sums := newTable(sumTypes(m))
		for i := range perDay {
			sums.add([]any{int64(firstDay + 86400*day + i), fmt.Sprint("C", i%7), int64(1)})
		}
		blocks = append(blocks, finish(m, sums, 0))
	}
	e := &entry{name: "m", def: m}
	e.show(&version{id: versionOf(m, blocks), blocks: blocks})
	s := &Store{models: map[string]*entry{"m": e}, sorting: make(chan struct{}, 1)}
	seen := 0
	last := ""
	for a := (Ask{Limit: 1000}); ; a.Offset += a.Limit {
		p, err := s.Rows(t.Context(), "m", a)
		if err != nil {
			t.Fatal(err)
		}
		if a.Version == "" { // from now on rows come
			a.Version = p.Info.Version
			more := newTable(sumTypes(m))
			more.add([]any{int64(firstDay - 86400), "DE", int64(1)})
			more2 := append([]*block{finish(m, more, 0)}, blocks...)
			e.show(&version{id: versionOf(m, more2), blocks: more2})
		}
		for _, row := range p.Rows {
			if at := row[0].(string); at <= last {
				t.Fatal(at, "after", last)
			} else {
				last = at
			}
			seen++
		}
		if a.Offset+a.Limit >= p.Total {
			break
		}
	}
	if seen != days*perDay {
		t.Errorf("%d rows", seen)
	}
}
