package harness

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// State is how far the lines have come, as Redis says.
type State struct {
	Counted int            // events in the bucket of all time
	Drops   map[string]int // "<daemon>:<reason>" → lines
	Queued  int            // entries
	Dirty   int            // buckets
}

// Dropped is the number of all drops.
func (s State) Dropped() (n int) {
	for _, v := range s.Drops {
		n += v
	}
	return n
}

// String is the state in one line.
func (s State) String() string {
	return fmt.Sprintf("%d counted, drops %v, %d entries queued, %d buckets dirty", s.Counted, s.Drops, s.Queued, s.Dirty)
}

// State asks Redis.
func (g *Glow) State() (s State, err error) {
	ctx := context.Background()
	all, err := g.Client.HGetAll(ctx, g.Keys.Bucket(bucket.ID{Period: bucket.All})).Result()
	if err != nil {
		return s, err
	}
	for field, v := range all {
		if strings.HasSuffix(field, "|n") {
			s.Counted += number(v)
		}
	}
	drops, err := g.Client.HGetAll(ctx, g.Keys.Drops()).Result()
	if err != nil {
		return s, err
	}
	s.Drops = map[string]int{}
	for reason, v := range drops {
		s.Drops[reason] = number(v)
	}
	queued, err := g.Client.XLen(ctx, g.Keys.Queue()).Result()
	if err != nil {
		return s, err
	}
	dirty, err := g.Client.ZCard(ctx, g.Keys.Dirty()).Result()
	s.Queued, s.Dirty = int(queued), int(dirty)
	return s, err
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1 << 40 // no count may look like that
	}
	return n
}

// WaitCounted waits until so many lines are counted or dropped and the queue
// is empty, and stays so for a while: a Redis that went back in time is
// noticed by an idle tailer within a second.
func (g *Glow) WaitCounted(lines int, within time.Duration) {
	g.T.Helper()
	var since time.Time
	Until(g.T, fmt.Sprintf("%d lines are counted", lines), within, func() (bool, string) {
		s, err := g.State()
		if err != nil {
			return false, err.Error()
		}
		if s.Counted+s.Dropped() < lines || s.Queued > 0 {
			since = time.Time{}
		} else if since.IsZero() {
			since = time.Now()
		}
		return !since.IsZero() && time.Since(since) > 2*time.Second, s.String()
	})
}

// WaitFollowed waits until a tailer has noted a position: a log that is rotated
// before it is first seen is not followed into the past.
func (g *Glow) WaitFollowed() {
	g.T.Helper()
	Until(g.T, "the log is followed", time.Minute, func() (bool, string) {
		n, err := g.Client.HLen(context.Background(), g.Keys.Positions()).Result()
		return n > 0, fmt.Sprint(n, " positions, ", err)
	})
}

// UsedMemory is how many bytes Redis takes for all that it holds, 0 if it does
// not say.
func (g *Glow) UsedMemory() int64 {
	info, err := g.Client.Info(context.Background(), "memory").Result()
	_, rest, found := strings.Cut(info, "used_memory:")
	if err != nil || !found {
		return 0
	}
	text, _, _ := strings.Cut(rest, "\r")
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
