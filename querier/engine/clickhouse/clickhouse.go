// Package clickhouse runs questions on a ClickHouse server, or on a cluster of
// them, for archives that are too much for one process (server.go, answer.go,
// hosts.go, sql.go).
//
// The rows lie in one table, events, which is filled from the files of the
// archive (load.go, row.go). Each load of a file is a partition with a random
// number of its own, put there in one step; and as a file never changes, and
// the archive says how many rows it has, a load is whole if it has as many. Of
// the whole loads of a file the one with the smallest number is chosen, and a
// question names those that it means (table.go). So whatever else is in the
// table, or is put there at the same time, counts nothing twice; what goes
// meanwhile is noticed, as all that a question meant must still be there after
// it (clickhouse.go). Loads that nobody has wanted for long are dropped (drop.go).
//
// It keeps to what ClickHouse 18.16 and today's have in common.
package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// Options say where the server is and how to use it.
type Options struct {
	URL      string // clickhouse://[USER@]HOST:PORT[,HOST:PORT…]/DATABASE[?cluster=NAME][&tls=1]; the ports are those of HTTP
	Password string
	Memory   int64         // bytes that one query may have; 0: what the server allows
	Keep     time.Duration // for how long a load stays that nobody wants; 0: an hour
	Files    engine.Files
	Log      *slog.Logger
}

// Engine is a table on a server, or on each server of a cluster. Several of
// them, in several processes, may have the same one.
type Engine struct {
	hosts   *hosts
	memory  int64
	keep    time.Duration
	files   engine.Files
	log     *slog.Logger
	life    context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	turn    chan struct{} // as many files at a time are loaded as there are hosts

	preparing chan struct{} // held while the tables are made
	mu        sync.Mutex
	prepared  bool
	columns   map[string]bool // that all servers are known to have
	flights   map[fileID]*flight
	unwanted  map[loadID]time.Time // since when
	said      time.Time            // when the log was told last that a server is away
}

var _ engine.Engine = (*Engine)(nil)

// hour is how long loads stay that nobody wants: longer than any question
// takes. It is also how long a load may take.
const hour = time.Hour

// Open makes an engine. It asks nothing of the servers yet: one that is away
// is what Run and Keep say.
func Open(o Options) (*Engine, error) {
	h, err := newHosts(o.URL, o.Password)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		hosts: h, memory: o.Memory, keep: o.Keep, files: o.Files, log: o.Log, turn: make(chan struct{}, len(h.all)),
		preparing: make(chan struct{}, 1), columns: map[string]bool{}, flights: map[fileID]*flight{}, unwanted: map[loadID]time.Time{},
	}
	if e.keep == 0 {
		e.keep = hour
	}
	e.life, e.stop = context.WithCancel(context.Background())
	return e, nil
}

// Close ends what is being loaded.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.stop() // from now on nothing begins
	e.mu.Unlock()
	e.running.Wait()
	return nil
}

// Run loads what is not there, and fails with [engine.ErrFilling] if there is no time
// for it.
func (e *Engine) Run(ctx context.Context, q engine.Query, each func(row []any) error) error {
	var own error // of each, which says nothing about servers
	took := false // each has rows of an answer: no other server may give them again
	err := e.prepare(ctx)
	if err == nil {
		err = e.hosts.any(func(s *server) error {
			err := e.ask(ctx, s, q, func(row []any) error {
				took, own = true, each(row)
				return own
			})
			if took {
				err = last(err)
			}
			return err
		})
	}
	if own != nil {
		return own
	}
	e.doubt(err)
	e.say(err)
	return err
}

// say tells the log which server is away, once a minute at most: clients are
// not told.
func (e *Engine) say(err error) {
	if !errors.Is(err, engine.ErrAway) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); now.Sub(e.said) >= time.Minute {
		e.said = now
		e.log.Warn("questions cannot be answered", "err", err)
	}
}

// ask asks one server, which asks the others of its cluster.
func (e *Engine) ask(ctx context.Context, s *server, q engine.Query, each func(row []any) error) error {
	chosen, err := e.choose(ctx, s, q.Files)
	if err != nil {
		return err
	}
	known, err := e.known(ctx, s, q.Columns)
	if err != nil {
		return err
	}
	sql, err := rewrite(q.SQL, q.Args, e.hosts.events(q, known, chosen))
	if err != nil {
		return err
	}
	if err := s.query(ctx, sql, e.memory, each); err != nil {
		return err
	}
	return e.still(ctx, s, chosen)
}

// choose loads what is not there and says which loads a question means.
func (e *Engine) choose(ctx context.Context, s *server, files []archive.File) ([]load, error) {
	has, err := e.there(ctx, s)
	if err != nil {
		return nil, err
	}
	chosen, missing := has.choose(files)
	if len(missing) > 0 {
		if err := e.loadAll(ctx, missing); err != nil {
			return nil, err
		}
		if has, err = e.there(ctx, s); err != nil {
			return nil, err
		}
		if chosen, missing = has.choose(files); len(missing) > 0 {
			return nil, fmt.Errorf("%w: %d files to come", engine.ErrFilling, len(missing))
		}
	}
	e.used(chosen)
	return chosen, nil
}

// still makes sure that what a question meant was there, and whole, while it
// was answered: what goes does not come back, as no number is given twice.
func (e *Engine) still(ctx context.Context, s *server, chosen []load) error {
	if len(chosen) == 0 {
		return nil
	}
	has, err := e.there(ctx, s)
	if err != nil {
		return err
	}
	for _, l := range chosen {
		if has.rows[l.id] != l.rows {
			return fmt.Errorf("%w: rows went while they were asked about", engine.ErrFilling)
		}
	}
	return nil
}

// Keep loads what is not there of all files of the archive, the newest first,
// and drops what has been unwanted for a while, and what the dead left. A file
// that cannot be loaded keeps it from nothing else.
func (e *Engine) Keep(ctx context.Context, files []archive.File) error {
	if err := e.prepare(ctx); err != nil {
		return err
	}
	has, err := e.thereOfAny(ctx)
	if err != nil {
		return err
	}
	_, missing := has.choose(files)
	newestFirst(missing)
	broken, err := e.loadEach(ctx, missing)
	if err != nil {
		return err
	}
	if has, err = e.thereOfAny(ctx); err != nil {
		return err
	}
	if err := e.drop(ctx, e.old(has, files, time.Now())); err != nil {
		return err
	}
	broken = append(broken, e.hosts.each(func(s *server) error { return s.sweep(ctx) }))
	return errors.Join(broken...)
}
