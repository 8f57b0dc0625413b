package main

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

// days are the finished days of a file:// archive: name → bytes.
func (st *stage) days() map[string]string {
	st.Helper()
	m := map[string]string{}
	for _, name := range st.files() {
		if strings.HasPrefix(name, archive.Days) {
			b, err := os.ReadFile(st.path(name))
			st.must(err)
			m[name] = string(b)
		}
	}
	return m
}

// The rows of finished days are the same bytes, whatever the batching, the
// order, and how often they were compacted.
func TestDaysAreAFunctionOfTheRows(t *testing.T) {
	t.Parallel()
	lines := events(3, 4000, 2)
	a := newStage(t)
	a.append(lines, 500)
	a.once()
	a.check()
	b := newStage(t)
	r := rand.New(rand.NewPCG(1, 1))
	shuffled := slices.Clone(lines)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for chunk := range slices.Chunk(shuffled, 1000) {
		b.append(chunk, 13)
		b.once("--max-rows", "300")
	}
	b.check()
	want := a.days()
	names := slices.Sorted(maps.Keys(want))
	if !slices.Equal(names, []string{
		"v1/days/date=2026-03-24/type=download/day.parquet", "v1/days/date=2026-03-24/type=share%3Atwitter/day.parquet",
		"v1/days/date=2026-03-25/type=download/day.parquet", "v1/days/date=2026-03-25/type=share%3Atwitter/day.parquet",
	}) {
		t.Errorf("days are %v", names)
	}
	if !maps.Equal(want, b.days()) {
		t.Error("the days of other batches differ")
	}
	for _, f := range b.open().Files {
		if !f.Day || !f.Copied {
			t.Errorf("%s is not compacted", f.Name)
		}
	}
}

// A late event of one type leaves the other types' files as they are.
func TestLateEventsCompactAgain(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.append(events(4, 500, 1), 100)
	st.once()
	before := st.days()
	st.append([]string{"1774310401 download EU DE DE-BY 59423 481234 115678 new=1"}, 1)
	st.once()
	st.check()
	after := st.days()
	if after["v1/days/date=2026-03-24/type=download/day.parquet"] == before["v1/days/date=2026-03-24/type=download/day.parquet"] {
		t.Error("the late event is not in its day")
	}
	if share := "v1/days/date=2026-03-24/type=share%3Atwitter/day.parquet"; after[share] != before[share] || after[share] == "" {
		t.Error("another type's day has changed")
	}
}

// What readers have of an older manifest stays for a while; then it is deleted.
func TestReplacedFilesStayForAWhile(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.append(events(5, 500, 1), 100)
	st.once("--max-rows", "100")
	old := st.open()
	st.append(events(6, 500, 1), 100)
	st.once()
	rows, err := readAll(st, old)
	st.must(err)
	compare(st, rows, st.rows[:500])
	replaced := st.redis.ZRange(t.Context(), ns.Replaced(), 0, -1).Val()
	if len(replaced) < 4 {
		t.Fatalf("replaced files: %v", replaced)
	}
	for _, name := range replaced { // as if a day had gone by
		st.redis.ZIncrBy(t.Context(), ns.Replaced(), -25*3600*1000, name)
	}
	st.once()
	st.check()
	for _, name := range replaced {
		if _, err := os.Stat(st.path(name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if n := st.redis.ZCard(t.Context(), ns.Replaced()).Val(); n != 0 {
		t.Errorf("%d replaced files are remembered", n)
	}
}

// Files that nobody names go once they are old, and only then.
func TestOrphans(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.append(events(7, 100, 1), 100)
	st.once()
	dir := st.path("v1/segments/date=2026-03-24")
	young, old, temp := filepath.Join(dir, "1-0-00.parquet"), filepath.Join(dir, "2-0-00.parquet"), filepath.Join(dir, ".2-0-00.parquet.new")
	for _, path := range []string{young, old, temp} {
		st.must(os.WriteFile(path, []byte("PAR1"), 0o644))
	}
	for _, name := range append(st.files(), "v1/segments/date=2026-03-24/1-0-00.parquet") {
		if at := hoursAgo(2); st.path(name) != young {
			st.must(os.Chtimes(st.path(name), at, at))
		}
	}
	st.once()
	st.check()
	if _, err := os.Stat(young); err != nil {
		t.Error("a young file was deleted")
	}
	for _, path := range []string{old, temp} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	lines := events(8, 500, 2)
	st.append(lines, 100)
	st.once("--retention", "download=100d,*=40000d")
	st.rows = slices.DeleteFunc(st.rows, func(l string) bool { return strings.Contains(l, " download ") })
	st.check()
	if n := len(st.days()); n != 2 {
		t.Errorf("%d days are left, want 2", n)
	}
	missing := st.open().Missing
	n := uint64(0)
	for _, k := range missing["download"] {
		n += k
	}
	if int(n) != len(lines)-len(st.rows) || len(missing) != 1 {
		t.Errorf("missing: %v", missing)
	}
}
