// Package feed is the publisher's work: passes over the buckets that changed,
// each put to the target as a snapshot, with a heartbeat between them.
//
// One publisher is active at a time (package lease). It makes sure that the feed at
// the target is the one in Redis (own.go), and then makes a pass every few
// seconds (pass.go): what changed of the last minutes, latest.json (latest.go),
// then older buckets, newest first. While Redis has less than was published
// already, buckets wait (recover.go).
package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/lease"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/feed2014"
	"github.com/glowmap/glow/publisher/store"
)

// Settings are the flags of the publisher.
type Settings struct {
	Every          time.Duration // between passes
	InFlight       int           // PUTs at a time
	Delay          int           // seconds, for latest.json
	Attribution    string        // "" chooses by the GeoIP database
	RecoverTimeout time.Duration // without progress
	Retention      map[bucket.Period]time.Duration
	Feed2014       bool // write the files of the 2014 page too
}

// Publisher is a publisher that may be active or wait for its turn.
type Publisher struct {
	Settings
	d      *daemon.Daemon
	counts *counts.Counts
	store  store.Store
	m      *metrics
	lease  *lease.Lease
	stop   <-chan struct{} // closed when we are to stop

	redisAway, storeAway *daemon.Outage
	opened               bool // the target was in use once: from then on it can only be away

	// What we know of the feed at the target, while we are active.
	feed   string           // id
	latest *snapshot.Latest // latest.json as it stands there; nil if there is none
	etag   string           // of latest.json
	floor  map[string]uint64
	names  nameState
	have   shelf
	first  firstMinute
	grid   float64
	when   rhythm
	slack  recovery
	bad    badBuckets
	stats  *feed2014.Writer // of this feed
	probed bool
	landed int       // buckets and heartbeats published in this pass
	warned time.Time // of a store that mostly works

	statsAt time.Time // when the 2014 feed was last complete
	clock   serverClock

	done struct{ snapshots, bytes, conflicts, evicted int64 }
}

// New makes a publisher.
func New(d *daemon.Daemon, s store.Store, set Settings) *Publisher {
	p := &Publisher{
		Settings: set, d: d, counts: counts.New(d.Redis, d.Keys), store: s, m: newMetrics(d.Metrics),
		redisAway: d.Outage("redis"), storeAway: d.Outage("store"),
	}
	p.lease = lease.New(d, p.pause)
	return p
}

// errStopped is why --once did not do all there was.
var errStopped = errors.New("stopped before everything was published")

// Run publishes until ctx is done and returns nil once the PUTs in flight are
// finished; with --once it returns nil as soon as nothing is left to publish.
func (p *Publisher) Run(ctx context.Context) error {
	p.stop = ctx.Done()
	work, cancel := p.grace(ctx)
	defer cancel()
	for checked := false; ; {
		err := p.checkRedis(work, &checked)
		if err == nil {
			err = p.term(work)
		}
		switch {
		case err == nil:
			return nil
		case p.stopped() && p.d.Once:
			return errors.Join(errStopped, err)
		case p.stopped() && !fatal(err):
			return nil
		case errors.Is(err, lease.ErrLost), errors.Is(err, errAgain):
			p.d.Log.Info("starting over", "cause", err)
			err = p.pause(ctx, lease.Poll)
		case errors.Is(err, counts.ErrRedis):
			err = p.redisAway.Wait(ctx, err)
		case errors.Is(err, errAway):
			err = p.storeAway.Wait(ctx, err)
		}
		if err != nil && !p.stopped() {
			return err
		}
	}
}

func fatal(err error) bool {
	for _, passing := range []error{counts.ErrRedis, errAway, lease.ErrLost, errAgain, errIdle, context.Canceled} {
		if errors.Is(err, passing) {
			return false
		}
	}
	return true
}

// checkRedis looks once whether this Redis can be used. The error is one to
// wait for unless Redis answers and says what makes it unusable.
func (p *Publisher) checkRedis(ctx context.Context, checked *bool) error {
	if *checked {
		return nil
	}
	warnings, err := p.d.Redis.Check(ctx)
	if err != nil && !rdb.Unusable(err) {
		return fmt.Errorf("%w: %w", counts.ErrRedis, err)
	}
	for _, w := range warnings {
		p.d.Log.Warn(w)
	}
	*checked = err == nil
	return err
}

// stopTime is how long a stop waits for what is in flight.
const stopTime = 10 * time.Second

// grace is a context that outlives ctx by stopTime.
func (p *Publisher) grace(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		p.d.Log.Info("stopping, once what is in flight has landed")
		time.AfterFunc(stopTime, cancel)
	})
	return work, func() {
		stop()
		cancel()
	}
}

func (p *Publisher) stopped() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// errIdle says that a wait was ended by the stop.
var errIdle = errors.New("stopped while waiting")

// pause waits, feeding the watchdog; an error means that ctx is done or we are
// to stop.
func (p *Publisher) pause(ctx context.Context, d time.Duration) error {
	p.d.Beat()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.stop:
		return errIdle
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// term is one time of being active: from taking the lease to losing it, to
// stopping, or to an error.
func (p *Publisher) term(work context.Context) error {
	ctx, release, err := p.lease.Take(work)
	if err != nil {
		return err
	}
	defer release()
	p.m.active.Set(1)
	defer p.m.active.Set(0)
	if err := p.openStore(ctx); err != nil {
		return orCause(ctx, err)
	}
	defer p.store.Close()
	if err := p.adopt(ctx); err != nil {
		return orCause(ctx, err)
	}
	return orCause(ctx, p.passes(ctx))
}

// orCause prefers the reason for which ctx was cancelled to what came of it.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// Summary is what was done so far, in one line.
func (p *Publisher) Summary() string {
	return fmt.Sprintf("publisher: %d snapshots, %d bytes, %d conflicts, %d evicted", p.done.snapshots, p.done.bytes, p.done.conflicts, p.done.evicted)
}
