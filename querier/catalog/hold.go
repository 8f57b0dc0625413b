package catalog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// errClosed says that the querier is being stopped.
var errClosed = fmt.Errorf("the cache is closed: %w", context.Canceled)

func (c *Cache) hold(ctx context.Context, source archive.Source, files []archive.File) ([]string, func(), error) {
	files, paths, err := c.distinct(files)
	if err != nil {
		return nil, nil, err
	}
	for range 3 {
		held, err := c.reserve(ctx, source, files)
		if err != nil {
			return nil, nil, err
		}
		release := sync.OnceFunc(func() { c.release(held, !isBehind(ctx)) })
		if err = c.arrive(ctx, held); err != nil {
			release()
			return nil, nil, err
		}
		if c.there(held) {
			return paths, release, nil
		}
		release() // somebody deleted some by hand: they are fetched again
	}
	return nil, nil, fmt.Errorf("files vanish from %s", c.folder)
}

// distinct are files, each once, that fit into the cache together, and the
// paths of all.
func (c *Cache) distinct(files []archive.File) (list []archive.File, paths []string, err error) {
	seen := make(map[string]bool, len(files))
	full := Full{Most: c.most}
	for _, f := range files {
		name := nameOf(f)
		paths = append(paths, filepath.Join(c.folder, name))
		if f.Bytes <= 0 {
			return nil, nil, fmt.Errorf("%s: the manifest says that it has %d bytes", f.Name, f.Bytes)
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		list = append(list, f)
		full.Files++
		if full.Bytes += f.Bytes; f.Bytes > c.most { // asking for less would not help
			return nil, nil, &Full{Files: 1, Bytes: f.Bytes, Most: c.most}
		}
	}
	if full.Bytes > c.most {
		return nil, nil, &full
	}
	return list, paths, nil
}

// reserve takes entries for files, and begins to fetch what is missing. It
// waits for room that others have.
func (c *Cache) reserve(ctx context.Context, source archive.Source, files []archive.File) ([]*entry, error) {
	for {
		held, wait, err := c.tryReserve(source, files, !isBehind(ctx))
		if wait == nil {
			return held, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, onTheirWay(ctx, len(files))
		case <-c.life.Done():
			return nil, errClosed
		}
	}
}

// onTheirWay is the error of who cannot wait any longer.
func onTheirWay(ctx context.Context, n int) error {
	return fmt.Errorf("%w: files that are on their way: %d: %w", engine.ErrFilling, n, ctx.Err())
}

// tryReserve takes all entries or none; then there may be room after wait.
func (c *Cache) tryReserve(source archive.Source, files []archive.File, front bool) (held []*entry, wait <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.Err() != nil {
		return nil, nil, errClosed
	}
	var missing []archive.File
	need := int64(0)
	for _, f := range files {
		if e := c.entries[nameOf(f)]; e != nil {
			e.users++ // so that it does not make room for others
			held = append(held, e)
		} else {
			missing = append(missing, f)
			need += f.Bytes
		}
	}
	ok, err := c.room(need)
	if !ok || err != nil {
		for _, e := range held {
			e.users--
		}
		if err != nil {
			return nil, nil, err
		}
		return nil, c.changed, nil
	}
	for _, f := range missing {
		held = append(held, c.add(source, f))
	}
	for _, e := range held {
		if front {
			c.clock++
			e.rank = c.clock
			e.front++
		}
	}
	c.begin()
	return held, nil, nil
}

// add makes the entry of a file that is missing, and its flight; the lock is held.
func (c *Cache) add(source archive.Source, f archive.File) *entry {
	c.clock++
	e := &entry{name: nameOf(f), bytes: f.Bytes, users: 1, rank: -c.clock}
	e.flight = &flight{entry: e, source: source, file: f, done: make(chan struct{})}
	c.queue = append(c.queue, e.flight)
	c.entries[e.name] = e
	c.bytes += e.bytes
	return e
}

// arrive waits until all entries are there.
func (c *Cache) arrive(ctx context.Context, held []*entry) error {
	c.mu.Lock()
	var flights []*flight
	for _, e := range held {
		if e.flight != nil {
			flights = append(flights, e.flight)
		}
	}
	c.mu.Unlock()
	for i, f := range flights {
		select {
		case <-f.done:
			if f.err != nil {
				return f.err
			}
		case <-ctx.Done():
			return onTheirWay(ctx, len(flights)-i)
		case <-c.life.Done():
			return errClosed
		}
	}
	return nil
}

// there looks whether the files of entries are there, and forgets those that
// are not.
func (c *Cache) there(held []*entry) bool {
	all := true
	for _, e := range held {
		info, err := os.Stat(filepath.Join(c.folder, e.name))
		if err == nil && info.Size() == e.bytes {
			continue
		}
		all = false
		c.mu.Lock()
		c.drop(e)
		c.mu.Unlock()
	}
	return all
}

func (c *Cache) release(held []*entry, front bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range held {
		e.users--
		if front {
			e.front--
		}
	}
	c.tell()
}

// tell says that there may be more room; the lock is held.
func (c *Cache) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}
