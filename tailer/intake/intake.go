// Package intake carries log files into the queue: it joins the follower, the
// parser and the pusher. The tailer is this package with flags; sharehook
// takes its spool to the queue with it.
//
// Memory never matters: what it holds of positions is a guess that each push
// verifies. Whenever a guess was wrong, or an answer of Redis is missing, all
// of it is forgotten and read from Redis again.
package intake

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/tailer/follow"
	"github.com/glowmap/glow/tailer/parse"
	"github.com/glowmap/glow/tailer/push"
)

const (
	pollEvery   = 200 * time.Millisecond
	verifyEvery = time.Second
	// staleWarnEvery is the least time between two warnings of one kind.
	staleWarnEvery = 10 * time.Second
	// groupSize is how many pushes travel in one round trip.
	groupSize = 32
)

// Defaults of Options.
const (
	DefaultMaxQueue = 2000
	DefaultGrace    = 5 * time.Second
)

// Options say what to take in.
type Options struct {
	Paths    []string // files and globs
	Source   string   // empty: "<host>:<absolute path>" for each path
	Parser   *parse.Parser
	FromEnd  bool          // begin at the end of files without a position
	Grace    time.Duration // quiet time after which a rotated file is over; 0: DefaultGrace
	MaxQueue int           // entries in the queue from which on reading waits; 0: DefaultMaxQueue
	// Once reads all there is, makes it durable, and returns. RequireDurable
	// makes it an error if Redis cannot promise that.
	Once, RequireDurable bool
	// Limit is how many bytes of the file at a path may be read by now; nil: all.
	Limit func(path string) int64
}

// Intake takes log files in.
type Intake struct {
	d        *daemon.Daemon
	o        Options
	follower *follow.Follower
	pusher   push.Pusher
	rejects  *push.Rejects
	m        *meters

	group    *group // being filled
	spare    *group
	inFlight chan error // answers once for the group under way; nil if there is none
	sendErr  error
	ctx      context.Context // of the work under way, for emit

	verified time.Time
	warned   time.Time

	mu      sync.Mutex
	acked   map[string]string // fields of ours as Redis acknowledged them
	reloads int
	total   total
}

var (
	errRolledBack = errors.New("redis does not hold what it had acknowledged")
	errFinished   = errors.New("all is read")
)

// fileError is an error of a log file.
type fileError struct{ error }

// Unwrap is the error without that it is of a log file.
func (e fileError) Unwrap() error { return e.error }

// New prepares an intake; the daemon must know push.Script.
func New(d *daemon.Daemon, o Options) (*Intake, error) {
	o.Grace, o.MaxQueue = or(o.Grace, DefaultGrace), or(o.MaxQueue, DefaultMaxQueue)
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find out the host name: %w", err)
	}
	paths := make([]string, len(o.Paths))
	for i, p := range o.Paths {
		if paths[i], err = filepath.Abs(p); err != nil {
			return nil, fmt.Errorf("follow %s: %w", p, err)
		}
	}
	f, err := follow.New(follow.Options{
		Paths: paths, Source: o.Source, Host: strings.ReplaceAll(host, " ", "_"),
		Once: o.Once, FromEnd: o.FromEnd, Grace: o.Grace, Log: d.Log, Limit: o.Limit,
	})
	if err != nil {
		return nil, err
	}
	in := &Intake{
		d: d, o: o, follower: f, rejects: push.NewRejects(d.Redis, d.Keys, d.Name),
		group: &group{}, spare: &group{}, acked: map[string]string{},
	}
	in.m = newMeters(d, in)
	in.pusher = push.Pusher{Redis: d.Redis, Keys: d.Keys, Daemon: d.Name, MaxQueue: o.MaxQueue, Full: in.full}
	return in, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (in *Intake) full() {
	in.m.full.Inc()
	in.d.Beat()
}

// Run takes in what there is until ctx is done, or, with Options.Once, until
// all is read and durable. It returns nil only then. It waits while Redis is away.
func (in *Intake) Run(ctx context.Context) error {
	defer in.follower.Close()
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	go in.rejects.Run(stopped)
	redis := in.d.Outage("redis")
	for {
		err := in.work(ctx, redis)
		_ = in.wait() // what it did shows in the positions
		var file fileError
		switch {
		case errors.Is(err, errFinished):
			return nil
		case ctx.Err() != nil:
			return in.stopped(ctx)
		case errors.As(err, &file):
			return err
		case errors.Is(err, push.ErrStale), errors.Is(err, errRolledBack):
			in.stale(err)
			_ = daemon.Sleep(ctx, rand.N(pollEvery)) // so that two on one file do not stay in step
		default:
			if err := redis.Wait(ctx, err); err != nil {
				return in.stopped(ctx)
			}
		}
	}
}

// stale notes that positions in Redis are others than thought, as happens again
// and again where two follow one log by mistake.
func (in *Intake) stale(err error) {
	in.m.stale.Inc()
	if now := time.Now(); now.Sub(in.warned) > staleWarnEvery {
		in.warned = now
		in.d.Log.Warn("positions in redis are others than expected, reading them again: redis went back in time, or something else follows the same log", "err", err)
	}
}

// stopped is how a stop ends: what was not pushed is still in the log, so
// nothing is left behind, unless it should have been read to its end.
func (in *Intake) stopped(ctx context.Context) error {
	if in.o.Once {
		return fmt.Errorf("stopped before all was read: %w", context.Cause(ctx))
	}
	return nil
}

// work reads the positions and goes on from there until something fails.
func (in *Intake) work(ctx context.Context, redis *daemon.Outage) error {
	if err := in.reload(ctx); err != nil {
		return err
	}
	redis.Over()
	for {
		busy, err := in.follower.Poll(in.emit)
		if err != nil && in.sendErr == nil {
			return fileError{err}
		}
		if err == nil {
			err = in.dispatch(ctx)
		}
		if err == nil && !busy {
			err = in.wait()
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return in.wait()
		}
		if err := in.between(ctx, busy); err != nil {
			return err
		}
	}
}

// between is what happens between two polls.
func (in *Intake) between(ctx context.Context, busy bool) error {
	in.d.Ready()
	in.measure()
	switch {
	case !busy && in.o.Once:
		return in.complete(ctx)
	case !busy:
		_ = daemon.Sleep(ctx, pollEvery)
	}
	if ctx.Err() != nil || time.Since(in.verified) < verifyEvery {
		return nil
	}
	if err := in.wait(); err != nil {
		return err
	}
	return in.verify(ctx)
}

// complete makes sure that what was read is there to stay.
func (in *Intake) complete(ctx context.Context) error {
	durable, err := in.d.Redis.Durable(ctx)
	if err != nil {
		return err
	}
	if err := in.verify(ctx); err != nil {
		return err
	}
	if lost := in.follower.Stats().Lost; lost > 0 {
		return fileError{fmt.Errorf("lines of %d rotated logs are lost (see the log above)", lost)}
	}
	const why = "redis has no append-only file or never syncs it, so all this may be lost with it: set appendonly yes and appendfsync everysec"
	switch {
	case durable:
	case in.o.RequireDurable:
		return fileError{errors.New(why)}
	default:
		in.d.Log.Warn(why)
	}
	return errFinished
}
