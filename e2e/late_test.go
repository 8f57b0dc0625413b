package e2e

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// isStep says whether a piece holds a step that changes something: a script or
// a transaction.
func isStep(piece []byte) bool {
	return bytes.Contains(piece, []byte("evalsha")) || bytes.Contains(piece, []byte("exec"))
}

// Now and then a step of some daemon comes to Redis a second or two late, when
// another has done it or the world has changed: it must do nothing then.
func TestStepsArriveLate(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	var mu sync.Mutex
	var over atomic.Bool
	held := map[string]int{}
	for name, share := range map[string]float64{"tailer": 0.15, "geoworker": 0.1, "publisher": 0.12} {
		own := rand.New(rand.NewPCG(r.Uint64(), 0))
		g.Args[name] = g.Tap(func(piece []byte) (f harness.Fate) {
			mu.Lock()
			defer mu.Unlock()
			if isStep(piece) && !over.Load() && own.Float64() < share {
				held[name]++
				f.Hold = time.Second + time.Duration(own.Int64N(int64(time.Second)))
			}
			return f
		}).Args()
	}
	g.Args["publisher"] = append(g.Args["publisher"], "--every", "200ms")
	// Each minute is counted for half a second only: nothing makes good later
	// what was taken for published. All of it is too old for a 10s.
	f := &flow{g: g, r: r, lines: harness.Size(t, "GLOW_E2E_LINES", 20000), age: 4 * time.Hour, span: 20 * time.Minute, sorted: true}
	f.start(t, 10*time.Second, harness.Rename)
	f.units = append(f.units, g.Unit("tailer"))
	if err := <-f.done; err != nil {
		t.Fatal(err)
	}
	over.Store(true)
	f.done <- nil
	f.finish(t)
	mu.Lock()
	defer mu.Unlock()
	t.Logf("steps held back: %v", held)
}

// The daemons write by scripts that Redis knows, by nothing else, also after
// it forgot them: a script sent along would pass by the restart gate.
func TestNothingButScripts(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	f := startFlow(t, r, g, harness.Size(t, "GLOW_E2E_LINES", 5000), 4*time.Second)
	every(r, 4, time.Second, func(int) {
		if err := g.Client.ScriptFlush(context.Background()).Err(); err != nil {
			t.Error(err)
		}
	})
	f.finish(t)
	stats, err := g.Client.Info(context.Background(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"eval", "multi", "exec", "fcall"} {
		if strings.Contains(stats, "cmdstat_"+command+":") {
			t.Errorf("some daemon calls %s", strings.ToUpper(command))
		}
	}
	if !strings.Contains(stats, "cmdstat_evalsha:") {
		t.Error("no script was called: is this a test of anything?")
	}
}

// Buckets change between being read for publication and being marked clean:
// they are not clean, and are published again.
func TestChangedWhilePublished(t *testing.T) {
	t.Parallel()
	c := newContents(t)
	first, second := c.lines(100), c.lines(100)
	write(t, c.g.Log, first)
	c.g.Once("tailer")
	c.g.Count(1)
	held, release := make(chan struct{}, 1000), make(chan struct{})
	c.g.Args["publisher"] = c.g.Tap(func(piece []byte) harness.Fate {
		if isStep(piece) && bytes.Contains(piece, []byte(c.g.Keys.Published())) {
			held <- struct{}{}
			<-release
		}
		return harness.Fate{}
	}).Args()
	publisher := c.g.Start("publisher", "--once")
	select {
	case <-held:
	case <-time.After(30 * time.Second):
		t.Fatalf("nothing is marked clean:\n%s", publisher.Log())
	}
	c.append(second)
	c.expect(first, second)
	c.g.Once("tailer")
	c.g.Count(1)
	close(release)
	if status := publisher.Wait(time.Minute); status != 0 {
		t.Fatalf("publisher: status %d\n%s", status, publisher.Log())
	}
	c.g.Feed().Compare(t, c.oracle)
}
