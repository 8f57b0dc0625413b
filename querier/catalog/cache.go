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

// ownName is how files are named: a hash of the name, and how many bytes.
var ownName = regexp.MustCompile(`^[0-9a-f]{32}-(\d{1,18})\.parquet$`)

func nameOf(f archive.File) string {
	sum := sha256.Sum256([]byte(f.Name))
	return hex.EncodeToString(sum[:16]) + "-" + strconv.FormatInt(f.Bytes, 10) + ".parquet"
}

// onItsWay is how files are named while they are fetched.
var onItsWay = regexp.MustCompile(`^new-\d+$`)

// OpenCache makes or takes up a cache. Of its own files, what is not whole is
// removed; those of others stay.
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
		m := ownName.FindStringSubmatch(e.Name())
		if m == nil && !onItsWay.MatchString(e.Name()) {
			continue
		}
		if m == nil || m[1] != strconv.FormatInt(info.Size(), 10) { // left by a crash
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
