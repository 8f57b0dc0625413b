package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
)

// What flights take: so many at once, each with a buffer; of them so many for
// what nobody waits for; time for a file besides what a line of 100 KB/s takes;
// tries for each part, and the pause before the second.
const (
	mostFlights  = 8
	mostUnwanted = mostFlights / 2
	piece        = 4 << 20
	flightTime   = 10 * time.Minute
	slowLine     = 100 << 10
	mostTries    = 3
	retryPause   = 100 * time.Millisecond
)

// flight is a file on its way into the cache. It goes on by itself, whoever
// waits for it or gives up waiting: who asks again finds it further, or there.
// One that has not begun, and for which nobody waits any more, goes when others
// need its room.
type flight struct {
	entry  *entry
	source archive.Source
	file   archive.File
	done   chan struct{}
	err    error // once it is done
}

// begin begins flights for which it is time, those that somebody waits for
// first; the lock is held.
func (c *Cache) begin() {
	for c.flying < mostFlights && c.life.Err() == nil {
		next := -1
		for i, f := range c.queue {
			if f.entry.front > 0 {
				next = i
				break
			}
			if next < 0 && c.flying < mostUnwanted {
				next = i
			}
		}
		if next < 0 {
			return
		}
		f := c.queue[next]
		c.queue = append(c.queue[:next], c.queue[next+1:]...)
		c.flying++
		f.entry.users++
		c.running.Go(func() { c.fly(f) })
	}
}

// fly fetches a file and says so.
func (c *Cache) fly(f *flight) {
	err := c.fetch(f)
	if err != nil {
		err = fmt.Errorf("fetch %s: %w", f.file.Name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying--
	f.entry.users--
	f.entry.flight = nil
	if f.err = err; err != nil {
		c.drop(f.entry)
	}
	close(f.done)
	c.begin()
	c.tell()
}

// fetch copies a file into the cache, whole or not at all.
func (c *Cache) fetch(f *flight) (err error) {
	ctx, cancel := context.WithTimeout(c.life, flightTime+time.Duration(f.file.Bytes/slowLine)*time.Second)
	defer cancel()
	to, err := os.CreateTemp(c.folder, "new-")
	if errors.Is(err, fs.ErrNotExist) { // deleted by hand
		if err = os.MkdirAll(c.folder, 0o750); err == nil {
			to, err = os.CreateTemp(c.folder, "new-")
		}
	}
	if err != nil {
		return err
	}
	err = errors.Join(copyTo(ctx, to, f), to.Sync(), to.Close())
	if err == nil {
		err = os.Rename(to.Name(), filepath.Join(c.folder, f.entry.name))
	}
	if err != nil {
		_ = os.Remove(to.Name())
	}
	return err
}

// copyTo copies part after part.
func copyTo(ctx context.Context, to *os.File, f *flight) error {
	buffer := make([]byte, min(piece, f.file.Bytes))
	var b []byte
	for at := int64(0); at < f.file.Bytes; at += int64(len(b)) {
		b = buffer[:min(piece, f.file.Bytes-at)]
		if err := part(ctx, f, b, at); err != nil {
			return err
		}
		if _, err := to.Write(b); err != nil {
			return err
		}
	}
	if !bytes.HasSuffix(b, []byte("PAR1")) {
		return fmt.Errorf("%w: it does not end after the %d bytes that the manifest says", archive.ErrDamaged, f.file.Bytes)
	}
	return nil
}

// part reads a part. What may be over soon is tried again: else one answer that
// is lost would cost all that was fetched before.
func part(ctx context.Context, f *flight, b []byte, at int64) error {
	for try := 1; ; try++ {
		err := f.source.ReadAt(ctx, f.file.Name, b, at)
		if err == nil || try == mostTries || errors.Is(err, archive.ErrNone) || errors.Is(err, archive.ErrDamaged) || errors.Is(err, store.ErrSettings) {
			return err
		}
		pause := retryPause * time.Duration(try)
		if daemon.Sleep(ctx, pause/2+rand.N(pause)) != nil {
			return err
		}
	}
}
