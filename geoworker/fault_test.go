package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

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

// --once does not wait for ever for what somebody else has acknowledged.
func TestOnceStuck(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.c.XGroupCreateMkStream(ctx, s.k.Queue(), keys.Group, "0")
	s.pushRandom(1)
	read := s.c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: keys.Group, Consumer: "meddler", Streams: []string{s.k.Queue(), ">"}, Block: -1}).Val()
	s.c.XAck(ctx, s.k.Queue(), keys.Group, read[0].Messages[0].ID)
	w := s.start("--once")
	s.until("it ends", w.exited)
	if w.ProcessState.ExitCode() != 1 || !strings.Contains(w.stderr.String(), "counts as done") {
		t.Errorf("exit %d: %s", w.ProcessState.ExitCode(), &w.stderr)
	}
}

// Redis is killed and started again; its append-only file keeps what it had
// acknowledged here, as it is synced always.
func TestRedisDies(t *testing.T) {
	s := newStage(t, "--appendfsync", "always")
	w := s.start()
	s.until("the worker is ready", w.ready)
	for range 5 {
		for range 10 {
			s.pushRandom(50)
		}
		s.until("the worker has taken entries", func() bool { // and lingers; or it was quick
			p, err := s.c.XPending(context.Background(), s.k.Queue(), keys.Group).Result()
			return err == nil && p.Count > 0 || s.queueEmpty()
		})
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
	if strings.Contains(w.stderr.String(), "redis is away") {
		t.Error("an empty Redis was taken for one that is away")
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
