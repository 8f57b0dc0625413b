package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// far is an archive elsewhere: it says what was fetched of it.
type far struct {
	store.Store
	mu      sync.Mutex
	fetched []string
	fail    error
}

func (s *far) Fetch(ctx context.Context, name string) (archive.Blob, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	s.fetched = append(s.fetched, name)
	return s.Store.Fetch(ctx, name)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// days is an archive of so many files, and a cache for some of them.
func days(t *testing.T, n, cached int) (*archivetest.Archive, *far, string, int64) {
	t.Helper()
	a := archivetest.New(t)
	for day := range int64(n) {
		a.Add([]archive.Row{{Time: archivetest.First + day*archivetest.Day, Type: "download"}}, true)
	}
	a.Commit()
	source, err := store.New(t.Context(), "file://"+a.Dir, store.Options{})
	check(t, err)
	most := int64(0)
	for _, f := range a.Manifest.Files {
		most = max(most, f.Bytes)
	}
	return a, &far{Store: source}, t.TempDir(), most*int64(cached) + most/2
}

// A cache fetches a file once, forgets those that were not asked for longest,
// never one that is being read, and is there after a restart.
func TestCache(t *testing.T) {
	a, source, folder, most := days(t, 3, 2)
	cache, err := catalog.OpenCache(folder, most)
	check(t, err)
	c := catalog.New(source, "", cache)
	check(t, c.Refresh(t.Context()))
	source.fetched = nil
	files := a.Manifest.Files
	local := func(i int) func() {
		t.Helper()
		l, release, err := c.Local(t.Context(), files[i])
		check(t, err)
		if info, err := os.Stat(l.Path); err != nil || info.Size() != files[i].Bytes || filepath.Dir(l.Path) != folder {
			t.Errorf("%s: %v", l.Path, err)
		}
		return release
	}
	local(1)()
	local(2)()
	if len(source.fetched) != 0 { // learning their columns fetched them
		t.Errorf("fetched again: %v", source.fetched)
	}
	first := local(0)
	second := local(1)
	if _, _, err := c.Local(t.Context(), files[2]); !errors.Is(err, catalog.ErrFull) {
		t.Error(err)
	}
	first()
	second()
	local(2)()
	again, err := catalog.OpenCache(folder, most)
	check(t, err)
	source.fetched = nil
	d := catalog.New(source, "", again)
	l, release, err := d.Local(t.Context(), files[2])
	check(t, err)
	release()
	if len(source.fetched) != 0 {
		t.Error("a restart forgets the cache")
	}
	check(t, os.Truncate(l.Path, 10)) // as a crash of the machine may leave it
	damaged, err := catalog.OpenCache(folder, most)
	check(t, err)
	_, release, err = catalog.New(source, "", damaged).Local(t.Context(), files[2])
	check(t, err)
	release()
	if len(source.fetched) != 1 {
		t.Error("a torn file is not fetched again")
	}
}

// While the archive is away, what is known of it stays.
func TestAway(t *testing.T) {
	a, source, folder, most := days(t, 1, 2)
	cache, err := catalog.OpenCache(folder, most)
	check(t, err)
	c := catalog.New(source, "", cache)
	check(t, c.Refresh(t.Context()))
	before := c.Current()
	a.Add([]archive.Row{{Time: archivetest.First, Type: "new"}}, false)
	a.Commit()
	source.fail = errors.New("away")
	if err := c.Refresh(t.Context()); err == nil || c.Current() != before {
		t.Errorf("%v, %v", err, c.Current())
	}
	source.fail = nil
	check(t, c.Refresh(t.Context()))
	if now := c.Current(); now.Version == before.Version || fmt.Sprint(now.Types()) != "[download new]" {
		t.Error(now.Version, now.Types())
	}
	gone := a.Manifest.Files[0]
	gone.Name += "x"
	if _, _, err := c.Local(t.Context(), gone); !errors.Is(err, engine.ErrGone) {
		t.Error(err)
	}
}

// Many ask for the same files at once.
func TestTogether(t *testing.T) {
	a, source, folder, most := days(t, 4, 4)
	cache, err := catalog.OpenCache(folder, most)
	check(t, err)
	c := catalog.New(source, "", cache)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			_, release, err := c.Local(t.Context(), a.Manifest.Files[i%4])
			if err == nil {
				release()
				release() // once is enough
			} else {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(source.fetched) != 4 {
		t.Errorf("fetched %v", source.fetched)
	}
}
