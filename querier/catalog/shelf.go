package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// dir is an archive in a folder of this machine: the files lie there.
type dir string

func (d dir) path(_ context.Context, _ archive.Source, f archive.File) (string, func(), error) {
	path := filepath.Join(string(d), filepath.FromSlash(f.Name))
	if _, err := os.Stat(path); err != nil {
		return "", nil, err
	}
	return path, func() {}, nil
}

// Cache keeps files of an archive that lies elsewhere in a folder, those that
// were asked for last, up to so many bytes. Names of files say what is in them,
// so that what is there need never be asked for again.
type Cache struct {
	folder string
	most   int64

	mu    sync.Mutex
	files map[string]*cached
	bytes int64
}

type cached struct {
	mu    sync.Mutex // held while it is fetched
	here  bool
	bytes int64
	used  time.Time
	users int
}

// ErrFull says that the files of a query take more than the whole cache.
var ErrFull = errors.New("the files of this question take more room than the querier's cache has")

const suffix = ".parquet"

// OpenCache makes or takes up a cache.
func OpenCache(folder string, most int64) (*Cache, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	c := &Cache{folder: folder, most: most, files: map[string]*cached{}}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || e.IsDir() {
			continue
		}
		if !strings.HasSuffix(e.Name(), suffix) { // left by a crash
			_ = os.Remove(filepath.Join(folder, e.Name()))
			continue
		}
		c.files[e.Name()] = &cached{here: true, bytes: info.Size(), used: info.ModTime()}
		c.bytes += info.Size()
	}
	return c, nil
}

func (c *Cache) path(ctx context.Context, source archive.Source, f archive.File) (string, func(), error) {
	sum := sha256.Sum256([]byte(f.Name))
	name := hex.EncodeToString(sum[:16]) + suffix
	e := c.take(name)
	release := sync.OnceFunc(func() { c.put(e) })
	path := filepath.Join(c.folder, name)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.here && e.bytes == f.Bytes {
		return path, release, nil
	}
	if err := c.fetch(ctx, source, f, path, e); err != nil {
		release()
		return "", nil, err
	}
	return path, release, nil
}

func (c *Cache) take(name string) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.files[name]
	if e == nil {
		e = &cached{}
		c.files[name] = e
	}
	e.users++
	e.used = time.Now()
	return e
}

func (c *Cache) put(e *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.users--
}

// fetch copies a file into the cache, whole or not at all.
func (c *Cache) fetch(ctx context.Context, source archive.Source, f archive.File, path string, e *cached) error {
	if err := c.room(f.Bytes); err != nil {
		return err
	}
	c.mu.Lock()
	if e.here { // with other bytes: a crash of the machine cut it
		c.bytes -= e.bytes
	}
	e.here, e.bytes = false, f.Bytes
	c.mu.Unlock()
	err := copyTo(ctx, source, f, path)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.bytes -= f.Bytes
		return err
	}
	e.here = true
	return nil
}

func copyTo(ctx context.Context, source archive.Source, f archive.File, path string) error {
	b, err := source.Fetch(ctx, f.Name)
	if err != nil {
		return err
	}
	defer b.Close()
	if b.Size() != f.Bytes {
		return fmt.Errorf("%d bytes, the manifest says %d", b.Size(), f.Bytes)
	}
	to, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.NewSectionReader(b, 0, b.Size()))
	if err := errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	return os.Rename(to.Name(), path)
}

// room takes so many bytes, and removes what was not used for longest.
func (c *Cache) room(bytes int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var free []string
	for name, e := range c.files {
		if e.users == 0 {
			free = append(free, name)
		}
	}
	slices.SortFunc(free, func(a, b string) int { return c.files[a].used.Compare(c.files[b].used) })
	for _, name := range free {
		if c.bytes+bytes <= c.most {
			break
		}
		if e := c.files[name]; e.here {
			if err := os.Remove(filepath.Join(c.folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			c.bytes -= e.bytes
		}
		delete(c.files, name)
	}
	if c.bytes+bytes > c.most {
		return ErrFull
	}
	c.bytes += bytes
	return nil
}

// gone says of an error that it means a file which is no longer there.
func gone(err error) error {
	if errors.Is(err, archive.ErrNone) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", engine.ErrGone, err)
	}
	return err
}
