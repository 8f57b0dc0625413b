package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// Catalog follows an archive. It reads the manifest again and again, so that
// questions do not have to, and knows of each file what columns and values it
// has: files never change.
type Catalog struct {
	source archive.Source
	shelf  shelf

	mu      sync.Mutex
	now     *Snapshot
	etag    string
	columns map[string][]string // of files, by name
	counts  map[string]*counts  // likewise
	words   *words
	total   *Counts // of now, once all is counted
	ready   chan struct{}
}

// New makes the catalog of an archive in a folder or, if that is empty, of one
// whose files are kept in a cache.
func New(source archive.Source, folder string, cache *Cache) *Catalog {
	c := &Catalog{source: source, columns: map[string][]string{}, counts: map[string]*counts{}, words: newWords(), ready: make(chan struct{})}
	c.shelf = cache
	if folder != "" {
		c.shelf = dir(folder)
	}
	return c
}

// shelf is where files lie on this machine.
type shelf interface {
	// path makes sure that a file lies there, until release.
	path(ctx context.Context, source archive.Source, f archive.File) (path string, release func(), err error)
}

// Current is the archive as the last Refresh found it; nil before the first.
func (c *Catalog) Current() *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Refresh looks whether the manifest is another one.
func (c *Catalog) Refresh(ctx context.Context) error {
	b, etag, err := c.source.Read(ctx, archive.ManifestName)
	if err != nil {
		return fmt.Errorf("read %s: %w", archive.ManifestName, err)
	}
	c.mu.Lock()
	same := c.now != nil && etag != "" && etag == c.etag
	c.mu.Unlock()
	if same {
		return nil
	}
	m, err := archive.DecodeManifest(b)
	if err != nil {
		return err
	}
	s := newSnapshot(m)
	if old := c.Current(); old != nil && old.Version == s.Version {
		return nil
	}
	if err := c.learn(ctx, s); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.etag = s, etag
	c.forget()
	return nil
}

// learn finds out what columns the files of a snapshot have. One that is gone,
// as when somebody deleted a day by hand, takes away only the questions about it.
func (c *Catalog) learn(ctx context.Context, s *Snapshot) error {
	var all []string
	for _, f := range s.Manifest.Files {
		columns, err := c.columnsOf(ctx, f)
		if err != nil && !errors.Is(gone(err), engine.ErrGone) {
			return err
		}
		all = append(all, columns...)
	}
	s.columns = known(append(all, base...))
	return nil
}

func (c *Catalog) columnsOf(ctx context.Context, f archive.File) ([]string, error) {
	c.mu.Lock()
	columns, found := c.columns[f.Name]
	c.mu.Unlock()
	if found {
		return columns, nil
	}
	columns, err := archive.ColumnsOf(ctx, c.source, f)
	if err != nil {
		return nil, err
	}
	columns = known(columns)
	c.mu.Lock()
	c.columns[f.Name] = columns
	c.mu.Unlock()
	return columns, nil
}

// forget drops what is known of files that are gone; the lock is held.
func (c *Catalog) forget() {
	here := map[string]bool{}
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
	columns, err := c.columnsOf(ctx, f)
	if err != nil {
		return engine.Local{}, nil, gone(err)
	}
	path, release, err := c.shelf.path(ctx, c.source, f)
	if err != nil {
		return engine.Local{}, nil, gone(fmt.Errorf("read %s: %w", f.Name, err))
	}
	return engine.Local{Path: path, Columns: columns}, release, nil
}
