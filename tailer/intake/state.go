package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/push"
)

// Check waits for Redis, logs what weakens the guarantees there, and returns an
// error if it cannot be used.
func (in *Intake) Check(ctx context.Context) error {
	redis := in.d.Outage("redis")
	for {
		warnings, err := in.d.Redis.Check(ctx)
		switch {
		case err != nil && !rdb.Unusable(err):
			if redis.Wait(ctx, err) != nil {
				return in.stopped(ctx)
			}
			continue
		case err == nil:
			for _, w := range warnings {
				in.d.Log.Warn(w)
			}
			redis.Over()
		}
		return err
	}
}

// reload forgets all, and sets the follower to the positions in Redis.
func (in *Intake) reload(ctx context.Context) error {
	in.sendErr, in.ctx = nil, ctx
	in.group.pushes, in.group.slab = in.group.pushes[:0], in.group.slab[:0]
	values, err := in.d.Redis.HGetAll(ctx, in.d.Keys.Positions()).Result()
	if err != nil {
		return fmt.Errorf("read positions: %w", err)
	}
	if err := in.follower.Reset(values); err != nil {
		return fileError{err}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reloads++
	clear(in.acked)
	for _, field := range in.follower.Owned() {
		in.acked[field] = values[field]
	}
	in.verified = time.Now()
	return nil
}

// done notes a push that Redis acknowledged.
func (in *Intake) done(p *push.Push) {
	in.mu.Lock()
	for _, c := range p.Changes {
		if c.New == "" {
			delete(in.acked, c.Field)
		} else {
			in.acked[c.Field] = c.New
		}
	}
	in.total.add(p)
	in.mu.Unlock()
	in.m.add(p)
}

// verify reads the rolls back: Redis may have restarted without its last
// second, or from a backup. It is called when no push is under way.
func (in *Intake) verify(ctx context.Context) error {
	in.verified = time.Now()
	var fields, want []string
	for field, value := range in.follower.Rolls() {
		fields, want = append(fields, field), append(want, value)
	}
	if len(fields) == 0 {
		return nil
	}
	got, err := in.d.Redis.HMGet(ctx, in.d.Keys.Positions(), fields...).Result()
	if err != nil {
		return fmt.Errorf("read positions back: %w", err)
	}
	for i, v := range got {
		if s, _ := v.(string); s != want[i] {
			return errRolledBack
		}
	}
	return nil
}

// Progress says how far a generation of a file was queued.
type Progress struct {
	Path   string // where the file was last seen
	Offset int64  // bytes of its content
	Done   bool   // to its end
}

// Progress returns what Redis has acknowledged of our files. It may be called
// at any time. What it says can still be undone, see Durable.
func (in *Intake) Progress() []Progress {
	in.mu.Lock()
	defer in.mu.Unlock()
	list := make([]Progress, 0, len(in.acked))
	for _, value := range in.acked {
		if p, err := position.Parse(value); err == nil && p.Path != "" {
			list = append(list, Progress{p.Path, p.Offset, p.State == position.Done})
		}
	}
	return list
}

// ErrUnsettled says that Redis restarted or failed while it was asked what is
// durable: ask again.
var ErrUnsettled = errors.New("redis was not steady while its positions were made durable")

// Durable returns what is on Redis's disk, for ever whatever happens to Redis
// but the loss of its disk: files may be deleted up to there. It takes a
// little over a second and may be called from any goroutine. It returns false
// where Redis keeps no append-only file or never syncs it.
func (in *Intake) Durable(ctx context.Context) ([]Progress, bool, error) {
	before := in.epoch()
	progress := in.Progress()
	durable, err := in.d.Redis.Durable(ctx)
	if err != nil || !durable {
		return nil, false, err
	}
	if err := in.d.Redis.Ping(ctx).Err(); err != nil {
		return nil, false, err
	}
	if in.epoch() != before {
		return nil, false, ErrUnsettled
	}
	return progress, true, nil
}

// epoch changes whenever Redis may have gone back in time.
func (in *Intake) epoch() [2]int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return [2]int64{int64(in.reloads), in.d.Redis.Dials()}
}
