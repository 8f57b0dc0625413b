// Package keep is the archiver's work: it moves what geoworker counts from the
// located stream into the archive, and keeps that in order.
//
// One archiver is active at a time (package lease). It makes sure that the
// archive at the target is that of the feed in Redis (adopt.go), and then
// gathers the stream into segments, which are written and committed one after
// the other (gather.go). Redis's list of files is the truth, the manifest at
// the target its projection (manifest.go); while Redis has less than the
// manifest, which is a rollback that is being read again, the manifest and all
// that it names stay as they are. Days that are over are compacted (compact.go),
// beside the stream (tend.go), and what nobody needs any more is deleted (tidy.go).
package keep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/schema"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/lease"
	"github.com/glowmap/glow/internal/rdb"
)

// Settings are the flags of the archiver.
type Settings struct {
	Every        time.Duration // after which a segment is written at the latest
	MaxRows      int           // with which it is at the earliest
	CompactAfter time.Duration // of quiet, a day that is over is compacted
	Keep         time.Duration // how long replaced files stay
	Retention    Retention
	Schema       *schema.Schema
}

// Keeper is an archiver that may be active or wait for its turn.
type Keeper struct {
	Settings
	d      *daemon.Daemon
	ledger *ledger.Ledger
	store  store.Store
	lease  *lease.Lease
	m      *metrics
	stop   <-chan struct{} // closed when we are to stop

	redisAway, storeAway *daemon.Outage
	opened               bool // the target was in use once: from then on it can only be away

	// What we know of the archive, while we are active.
	feed       string
	manifest   *archive.Manifest // as it stands at the target; nil if there is none
	etag       string
	recovering bool
	lost       string // a file that Redis lists and that is not there
	state      string // on or off
	tidied     time.Time
	todo       []step   // of the round of tending that is under way
	beside     *running // nil: nothing is
	inMemory   int      // rows that are sorted at a time
	untended   bool     // the store did not let us do something of it

	done struct{ rows, segments, days, deleted int }
}

// New makes a keeper.
func New(d *daemon.Daemon, s store.Store, set Settings) *Keeper {
	k := &Keeper{Settings: set, d: d, store: s, inMemory: inMemory, m: newMetrics(d.Metrics), redisAway: d.Outage("redis"), storeAway: d.Outage("store")}
	k.lease = lease.New(d, k.pause)
	k.ledger = ledger.New(d.Redis, d.Keys, k.lease.Holder)
	return k
}

var (
	// errStopped is why --once did not do all there was.
	errStopped = errors.New("stopped before everything was archived")
	// errIdle says that a wait was ended by the stop.
	errIdle = errors.New("stopped while waiting")
	// errAway is wrapped by errors of a store that was in use and may come back.
	errAway = errors.New("store")
	// errAgain says that the archive, or Redis, has become another: adopt it anew.
	errAgain = errors.New("the archive has changed")
)

// Run archives until ctx is done; what is gathered by then stays in the stream.
// With --once it returns nil as soon as the stream is empty and all is committed.
func (k *Keeper) Run(ctx context.Context) error {
	k.stop = ctx.Done()
	work, cancel := k.grace(ctx)
	defer cancel()
	for checked := false; ; {
		err := k.checkRedis(work, &checked)
		if err == nil {
			err = k.term(work)
		}
		switch {
		case err == nil:
			return nil
		case k.stopped() && k.d.Once:
			return errors.Join(errStopped, err)
		case k.stopped() && passing(err):
			return nil
		case errors.Is(err, lease.ErrLost), errors.Is(err, errAgain), errors.Is(err, ledger.ErrChanged):
			k.d.Log.Info("starting over", "cause", err)
			err = k.pause(ctx, lease.Poll)
		case errors.Is(err, rdb.ErrAway):
			err = k.redisAway.Wait(ctx, err)
		case errors.Is(err, errAway):
			err = k.storeAway.Wait(ctx, err)
		}
		if err != nil && !k.stopped() {
			return err
		}
	}
}

// passing says whether an error is one that goes by.
func passing(err error) bool {
	for _, e := range []error{rdb.ErrAway, errAway, lease.ErrLost, errAgain, ledger.ErrChanged, errIdle, errStopped, context.Canceled} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// checkRedis looks once whether this Redis can be used.
func (k *Keeper) checkRedis(ctx context.Context, checked *bool) error {
	if *checked {
		return nil
	}
	warnings, err := k.d.Redis.Check(ctx)
	if err != nil && !rdb.Unusable(err) {
		return fmt.Errorf("%w: %w", rdb.ErrAway, err)
	}
	for _, w := range warnings {
		k.d.Log.Warn(w)
	}
	*checked = err == nil
	return err
}

// stopTime is how long a stop waits for what is in flight.
const stopTime = 10 * time.Second

// grace is a context that outlives ctx by stopTime.
func (k *Keeper) grace(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		k.d.Log.Info("stopping, once what is in flight has landed")
		time.AfterFunc(stopTime, cancel)
	})
	return work, func() {
		stop()
		cancel()
	}
}

func (k *Keeper) stopped() bool {
	select {
	case <-k.stop:
		return true
	default:
		return false
	}
}

// pause waits, feeding the watchdog; an error means that ctx is done or we are
// to stop.
func (k *Keeper) pause(ctx context.Context, d time.Duration) error {
	k.d.Beat()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-k.stop:
		return errIdle
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// away says what an error of the store means: before the target was ever in
// use, wrong settings are for the operator to mend; afterwards everything may
// be over in a while.
func (k *Keeper) away(doing string, err error) error {
	if err == nil {
		return nil
	}
	if !k.opened && errors.Is(err, store.ErrSettings) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", errAway, doing, err)
}

// lockWait is how often a folder that another archiver holds is tried again.
const lockWait = 200 * time.Millisecond

func (k *Keeper) openStore(ctx context.Context) error {
	for told := false; ; told = true {
		err := k.store.Open(ctx)
		if !errors.Is(err, store.ErrLocked) {
			return k.away("open the archive", err)
		}
		if !told {
			k.d.Log.Info("waiting for the archive's folder, which another archiver has locked")
			k.d.Ready()
		}
		if err := k.pause(ctx, lockWait); err != nil {
			return err
		}
	}
}

// term is one time of being active: from taking the lease to losing it, to
// stopping, or to an error.
func (k *Keeper) term(work context.Context) error {
	ctx, release, err := k.lease.Take(work)
	if err != nil {
		return err
	}
	defer release()
	k.m.active.Set(1)
	defer k.m.active.Set(0)
	if err := k.openStore(ctx); err != nil {
		return orCause(ctx, err)
	}
	defer k.store.Close()
	if err := k.adopt(ctx); err != nil {
		return orCause(ctx, err)
	}
	return orCause(ctx, k.archive(ctx))
}

// orCause prefers the reason for which ctx was cancelled to what came of it.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// Summary is what was done so far, in one line.
func (k *Keeper) Summary() string {
	return fmt.Sprintf("archiver: %d events, %d segments, %d days, %d deleted", k.done.rows, k.done.segments, k.done.days, k.done.deleted)
}
