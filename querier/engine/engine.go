// Package engine runs questions over the rows of an archive.
//
// Whoever asks writes SQL over one table, events, whose rows are those of the
// files given. No engine sees any text of a client but as a value: what is put
// into SQL comes from lists of our own.
package engine

import (
	"context"
	"errors"

	"github.com/glowmap/glow/archiver/archive"
)

// Query is one question. Its SQL begins with SELECT, or with WITH and a name.
//
// The columns of events are those of the archive: time (whole seconds since
// 1970), type, continent, country, region, cell, lat and lon (double, degrees)
// and attr_… of the attributes; null is what is unknown.
type Query struct {
	SQL     string         // names events once or more; values only as ? parameters
	Args    []any          // string, int64, float64 or bool
	Files   []archive.File // the rows of events: each of these files', once
	Columns []string       // of events that SQL names; one that no file has is null
	Scope   *Scope         // nil: SQL says all
}

// Scope is the same question put otherwise: SQL asks about all of events, which
// are the files' rows of one type in a span of time. An engine that reads files
// may ask so, as most files have nothing else; others have Query's own SQL.
type Scope struct {
	SQL      string
	Args     []any
	Type     string
	From, To int64 // To is not included
}

// Engine runs queries, several at a time.
type Engine interface {
	// Run calls each with every row of the answer, in order: string, int64,
	// float64, bool or nil. The slice is each's only until it returns, and an
	// error of it ends the query. When ctx is done, the query stops soon.
	Run(ctx context.Context, q Query, each func(row []any) error) error
	Close() error
}

// Preparer is an engine that can wait for files before a query, so that nobody
// has to wait for them in a query's turn.
type Preparer interface {
	// Ready waits until files are there; they stay until release is called. It
	// takes room for all of them at once, or fails.
	Ready(ctx context.Context, files []archive.File) (release func(), err error)
}

// Errors of Run that callers act on.
var (
	// ErrMemory says that the query wants more memory than it may have.
	ErrMemory = errors.New("the query wants more memory than it may have")
	// ErrGone says that a file is no longer there: take a newer snapshot.
	ErrGone = errors.New("a file of the archive is gone")
	// ErrFilling says that a file is not here yet, but will be: ask later.
	ErrFilling = errors.New("what is asked about is still being fetched")
	// ErrAway says that the server that is the engine does not answer.
	ErrAway = errors.New("the engine is away")
)

// Local says where a file of the archive lies on this machine.
type Local struct {
	Path    string
	Columns []string // that it has, by name
}

// Files makes files of the archive local.
type Files interface {
	// Local returns where the file lies; it stays there until release is called.
	Local(ctx context.Context, f archive.File) (l Local, release func(), err error)
}

// AllFiles makes files of the archive local together.
type AllFiles interface {
	// All is [Files]' Local of many, in their order. It takes room for all of
	// them at once, and fetches them side by side.
	All(ctx context.Context, files []archive.File) (all []Local, release func(), err error)
}
