package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/keys"
)

// Workers are killed, frozen for longer than claims take and thawed again, and
// started anew; every event is counted exactly once.
func TestWorkersDieAndFreeze(t *testing.T) {
	s := newStage(t)
	r := rand.New(rand.NewPCG(5, uint64(time.Now().UnixNano())))
	var workers []*worker
	start := func() { workers = append(workers, s.start("--claim-after", "300ms")) }
	for range 3 {
		start()
	}
	frozen := map[*worker]time.Time{}
	kills, freezes := 0, 0
	for kills < 12 || freezes < 12 {
		for range 20 {
			s.pushRandom(1 + s.r.IntN(60))
		}
		i := r.IntN(len(workers))
		w := workers[i]
		switch since, is := frozen[w]; {
		case is && time.Since(since) > 700*time.Millisecond:
			_ = w.Process.Signal(syscall.SIGCONT)
			delete(frozen, w)
		case is:
		case r.IntN(2) == 0 && kills < 12:
			_ = w.Process.Kill()
			<-w.done
			kills++
			workers = append(workers[:i], workers[i+1:]...)
			start()
		case len(frozen) < 2 && freezes < 12:
			_ = w.Process.Signal(syscall.SIGSTOP)
			frozen[w] = time.Now()
			freezes++
		}
		wait()
	}
	for w := range frozen {
		_ = w.Process.Signal(syscall.SIGCONT)
	}
	start()
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	for _, w := range workers {
		s.stop(w)
	}
	s.check()
}

// --once takes over what a dead worker left, and waits for what a live one holds.
func TestOnceClaims(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.c.XGroupCreateMkStream(ctx, s.k.Queue(), keys.Group, "0")
	for range 200 {
		s.pushRandom(10)
	}
	for range 3 {
		err := s.c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: keys.Group, Consumer: "dead", Streams: []string{s.k.Queue(), ">"}, Count: 50}).Err()
		if err != nil {
			t.Fatal(err)
		}
	}
	s.once("--claim-after", "500ms")
	s.check()
}

// Redis is killed and started again; its append-only file keeps what it had
// acknowledged here, as it is synced always.
func TestRedisDies(t *testing.T) {
	s := newStage(t, "--appendfsync", "always")
	w := s.start()
	for range 5 {
		for range 10 {
			s.pushRandom(50)
		}
		s.redis.Kill()
		s.redis.Start()
	}
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	s.redis.Kill()
	s.until("the worker notices", func() bool { return !w.ready() })
	s.redis.Start()
	s.until("the worker is back", w.ready)
	if n := strings.Count(w.stderr.String(), "redis is away"); n == 0 || n > 6 {
		t.Errorf("%d reports of 6 outages", n)
	}
	s.stop(w)
}

func (w *worker) ready() bool {
	r, err := http.Get("http://" + w.admin + "/readyz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// A worker that is told to stop while Redis is away says so, and by its exit status.
func TestStopWithoutRedis(t *testing.T) {
	s := newStage(t)
	w := s.start()
	s.until("the worker is ready", w.ready)
	s.redis.Kill()
	s.until("the worker notices", func() bool { return !w.ready() })
	_ = w.Process.Signal(syscall.SIGTERM)
	s.until("the worker stops", w.exited)
	if w.ProcessState.ExitCode() != 1 || !strings.Contains(w.stderr.String(), "waits in the queue for another") {
		t.Errorf("exit %d: %s", w.ProcessState.ExitCode(), &w.stderr)
	}
}

// All of Redis is deleted under a running worker (publisher reset, or a
// rollback to before the group): it begins again.
func TestRedisEmptied(t *testing.T) {
	s := newStage(t)
	w := s.start()
	for range 2 {
		for range 5 {
			s.pushRandom(100)
		}
		s.until("the queue is empty", s.queueEmpty)
		s.check()
		s.c.FlushAll(context.Background())
		s.naive = newNaive(t)
	}
	s.pushRandom(100)
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	if got := s.c.HGet(context.Background(), s.k.Meta(), keys.MetaGrid).Val(); got != "0.5" {
		t.Errorf("grid %q", got)
	}
	s.stop(w)
}

// Redis goes back in time under a worker: an acknowledged entry is pending
// again for it. It must be counted, as its counts went back too.
func TestRolledBack(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.start("--claim-after", "200ms")
	s.until("the worker is ready", w.ready)
	s.pushRandom(100)
	s.until("the queue is empty", s.queueEmpty)
	// Without cutting a connection, which is the hardest to see.
	consumer := s.c.XInfoConsumers(ctx, s.k.Queue(), keys.Group).Val()[0].Name
	_ = w.Process.Signal(syscall.SIGSTOP)
	// A read of its may still be waiting in Redis.
	s.until("the consumer waits no more", func() bool {
		return s.c.ClientList(ctx).Val() != "" && !strings.Contains(s.c.ClientList(ctx).Val(), "flags=b")
	})
	s.pushRandom(100)
	err := s.c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: keys.Group, Consumer: consumer, Streams: []string{s.k.Queue(), ">"}, Count: 1, Block: -1}).Err()
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Process.Signal(syscall.SIGCONT)
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	s.stop(w)
}

// A full Redis takes nothing in, but what it has is counted, also by a first
// worker that has to make the group.
func TestFullRedis(t *testing.T) {
	s := newStage(t, "--maxmemory", "8mb")
	for range 20 {
		s.pushRandom(200)
	}
	ctx := context.Background()
	if err := s.c.ConfigSet(ctx, "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.c.Set(ctx, "x", "y", 0).Err(); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Fatalf("redis is not full: %v", err)
	}
	s.once()
	s.check()
}

func TestOtherGrid(t *testing.T) {
	s := newStage(t)
	s.once()
	w := s.start("--cell-degrees", "1")
	s.until("the worker gives up", w.exited)
	if text := w.stderr.String(); w.ProcessState.ExitCode() != 1 || !strings.Contains(text, "--cell-degrees 0.5") || !strings.Contains(text, "publisher reset") {
		t.Errorf("exit %d: %s", w.ProcessState.ExitCode(), text)
	}
	if got := s.c.HGet(context.Background(), s.k.Meta(), keys.MetaGrid).Val(); got != "0.5" {
		t.Errorf("grid %q", got)
	}
}

// The database is replaced by good and bad files under load: no event is lost,
// each is located by a database that was good, and bad ones are reported once.
func TestSwapUnderLoad(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	world := func(country string) []geotest.Place {
		return []geotest.Place{{Net: "0.0.0.0/1", Country: country, Continent: "EU", LatLon: geotest.At(50, 10)}}
	}
	write := func(path, country string, built int64) {
		if err := (geotest.DB{Built: built, Places: world(country)}).Write(path); err != nil {
			t.Fatal(err)
		}
	}
	write(s.geoip, "DE", 1774000000)
	w := s.start()
	pushed := 0
	load := func(ok func() bool) func() bool {
		return func() bool {
			s.push(fmt.Sprintf("8.8.8.8 %d download", s.id/1000))
			pushed++
			return ok()
		}
	}
	built := func(date string) func() bool {
		return load(func() bool { return s.c.HGet(ctx, s.k.Meta(), keys.MetaGeoIPBuilt).Val() == date })
	}
	refused := func(n float64) func() bool {
		return load(func() bool { return w.metric(`glow_geoworker_geoip_reloads_total{result="error"}`) == n })
	}
	s.until("the first database", built("2026-03-20"))
	write(s.geoip+".new", "FR", 1775000000)
	if err := os.Rename(s.geoip+".new", s.geoip); err != nil {
		t.Fatal(err)
	}
	s.until("the second, by rename", built("2026-03-31"))
	good, err := os.ReadFile(s.geoip)
	if err != nil {
		t.Fatal(err)
	}
	for i, broken := range [][]byte{good[:len(good)/2], []byte("<html>"), {}} {
		if err := os.WriteFile(s.geoip, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		s.until("a bad one is refused", refused(float64(i+1)))
	}
	if err := os.Remove(s.geoip); err != nil {
		t.Fatal(err)
	}
	s.until("a missing one is reported", refused(4))
	write(s.geoip, "IT", 1776000000)
	s.until("the third, written in place", built("2026-04-12"))
	write(s.geoip, "ES", 1777000000)
	s.until("the fourth, written over", built("2026-04-24"))
	s.until("the queue is empty", s.queueEmpty)
	s.stop(w)
	if n := strings.Count(w.stderr.String(), "level=WARN"); n != 4 {
		t.Errorf("%d warnings of 4 bad files", n)
	}
	all := readBucket(t, s.c, s.k, bucket.ID{Period: bucket.All})["download"]
	sum := 0
	for _, country := range []string{"DE", "FR", "IT", "ES"} {
		if all.Countries[country] == 0 {
			t.Errorf("nothing was located with the database that says %s", country)
		}
		sum += int(all.Countries[country])
	}
	if all.N != pushed || sum != pushed || all.Unlocated != 0 {
		t.Errorf("%d pushed, %d counted, %d by country, %d unlocated", pushed, all.N, sum, all.Unlocated)
	}
}

func TestUsage(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--geoip", "", "--cell-degrees", "0.7", "--claim-after", "1ms"}, 2,
			[]string{"--geoip (or GLOW_GEOIP)", "--cell-degrees (or GLOW_CELL_DEGREES)", "--claim-after (or GLOW_CLAIM_AFTER)"}},
		{[]string{"--geoip", s.geoip + ".none"}, 1, []string{"open geoip database", "no such file"}},
		{[]string{"--geoip", "main.go"}, 1, []string{"open geoip database main.go"}},
		{[]string{"file.log"}, 2, []string{"unexpected argument"}},
	} {
		w := s.start(c.args...)
		s.until("it ends", w.exited)
		if w.ProcessState.ExitCode() != c.code {
			t.Errorf("%q: exit %d, want %d", c.args, w.ProcessState.ExitCode(), c.code)
		}
		for _, text := range c.says {
			if !strings.Contains(w.stderr.String(), text) {
				t.Errorf("%q: standard error lacks %q: %s", c.args, text, &w.stderr)
			}
		}
	}
}

// The names of metrics are promised to whoever made dashboards of them.
func TestMetrics(t *testing.T) {
	s := newStage(t)
	w := s.start()
	s.pushRandom(50)
	s.until("the queue is empty", s.queueEmpty)
	s.until("a commit is measured", func() bool { return w.metric("glow_geoworker_commits_total") > 0 })
	golden, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.metrics(), "\n") + "\n"; got != string(golden) {
		t.Errorf("metrics:\n%swant (testdata/metrics.txt):\n%s", got, golden)
	}
}
