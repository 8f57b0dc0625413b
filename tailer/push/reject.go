package push

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/sample"
	"github.com/glowmap/glow/tailer/parse"
)

// rejectsMax is how many samples are kept, about.
const rejectsMax = 1000

// Rejects keeps samples of dropped lines in Redis for whoever looks into the
// settings: at most one a second for each reason, with all that could be an
// address masked. It never holds up what the daemon does.
type Rejects struct {
	Redis  *rdb.Client
	Keys   keys.Keys
	Daemon string
	last   [parse.Reasons]time.Time
	queue  chan reject
}

type reject struct{ reason, text string }

// Run sends the samples until ctx is done.
func (r *Rejects) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-r.queue:
			_ = r.Redis.XAdd(ctx, &redis.XAddArgs{ // best effort
				Stream: r.Keys.Rejects(), MaxLen: rejectsMax, Approx: true,
				Values: []string{"daemon", r.Daemon, "reason", s.reason, "sample", s.text},
			}).Err()
		}
	}
}

// NewRejects makes a Rejects for a daemon.
func NewRejects(redis *rdb.Client, k keys.Keys, daemon string) *Rejects {
	return &Rejects{Redis: redis, Keys: k, Daemon: daemon, queue: make(chan reject, parse.Reasons)}
}

// Add offers a dropped line.
func (r *Rejects) Add(reason parse.Reason, line []byte, now time.Time) {
	if reason == parse.Empty || now.Sub(r.last[reason]) < time.Second {
		return
	}
	r.last[reason] = now
	select {
	case r.queue <- reject{reason.String(), sample.Mask(line)}:
	default:
	}
}
