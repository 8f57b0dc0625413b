package work

import (
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

const (
	readEntries = 64                     // entries a read
	block       = 200 * time.Millisecond // longest wait for entries; also how late a stop is noticed
	blockOnce   = 10 * time.Millisecond  // with --once an empty queue is soon the end
	lookEvery   = time.Second            // between looks at the queue's length and age
)

// reader is the state of the reading goroutine.
type reader struct {
	*session
	claimAt time.Time
	lookAt  time.Time
	roomAt  time.Time
	full    bool // the located stream, at the last look
	stuck   int  // looks in a row that found entries but none to wait for
}

// read hands on what is still pending for this worker, then what is new and
// what other workers have left.
func (s *session) read() {
	defer close(s.entries)
	r := &reader{session: s}
	err := r.own()
	for err == nil && s.ctx.Err() == nil && !r.stopping() {
		var done bool
		if done, err = r.round(); done {
			return
		}
	}
	if err != nil {
		s.fail(err)
	}
}

func (r *reader) stopping() bool {
	select {
	case <-r.quit:
		return true
	default:
		return false
	}
}

// own reads what is pending for this worker, from the oldest to the newest.
func (r *reader) own() error {
	for after := "0"; ; {
		batch, err := r.group(after, -1)
		if err != nil || len(batch) == 0 {
			return err
		}
		after = batch[len(batch)-1].ID
		r.hand(batch)
	}
}

// round reads once. It is done when --once has nothing left to wait for.
func (r *reader) round() (done bool, err error) {
	if err := r.look(); err != nil {
		return false, err
	}
	if room, err := r.room(); err != nil || !room {
		return false, err
	}
	claimed, err := r.claim()
	if err != nil {
		return false, err
	}
	if len(claimed) > 0 {
		r.hand(claimed)
	}
	wait := block
	if r.Once {
		wait = blockOnce
	}
	batch, err := r.group(">", wait)
	if err != nil {
		return false, err
	}
	r.outage.Over()
	if len(batch) > 0 || r.Once { // an empty batch says that there is no more
		r.hand(batch)
	}
	if r.Once && len(batch)+len(claimed) == 0 {
		return r.finished()
	}
	r.stuck = 0
	return false, nil
}

// group reads entries for this worker from the group; a negative wait does not
// block.
func (r *reader) group(after string, wait time.Duration) ([]redis.XMessage, error) {
	streams, err := r.Redis.XReadGroup(r.ctx, &redis.XReadGroupArgs{
		Group: keys.Group, Consumer: r.consumer, Streams: []string{r.Keys.Queue(), after}, Count: readEntries, Block: wait,
	}).Result()
	if rdb.Nil(err) || err == nil && len(streams) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	return streams[0].Messages, nil
}

func (r *reader) hand(batch []redis.XMessage) {
	r.metrics.entries.Add(float64(len(batch)))
	r.inFlight.Add(int64(len(batch)))
	select {
	case r.entries <- batch:
	case <-r.ctx.Done():
	}
}

// claim takes over entries that another worker took long ago: it died or hangs.
func (r *reader) claim() ([]redis.XMessage, error) {
	now := time.Now()
	if now.Before(r.claimAt) {
		return nil, nil
	}
	r.claimAt = now.Add(r.ClaimAfter / 4)
	ids, err := r.abandoned()
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	batch, err := r.Redis.XClaim(r.ctx, &redis.XClaimArgs{
		Stream: r.Keys.Queue(), Group: keys.Group, Consumer: r.consumer, MinIdle: r.ClaimAfter, Messages: ids,
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("claim entries: %w", err)
	}
	if len(ids) == readEntries {
		r.claimAt = now // there may be more
	}
	r.metrics.claimed.Add(float64(len(batch)))
	if len(batch) > 0 {
		r.Log.Info("took over entries of another worker", "entries", len(batch))
	}
	return batch, nil
}

// abandoned lists entries that other workers took long ago. Own ones of that
// age are being worked on; if not, Redis has gone back in time.
func (r *reader) abandoned() (ids []string, err error) {
	old, err := r.Redis.XPendingExt(r.ctx, &redis.XPendingExtArgs{
		Stream: r.Keys.Queue(), Group: keys.Group, Idle: r.ClaimAfter, Start: "-", End: "+", Count: readEntries,
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("list pending entries: %w", err)
	}
	for _, e := range old {
		switch {
		case e.Consumer != r.consumer:
			ids = append(ids, e.ID)
		case r.inFlight.Load() == 0:
			return nil, errForgotten
		}
	}
	return ids, nil
}

// finished says whether --once has nothing left to wait for: live workers
// finish what they hold, that of dead ones is claimed in time.
func (r *reader) finished() (bool, error) {
	n, err := r.Redis.XLen(r.ctx, r.Keys.Queue()).Result()
	if err != nil || n == 0 {
		return err == nil, err
	}
	pending, err := r.Redis.XPending(r.ctx, r.Keys.Queue(), keys.Group).Result()
	if err != nil {
		return false, err
	}
	if pending.Count > 0 {
		r.stuck = 0
		return false, nil
	}
	if r.stuck++; r.stuck > 20 {
		return false, errStuck
	}
	return false, nil
}

// look measures the queue now and then.
func (r *reader) look() error {
	now := time.Now()
	if now.Before(r.lookAt) {
		return nil
	}
	r.lookAt = now.Add(lookEvery)
	pipe := r.Redis.Pipeline()
	length := pipe.XLen(r.ctx, r.Keys.Queue())
	oldest := pipe.XRangeN(r.ctx, r.Keys.Queue(), "-", "+", 1)
	if _, err := pipe.Exec(r.ctx); err != nil {
		return fmt.Errorf("look at queue: %w", err)
	}
	r.metrics.queue.Set(float64(length.Val()))
	r.metrics.lag.Set(lag(now, oldest.Val()))
	return nil
}
