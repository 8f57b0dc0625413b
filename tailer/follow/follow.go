package follow

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/position"
)

const (
	// sliceSize is the most that is read at once, turns how many of them a
	// generation gets in its turn.
	sliceSize = 1 << 20
	turns     = 1
	// scanEvery is how often folders are listed when nothing asks for it sooner.
	scanEvery = time.Second
)

// Options say what to follow.
type Options struct {
	Paths   []string // files or globs, absolute
	Source  string   // empty: "<host>:<path>" for each
	Host    string
	Once    bool // every generation is over at its end
	FromEnd bool // without any position, begin at the end of the files now there
	Grace   time.Duration
	Log     *slog.Logger
	// Limit, if not nil, is how many bytes of the file at a followed path may be
	// read by now: beyond lie some that its writer may yet take back.
	Limit func(path string) int64
}

// Follower reads generations. It may be used by one goroutine at a time.
type Follower struct {
	o       Options
	watches []*watch
	gens    []*generation             // all that Redis or the disk knows of, by Order
	current map[string]*generation    // by followed path
	copies  map[fileState]*generation // files that hold a generation once more; nil: history
	since   map[string]since          // by source
	told    map[string]bool           // troubles already logged
	rolls   map[string]*roll          // by source
	first   bool                      // nothing had a position when we started

	scanned   time.Time
	undecided bool             // the scan could not tell of every sibling what it is
	unsure    time.Time        // since when scans could not; zero: the last one could
	decided   time.Time        // the last scan that could
	folders   map[string]int64 // when they last changed
	rescan    bool
	refused   error            // what emit said last
	young     map[string]int64 // the youngest file's birth, by shape of the current paths
	buf       []byte
	lost      int
}

// watch is one of Options.Paths.
type watch struct {
	path   string
	glob   bool
	source string
}

// fileState is a file that has not changed while it stays equal.
type fileState struct {
	id       identity
	size     int64
	modified int64
}

// New makes a follower. Reset must be called before Poll.
func New(o Options) (*Follower, error) {
	f := &Follower{
		o: o, current: map[string]*generation{}, copies: map[fileState]*generation{}, rolls: map[string]*roll{}, since: map[string]since{}, told: map[string]bool{},
		buf: make([]byte, position.HeadMax+sliceSize), first: true, folders: map[string]int64{},
	}
	for _, path := range o.Paths {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("follow %s: want an absolute path", path)
		}
		path = filepath.Clean(path)
		w := &watch{path: path, source: o.Source}
		if _, err := stat(path); err != nil && isGlob(path) {
			if _, err := filepath.Match(path, ""); err != nil {
				return nil, fmt.Errorf("follow %s: %w", path, err)
			}
			w.glob = true
		}
		if w.source == "" {
			w.source = o.Host + ":" + path
		}
		f.watches = append(f.watches, w)
	}
	return f, nil
}

func (f *Follower) follows(source string) bool {
	return slices.ContainsFunc(f.watches, func(w *watch) bool { return w.source == source })
}

// add makes a new generation of the file c.
func (f *Follower) add(source string, id position.Generation, c *file, in info, path string) *generation {
	g := &generation{id: id, source: source, pos: position.Position{State: position.Open, Host: f.o.Host, Modified: in.modified}}
	g.attach(c, in, path)
	f.gens = append(f.gens, g)
	f.o.Log.Debug("new generation", "path", path, "generation", id.String(), "bytes", in.size)
	return g
}

// byIdentity finds the generation that the inode now holds; one of ours if
// several sources know it.
func (f *Follower) byIdentity(id identity) *generation {
	var found *generation
	for _, g := range f.gens {
		if !g.ended && g.identity() == id && (found == nil || g.own && !found.own) {
			found = g
		}
	}
	return found
}

// Poll looks for new files, reads a bounded slice of each generation, and
// gives what it finds to emit, which takes all of it or returns an error: that
// is then Poll's error, and Reset must come before the next Poll. With
// Options.Once a file that cannot be read is an error too, otherwise it is
// logged and tried again. Poll returns whether there was anything to do.
func (f *Follower) Poll(emit func(*Chunk) error) (busy bool, err error) {
	if f.rescan {
		f.scan(false)
	}
	if err := f.look(); err != nil {
		return false, err
	}
	if f.foldersChanged() || f.rescan || f.unregistered() || time.Since(f.scanned) >= scanEvery {
		f.rescan, f.scanned = false, time.Now()
		f.scan(true)
	}
	f.refused = nil
	sink := func(c *Chunk) error {
		f.refused = emit(c)
		return f.refused
	}
	if f.holding() {
		f.rescan = true
	} else if err := f.register(sink); err != nil {
		return false, err
	}
	busy, err = f.readAll(sink)
	return busy || f.rescan, err
}

func (f *Follower) readAll(emit func(*Chunk) error) (busy bool, err error) {
	unpacking := false
	for _, g := range slices.Clone(f.gens) {
		if g.file == nil || g.value == "" || g.file.pack != nil && !g.drained && unpacking {
			continue // compressed files take memory: one after the other
		}
		unpacking = unpacking || g.file.pack != nil && !g.drained
		read, err := f.read(g, emit)
		if err == nil {
			var ended bool
			ended, err = f.retire(g, emit)
			read = read || ended
		}
		if err := f.judge(g, err); err != nil {
			return busy, err
		}
		busy = busy || read
	}
	if err := f.loseAll(emit); err != nil {
		return busy, err
	}
	return busy, f.prune(emit)
}

// judge says which errors of reading g end a Poll.
func (f *Follower) judge(g *generation, err error) error {
	switch {
	case err == nil:
		f.fine(g.path)
		return nil
	case errors.Is(err, errTruncated):
		return f.judge(g, f.truncated(g))
	case f.refused != nil || f.o.Once:
		return err
	}
	f.trouble(g.path, "read log", err)
	return nil
}

// foldersChanged says whether a name has come or gone beside what is followed.
func (f *Follower) foldersChanged() bool {
	changed := false
	for dir, old := range f.folders {
		if in, err := stat(dir); err == nil && in.modified != old {
			f.folders[dir] = in.modified
			changed = true
		}
	}
	return changed
}

// holding says whether new generations have to wait for their positions: an
// unknown sibling that the last scan could not decide on may be older, and would
// be history after a kill (see register). Of a source that Redis knows nothing
// of, all that is older is history anyway. A folder that is never at rest does
// not hold them up for ever.
func (f *Follower) holding() bool {
	if f.unsure.IsZero() || time.Since(f.unsure) >= f.o.Grace {
		return false
	}
	return slices.ContainsFunc(f.gens, func(g *generation) bool {
		return g.value == "" && f.known(g.source) != since{}
	})
}

func (f *Follower) unregistered() bool {
	return slices.ContainsFunc(f.gens, func(g *generation) bool { return g.value == "" })
}

// register gives each new generation a position before anything of it is
// read, the oldest first: once a generation has a position, older ones without
// any would be taken for history after a restart (see unseen), but for the one
// at the followed path, which therefore comes last.
func (f *Follower) register(emit func(*Chunk) error) error {
	var fresh, current []*generation
	for _, g := range f.gens {
		switch {
		case g.value != "":
		case f.isAtItsPath(g):
			current = append(current, g)
		default:
			fresh = append(fresh, g)
		}
	}
	slices.SortStableFunc(fresh, func(a, b *generation) int {
		return cmp.Or(cmp.Compare(a.seen.modified, b.seen.modified), cmp.Compare(a.id.Born, b.id.Born))
	})
	for _, g := range append(fresh, current...) {
		g.pos.Modified = f.accounted(g)
		r := f.roll(g.source)
		r.order++
		g.pos.Order = r.order
		f.o.Log.Debug("registering a generation", "path", g.path, "generation", g.id.String(), "order", r.order, "sibling", g.sibling)
		if err := emit(f.bare(g)); err != nil {
			return err
		}
	}
	return nil
}

func (f *Follower) isAtItsPath(g *generation) bool {
	if g.sibling || f.current[g.path] != g {
		return false
	}
	in, err := stat(g.path)
	return err == nil && in.id == g.seen.id
}

// Close closes all files.
func (f *Follower) Close() {
	for _, g := range f.gens {
		g.detach()
	}
}

// trouble logs an error about a path once until ok is called for it.
func (f *Follower) trouble(path, what string, err error) {
	if !f.told[path] {
		f.told[path] = true
		f.o.Log.Error(what, "path", path, "err", err)
	}
}

func (f *Follower) fine(path string) { delete(f.told, path) }
