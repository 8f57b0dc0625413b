//go:build cgo

package model

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model/define"
)

// still is a store at which nothing happens by itself.
func (h *history) still(e engine.Engine, files map[string]string) *Store {
	h.t.Helper()
	s := New(Options{
		Folders: []string{folder(h.t, files)}, State: h.t.TempDir(), Engine: e, Archive: h.catalog,
		Log: slog.New(slog.NewTextHandler(h.t.Output(), nil)), Metrics: prometheus.NewRegistry(),
	})
	s.look()
	return s
}

// turn has each model brought up to date once that needs it.
func (h *history) turn(s *Store) {
	h.t.Helper()
	now := h.catalog.Current()
	for range s.models {
		for _, filled := range []bool{true, false} {
			if e, ctx := s.take(h.t.Context(), now, filled); e != nil {
				s.bring(ctx, e, now)
			}
		}
	}
}

// TestKept: what is kept of old versions has a bound in bytes for all models
// together. The oldest go first, whosever they are, and the newest never.
func TestKept(t *testing.T) {
	m, err := define.Read("m", []byte("every = \"1m\"\nby = [\"country\"]\nvalue = \"count(*) as n\""))
	if err != nil {
		t.Fatal(err)
	}
	someDay := func(day, rows, n int) *block {
		sums := newTable(sumTypes(m))
		for i := range rows {
			sums.add([]any{int64(firstDay + 86400*day + 60*i), "DE", int64(n)})
		}
		return finish(m, sums, 0)
	}
	s := &Store{limits: limits{kept: 1 << 20}, sorting: make(chan struct{}, 1), models: map[string]*entry{
		"a": {name: "a", def: m}, "b": {name: "b", def: m},
	}}
	same := someDay(0, 5000, 0) // shared by all versions
	clock := time.Now()
	show := func(name string, n int) string {
		blocks := []*block{same, someDay(1, 1000, n)}
		v := &version{id: versionOf(m, blocks), blocks: blocks}
		e := s.models[name]
		before := e.now()
		e.show(v)
		if clock = clock.Add(time.Millisecond); before != nil {
			before.old = clock
		}
		s.trim(nil)
		return v.id
	}
	var ids []string
	for n := range 150 {
		ids = append(ids, show([]string{"a", "b"}[n%2], n))
	}
	one := someDay(1, 1000, 0).bytes()
	if kept := s.kept(); kept > s.limits.kept || kept < s.limits.kept-one {
		t.Errorf("%d bytes are kept of at most %d", kept, s.limits.kept)
	}
	want := int(s.limits.kept / one)
	for n, id := range ids {
		_, err := s.Rows(t.Context(), []string{"a", "b"}[n%2], Ask{Version: id, Limit: 1})
		if gone := n < len(ids)-2-want; gone != errors.Is(err, ErrVersion) || !gone && err != nil {
			t.Errorf("version %d of %d: %v", n, len(ids), err)
		}
	}
	for n := range 60 { // orders count, too
		if _, err := s.Rows(t.Context(), []string{"a", "b"}[n%2], Ask{Order: "-n", Start: int64(firstDay + n), Limit: 1}); err != nil {
			t.Fatal(err)
		}
	}
	s.limits.kept = 1 // less than an order
	for _, name := range []string{"a", "b"} {
		if _, err := s.Rows(t.Context(), name, Ask{Order: "-n", Limit: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := s.models["a"], s.models["b"]; len(a.versions) != 1 || len(b.versions) != 1 || a.now().sorts.bytes() != 0 || b.now().sorts.bytes() == 0 {
		t.Errorf("%d and %d versions, orders of %d and %d bytes", len(a.versions), len(b.versions), a.now().sorts.bytes(), b.now().sorts.bytes())
	}
}

// different are rows of one day, each with a value of its own.
func different(day, n int) []archive.Row {
	rows := make([]archive.Row, n)
	for i := range rows {
		rows[i] = archive.Row{Time: int64(firstDay + 86400*day + i), Type: "download", Attrs: []archive.Attr{{Key: "id", Value: fmt.Sprint(day, "-", i)}}}
	}
	return rows
}

// TestLarge: a model that wants more than it may have fails with a sentence,
// holds nothing, and stops nobody else; one that had rows shows these.
func TestLarge(t *testing.T) {
	for name, text := range map[string]string{
		"values": `by = ["date", "attr_id"]`, "all time": `by = ["attr_id"]`, "seconds": `every = "1s"`, "top": "by = [\"date\", \"attr_id\"]\nlimit = 3",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			for day := range 3 {
				h.add(different(day, 5000))
			}
			h.commit()
			e := h.duck()
			s := h.still(e, map[string]string{"large": text, "good": byCountry})
			s.limits = limits{model: 500_000, all: 1 << 30, kept: 1 << 20}
			switch name {
			case "seconds":
				s.limits.model = 150_000
			case "top":
				s.limits.model = 900_000
			}
			h.turn(s)
			h.turn(s)
			large := s.models["large"]
			if i, _ := s.Get("good"); i.State != Ready {
				t.Error(i)
			}
			if name == "top" { // each day by itself fits, and then little is left
				if i, _ := s.Get("large"); i.State != Ready || i.Rows != 9 || large.bytes > 10_000 {
					t.Errorf("%+v, %d bytes", i, large.bytes)
				}
				return
			}
			if i, _ := s.Get("large"); i.State != Failed || !strings.Contains(i.Error, "more than 0 MiB: take a longer every") {
				t.Errorf("%+v", i)
			}
			if large.bytes != 0 || large.run != nil {
				t.Error(large.bytes, "bytes are held")
			}
			s.limits.model = 1 << 30
			large.retry = time.Time{}
			h.turn(s)
			i, _ := s.Get("large")
			if i.State != Ready || i.Rows != 15000 {
				t.Fatalf("%+v", i)
			}
			s.limits.model = large.bytes + 100
			h.add(different(3, 5000))
			h.commit()
			h.turn(s)
			if now, _ := s.Get("large"); now.Version != i.Version || now.Rows != i.Rows || now.Error == "" || large.run != nil || large.bytes > s.limits.model {
				t.Errorf("%+v, %d bytes", now, large.bytes)
			}
		})
	}
}

// TestLargeTogether: models together have a bound, too, and those that have
// rows may still grow where others may not begin.
func TestLargeTogether(t *testing.T) {
	h := newHistory(t)
	h.add(different(0, 5000))
	h.commit()
	s := h.still(h.duck(), map[string]string{"a": `by = ["date", "attr_id"]`, "b": `by = ["date", "attr_id", "country"]`})
	s.limits = limits{model: 1 << 30, all: 700_000, kept: 1 << 20}
	h.turn(s)
	h.turn(s)
	a, _ := s.Get("a")
	b, _ := s.Get("b")
	if a.State != Ready || b.State != Failed || !strings.Contains(b.Error, "all models together") {
		t.Errorf("%+v\n%+v", a, b)
	}
	h.add(different(1, 500))
	h.commit()
	h.turn(s)
	if i, _ := s.Get("a"); i.Rows != 5500 || i.Error != "" {
		t.Errorf("%+v", i)
	}
}

// TestRest: what cannot be computed is tried again, but ever less often.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Store{Options: Options{Log: slog.New(slog.DiscardHandler)}}
		e := &entry{name: "m"}
		for n, want := range []time.Duration{retryAfter, 2 * retryAfter, 4 * retryAfter, 8 * retryAfter, 16 * retryAfter, 32 * retryAfter, retryMost, retryMost, retryMost, retryMost} {
			s.fail(e, errors.New("no"))
			if rest := time.Until(e.retry); rest != want {
				t.Errorf("%d: %s, want %s", n, rest, want)
			}
		}
	})
}

// narrow is an engine behind a cache that has room for so many files.
type narrow struct {
	engine.Engine
	most  int
	large string
}

func (n narrow) Run(ctx context.Context, q engine.Query, each func([]any) error) error {
	if len(q.Files) > n.most || slices.ContainsFunc(q.Files, func(f archive.File) bool { return f.Name == n.large }) {
		return fmt.Errorf("read a file: %w", catalog.ErrFull)
	}
	return n.Engine.Run(ctx, q, each)
}

// TestSmallCache: what does not fit the cache at once is asked file by file,
// and a file that does not fit is named with what would help.
func TestSmallCache(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(17, 18))
	var last string
	for day := range 3 {
		for range 3 {
			last = h.add(someRows(r, day, 50))
		}
	}
	h.commit()
	e := &narrow{Engine: h.duck(), most: 1}
	s := h.still(e, map[string]string{"countries": byCountry, "all": allTime, "unique": unique})
	h.turn(s)
	h.turn(s)
	if got := rows(t, s, "countries", Ask{}); !slices.Equal(got, naive(h.all())) {
		t.Error(sample(got))
	}
	if i, _ := s.Get("all"); i.State != Ready {
		t.Errorf("%+v", i)
	}
	if i, _ := s.Get("unique"); i.State != Failed || !strings.Contains(i.Error, "--cache-size") { // needs a day at once
		t.Errorf("%+v", i)
	}
	e.large = last
	s = h.still(e, map[string]string{"countries": byCountry})
	h.turn(s)
	if i, _ := s.Get("countries"); i.State != Failed || !strings.Contains(i.Error, fmt.Sprintf("--cache-size of more than %d bytes", h.files[last].Bytes)) {
		t.Errorf("%+v", i)
	}
}

// TestRealCache: the same with a real cache, of no room for two files.
func TestRealCache(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(19, 20))
	most := int64(0)
	for day := range 3 {
		for range 3 {
			most = max(most, h.files[h.add(someRows(r, day, 50))].Bytes)
		}
	}
	source, err := store.New(t.Context(), "file://"+h.dir, store.Options{})
	h.check(err)
	dir := t.TempDir()
	cache, err := catalog.OpenCache(dir, most+most/2)
	h.check(err)
	h.catalog = catalog.New(source, "", cache)
	h.commit()
	e, err := engine.OpenDuckDB(h.catalog, engine.Limits{Folders: []string{dir}, Threads: 1, Memory: 1 << 30, Concurrency: 1})
	h.check(err)
	defer e.Close()
	s := h.still(e, map[string]string{"countries": byCountry})
	h.turn(s)
	if got := rows(t, s, "countries", Ask{}); !slices.Equal(got, naive(h.all())) {
		t.Error(sample(got))
	}
}
