package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// Catalog follows an archive. It reads the manifest again and again, so that
// questions do not have to, and knows of each file what columns and values it
// has: files never change.
//
// Its memory grows with the files of the archive: some 1 KB for each, and 16
// bytes for each value that was counted in it.
type Catalog struct {
	source archive.Source
	shelf  shelf
	notes  *notes

	mu      sync.Mutex
	now     *Snapshot
	etag    string
	sum     [sha256.Size]byte   // of the manifest
	columns map[string][]string // of files, by name
	counts  map[string]*counts  // likewise
	words   *words
	total   *Counts // what discovery shows
	ready   chan struct{}
	show    time.Duration // how often it is told how far counting is
}

// New makes the catalog of an archive in a folder or, if that is empty, of one
// whose files are kept in a cache.
func New(source archive.Source, folder string, cache *Cache) *Catalog {
	c := &Catalog{
		source: source, columns: map[string][]string{}, counts: map[string]*counts{}, words: newWords(),
		ready: make(chan struct{}), show: time.Second,
	}
	c.shelf = cache
	if folder != "" {
		c.shelf = dir(folder)
	}
	return c
}

// Remember has a folder keep what is learned of files, for the next start.
func (c *Catalog) Remember(folder string) (err error) {
	c.notes, err = openNotes(folder)
	return err
}

// Close ends what is being fetched.
func (c *Catalog) Close() { c.shelf.close() }

// Current is the archive as the last Refresh found it; nil before the first.
func (c *Catalog) Current() *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Refresh looks whether the manifest is another one. As long as it is the same,
// that takes one small request to S3, or reading the file of a folder. Another
// one takes a walk over its files, and reading the ends of those that are new.
func (c *Catalog) Refresh(ctx context.Context) error {
	c.mu.Lock()
	old, etag, oldSum := c.now, c.etag, c.sum
	c.mu.Unlock()
	b, etag, err := c.source.ReadNew(ctx, archive.ManifestName, etag)
	if errors.Is(err, archive.ErrSame) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", archive.ManifestName, err)
	}
	sum := sha256.Sum256(b)
	if old != nil && sum == oldSum {
		return nil
	}
	m, err := archive.DecodeManifest(b)
	if err != nil {
		return err
	}
	s := newSnapshot(m)
	if old != nil && old.Version == s.Version {
		s = old
	} else if err := c.learn(ctx, s); err != nil {
		return err
	}
	c.mu.Lock()
	c.now, c.etag, c.sum = s, etag, sum
	c.forget()
	c.mu.Unlock()
	c.notes.only(s.Manifest.Files)
	return nil
}

// mostAtOnce is how many files are looked at side by side.
const mostAtOnce = 16

// learn finds out what columns the files of a snapshot have. One that is gone,
// as when somebody deleted a day by hand, or damaged, takes away only the
// questions about it.
func (c *Catalog) learn(ctx context.Context, s *Snapshot) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turn := make(chan struct{}, mostAtOnce)
	var all sync.WaitGroup
	for _, f := range c.unknown(s) {
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			if ctx.Err() != nil {
				return
			}
			if _, err := c.columnsOf(ctx, f); err != nil && !errors.Is(err, archive.ErrNone) && !errors.Is(err, archive.ErrDamaged) {
				cancel(err)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.columns = c.columnsOfAll(s)
	return nil
}

func (c *Catalog) unknown(s *Snapshot) (list []archive.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range s.Manifest.Files {
		if _, found := c.columns[f.Name]; !found {
			list = append(list, f)
		}
	}
	return list
}

func (c *Catalog) columnsOfAll(s *Snapshot) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string]bool{}
	list := append([]string{}, base...)
	for _, f := range s.Manifest.Files {
		for _, column := range c.columns[f.Name] {
			if !seen[column] {
				seen[column] = true
				list = append(list, column)
			}
		}
	}
	return known(list)
}

// columnsOf are the columns of a file. Those of one that nobody knows are in
// the notes, or at its end.
func (c *Catalog) columnsOf(ctx context.Context, f archive.File) ([]string, error) {
	c.mu.Lock()
	columns, found := c.columns[f.Name]
	c.mu.Unlock()
	if found {
		return columns, nil
	}
	if n, ok := c.notes.read(f); ok {
		c.take(f, n)
		return n.Columns, nil
	}
	columns, err := archive.ColumnsOf(ctx, c.source, f)
	if err != nil {
		return nil, err
	}
	columns = known(columns)
	c.notes.write(f, note{Columns: columns})
	c.mu.Lock()
	c.columns[f.Name] = columns
	c.mu.Unlock()
	return columns, nil
}

// forget drops what is known of files that are gone; the lock is held.
func (c *Catalog) forget() {
	here := make(map[string]bool, len(c.now.Manifest.Files))
	for _, f := range c.now.Manifest.Files {
		here[f.Name] = true
	}
	for name := range c.counts {
		if !here[name] {
			delete(c.counts, name)
		}
	}
	for name := range c.columns {
		// A query may still read by the last snapshot: it asks again.
		if !here[name] {
			delete(c.columns, name)
		}
	}
}

// Local implements [engine.Files].
func (c *Catalog) Local(ctx context.Context, f archive.File) (engine.Local, func(), error) {
	all, release, err := c.All(ctx, []archive.File{f})
	if err != nil {
		return engine.Local{}, nil, err
	}
	return all[0], release, nil
}

// All implements [engine.AllFiles].
func (c *Catalog) All(ctx context.Context, files []archive.File) ([]engine.Local, func(), error) {
	all := make([]engine.Local, len(files))
	for i, f := range files {
		columns, err := c.columnsOf(ctx, f)
		if err != nil {
			return nil, nil, gone(err)
		}
		all[i].Columns = columns
	}
	paths, release, err := c.shelf.hold(ctx, c.source, files)
	if err != nil {
		return nil, nil, gone(err)
	}
	for i := range all {
		all[i].Path = paths[i]
	}
	return all, release, nil
}
