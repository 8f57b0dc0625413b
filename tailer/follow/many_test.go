package follow

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// world is a log, several followers of it by mistake, and a Redis that may go
// back in time. All is done in one goroutine, in an order that a seed decides.
type world struct {
	t       *testing.T
	r       *rand.Rand
	w       *writer
	o       Options
	log     bytes.Buffer
	history []entry
	players []*player
}

// entry is one step that was done, with the lines queued in it.
type entry struct {
	changes []Change
	lines   []string
}

// player is a follower with steps on their way to Redis.
type player struct {
	f       *Follower
	pending []entry
}

func (w *world) positions() map[string]string {
	m := map[string]string{}
	for _, e := range w.history {
		for _, c := range e.changes {
			if m[c.Field] = c.New; c.New == "" {
				delete(m, c.Field)
			}
		}
	}
	return m
}

func (w *world) start(p *player) {
	if p.f != nil {
		p.f.Close()
	}
	o := w.o
	o.Log = o.Log.With("player", slices.Index(w.players, p))
	f, err := New(o)
	must(w.t, err)
	p.f = f
	w.o.Log.Debug("RESET new", "player", slices.Index(w.players, p))
	w.reset(p)
}

func (w *world) reset(p *player) {
	p.pending = nil
	must(w.t, p.f.Reset(w.positions()))
}

// poll lets one player poll; what it finds is pending.
func (w *world) poll(p *player) bool {
	busy, err := p.f.Poll(func(c *Chunk) error {
		for data := c.Data; ; {
			n := len(data)
			if i := bytes.IndexByte(data, '\n') + 1; i > 0 && w.r.IntN(2) == 0 {
				n = i
			}
			e := entry{changes: c.Take(n).Changes}
			for line := range bytes.Lines(data[:n]) {
				e.lines = append(e.lines, string(bytes.TrimSuffix(line, []byte("\n"))))
			}
			p.pending = append(p.pending, e)
			if data = data[n:]; len(data) == 0 {
				return nil
			}
		}
	})
	must(w.t, err)
	return busy
}

// flush does a player's steps, up to the first that is stale.
func (w *world) flush(p *player) bool {
	m := w.positions()
	for _, e := range p.pending {
		for _, c := range e.changes {
			if m[c.Field] != c.Old {
				w.o.Log.Debug("STALE", "player", slices.Index(w.players, p), "change", c, "is", m[c.Field])
				w.reset(p)
				return false
			}
		}
		for _, c := range e.changes {
			if m[c.Field] = c.New; c.New == "" {
				delete(m, c.Field)
			}
		}
		w.o.Log.Debug("done", "step", len(w.history), "player", slices.Index(w.players, p), "new", e.changes[0].New, "field", e.changes[0].Field, "n", len(e.changes), "lines", len(e.lines))
		w.history = append(w.history, e)
	}
	p.pending = nil
	return true
}

// act does something.
func (w *world) act(rollbacks bool) {
	p := w.players[w.r.IntN(len(w.players))]
	switch w.r.IntN(16) {
	case 0, 1, 2:
		w.w.write(1 + w.r.IntN(80))
	case 3:
		w.w.write(w.r.IntN(3))
		w.w.rotate()
		w.o.Log.Debug("ROTATE", "at", w.w.n)
	case 4:
		if w.r.IntN(4) == 0 {
			w.start(p)
		}
	case 5:
		if rollbacks && len(w.history) > 1 && w.r.IntN(4) == 0 {
			w.history = w.history[:max(1, len(w.history)-w.r.IntN(12))]
			w.o.Log.Debug("ROLLBACK", "to", len(w.history))
		}
	case 6:
		p.f.scanned = time.Time{} // a second passes
	case 7, 8, 9, 10:
		w.flush(p)
	default:
		w.poll(p)
	}
}

// finish reads all to the end and compares.
func (w *world) finish(seed uint64) {
	for _, p := range w.players {
		p.f.Close()
	}
	w.w.write(400) // so that the log is there again after a late reopen
	w.o.Once = true
	p := &player{}
	defer func() { p.f.Close() }()
	for again := true; again; {
		w.start(p)
		for w.poll(p) {
		}
		again = len(p.pending) > 0
		w.flush(p)
	}
	count := map[string]int{}
	for _, e := range w.history {
		for _, line := range e.lines {
			count[line]++
		}
	}
	for i := range w.w.n {
		if count[numbered(i)] > 1 {
			for h, e := range w.history {
				for _, l := range e.lines {
					if l == numbered(i) {
						w.t.Logf("taken in step %d: %v", h, e.changes)
					}
				}
			}
		}
		if k := count[numbered(i)]; k != 1 {
			w.t.Fatalf("seed %d: line %d of %d was taken %d times\n%s", seed, i, w.w.n, k, &w.log)
		}
	}
	if len(count) != w.w.n {
		w.t.Fatalf("seed %d: %d different lines, want %d", seed, len(count), w.w.n)
	}
}

// However followers, rotations, restarts and rollbacks fall together, each
// line is taken once.
func TestManyFollowers(t *testing.T) {
	const runs = 20
	base := uint64(time.Now().UnixNano())
	for _, mode := range []string{"rename", "late reopen", "copytruncate"} {
		for _, players := range []int{1, 2, 3} {
			for _, rollbacks := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d followers, rollbacks %v", mode, players, rollbacks), func(t *testing.T) {
					for i := range uint64(runs) {
						manyFollowers(t, base+i, mode, players, rollbacks)
					}
				})
			}
		}
	}
}

func manyFollowers(t *testing.T, seed uint64, mode string, players int, rollbacks bool) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	must(t, err)
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 0))}
	w.w = &writer{t: t, path: filepath.Join(dir, "access.log"), mode: mode}
	w.w.open()
	defer func() { w.w.f.Close() }()
	w.o = Options{
		Paths: []string{w.w.path}, Host: "host", Grace: time.Hour,
		Log: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for range players {
		p := &player{}
		w.start(p)
		w.players = append(w.players, p)
	}
	w.poll(w.players[0]) // from now on nothing is history
	w.flush(w.players[0])
	for range 150 {
		w.act(rollbacks)
	}
	w.finish(seed)
}
