package chaos

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"time"
)

// redisFaults happen to Redis itself.
func redisFaults() []fault {
	const c = "redis"
	return []fault{
		{c, "redis kill -9, everysec", 8, 0, func(w *world, r *rand.Rand) { w.restart(r, nil) }},
		{c, "redis kill -9, always", 2, 0, killAlways},
		{c, "redis kill -9, tail of the AOF cut", 3, 0, func(w *world, r *rand.Rand) {
			w.restart(r, func() { w.g.Tear(r, 100_000) })
		}},
		{c, "redis kill -9, seconds of the AOF cut", 1, 0, func(w *world, r *rand.Rand) {
			w.restart(r, func() { w.g.Tear(r, 1_000_000) })
		}},
		{c, "redis kill -9, AOF torn in a MULTI, twice", 3, 0, tornMulti},
		{c, "redis kill -9 while it rewrites its AOF", 2, 0, killRewrite},
		{c, "redis stopped and started", 1, 0, func(w *world, r *rand.Rand) { w.restartAfter(w.g.Redis.Terminate, r, nil) }},
		{c, "redis frozen", 2, 0, func(w *world, r *rand.Rand) {
			w.g.Redis.Freeze()
			time.Sleep(within(r, 100*time.Millisecond, 3*time.Second))
			w.g.Redis.Thaw()
		}},
		{c, "redis full", 2, 0, func(w *world, r *rand.Rand) {
			w.set("maxmemory", "1mb")
			time.Sleep(within(r, 500*time.Millisecond, 3*time.Second))
			w.set("maxmemory", "0")
		}},
		{c, "redis read-only, a replica of nobody", 1, 0, func(w *world, r *rand.Rand) {
			w.redis("replicaof", "127.0.0.1", "1")
			time.Sleep(within(r, 200*time.Millisecond, 2*time.Second))
			w.redis("replicaof", "no", "one")
		}},
		{c, "redis without its replicas", 1, 0, func(w *world, r *rand.Rand) {
			w.set("min-replicas-to-write", "1")
			time.Sleep(within(r, 200*time.Millisecond, 2*time.Second))
			w.set("min-replicas-to-write", "0")
		}},
		{c, "redis rewrites its AOF", 1, 0, func(w *world, _ *rand.Rand) { w.redis("bgrewriteaof") }},
		{c, "redis SCRIPT FLUSH", 1, 0, func(w *world, _ *rand.Rand) { w.redis("script", "flush") }},
		{c, "redis CLIENT KILL", 2, 0, func(w *world, _ *rand.Rand) { w.redis("client", "kill", "type", "normal", "skipme", "yes") }},
		{c, "redis busy", 1, 0, func(w *world, r *rand.Rand) {
			w.redis("client", "pause", within(r, 100*time.Millisecond, 1500*time.Millisecond).Milliseconds(), "all")
		}},
	}
}

// restart kills Redis, does something to its files and starts it again.
func (w *world) restart(r *rand.Rand, meanwhile func()) { w.restartAfter(w.g.Redis.Kill, r, meanwhile) }

func (w *world) restartAfter(end func(), r *rand.Rand, meanwhile func()) {
	end()
	if meanwhile != nil {
		meanwhile()
	}
	if r.IntN(4) == 0 {
		time.Sleep(within(r, 0, time.Second))
	}
	w.g.Redis.Start()
}

func killAlways(w *world, r *rand.Rand) {
	w.set("appendfsync", "always")
	time.Sleep(within(r, 200*time.Millisecond, time.Second))
	w.restart(r, nil) // and with it everysec is back
}

func killRewrite(w *world, r *rand.Rand) {
	w.redis("bgrewriteaof")
	time.Sleep(within(r, 0, 150*time.Millisecond))
	w.restart(r, nil)
}

// tornMulti tears the file between a MULTI and its EXEC and restarts twice: the
// second start is where Redis 7.0 applies half a transaction.
func tornMulti(w *world, r *rand.Rand) {
	w.restart(r, func() {
		path, size := w.g.NewestAppends()
		if at := insideMulti(path, size, r); at > 0 {
			if err := os.Truncate(path, at); err != nil {
				w.t.Error(err)
			}
		}
	})
	time.Sleep(within(r, 0, 700*time.Millisecond))
	w.restart(r, nil)
}

// insideMulti finds a place within one of the last transactions of a file.
func insideMulti(path string, size int64, r *rand.Rand) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	b := make([]byte, min(size, 200_000))
	if _, err := f.ReadAt(b, size-int64(len(b))); err != nil {
		return 0
	}
	multi := bytes.LastIndex(b[:len(b)-r.IntN(len(b)/2+1)], []byte("\r\nMULTI\r\n"))
	if multi < 0 {
		return 0
	}
	exec := bytes.Index(b[multi:], []byte("\r\nEXEC\r\n"))
	if exec < 20 {
		return 0
	}
	return size - int64(len(b)) + int64(multi+9+r.IntN(exec-9))
}

// redis gives Redis a command. Where it does not answer, others will say so.
func (w *world) redis(args ...any) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.g.Client.Do(ctx, args...).Err(); err != nil {
		w.t.Logf("redis %v: %v", args, err)
	}
}

func (w *world) set(name, value string) { w.redis("config", "set", name, value) }
