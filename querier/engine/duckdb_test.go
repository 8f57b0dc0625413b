//go:build cgo

package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/engine"
)

func open(t *testing.T, a *archivetest.Archive, memory int64) engine.Engine {
	t.Helper()
	e, err := engine.OpenDuckDB(a.Catalog(), engine.Limits{Folders: []string{a.Dir}, Threads: 1, Memory: memory, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func small(t *testing.T) *archivetest.Archive {
	a := archivetest.New(t)
	a.Add([]archive.Row{{Time: archivetest.First, Type: "download"}}, false)
	a.Commit()
	return a
}

func nothing([]any) error { return nil }

// DuckDB can read the archive's files and do nothing else, whatever the SQL.
func TestLockedDown(t *testing.T) {
	a := small(t)
	e := open(t, a, 1<<28)
	beside := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(beside, []byte("a,b\n1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"SELECT * FROM read_csv('" + beside + "')",
		"SELECT * FROM '" + beside + "'",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT * FROM read_parquet('" + a.Dir + "/../*/x.parquet')",
		"SELECT * FROM read_csv('https://192.0.2.1/x')",
		"SELECT getenv('HOME')",
		"SELECT 1; SET enable_external_access = true",
		"SELECT 1; SET lock_configuration = false",
		"SELECT 1; SET memory_limit = '10GB'",
		"SELECT 1; SET allowed_directories = ['/']",
		"SELECT 1; COPY (SELECT 1) TO '" + beside + ".new'",
		"SELECT 1; ATTACH '" + beside + ".db' AS other",
		"SELECT 1; INSTALL httpfs",
		"SELECT 1; LOAD httpfs",
		"SELECT 1; EXPORT DATABASE '" + beside + ".out'",
	} {
		q := engine.Query{SQL: sql, Files: a.Manifest.Files, Columns: []string{"time"}}
		if err := e.Run(t.Context(), q, nothing); err == nil {
			t.Errorf("%s: done", sql)
		}
	}
	rows := 0
	q := engine.Query{SQL: `SELECT "time" FROM events`, Files: a.Manifest.Files, Columns: []string{"time"}}
	if err := e.Run(t.Context(), q, func([]any) error { rows++; return nil }); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// forever is SQL that takes longer than anybody waits, hoard more memory than
// there is.
const (
	forever = "SELECT count(*) FROM range(10000) a, range(10000) b, range(10000) c, events WHERE (a.range + b.range + c.range) % 7 = 8"
	hoard   = "SELECT count(*) FROM (SELECT range, count(*) FROM range(100000000), events GROUP BY range)"
)

// A query ends when its context does, and one that wants too much memory is
// told so; both leave the engine whole.
func TestLimits(t *testing.T) {
	a := small(t)
	e := open(t, a, 64<<20)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := e.Run(ctx, engine.Query{SQL: forever, Files: a.Manifest.Files}, nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := e.Run(t.Context(), engine.Query{SQL: hoard, Files: a.Manifest.Files}, nothing); !errors.Is(err, engine.ErrMemory) {
		t.Error(err)
	}
	stop := errors.New("enough")
	if err := e.Run(t.Context(), engine.Query{SQL: "SELECT 1 FROM events", Files: a.Manifest.Files}, func([]any) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := e.Run(t.Context(), engine.Query{SQL: "SELECT 1 FROM events", Files: a.Manifest.Files}, nothing); err != nil {
		t.Error(err)
	}
}

// A file that is gone is said to be.
func TestGone(t *testing.T) {
	a := small(t)
	e := open(t, a, 1<<28)
	if err := os.Remove(filepath.Join(a.Dir, filepath.FromSlash(a.Manifest.Files[0].Name))); err != nil {
		t.Fatal(err)
	}
	q := engine.Query{SQL: "SELECT 1 FROM events", Files: a.Manifest.Files}
	if err := e.Run(t.Context(), q, nothing); !errors.Is(err, engine.ErrGone) {
		t.Error(err)
	}
}

func TestPatterns(t *testing.T) {
	_, err := engine.OpenDuckDB(nil, engine.Limits{Folders: []string{"/a[b]"}, Concurrency: 1})
	if err == nil || !strings.Contains(err.Error(), "pattern") {
		t.Error(err)
	}
}

// slow are files of which those of one date are on their way until the test ends.
type slow struct {
	engine.AllFiles
	cold  string
	begun chan struct{}
}

func (s *slow) All(ctx context.Context, files []archive.File) ([]engine.Local, func(), error) {
	if files[0].Date == s.cold {
		close(s.begun)
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	return s.AllFiles.All(ctx, files)
}

// Who waits for files has no database, and keeps nobody from asking.
func TestFetching(t *testing.T) {
	a := small(t)
	a.Add([]archive.Row{{Time: archivetest.First + archivetest.Day, Type: "download"}}, false)
	a.Commit()
	files := &slow{AllFiles: a.Catalog(), cold: a.Manifest.Files[1].Date, begun: make(chan struct{})}
	e, err := engine.OpenDuckDB(files, engine.Limits{Folders: []string{a.Dir}, Threads: 1, Memory: 1 << 28, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ask := func(ctx context.Context, i int) error {
		return e.Run(ctx, engine.Query{SQL: "SELECT 1 FROM events", Files: a.Manifest.Files[i : i+1]}, nothing)
	}
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- ask(ctx, 1) }()
	<-files.begun
	warm, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := ask(warm, 0); err != nil {
		t.Error(err)
	}
	leave()
	<-ended
}
