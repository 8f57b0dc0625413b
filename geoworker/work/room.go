package work

import (
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/geoworker/count"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

// roomEvery is the time between looks at the located stream's size, and
// between those of a worker that waits for room.
const roomEvery = 200 * time.Millisecond

var errFull = errors.New("the located stream is full: nothing is taken from the queue until the archiver has made room")

// room says whether entries may be taken: not while the archiver is so far
// behind that the located stream would fill Redis. The queue is where they wait
// then, and behind it the log.
func (r *reader) room() (bool, error) {
	now := time.Now()
	if !r.archive.Load() || now.Before(r.roomAt) && !r.full {
		return true, nil
	}
	r.roomAt = now.Add(roomEvery)
	pipe := r.Redis.Pipeline()
	on := pipe.HGet(r.ctx, r.Keys.Meta(), keys.MetaArchive)
	size := pipe.MemoryUsage(r.ctx, r.Keys.Located())
	if _, err := pipe.Exec(r.ctx); err != nil && !rdb.Nil(err) && !rdb.Refused(err) { // where Redis may not be measured, there is room
		return false, fmt.Errorf("measure the located stream: %w", err)
	}
	if on.Val() != keys.On { // no step would find out while none is made
		return false, count.ErrSwitched
	}
	r.metrics.stream.Set(float64(size.Val()))
	if size.Val() < r.MaxLocated {
		if r.full {
			r.Log.Info("the located stream has room again")
		}
		r.full = false
		return true, nil
	}
	return false, r.wait(size.Val())
}

// wait lets some time pass while the located stream is full.
func (r *reader) wait(size int64) error {
	if !r.full {
		r.Log.Warn("the located stream is full, waiting for the archiver", "bytes", size, "max", r.MaxLocated)
	}
	r.full = true
	r.metrics.full.Inc()
	r.Trouble(errFull)
	return daemon.Sleep(r.ctx, roomEvery)
}
