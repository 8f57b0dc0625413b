//go:build cgo

package catalog_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// A file that a disk has spoilt takes away the questions about it and no others,
// whether that shows at its end or only in the middle.
func TestDamagedFile(t *testing.T) {
	for what, spoil := range map[string]func([]byte) []byte{
		"no end":    func(b []byte) []byte { clear(b[len(b)/2:]); return b },
		"too short": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":     func([]byte) []byte { return nil },
		"middle":    func(b []byte) []byte { clear(b[4 : len(b)/2]); return b },
	} {
		t.Run(what, func(t *testing.T) {
			a, source, _ := days(t, 3, 3)
			damaged := a.Manifest.Files[1]
			path := filepath.Join(a.Dir, filepath.FromSlash(damaged.Name))
			b, err := os.ReadFile(path)
			check(t, errors.Join(err, os.WriteFile(path, spoil(b), 0o644)))
			c := catalog.New(source, a.Dir, nil)
			check(t, c.Refresh(t.Context()))
			e, err := engine.OpenDuckDB(c, engine.Limits{Folders: []string{a.Dir}, Memory: 64 << 20, Threads: 1, Concurrency: 1})
			check(t, err)
			defer e.Close()
			for _, f := range a.Manifest.Files {
				q := engine.Query{SQL: `SELECT max("attr_id") FROM events`, Files: []archive.File{f}, Columns: []string{"attr_id"}}
				if err := e.Run(t.Context(), q, func([]any) error { return nil }); (err != nil) != (f.Name == damaged.Name) {
					t.Errorf("%s: %v", f.Name, err)
				}
			}
			if err := c.Count(t.Context(), e); err == nil {
				t.Error("nobody says that the file is damaged")
			}
			if total := c.Counted(t.Context()); total.Version == "" {
				t.Error("nothing is counted")
			}
		})
	}
}

// Where values were counted, and those of a file that is new cannot be, the
// others of the new snapshot are shown all the same.
func TestCountingStaysBehind(t *testing.T) {
	a, source, cache := days(t, 3, 3)
	files := a.Manifest.Files
	a.Manifest.Files = files[:1]
	a.Commit()
	c := opened(t, source, cache())
	e := &dated{files: c}
	check(t, c.Count(t.Context(), e))
	a.Manifest.Files = files
	a.Commit()
	check(t, c.Refresh(t.Context()))
	e.fail = map[string]error{files[1].Date: errors.New("the file is damaged")}
	if c.Count(t.Context(), e) == nil {
		t.Error("no error")
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	whole := c.Current().Version
	total := c.Counted(done)
	if got, _ := values(c, total); got != files[0].Date+":1000 "+files[2].Date+":1000" || total.Version == whole {
		t.Errorf("%s of version %s", got, total.Version)
	}
	e.fail = nil
	check(t, c.Count(t.Context(), e))
	if total := c.Counted(done); total.Version != whole {
		t.Errorf("version %s, want %s", total.Version, whole)
	}
}

// What a folder has of others stays there, whatever a cache makes of it.
func TestForeignFiles(t *testing.T) {
	folder := t.TempDir()
	foreign := filepath.Join(folder, "precious.parquet")
	check(t, os.WriteFile(foreign, []byte("PAR1"), 0o600))
	_, err := catalog.OpenCache(folder, 1<<20)
	check(t, err)
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}
