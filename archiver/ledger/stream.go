package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/internal/rdb"
)

// mostEntries is how many entries one read takes, of up to [located.MaxEntry]
// bytes each.
const mostEntries = 16

// Entry is an entry of the located stream.
type Entry struct {
	ID     string
	Events string // lines
}

// Read waits for entries after one; none came within wait if it returns none.
func (l *Ledger) Read(ctx context.Context, after string, wait time.Duration) ([]Entry, error) {
	if wait = wait.Truncate(time.Millisecond); wait <= 0 {
		wait = -1 // do not wait: 0 would be for ever
	}
	streams, err := l.redis.XRead(ctx, &redis.XReadArgs{Streams: []string{l.keys.Located(), after}, Count: mostEntries, Block: wait}).Result()
	if rdb.Nil(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("read the located stream", err)
	}
	var entries []Entry
	for _, m := range streams[0].Messages {
		events, _ := m.Values[located.FieldEvents].(string)
		entries = append(entries, Entry{m.ID, events})
	}
	return entries, nil
}

// Holds makes sure that an entry that was read earlier is in the stream still,
// so that what was read after it belongs to it: [ErrChanged].
func (l *Ledger) Holds(ctx context.Context, id, sum string) error {
	n, err := l.redis.Run(ctx, holds, []string{l.keys.Located()}, id, sum).Int()
	if err != nil {
		return failed("look at the located stream", err)
	}
	if n == 0 {
		return fmt.Errorf("%w: the stream", ErrChanged)
	}
	return nil
}

// EntryTime is when Redis gave an entry its id.
func EntryTime(id string) time.Time {
	ms, _, _ := strings.Cut(id, "-")
	n, _ := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n)
}

// following is the id after an entry's.
func following(id string) (string, error) {
	ms, seq, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil || n == 1<<64-1 {
		return "", fmt.Errorf("entry %q: not an id of the located stream", id)
	}
	return ms + "-" + strconv.FormatUint(n+1, 10), nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// pairs makes a map of a flat list.
func pairs(v any) map[string]string {
	list, _ := v.([]any)
	m := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		m[text(list[i])] = text(list[i+1])
	}
	return m
}

// float reads a number as Redis writes it, 0 for any other text.
func float(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// serverTime is what TIME returns.
func serverTime(v any) time.Time {
	list, _ := v.([]any)
	if len(list) != 2 {
		return time.Time{}
	}
	return time.Unix(int64(float(text(list[0]))), int64(float(text(list[1])))*1000)
}
