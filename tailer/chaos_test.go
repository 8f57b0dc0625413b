package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/internal/redistest"
)

// event i of a chaos run, as a line and as what should be queued.
func chaosEvent(i int) string {
	return fmt.Sprintf("10.%d.%d.%d %d download", i>>16&255, i>>8&255, i&255, 1395100800+i>>24)
}

func chaosLine(i int) string { return strings.TrimSuffix(chaosEvent(i), " download") + "\n" }

// rotating writes lines at its own pace, and rotates the log in all ways.
type rotating struct {
	t       *testing.T
	path    string
	lines   int
	written atomic.Int64
	done    chan bool
}

func (w *rotating) run() {
	defer close(w.done)
	f := w.open()
	rotate := func(i int) string {
		for k := 300; k > 0; k-- {
			_ = os.Rename(fmt.Sprintf("%s.%d", w.path, k), fmt.Sprintf("%s.%d", w.path, k+1))
		}
		return w.path + ".1"
	}
	for i := 0; i < w.lines; {
		var b bytes.Buffer
		for range rand.N(2000) {
			if i < w.lines {
				b.WriteString(chaosLine(i))
				i++
			}
		}
		half := rand.N(b.Len() + 1)
		w.write(f, b.Bytes()[:half])
		switch rand.N(40) {
		case 0: // rename, perhaps amid a line, and a late reopen
			if err := os.Rename(w.path, rotate(i)); err != nil {
				w.t.Error(err)
			}
			time.Sleep(rand.N(100 * time.Millisecond)) // how late syslog-ng reopens is what is played
			w.write(f, b.Bytes()[half:])
			f.Close()
			f = w.open()
		case 1: // copytruncate
			w.write(f, b.Bytes()[half:])
			c, err := os.ReadFile(w.path)
			if err == nil {
				err = os.WriteFile(rotate(i), c, 0o644)
			}
			if err == nil {
				err = os.Truncate(w.path, 0)
			}
			if err != nil {
				w.t.Error(err)
			}
		default:
			w.write(f, b.Bytes()[half:])
		}
		w.written.Store(int64(i))
		time.Sleep(rand.N(20 * time.Millisecond)) // the pace of a log: the tailer is to catch up with it, and to fall behind
	}
	f.Close()
}

func (w *rotating) open() *os.File {
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		w.t.Error(err)
	}
	return f
}

func (w *rotating) write(f *os.File, b []byte) {
	if _, err := f.Write(b); err != nil {
		w.t.Error(err)
	}
}

// keepRunning runs tailers, killing each after a while, until stop.
func keepRunning(t *testing.T, url, log string, stop chan bool, all *logtest.Buffer) {
	for {
		var stderr bytes.Buffer
		cmd := tailerCmd(t, url, "--grace", "200ms", "--max-queue", "1000000", "--log-level", "debug", log)
		cmd.Stderr = io.MultiWriter(&stderr, all)
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return
		}
		over := false
		select {
		case <-stop:
			over = true
		case <-time.After(rand.N(800 * time.Millisecond)):
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s := stderr.String(); strings.Contains(s, "level=ERROR") || strings.Contains(s, "panic") {
			t.Error("a tailer failed, see its log below")
		}
		if over {
			return
		}
	}
}

// exactly checks that events 0 to n-1 are queued once each.
func exactly(t *testing.T, s *redistest.Server, namespace string, n int) {
	t.Helper()
	c := s.Client()
	defer c.Close()
	events, err := queued(c, namespace)
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int, n)
	for _, e := range events {
		count[e]++
	}
	lost, doubled := 0, 0
	for i := range n {
		switch k := count[chaosEvent(i)]; {
		case k == 0:
			lost++
		case k > 1:
			doubled++
		}
	}
	if lost+doubled > 0 || len(events) != n || len(count) != n {
		t.Errorf("%d events queued, %d different, want %d: %d lost, %d doubled", len(events), len(count), n, lost, doubled)
	}
}

// Tailers are killed all the time, two at once follow one log, which rotates;
// Redis is killed too.
func TestKilledAllTheTime(t *testing.T) {
	for _, killRedis := range []bool{false, true} {
		for _, fix := range []bool{false, true} {
			if fix && !killRedis {
				continue
			}
			t.Run(fmt.Sprintf("redis too %v, repaired %v", killRedis, fix), func(t *testing.T) {
				s := redistest.Start(t)
				s.Fix = fix
				log := filepath.Join(t.TempDir(), "access.log")
				w := &rotating{t: t, path: log, lines: 150_000, done: make(chan bool)}
				w.open().Close()
				tailer(t, s.URL(), "--once", log) // from now on nothing is history
				var all logtest.Buffer
				defer func() {
					if t.Failed() {
						t.Logf("all tailers' logs:\n%s", all.String())
					}
				}()
				stop, stopped := make(chan bool), make(chan bool)
				go w.run()
				for range 2 {
					go func() {
						keepRunning(t, s.URL(), log, stop, &all)
						stopped <- true
					}()
				}
				for running := true; running; {
					select {
					case <-w.done:
						running = false
					case <-time.After(300*time.Millisecond + rand.N(time.Second)):
						if killRedis {
							s.Kill()
							s.Start()
						}
					}
				}
				close(stop)
				<-stopped
				<-stopped
				t.Log(tailer(t, s.URL(), "--once", "--max-queue", "1000000", log))
				exactly(t, s, "glow", w.lines)
				if out := tailer(t, s.URL(), "--once", log); !strings.Contains(out, "tailer: 0 lines") {
					t.Errorf("a last run: %s", out)
				}
			})
		}
	}
}

// Redis restarts without what a tailer pushed last, and nobody writes: the
// idle tailer notices and repeats it.
func TestIdleTailerNoticesRollback(t *testing.T) {
	s := redistest.Start(t)
	log := filepath.Join(t.TempDir(), "a.log")
	appendEvents := func(from, to int) {
		f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := from; i < to; i++ {
			fmt.Fprint(f, chaosLine(i))
		}
	}
	cmd := tailerCmd(t, s.URL(), log)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	c := s.Client()
	defer c.Close()
	waitQueued := func(n int) {
		t.Helper()
		waitFor(t.Fatalf, fmt.Sprint(n, " events"), func() bool {
			events, err := queued(c, "glow")
			return err == nil && len(events) == n
		})
	}
	appendEvents(0, 1000)
	waitQueued(1000)
	ctx := context.Background()
	old := map[string]string{}
	dump := func() {
		for _, key := range []string{"{glow}:queue", "{glow}:positions"} {
			v, err := c.Dump(ctx, key).Result()
			if err != nil {
				t.Fatal(err)
			}
			old[key] = v
		}
	}
	dump()
	appendEvents(1000, 3000)
	waitQueued(3000)
	p := c.TxPipeline()
	for key, v := range old {
		p.RestoreReplace(ctx, key, 0, v)
	}
	if _, err := p.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	waitQueued(3000)
	exactly(t, s, "glow", 3000)
}
