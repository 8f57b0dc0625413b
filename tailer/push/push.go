// Package push moves batches into the queue together with the positions behind
// them, each in one atomic step (push.lua) that is done only if the position
// is still the one that it starts from.
//
// Many steps travel in one round trip. Each names the value that the one
// before it leaves, so if one is not done, none after it in the same
// generation is either.
package push

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/follow"
	"github.com/glowmap/glow/tailer/parse"
)

//go:embed push.lua
var source string

// Script is the atomic step; a daemon that pushes names it in daemon.App.Scripts.
var Script = rdb.NewScript(source)

// ErrStale says that a position in Redis is not the one that a push started
// from: another process has pushed, or Redis went back in time. Nothing after
// that push was done. Read the positions again and go on from there.
var ErrStale = errors.New("the position in redis is another")

// fullWait is the time between two attempts while the queue is full.
const fullWait = 100 * time.Millisecond

// Push is a step with what was found on the way.
type Push struct {
	follow.Step
	Batch  []byte // events separated by newlines; may be empty
	Lines  int
	Events int
	Bytes  int // of the log
	Newest int64
	Drops  [parse.Reasons]int
}

// Pusher sends pushes to one Redis.
type Pusher struct {
	Redis    *rdb.Client
	Keys     keys.Keys
	Daemon   string // drops are counted as "<daemon>:<reason>"
	MaxQueue int    // entries of the queue from which on pushes wait
	// Full is called whenever the queue was found full.
	Full func()
}

// Send does the pushes in order, waiting while the queue is full, and calls
// done for each that was done. After an error it is unknown which of the
// others were: read the positions again.
func (p *Pusher) Send(ctx context.Context, pushes []Push, done func(*Push)) error {
	for len(pushes) > 0 {
		replies, err := p.trip(ctx, pushes)
		left := pushes[:0:0]
		full := false
		for i, r := range replies {
			switch {
			case r == "OK":
				done(&pushes[i])
			case r == "FULL":
				full = true
				left = append(left, pushes[i])
			case r == "STALE" && full: // behind a push that found no room
				left = append(left, pushes[i])
			case r == "STALE":
				return ErrStale
			}
		}
		if err != nil {
			return err
		}
		if pushes = left; len(left) > 0 {
			p.Full()
			if err := daemon.Sleep(ctx, fullWait); err != nil {
				return err
			}
		}
	}
	return nil
}

// trip sends all pushes in one round trip and returns the replies there were.
// It is not cut short when ctx ends, so that a stop leaves nothing in doubt.
func (p *Pusher) trip(ctx context.Context, pushes []Push) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	pipe := p.Redis.Pipeline()
	for i := range pushes {
		Script.Queue(ctx, pipe, []string{p.Keys.Queue(), p.Keys.Positions(), p.Keys.Drops()}, p.args(&pushes[i])...)
	}
	cmds, err := pipe.Exec(ctx)
	if err != nil {
		p.Redis.Doubt(ctx, err)
	}
	replies := make([]string, 0, len(cmds))
	for _, c := range cmds {
		text, err := c.(*redis.Cmd).Text()
		if err != nil {
			return replies, fmt.Errorf("push: %w", err)
		}
		replies = append(replies, text)
	}
	if err != nil {
		return replies, fmt.Errorf("push: %w", err)
	}
	return replies, nil
}

func (p *Pusher) args(u *Push) []any {
	args := append(make([]any, 0, 12), u.Batch, u.Source, p.MaxQueue, len(u.Changes))
	for _, c := range u.Changes {
		args = append(args, c.Field, c.Old, c.New)
	}
	for reason, n := range u.Drops {
		if n > 0 {
			args = append(args, p.Daemon+":"+parse.Reason(reason).String(), n)
		}
	}
	return args
}
