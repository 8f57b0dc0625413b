// Package model keeps statistics up to date that are defined by files (package
// define): each is filled from all of the archive, and follows it by adding up
// exactly the files that are new.
//
// Files of an archive never change, so what was added up of one is kept (the
// parts of state.go) for as long as the archive has it; the rows of a model are
// always those that its definition gives over all files of one snapshot,
// however they came (work.go). Models are looked for (watch.go), worked at one
// after another behind live traffic (queue.go), asked for rows (rows.go) and
// put beside the feed (publish.go).
package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

// Errors that callers act on.
var (
	ErrNone    = errors.New("there is no such model")
	ErrFilling = errors.New("the model is being filled")
	ErrBroken  = errors.New("the model cannot be computed")
	ErrBusy    = errors.New("too many want rows in an order of their own")
	ErrVersion = errors.New("this version of the rows is no longer kept: begin again without version")
)

// Archive is what the models are about.
type Archive interface{ Current() *catalog.Snapshot }

// Options are what a store stands on.
type Options struct {
	Folders  []string // of NAME.toml; the first that has a name wins
	Shipped  fs.FS    // models that come last; may be nil
	State    string   // folder for what was added up
	Engine   engine.Engine
	Archive  Archive
	Publish  store.Store           // nil: nothing is published
	Shown    func(typ string) bool // may everybody see events of the type; nil: yes
	MinCount int64                 // smallest count that public models tell; 0: all
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	Look     time.Duration // between two looks at the folders; 0 for a second
}

// Info is what is known of a model.
type Info struct {
	Name, Summary string
	Public        bool
	State         string // ready, filling, broken (its file), failed (its questions)
	Error         string // for whoever runs this, as it may show the file's text
	Progress      float64
	Every         string
	Columns       []string
	Types         []string // text, number, time or bool
	Version       string   // of the rows
	Until         int64    // from this second on nothing is known
	Rows          int
	Events        []string // types of events that the rows are of; while there are none, that they will be of

	def *define.Model
}

// States of a model.
const (
	Ready   = "ready"
	Filling = "filling"
	Broken  = "broken"
	Failed  = "failed"
)

// Store is all models.
type Store struct {
	Options
	metrics metrics
	limits  limits

	mu     sync.Mutex
	models map[string]*entry
	last   map[string]string // texts that the last look found
	said   map[string]string // what cannot be read, by path: said once
	wake   chan struct{}     // holds one: there is something to publish
	listed string            // what of the list of models was published

	withdrawn bool          // what is no longer for everybody; keepPublished's own
	sorting   chan struct{} // holds whoever sorts
	turns     int
}

// entry is one model. The store's lock guards it.
type entry struct {
	name   string
	text   string // of its file
	def    *define.Model
	broken error // of the file

	busy     bool
	turn     int                // of all turns, its last
	cancel   context.CancelFunc // of the work at it
	run      *run
	seen     string // version of the snapshot that the rows are of
	failure  error
	failed   int // times, one after another
	retry    time.Time
	bytes    int64 // that it takes, but for versions that are kept
	done     uint64
	all      uint64
	versions []*version // oldest first
	put      string     // version that was published
}

// version is all rows of a model as they were at one time.
type version struct {
	id     string
	until  int64
	blocks []*block
	events []string // types that the rows are of
	rows   int
	old    time.Time // when another one followed
	own    int64     // bytes that only this and older ones have; 0 of the newest
	sorts  *sorts
}

// New makes a store; Run keeps it going.
func New(o Options) *Store {
	if o.Look <= 0 {
		o.Look = lookEvery
	}
	s := &Store{Options: o, limits: usualLimits, models: map[string]*entry{}, said: map[string]string{}, wake: make(chan struct{}, 1), sorting: make(chan struct{}, 1)}
	s.metrics = newMetrics(o.Metrics)
	return s
}

// now is the newest version, nil if there is none.
func (e *entry) now() *version {
	if len(e.versions) == 0 {
		return nil
	}
	return e.versions[len(e.versions)-1]
}

// List returns all models, by name.
func (s *Store) List() []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Info, 0, len(s.models))
	for _, name := range slices.Sorted(maps.Keys(s.models)) {
		list = append(list, s.info(s.models[name], nil))
	}
	return list
}

// Get returns one model.
func (s *Store) Get(name string) (Info, bool) { return s.At(name, "") }

// At returns one model as it is in a version of its rows; as it is now where
// that is not kept.
func (s *Store) At(name, version string) (Info, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.models[name]
	if !ok {
		return Info{}, false
	}
	return s.info(e, e.version(version)), true
}

// version finds a version by its name, nil if it is not kept.
func (e *entry) version(id string) *version {
	i := slices.IndexFunc(e.versions, func(v *version) bool { return v.id == id })
	if i < 0 {
		return nil
	}
	return e.versions[i]
}

// info says what is known of a model with the rows of v; nil for the newest.
// The lock is held.
func (s *Store) info(e *entry, v *version) Info {
	i := e.info(v)
	now := s.Archive.Current()
	switch {
	case now == nil || i.Version != "":
	case e.def == nil: // nobody knows
		i.Events = now.Types()
	default:
		i.Events = eventsOf(e.def, now, datesOf(e.def, now))
	}
	return i
}

func (e *entry) info(v *version) Info {
	i := Info{Name: e.name, State: Filling}
	if e.broken != nil {
		i.State, i.Error = Broken, e.broken.Error()
		return i
	}
	i.def = e.def
	i.Summary, i.Public, i.Every = e.def.Summary, e.def.Public, e.def.Every.Name
	i.Columns = e.def.Columns()
	for _, t := range e.def.Types() {
		i.Types = append(i.Types, typeName(t))
	}
	if e.failure != nil {
		i.State, i.Error = Failed, e.failure.Error()
	}
	if e.all > 0 {
		i.Progress = float64(e.done) / float64(e.all)
	}
	if v == nil {
		v = e.now()
	}
	if v != nil {
		i.State, i.Progress, i.Version, i.Until, i.Rows, i.Events = Ready, 1, v.id, v.until, v.rows, v.events
	}
	return i
}

func typeName(t expr.Type) string {
	return map[expr.Type]string{expr.Bool: "bool", expr.Int: "number", expr.Float: "number", expr.Text: "text", expr.Time: "time"}[t]
}

// missing is the error of a model that has no rows to show.
func (e *entry) missing() error {
	switch {
	case e.broken != nil:
		return fmt.Errorf("%w: its file has mistakes", ErrBroken)
	case e.failure != nil:
		return fmt.Errorf("%w: see the log", ErrBroken)
	case e.all > 0:
		return fmt.Errorf("%w: %d%% of the archive is done", ErrFilling, 100*e.done/e.all)
	}
	return fmt.Errorf("%w: it waits for its turn", ErrFilling)
}
