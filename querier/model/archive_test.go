//go:build cgo

package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// history is an archive in a folder, with its rows by file.
type history struct {
	t       *testing.T
	dir     string
	n       int
	rows    map[string][]archive.Row
	files   map[string]archive.File
	catalog *catalog.Catalog
}

func newHistory(t *testing.T) *history {
	h := &history{t: t, dir: t.TempDir(), rows: map[string][]archive.Row{}, files: map[string]archive.File{}}
	source, err := store.New(t.Context(), "file://"+h.dir, store.Options{})
	h.check(err)
	h.catalog = catalog.New(source, h.dir, nil)
	return h
}

func (h *history) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// add writes rows of one date as a file, in place of some others; commit shows it.
func (h *history) add(rows []archive.Row, instead ...string) string {
	h.t.Helper()
	var table archive.Table
	for i := range rows {
		table.Add(&rows[i])
	}
	var b bytes.Buffer
	h.check(table.Write(&b))
	sum := table.Sum()
	date := archive.Date(sum.From)
	h.n++
	name := archive.SegmentName(date, fmt.Sprint(h.n, "-0"), "abcdef")
	path := filepath.Join(h.dir, filepath.FromSlash(name))
	h.check(errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b.Bytes(), 0o644)))
	h.files[name] = archive.File{Name: name, Date: date, Types: sum.Types, From: sum.From, To: sum.To, Bytes: int64(b.Len())}
	h.rows[name] = rows
	for _, gone := range instead {
		delete(h.files, gone)
		delete(h.rows, gone)
	}
	return name
}

// commit writes the manifest.
func (h *history) commit() {
	h.t.Helper()
	m := archive.Manifest{V: 1, Feed: "feed", Cursor: archive.Cursor{Entry: fmt.Sprint(h.n, "-0"), Rows: map[string]uint64{}}, Missing: map[string]map[string]uint64{}}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range h.files {
			if !yield(name) {
				return
			}
		}
	}) {
		m.Files = append(m.Files, h.files[name])
		for typ, n := range h.files[name].Types {
			m.Cursor.Rows[typ] += n
		}
	}
	path := filepath.Join(h.dir, archive.ManifestName)
	h.check(os.WriteFile(path+".new", m.Encode(), 0o644))
	h.check(os.Rename(path+".new", path))
	h.check(h.catalog.Refresh(h.t.Context()))
}

// all are the rows of all files.
func (h *history) all() (rows []archive.Row) {
	for _, r := range h.rows {
		rows = append(rows, r...)
	}
	return rows
}

const firstDay = 1774137600 // Sunday 2026-03-22

// someRows are rows of one day.
func someRows(r *rand.Rand, day, n int) []archive.Row {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	rows := make([]archive.Row, n)
	for i := range rows {
		row := archive.Row{Time: firstDay + int64(day)*86400 + r.Int64N(86400), Type: pick("download", "download", "share:twitter", "share:facebook")}
		switch r.IntN(5) {
		case 0:
			row.Continent, row.Country, row.Region = "EU", "DE", pick("DE-BY", "DE-BE", "")
		case 1:
			row.Continent, row.Country, row.Region = "NA", "US", pick("US-CA", "US-NY")
		case 2:
			row.Continent, row.Country = "AF", pick("TN", "EG", "MA")
		case 3:
			row.Continent = "AS"
		}
		if r.IntN(3) > 0 {
			row.Located, row.Cell, row.Lat, row.Lon = true, uint32(r.IntN(5)), int32(r.IntN(1800000)-900000), int32(r.IntN(3600000)-1800000)
		}
		if r.IntN(2) == 0 {
			row.Attrs = append(row.Attrs, archive.Attr{Key: "lang", Value: pick("de", "DE", "日本", "", "it's")})
		}
		if r.IntN(2) == 0 {
			row.Attrs = append(row.Attrs, archive.Attr{Key: "version", Value: pick("1.0", "2.0")})
		}
		rows[i] = row
	}
	return rows
}

// counting counts the questions and the files that an engine was asked for.
type counting struct {
	engine.Engine
	questions, files atomic.Int64
}

func (c *counting) Run(ctx context.Context, q engine.Query, each func([]any) error) error {
	c.questions.Add(1)
	c.files.Add(int64(len(q.Files)))
	return c.Engine.Run(ctx, q, each)
}

func (h *history) duck() *counting {
	h.t.Helper()
	e, err := engine.OpenDuckDB(h.catalog, engine.Limits{Folders: []string{h.dir}, Threads: 1, Memory: 1 << 30, Concurrency: 2})
	h.check(err)
	h.t.Cleanup(func() { _ = e.Close() })
	return &counting{Engine: e}
}

// store starts a store until the test ends, or stop is called.
func (h *history) store(e engine.Engine, o Options) (s *Store, stop func()) {
	h.t.Helper()
	if o.State == "" {
		o.State = h.t.TempDir()
	}
	o.Engine, o.Archive, o.Metrics = e, h.catalog, prometheus.NewRegistry()
	o.Look = 20 * time.Millisecond
	o.Log = slog.New(slog.NewTextHandler(h.t.Output(), nil))
	s = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			h.check(<-ended)
		}
	}
	h.t.Cleanup(stop)
	return s, stop
}

// await waits until a model's rows are those of the archive as it is now.
func (h *history) await(s *Store, name string) {
	h.t.Helper()
	h.until(func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		e := s.models[name]
		if e != nil && e.failure != nil {
			h.t.Fatal(e.failure)
		}
		return e != nil && e.now() != nil && e.seen == h.catalog.Current().Version
	})
}

// until waits for a condition.
func (h *history) until(holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(deadline) {
			h.t.Fatal("it does not come")
		}
		tick := time.NewTimer(5 * time.Millisecond)
		<-tick.C
	}
}

// rows are all rows of a model, as lines.
func rows(t *testing.T, s *Store, name string, a Ask) (list []string) {
	t.Helper()
	if a.Limit == 0 {
		a.Limit = 1 << 20
	}
	p, err := s.Rows(t.Context(), name, a)
	if err != nil {
		t.Fatal(name, err)
	}
	for _, r := range p.Rows {
		list = append(list, line(r...))
	}
	return list
}

// write writes a model's file.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name+".toml")
	if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o644), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}
