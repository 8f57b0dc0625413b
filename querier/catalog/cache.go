package catalog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// Cache keeps files of an archive that lies elsewhere in a folder, those that
// were asked for last, up to so many bytes. Names of files say what is in them,
// so that what is there need never be asked for again.
//
// Each file that is wanted and not there is fetched by one flight (flight.go),
// whoever and however many wait for it. Its bytes are reserved before, all those
// of a question in one step: so two questions never wait for each other's room.
//
// It takes some 200 bytes of memory for each file, and a question looks at each
// entry only when something must go.
type Cache struct {
	folder string
	most   int64

	life    context.Context // of flights
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	entries map[string]*entry // by name in the folder
	bytes   int64             // of all entries
	clock   int64             // goes on with each question
	queue   []*flight         // those that have not begun
	flying  int
	changed chan struct{} // closed when there may be more room
}

// entry is a file that is in the cache or on its way. Its bytes are taken.
type entry struct {
	name   string
	bytes  int64
	users  int     // questions that need it, and its flight once that has begun
	front  int     // those of the questions that somebody waits for
	rank   int64   // the lowest goes first
	flight *flight // nil: it is there
}

// ErrFull says that the files of a question take more than the whole cache. It
// is a [*Full].
var ErrFull = errors.New("the files of this question take more room than the querier's cache has")

// Full says how much a cache lacks.
type Full struct {
	Files int   // that are needed at once
	Bytes int64 // of them
	Most  int64 // that the cache may have
}

// Error names the setting that helps.
func (f *Full) Error() string {
	files := "one file takes"
	if f.Files != 1 {
		files = fmt.Sprintf("%d files take", f.Files)
	}
	return fmt.Sprintf("%s %s and the cache has %s: set --cache-size (GLOW_CACHE_SIZE) to %s or more", files, size(f.Bytes), size(f.Most), f.Enough())
}

// Enough is the least --cache-size with which it would have done.
func (f *Full) Enough() string { return size(f.Bytes) }

// Is is for [errors.Is].
func (f *Full) Is(target error) bool { return target == ErrFull }

// size writes bytes as flags take them, rounded up to two digits at least.
func size(n int64) string {
	unit, shift := "K", 10
	for _, u := range []string{"M", "G", "T"} {
		if n>>shift < 10<<10 {
			break
		}
		unit, shift = u, shift+10
	}
	return strconv.FormatInt((n+1<<shift-1)>>shift, 10) + unit
}

// errClosed says that the querier is being stopped.
var errClosed = fmt.Errorf("the cache is closed: %w", context.Canceled)

// ownName is how files are named: a hash of the name, and how many bytes.
var ownName = regexp.MustCompile(`^[0-9a-f]{32}-(\d{1,18})\.parquet$`)

func nameOf(f archive.File) string {
	sum := sha256.Sum256([]byte(f.Name))
	return hex.EncodeToString(sum[:16]) + "-" + strconv.FormatInt(f.Bytes, 10) + ".parquet"
}

// OpenCache makes or takes up a cache. What is not whole is removed.
func OpenCache(folder string, most int64) (*Cache, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	c := &Cache{folder: folder, most: most, entries: map[string]*entry{}, changed: make(chan struct{})}
	c.life, c.stop = context.WithCancel(context.Background())
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil || e.IsDir() {
			continue
		}
		if m := ownName.FindStringSubmatch(e.Name()); m == nil || m[1] != strconv.FormatInt(info.Size(), 10) { // left by a crash
			_ = os.Remove(filepath.Join(folder, e.Name()))
			continue
		}
		c.entries[e.Name()] = &entry{name: e.Name(), bytes: info.Size(), rank: info.ModTime().UnixNano()}
		c.bytes += info.Size()
	}
	for _, e := range c.byRank() {
		c.clock++
		e.rank = c.clock
	}
	_, err = c.room(0)
	return c, err
}

// close ends all flights.
func (c *Cache) close() {
	c.mu.Lock()
	c.stop() // none begins from here on
	c.mu.Unlock()
	c.running.Wait()
}

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

// room makes room for so many bytes more, if what nobody uses is enough for
// that; the lock is held, or nobody else is there.
func (c *Cache) room(need int64) (ok bool, err error) {
	if c.bytes+need <= c.most {
		return true, nil
	}
	free := int64(0)
	list := c.byRank()
	for _, e := range list {
		free += e.bytes
	}
	if c.bytes-free+need > c.most {
		return false, nil
	}
	for _, e := range list {
		if c.bytes+need <= c.most {
			break
		}
		if e.flight == nil {
			if err := os.Remove(filepath.Join(c.folder, e.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, fmt.Errorf("make room in the cache: %w", err)
			}
		}
		c.drop(e)
	}
	return true, nil
}

// byRank are the entries that nobody uses, in the order in which they go.
func (c *Cache) byRank() []*entry {
	var list []*entry
	for _, e := range c.entries {
		if e.users == 0 {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name)) })
	return list
}

// drop forgets an entry and gives its bytes back; the lock is held. Who still
// has it releases it all the same.
func (c *Cache) drop(e *entry) {
	if c.entries[e.name] != e {
		return
	}
	delete(c.entries, e.name)
	c.bytes -= e.bytes
	c.queue = slices.DeleteFunc(c.queue, func(f *flight) bool { return f.entry == e })
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
