package catalog_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// gated is an archive of so many files whose fetching waits for the test.
func gated(t *testing.T, n, cached int) (*archivetest.Archive, *far, *catalog.Catalog, *catalog.Cache) {
	t.Helper()
	a, source, open := days(t, n, cached)
	cache := open()
	c := opened(t, source, cache)
	source.reset()
	source.gate, source.at = make(chan struct{}), make(chan string, 100)
	return a, source, c, cache
}

// A file comes though who asked for it gives up: who asks again finds it there.
func TestFlightGoesOn(t *testing.T) {
	a, source, c, _ := gated(t, 2, 2)
	for i := range 3 { // each gives up
		ctx, leave := context.WithCancel(t.Context())
		errs := make(chan error)
		for range 2 {
			go func() {
				_, _, err := c.All(ctx, a.Manifest.Files)
				errs <- err
			}()
		}
		if i == 0 {
			<-source.at
			<-source.at
		}
		leave()
		for range 2 {
			if err := <-errs; !errors.Is(err, engine.ErrFilling) || !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	}
	close(source.gate)
	_, release, err := c.All(t.Context(), a.Manifest.Files)
	check(t, err)
	release()
	if len(source.whole) != 2 {
		t.Errorf("fetched %v", source.whole)
	}
}

// What is not begun and what nobody waits for gives way to what is asked for.
func TestUnwantedFlights(t *testing.T) {
	a, source, c, cache := gated(t, 14, 12)
	files := a.Manifest.Files
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, _, err := c.All(ctx, files[:12])
		ended <- err
	}()
	for range 8 { // no more at once
		<-source.at
	}
	leave()
	<-ended
	go func() {
		_, release, err := c.All(t.Context(), files[12:])
		if err == nil {
			release()
		}
		ended <- err
	}()
	tick, late := time.Tick(time.Millisecond), time.After(time.Minute)
	for cache.Wanted() < 2 {
		select {
		case <-tick:
		case <-late:
			t.Fatal("nobody waits")
		}
	}
	for range 2 {
		source.gate <- struct{}{}
	}
	next := []string{<-source.at, <-source.at}
	slices.Sort(next)
	if want := []string{files[12].Name, files[13].Name}; !slices.Equal(next, want) {
		t.Errorf("next are %v, want %v", next, want)
	}
	close(source.gate)
	check(t, <-ended)
}

// Files that nobody waits for any more, but which are on their way, give their
// room once they are there.
func TestRoomOfUnwantedFlights(t *testing.T) {
	a, source, c, _ := gated(t, 4, 2)
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, _, err := c.All(ctx, a.Manifest.Files[:2])
		ended <- err
	}()
	<-source.at
	<-source.at
	leave()
	<-ended
	go func() {
		_, release, err := c.All(t.Context(), a.Manifest.Files[2:])
		if err == nil {
			release()
		}
		ended <- err
	}()
	for range 100 {
		runtime.Gosched() // so that it most likely waits by now
	}
	close(source.gate)
	check(t, <-ended)
}

// One who waits for room does so with nothing in hand, and gets it.
func TestRoom(t *testing.T) {
	a, source, cache := days(t, 6, 3)
	c := opened(t, source, cache())
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			files := slices.Clone(a.Manifest.Files[i%4 : i%4+3])
			slices.Reverse(files[:i%3])
			_, release, err := c.All(t.Context(), files)
			if err != nil {
				t.Error(err)
				return
			}
			release()
		})
	}
	all.Wait()
}

// Closing ends what is being fetched, and who waits for it.
func TestClose(t *testing.T) {
	a, source, c, _ := gated(t, 12, 12)
	ended := make(chan error)
	go func() {
		_, _, err := c.All(t.Context(), a.Manifest.Files)
		ended <- err
	}()
	<-source.at
	c.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := c.All(t.Context(), a.Manifest.Files[:1]); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// An error ends a flight, and the next question begins another one.
func TestFlightFails(t *testing.T) {
	a, source, c, _ := gated(t, 1, 1)
	source.fail = errors.New("away")
	close(source.gate)
	if _, _, err := c.All(t.Context(), a.Manifest.Files); !errors.Is(err, source.fail) {
		t.Error(err)
	}
	source.mu.Lock()
	source.fail = nil
	source.mu.Unlock()
	_, release, err := c.All(t.Context(), a.Manifest.Files)
	check(t, err)
	release()
}

// asking is an engine that has its files made local, and no rows.
type asking struct {
	engine.Engine
	files engine.AllFiles
}

func (e asking) Run(ctx context.Context, q engine.Query, _ func([]any) error) error {
	_, release, err := e.files.All(ctx, q.Files)
	if err == nil {
		release()
	}
	return err
}

// Who goes through all of an archive behind the others does not push out what
// they ask for, and leaves what came first.
func TestBehind(t *testing.T) {
	a, source, cache := days(t, 8, 4)
	c := opened(t, source, cache())
	files := a.Manifest.Files
	_, release, err := c.All(t.Context(), files[:2])
	check(t, err)
	release()
	e := catalog.Behind(asking{files: c})
	for _, f := range files[2:] {
		check(t, e.Run(t.Context(), engine.Query{Files: []archive.File{f}}, nil))
	}
	source.reset()
	for _, f := range []archive.File{files[0], files[1], files[2], files[7]} {
		_, release, err := c.Local(t.Context(), f)
		check(t, err)
		release()
	}
	if len(source.whole) != 0 {
		t.Errorf("pushed out: %v", source.whole)
	}
	check(t, catalog.Behind(asking{files: c}).Run(t.Context(), engine.Query{Files: files[3:7]}, nil))
}
