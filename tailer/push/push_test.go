package push

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/tailer/follow"
	"github.com/glowmap/glow/tailer/parse"
)

func pusher(t testing.TB) (*Pusher, *redistest.Server) {
	t.Helper()
	s := redistest.Start(t)
	c, err := rdb.Open(s.URL(), Script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	k, err := keys.New("test")
	if err != nil {
		t.Fatal(err)
	}
	return &Pusher{Redis: c, Keys: k, Daemon: "tailer", MaxQueue: 1000, Full: func() {}}, s
}

// chain makes n pushes of one event each, numbered from first.
func chain(first, n int) []Push {
	var list []Push
	for i := first; i < first+n; i++ {
		old := ""
		if i > 0 {
			old = fmt.Sprint("at ", i)
		}
		list = append(list, Push{
			Step:  follow.Step{Source: "s", Changes: []follow.Change{{Field: "f", Old: old, New: fmt.Sprint("at ", i+1)}}},
			Batch: fmt.Appendf(nil, "203.0.113.7 %d download", i),
		})
	}
	return list
}

func queueOf(t *testing.T, p *Pusher) string {
	t.Helper()
	entries, err := p.Redis.XRange(t.Context(), p.Keys.Queue(), "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintln(&b, e.Values["source"], e.Values["events"])
	}
	return b.String()
}

func TestSend(t *testing.T) {
	p, _ := pusher(t)
	ctx := t.Context()
	list := chain(0, 3)
	list[1].Batch = nil // a slice of drops only
	list[1].Drops[parse.IP], list[1].Drops[parse.Long] = 2, 1
	list[2].Drops[parse.IP] = 1
	done := 0
	if err := p.Send(ctx, list, func(*Push) { done++ }); err != nil || done != 3 {
		t.Fatalf("done %d, %v", done, err)
	}
	if got, want := queueOf(t, p), "s 203.0.113.7 0 download\ns 203.0.113.7 2 download\n"; got != want {
		t.Errorf("queue:\n%swant:\n%s", got, want)
	}
	drops := p.Redis.HGetAll(ctx, p.Keys.Drops()).Val()
	if len(drops) != 2 || drops["tailer:ip"] != "3" || drops["tailer:long"] != "1" {
		t.Errorf("drops %v", drops)
	}
	forget := Push{Step: follow.Step{Changes: []follow.Change{{Field: "f", Old: "at 3"}}}}
	if err := p.Send(ctx, []Push{forget}, func(*Push) {}); err != nil || p.Redis.HLen(ctx, p.Keys.Positions()).Val() != 0 {
		t.Errorf("the field was not deleted: %v", err)
	}
}

// If a position is another, that push and all after it change nothing.
func TestSendStale(t *testing.T) {
	p, _ := pusher(t)
	list := chain(0, 4)
	list[2].Changes = append(list[2].Changes, follow.Change{Field: "other", Old: "x", New: "y"})
	done := 0
	if err := p.Send(t.Context(), list, func(*Push) { done++ }); !errors.Is(err, ErrStale) || done != 2 {
		t.Fatalf("done %d, error %v", done, err)
	}
	if got := p.Redis.HGet(t.Context(), p.Keys.Positions(), "f").Val(); got != "at 2" {
		t.Errorf("position %q", got)
	}
	if n := strings.Count(queueOf(t, p), "\n"); n != 2 {
		t.Errorf("%d entries", n)
	}
}

// A full queue holds pushes up, in their order, and drops none.
func TestSendFull(t *testing.T) {
	p, _ := pusher(t)
	p.MaxQueue = 2
	ctx := t.Context()
	eaten := ""
	p.Full = func() { // a worker takes the oldest
		e := p.Redis.XRangeN(ctx, p.Keys.Queue(), "-", "+", 1).Val()[0]
		eaten += fmt.Sprintln(e.Values["source"], e.Values["events"])
		p.Redis.XDel(ctx, p.Keys.Queue(), e.ID)
		if n := p.Redis.XLen(ctx, p.Keys.Queue()).Val(); n > 1 {
			t.Errorf("%d entries left, none may be added beyond 2", n)
		}
	}
	if err := p.Send(ctx, chain(0, 6), func(*Push) {}); err != nil {
		t.Fatal(err)
	}
	want := ""
	for i := range 6 {
		want += fmt.Sprintf("s 203.0.113.7 %d download\n", i)
	}
	if got := eaten + queueOf(t, p); got != want {
		t.Errorf("queued:\n%swant:\n%s", got, want)
	}
	stopped, stop := context.WithCancel(ctx)
	p.Full = stop
	if err := p.Send(stopped, chain(6, 1), func(*Push) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while full: %v", err)
	}
}

// A full Redis refuses pushes as a whole.
func TestSendOutOfMemory(t *testing.T) {
	p, _ := pusher(t)
	ctx := t.Context()
	p.Redis.Ping(ctx)
	if err := p.Redis.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(ctx, chain(0, 2), func(*Push) { t.Error("done") }); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("error %v", err)
	}
	if err := p.Redis.ConfigSet(ctx, "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(ctx, chain(0, 2), func(*Push) {}); err != nil {
		t.Error(err)
	}
}
