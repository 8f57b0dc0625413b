// Package clickhouse runs questions on a ClickHouse server, for archives that
// are too much for one process (server.go, answer.go, sql.go).
//
// The rows lie in one table, events, which is filled from the files of the
// archive (load.go, row.go), each file a partition of its own. A file never
// changes, and the archive says how many rows it has: it is there if its
// partition has as many. It is put there in one step, so that it is there once
// however often that is tried, and whoever dies on the way leaves nothing that
// counts.
//
// It keeps to what ClickHouse 18.16 and today's have in common.
package clickhouse

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// Options say where the server is and how to use it.
type Options struct {
	URL      string // clickhouse://[USER@]HOST:PORT/DATABASE, with ?tls=1 for HTTPS; the port is that of HTTP
	Password string
	Memory   int64         // bytes that one query may have; 0: what the server allows
	Keep     time.Duration // for how long a file stays that the archive no longer names; 0: an hour
	Files    engine.Files
	Log      *slog.Logger
}

// Engine is a table on a server. Several of them, in several processes, may
// have the same one.
type Engine struct {
	server   *server
	memory   int64
	keep     time.Duration
	files    engine.Files
	log      *slog.Logger
	life     context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup
	turn     chan struct{} // one file at a time is loaded
	mu       sync.Mutex
	flights  map[fileID]*flight
	unwanted map[fileID]time.Time // since when
}

var _ engine.Engine = (*Engine)(nil)

// hour is how long files stay by themselves.
const hour = time.Hour

// Open connects to the server and makes the database and the table if they are
// not there.
func Open(ctx context.Context, o Options) (*Engine, error) {
	s, err := newServer(o.URL, o.Password)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		server: s, memory: o.Memory, keep: o.Keep, files: o.Files, log: o.Log,
		turn: make(chan struct{}, 1), flights: map[fileID]*flight{}, unwanted: map[fileID]time.Time{},
	}
	if e.keep == 0 {
		e.keep = hour
	}
	e.life, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := e.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare the tables of %s: %w", s, err)
	}
	return e, nil
}

// Close ends what is being loaded.
func (e *Engine) Close() error {
	e.stop()
	e.running.Wait()
	return nil
}

// Run loads what is not there, and fails with [engine.ErrFilling] if there is no time
// for it.
func (e *Engine) Run(ctx context.Context, q engine.Query, each func(row []any) error) error {
	e.used(q.Files)
	has, err := e.there(ctx)
	if err != nil {
		return err
	}
	if missing := has.missing(q.Files); len(missing) > 0 {
		if err := e.loadAll(ctx, missing); err != nil {
			return err
		}
		if has, err = e.there(ctx); err != nil {
			return err
		}
		if n := len(has.missing(q.Files)); n > 0 {
			return fmt.Errorf("%w: %d files to come", engine.ErrFilling, n)
		}
	}
	sql, err := rewrite(q.SQL, q.Args, e.server.events(q, has))
	if err != nil {
		return err
	}
	return e.server.query(ctx, sql, e.memory, each)
}

// Keep loads what is not there of all files of the archive, the newest first,
// and drops what has not been among them for a while.
func (e *Engine) Keep(ctx context.Context, files []archive.File) error {
	has, err := e.there(ctx)
	if err != nil {
		return err
	}
	missing := has.missing(files)
	newestFirst(missing)
	if err := e.loadAll(ctx, missing); err != nil {
		return err
	}
	return e.drop(ctx, has, files)
}
