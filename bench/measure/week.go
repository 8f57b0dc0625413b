package measure

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/internal/event"
)

// Week fills Redis with minutes as full as the fullest of the day, counts and
// publishes them, and tells what they take there: the publisher puts the parts
// of each together.
func (b *Bench) Week(ctx context.Context, minutes int) (err error) {
	r, err := b.redis()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	workers, err := b.workers(ctx, r, 1)
	if err != nil {
		return err
	}
	n, err := b.fill(ctx, r, minutes)
	if err != nil {
		return err
	}
	if err := counted(ctx, r, n, workers...); err != nil {
		return err
	}
	before, err := r.Memory("used_memory")
	if err != nil {
		return err
	}
	feed, err := b.fresh("feed")
	if err != nil {
		return err
	}
	p, err := b.daemon(r, "publisher", "--target", "file://"+feed, "--once")
	if err != nil {
		return err
	}
	if err := p.Wait(); err != nil {
		return err
	}
	after, err := r.Memory("used_memory")
	if err != nil {
		return err
	}
	const group = "memory of redis"
	b.Report.Fact(group, fmt.Sprintf("%s minutes of %s downloads", report.Thousands(minutes), report.Thousands(day.Peak)),
		"%.1f MB counted, %.1f MB once published; %.1f KB a minute", mega(before), mega(after), float64(after)/1e3/float64(minutes))
	return workers[0].Stop()
}

func mega(n int64) float64 { return float64(n) / 1e6 }

// fill queues so many minutes before now, as a source of its own would.
func (b *Bench) fill(ctx context.Context, r *proc.Redis, minutes int) (n int, err error) {
	d, err := day.New(day.Options{})
	if err != nil {
		return 0, err
	}
	ips := d.Visits(1 << 21)
	begin := time.Now().Unix()/60*60 - int64(minutes)*60
	pipe := r.Pipeline()
	var batch []byte
	events := 0
	send := func() {
		pipe.XAdd(ctx, &redis.XAddArgs{Stream: keySpace.Queue(), Values: []any{"events", batch[:len(batch)-1], "source", "bench"}})
		batch, events = nil, 0
	}
	for m := range minutes {
		for i := range day.Peak {
			batch = append(append(batch, ips[(n*7919)%len(ips)]...), ' ')
			batch = strconv.AppendInt(batch, begin+int64(m)*60+int64(i)*60/day.Peak, 10)
			batch = append(batch, " download\n"...)
			n++
			if events++; events == event.MaxBatch {
				send()
			}
		}
		if pipe.Len() < 64 {
			continue
		}
		if err := b.push(ctx, r, pipe); err != nil {
			return n, err
		}
		if m%1000 == 0 {
			b.say("%s of %s minutes", report.Thousands(m), report.Thousands(minutes))
		}
	}
	if events > 0 {
		send()
	}
	return n, b.push(ctx, r, pipe)
}

// push sends what is queued, once there is room.
func (b *Bench) push(ctx context.Context, r *proc.Redis, pipe redis.Pipeliner) error {
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	return proc.Until(time.Minute, func() (bool, error) {
		n, err := r.XLen(ctx, keySpace.Queue()).Result()
		return n < 2000, err
	})
}
