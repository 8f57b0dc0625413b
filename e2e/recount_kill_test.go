package e2e

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/keys"
)

// scriptHash is how a script of recount is called.
func scriptHash(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(harness.Root(), "glow", "recount", name+".lua"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(b)
	return []byte(hex.EncodeToString(sum[:]))
}

// killed runs "glow recount --apply" and kills it when it has sent the nth call
// of a script, which then lands; it must come so far.
func (c *recounter) killed(t *testing.T, script string, nth int64) {
	t.Helper()
	hash := scriptHash(t, script)
	var p *harness.Process
	var calls atomic.Int64
	started := make(chan struct{})
	tap := c.Tap(func(piece []byte) harness.Fate {
		if bytes.Contains(piece, hash) && bytes.Contains(piece, []byte("evalsha")) && calls.Add(1) == nth {
			<-started
			p.Kill()
		}
		return harness.Fate{}
	})
	p = c.Run("glow", append([]string{"recount", "--etc", c.Dir, "--archive", c.archive, "--target", c.Target, "--apply"}, tap.Args()...)...)
	close(started)
	if status := p.Wait(time.Minute); status != -1 {
		t.Fatalf("call %d of %s.lua: it ended with status %d before:\n%s", nth, script, status, p.Log())
	}
}

// A recount that corrects a live system is killed at each of its stages: counting
// goes on by itself, a second recount finishes what the first began, and in the
// end the feed is the oracle's.
func TestRecountKilled(t *testing.T) {
	t.Parallel()
	c := newRecounter(t, 6000)
	c.Once("publisher")
	c.Once("archiver", c.archiver()...)
	c.log(2000)
	c.Start("tailer")
	c.Start("geoworker")
	c.Start("geoworker")
	c.Start("archiver", c.archiver("--segment-every", "1s")...)
	publisher := c.Start("publisher", "--every", "200ms")
	c.WaitCounted(c.oracle.Lines, time.Minute)
	more, over, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	end := sync.OnceFunc(func() { close(over); <-done })
	t.Cleanup(end)
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if len(c.lines) > 1000 { // the others are for who asks for more
					c.log(5)
				}
			case <-more:
				c.log(min(1, len(c.lines)))
			case <-over:
				c.log(len(c.lines))
				return
			}
		}
	}()
	for _, stage := range []struct {
		script string
		nth    int64
	}{{"read", 20}, {"pause", 1}, {"swap", 1}, {"swap", 2}, {"swap", 3}, {"pause", 2}} {
		c.falsify()
		c.killed(t, stage.script, stage.nth)
		name := fmt.Sprintf("killed at call %d of %s.lua", stage.nth, stage.script)
		if stage.script == "swap" && stage.nth == 1 {
			c.goesOn(t, more)
		}
		c.wants(name, 0, "recount: ", "--apply", "--target", c.Target)
	}
	c.wants("in the end", 0, ", 0 differ in 0 counts")
	end()
	c.WaitCounted(c.oracle.Lines, time.Minute)
	publisher.Stop()
	c.Once("publisher") // what is published once a minute
	c.Feed().Compare(t, c.oracle)
}

// goesOn waits until something is counted, though nobody takes the pause back;
// more makes the log longer.
func (c *recounter) goesOn(t *testing.T, more chan<- struct{}) {
	t.Helper()
	was, err := c.State()
	if err != nil {
		t.Fatal(err)
	}
	harness.Until(t, "counting goes on", time.Minute, func() (bool, string) {
		more <- struct{}{}
		s, err := c.State()
		return err == nil && s.Counted > was.Counted, fmt.Sprint(s, err)
	})
	if !c.Client.HExists(t.Context(), c.Keys.Meta(), keys.MetaPaused).Val() {
		t.Error("somebody has taken the pause back: this shows nothing")
	}
}
