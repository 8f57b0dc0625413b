// Package work is geoworker's loop: it takes entries from the queue, merges
// what they hold and counts it in atomic steps.
//
// The work goes in sessions. In a session three goroutines follow each other:
// one reads entries, one merges them and one commits. Everything that they
// hold in memory belongs to the session; Redis holds it too, as pending
// entries. Whatever goes wrong (Redis away, entries claimed by another worker,
// a group that is gone) ends the session and forgets all of it, and the next
// session begins by reading what is still pending for this worker.
package work

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/geoworker/count"
	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

//go:embed begin.lua
var beginSource string

//go:embed leave.lua
var leaveSource string

var (
	begin = rdb.NewScript(beginSource)
	leave = rdb.NewScript(leaveSource)
)

// Scripts are all that a worker calls.
var Scripts = []*rdb.Script{count.Script, begin, leave}

// Config is what a worker is told.
type Config struct {
	GeoIP      string    // file of the City database
	Grid       grid.Grid // of the map cells
	ClaimAfter time.Duration
	MaxLocated int64 // bytes of the located stream from which on no entry is taken
}

// Worker counts the queue's events.
type Worker struct {
	Config
	*daemon.Daemon
	consumer string
	merge    *count.Merge
	places   *locate.Map
	archive  atomic.Bool                // steps also append to the located stream
	fresh    atomic.Pointer[locate.Map] // reloaded, not yet in use
	reloaded chan struct{}
	outage   *daemon.Outage
	metrics  *metrics
	total    total
}

// New opens the GeoIP database and makes a worker.
func New(d *daemon.Daemon, c Config) (*Worker, error) {
	m, err := locate.Open(c.GeoIP, c.Grid)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		Config: c, Daemon: d, consumer: consumerName(), merge: count.New(),
		reloaded: make(chan struct{}, 1), outage: d.Outage("redis"), metrics: newMetrics(d.Metrics),
	}
	w.use(m)
	return w, nil
}

// consumerName is unlike that of any other process ever: a worker that was
// frozen must not pass for its successor.
func consumerName() string {
	host, _ := os.Hostname()
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), hex.EncodeToString(b[:]))
}

// use makes m the database in use.
func (w *Worker) use(m *locate.Map) {
	if w.places != nil {
		w.places.Close()
	}
	w.places = m
	w.merge.Use(m)
	w.metrics.built.Set(float64(m.Built.Unix()))
	w.Log.Info("geoip database loaded", "type", m.Type, "built", m.Built.Format(time.DateOnly), "places", len(m.Places)-1)
}

// Run counts until ctx is done, or with --once until the queue is empty.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.check(ctx); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go locate.Watch(watching, w.GeoIP, w.Grid, w.places, w.reload, w.keep)
	for {
		err := w.session(ctx)
		switch {
		case err == nil:
			return w.leave()
		case errors.Is(err, errDisagree) || errors.Is(err, errStuck):
			return err
		case again(err):
			w.Log.Debug("begin again from redis", "cause", err)
			if errors.Is(err, count.ErrGone) {
				w.metrics.gone.Inc()
			}
			time.Sleep(againAfter)
			continue
		case ctx.Err() == nil && w.outage.Wait(ctx, err) == nil:
			continue
		}
		return fmt.Errorf("stopped while redis was away, so what this worker had taken waits in the queue for another: %w", err)
	}
}

// againAfter keeps workers that are at odds about entries from spinning.
const againAfter = 10 * time.Millisecond

// check waits for Redis and looks whether it will do.
func (w *Worker) check(ctx context.Context) error {
	for {
		warnings, err := w.Redis.Check(ctx)
		if err == nil {
			for _, text := range warnings {
				w.Log.Warn(text)
			}
			return nil
		}
		if rdb.Unusable(err) {
			return err
		}
		if errWait := w.outage.Wait(ctx, err); errWait != nil {
			return fmt.Errorf("stopped before redis was there: %w", err)
		}
	}
}

// again says whether err means that the queue is not as the session thought,
// rather than that Redis is away.
func again(err error) bool {
	return errors.Is(err, count.ErrGone) || errors.Is(err, count.ErrSwitched) || errors.Is(err, errForgotten) ||
		redis.HasErrorPrefix(err, "NOGROUP") || redis.HasErrorPrefix(err, "UNBLOCKED") // the queue's key is gone
}

var errDisagree = errors.New("this worker and the feed disagree")

// agree makes the group and the settings in Redis, or finds that they are others.
func (w *Worker) agree(ctx context.Context) error {
	agreed, err := w.Redis.Run(ctx, begin, []string{w.Keys.Queue(), w.Keys.Meta()},
		keys.Group, keys.Schema, w.Grid.String(), w.places.Type, w.places.Built.Format(time.DateOnly)).StringSlice()
	switch {
	case err != nil:
		return fmt.Errorf("begin: %w", err)
	case agreed[0] != keys.Schema:
		return fmt.Errorf("%w: redis holds schema %s, this version of geoworker writes %s: run the version that belongs to it", errDisagree, agreed[0], keys.Schema)
	case agreed[1] != w.Grid.String():
		return fmt.Errorf("%w: what is counted in redis has cells of %[2]s degrees, --cell-degrees (or GLOW_CELL_DEGREES) says %[3]s: start with --cell-degrees %[2]s, or begin a new feed with \"publisher reset\"", errDisagree, agreed[1], w.Grid)
	}
	w.feed(agreed[2] == keys.On)
	return nil
}

// feed makes the steps from now on feed the archive, or not.
func (w *Worker) feed(archive bool) {
	if w.archive.Swap(archive) != archive {
		w.Log.Info("the archive was switched", "on", archive)
	}
	w.merge.Archive(archive)
	if !archive {
		w.metrics.stream.Set(0)
	}
}

// reload takes over a new database from the watcher.
func (w *Worker) reload(m *locate.Map) {
	w.metrics.reloads.WithLabelValues("ok").Inc()
	if old := w.fresh.Swap(m); old != nil {
		old.Close()
	}
	select {
	case w.reloaded <- struct{}{}:
	default:
	}
}

// keep reports a new database that is none.
func (w *Worker) keep(err error) {
	w.metrics.reloads.WithLabelValues("error").Inc()
	w.Log.Warn("the changed geoip file cannot be used, counting goes on with the database in memory", "err", err)
}

// deadAfter is how long a consumer without pending entries stays when its
// worker did not stop cleanly.
const deadAfter = 24 * time.Hour

// bury removes consumers of workers that died long ago.
func (w *Worker) bury(ctx context.Context) error {
	all, err := w.Redis.XInfoConsumers(ctx, w.Keys.Queue(), keys.Group).Result()
	if err != nil {
		return fmt.Errorf("list workers: %w", err)
	}
	args := []any{keys.Group}
	for _, c := range all {
		if c.Pending == 0 && c.Idle > deadAfter {
			args = append(args, c.Name)
		}
	}
	if len(args) == 1 {
		return nil
	}
	return w.Redis.Run(ctx, leave, []string{w.Keys.Queue()}, args...).Err()
}

// leave removes this worker's consumer after a clean stop.
func (w *Worker) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := w.Redis.Run(ctx, leave, []string{w.Keys.Queue()}, keys.Group, w.consumer).Err(); err != nil {
		w.Log.Info("this worker's name stays in the queue's group for a day", "err", err)
	}
	return nil
}
