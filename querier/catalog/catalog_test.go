package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// far is an archive elsewhere: it says what was read of it.
type far struct {
	store.Store
	mu    sync.Mutex
	fail  error
	reads int
	bytes int
	whole []string      // files that were read from their beginning
	gate  chan struct{} // each read of a beginning waits for one, if there is a gate
	at    chan string   // and says so
}

func (s *far) ReadNew(ctx context.Context, name, etag string) ([]byte, string, error) {
	if err := s.failing(); err != nil {
		return nil, "", err
	}
	return s.Store.ReadNew(ctx, name, etag)
}

func (s *far) failing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fail
}

func (s *far) ReadAt(ctx context.Context, name string, b []byte, from int64) error {
	s.mu.Lock()
	s.reads++
	s.bytes += len(b)
	wait := s.gate
	if from == 0 {
		s.whole = append(s.whole, name)
	}
	s.mu.Unlock()
	if wait != nil && from == 0 {
		s.at <- name
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.failing(); err != nil {
		return err
	}
	return s.Store.ReadAt(ctx, name, b, from)
}

// reset forgets what was read.
func (s *far) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads, s.bytes, s.whole = 0, 0, nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fat are rows that take 60 KB, packed.
func fat(r *rand.Rand, at int64) []archive.Row {
	rows := make([]archive.Row, 1000)
	for i := range rows {
		id := fmt.Sprintf("%016x%016x%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
		rows[i] = archive.Row{Time: at, Type: "download", Attrs: []archive.Attr{{Key: "id", Value: id}}}
	}
	return rows
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(8, 9)) }

// theOne is a file of a folder, by its place in order.
func theOne(t *testing.T, folder string, i int) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(folder, "*"))
	check(t, err)
	return list[i]
}

// days is an archive of so many files of 60 KB, each of a day, and a cache for some.
func days(t *testing.T, n, cached int) (a *archivetest.Archive, source *far, cacheOf func() *catalog.Cache) {
	t.Helper()
	a = archivetest.New(t)
	r := seeded()
	for day := range int64(n) {
		a.Add(fat(r, archivetest.First+day*archivetest.Day), true)
	}
	a.Commit()
	s, err := store.New(t.Context(), "file://"+a.Dir, store.Options{})
	check(t, err)
	most := int64(0)
	for _, f := range a.Manifest.Files {
		most = max(most, f.Bytes)
	}
	folder := t.TempDir()
	return a, &far{Store: s}, func() *catalog.Cache {
		cache, err := catalog.OpenCache(folder, most*int64(cached)+most/2)
		check(t, err)
		return cache
	}
}

// opened is a catalog that has read the archive.
func opened(t *testing.T, source *far, cache *catalog.Cache) *catalog.Catalog {
	t.Helper()
	c := catalog.New(source, "", cache)
	t.Cleanup(c.Close)
	check(t, c.Refresh(t.Context()))
	return c
}

// A cache fetches a file once, forgets those that were not asked for longest,
// never one that is being read, and is there after a restart.
func TestCache(t *testing.T) {
	a, source, cache := days(t, 3, 2)
	c := opened(t, source, cache())
	source.reset()
	files := a.Manifest.Files
	local := func(i int) (string, func()) {
		t.Helper()
		l, release, err := c.Local(t.Context(), files[i])
		check(t, err)
		if info, err := os.Stat(l.Path); err != nil || info.Size() != files[i].Bytes {
			t.Errorf("%s: %v", l.Path, err)
		}
		return l.Path, release
	}
	for range 2 {
		for i := range 2 {
			_, release := local(i)
			release()
		}
	}
	if len(source.whole) != 2 {
		t.Errorf("fetched %v", source.whole)
	}
	_, first := local(0)
	_, second := local(1)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Local(done, files[2]); !errors.Is(err, engine.ErrFilling) || errors.Is(err, catalog.ErrFull) {
		t.Error(err) // it waits for room
	}
	first()
	path, release := local(2)
	second()
	release()
	source.reset()
	d := opened(t, source, cache())
	_, release, err := d.Local(t.Context(), files[2])
	check(t, err)
	release()
	if len(source.whole) != 0 {
		t.Error("a restart forgets the cache")
	}
	check(t, os.Truncate(path, 10)) // as a crash of the machine may leave it
	_, release, err = opened(t, source, cache()).Local(t.Context(), files[2])
	check(t, err)
	release()
	if len(source.whole) != 1 {
		t.Error("a torn file is not fetched again")
	}
	check(t, os.RemoveAll(filepath.Dir(path))) // by hand, while it runs
	_, release = local(2)
	release()
}

// What does not fit is refused before anything is fetched, with the setting
// that helps.
func TestFull(t *testing.T) {
	a, source, cache := days(t, 3, 2)
	c := opened(t, source, cache())
	source.reset()
	_, _, err := c.All(t.Context(), a.Manifest.Files)
	var full *catalog.Full
	if !errors.Is(err, catalog.ErrFull) || !errors.As(err, &full) || full.Files != 3 || source.reads != 0 {
		t.Fatal(err, source.reads)
	}
	if want := "3 files take 162K and the cache has 135K: set --cache-size (GLOW_CACHE_SIZE) to 162K or more"; err.Error() != want {
		t.Error(err)
	}
	small, err := catalog.OpenCache(t.TempDir(), 1<<10)
	check(t, err)
	_, _, err = opened(t, source, small).All(t.Context(), a.Manifest.Files)
	if !errors.As(err, &full) || full.Files != 1 {
		t.Error(err) // less time does not help
	}
	all, release, err := c.All(t.Context(), append(a.Manifest.Files[:2:2], a.Manifest.Files[0]))
	check(t, err)
	defer release()
	if len(all) != 3 || all[0].Path != all[2].Path || all[0].Path == all[1].Path {
		t.Error(all)
	}
}

// A start reads the ends of files, and the next one nothing.
func TestStart(t *testing.T) {
	a, source, cache := days(t, 5, 1)
	notes := t.TempDir()
	start := func() []string {
		t.Helper()
		source.reset()
		c := catalog.New(source, "", cache())
		check(t, c.Remember(notes))
		check(t, c.Refresh(t.Context()))
		return c.Current().Columns()
	}
	first := start()
	if source.bytes > 5*16<<10 || source.reads > 5 || len(source.whole) > 0 {
		t.Errorf("%d bytes in %d reads, %v", source.bytes, source.reads, source.whole)
	}
	if next := start(); source.reads > 0 || fmt.Sprint(next) != fmt.Sprint(first) || first[0] != "attr_id" {
		t.Errorf("%d reads, %v, %v", source.reads, first, next)
	}
	list, err := filepath.Glob(filepath.Join(notes, "*"))
	check(t, err)
	b, err := os.ReadFile(list[1])
	check(t, err)
	b = bytes.Replace(b, []byte("attr_id"), []byte("attr_ix"), 1)
	check(t, errors.Join(os.Truncate(list[0], 40), os.WriteFile(list[1], b, 0o600), os.Rename(list[3], list[2]), os.WriteFile(list[4], nil, 0o600)))
	check(t, os.WriteFile(filepath.Join(notes, "new-1"), nil, 0o600))
	if again := start(); source.reads != 5 || fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("%d reads, %v", source.reads, again)
	}
	a.Manifest.Files = a.Manifest.Files[:2]
	a.Commit()
	start()
	if list, _ = filepath.Glob(filepath.Join(notes, "*")); len(list) != 2 {
		t.Errorf("left: %v", list)
	}
}

// While the archive is away, what is known of it stays.
func TestAway(t *testing.T) {
	a, source, cache := days(t, 1, 2)
	c := opened(t, source, cache())
	before := c.Current()
	a.Add([]archive.Row{{Time: archivetest.First, Type: "new"}}, false)
	a.Commit()
	source.fail = errors.New("away")
	if err := c.Refresh(t.Context()); err == nil || c.Current() != before {
		t.Errorf("%v, %v", err, c.Current())
	}
	if _, _, err := c.Local(t.Context(), a.Manifest.Files[0]); !errors.Is(err, source.fail) {
		t.Error(err)
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
	gone = a.Manifest.Files[0]
	gone.Bytes /= 2
	if _, _, err := c.Local(t.Context(), gone); err == nil || errors.Is(err, engine.ErrGone) {
		t.Error(err)
	}
}

// Many ask for the same files at once.
func TestTogether(t *testing.T) {
	a, source, cache := days(t, 4, 4)
	c := opened(t, source, cache())
	source.reset()
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			_, release, err := c.All(t.Context(), []archive.File{a.Manifest.Files[i%4], a.Manifest.Files[i/4%4]})
			if err == nil {
				release()
				release() // once is enough
			} else {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(source.whole) != 4 {
		t.Errorf("fetched %v", source.whole)
	}
}
