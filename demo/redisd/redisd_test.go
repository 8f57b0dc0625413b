package redisd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/redistest"
)

func standIn(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "glow-standin-") // short: a socket's path must fit in 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStandIn(Socket(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		os.RemoveAll(dir)
	})
	return "unix://" + Socket(dir)
}

// Every script of every daemon can be loaded, through the restart gate and
// all, and the stand-in passes the daemons' own check.
func TestScriptsLoad(t *testing.T) {
	files, err := filepath.Glob("../../*/*/*.lua")
	if err != nil || len(files) < 3 {
		t.Fatalf("found scripts %v, %v", files, err)
	}
	var scripts []*rdb.Script
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, rdb.NewScript(string(text)))
	}
	c, err := rdb.Open(standIn(t), scripts...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	warnings, err := c.Check(t.Context())
	if err != nil || len(warnings) != 1 {
		t.Errorf("Check = %q, %v; want only the warning of no append-only file", warnings, err)
	}
	if durable, err := c.Durable(t.Context()); durable || err != nil {
		t.Errorf("Durable = %v, %v; want false", durable, err)
	}
}

const script = `#!lua flags=allow-oom
-- A line with an error: 4
if ARGV[1] == 'fail' then
  return redis.call('HINCRBY', KEYS[1], 'text', 1)
end
local a = redis.call('HGETALL', KEYS[1])
local t = {1, 'two', false, redis.call('HGET', KEYS[1], 'nothing'), a, {redis.call('EXISTS', KEYS[1])}}
return t`

// What our scripts use has the same answers as in a real Redis.
func TestLikeRedis(t *testing.T) {
	real := redistest.Start(t)
	run := func(url string) []string {
		c, err := rdb.Open(url, rdb.NewScript(script))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return answers(t.Context(), c)
	}
	want, got := run(real.URL()+"?protocol=2"), run(standIn(t))
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("stand-in: %s\nredis:    %s", got[i], want[i])
		}
	}
}

func answers(ctx context.Context, c *rdb.Client) (all []string) {
	do := func(args ...any) {
		v, err := c.Do(ctx, args...).Result()
		text := fmt.Sprintf("%v → %v", args, v)
		if err != nil {
			text = fmt.Sprintf("%v → error %.3s", args, err)
		}
		all = append(all, text)
	}
	do("XGROUP", "CREATE", "q", "g", "0", "MKSTREAM")
	do("XGROUP", "CREATE", "q", "g", "0")
	do("XADD", "q", "1-0", "events", "a\nb")
	do("XADD", "q", "2-0", "events", "c", "source", "s")
	do("XADD", "q", "NOMKSTREAM", "MAXLEN", "~", "1000", "3-0", "events", "c")
	do("XREADGROUP", "GROUP", "g", "me", "COUNT", "2", "STREAMS", "q", ">")
	do("XPENDING", "q", "g")
	do("XPENDING", "q", "g", "1-0", "1-0", "1", "you")
	do("XPENDING", "q", "g", "9-0", "9-0", "1", "me")
	do("XCLAIM", "q", "g", "you", "0", "1-0", "JUSTID")
	do("XAUTOCLAIM", "q", "g", "you", "0", "0", "COUNT", "10", "JUSTID")
	do("XACK", "q", "g", "1-0", "2-0", "7-0")
	do("XDEL", "q", "1-0", "2-0", "7-0")
	do("XLEN", "q")
	do("ZADD", "z", "NX", "5", "m")
	do("ZADD", "z", "NX", "6", "m")
	do("ZRANGE", "z", "0", "0", "WITHSCORES")
	do("ZRANGE", "z", "-inf", "+inf", "BYSCORE", "LIMIT", "0", "10")
	do("ZRANGEBYSCORE", "z", "(1", "5", "LIMIT", "0", "3")
	do("ZREVRANGEBYSCORE", "z", "+inf", "-inf", "WITHSCORES", "LIMIT", "0", "3")
	do("SETBIT", "b", "29000000", "1")
	do("GETBIT", "b", "29000000")
	do("GETBIT", "b", "40000000")
	do("HSET", "h", "text", "x", "n", "1")
	do("HSETNX", "h", "n", "2")
	do("HINCRBY", "h", "m", "9007199254740993")
	do("HMGET", "h", "n", "nothing")
	do("SET", "l", "x", "NX", "PX", "60000")
	do("SET", "l", "y", "NX", "PX", "60000")
	do("RPUSH", "p", "\x01\x00\xff", "b", "c")
	do("LINDEX", "p", "0")
	do("LTRIM", "p", "2", "-1")
	do("LRANGE", "p", "0", "-1")
	do("EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "0")
	sha := redis.NewScript(script).Hash()
	do("SCRIPT", "EXISTS", sha, "ffffffffffffffffffffffffffffffffffffffff")
	do("EVALSHA", sha, "1", "k", "x")
	do("EVALSHA", sha, "1", "h", "fail")
	do("UNLINK", "h", "k")
	return all
}

// Leases expire and entries of the queue are dated by the real clock.
func TestRealClock(t *testing.T) {
	o, err := redis.ParseURL(standIn(t))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	id, err := c.XAdd(t.Context(), &redis.XAddArgs{Stream: "q", Values: []string{"a", "b"}}).Result()
	var ms int64
	if _, scan := fmt.Sscanf(id, "%d-", &ms); err != nil || scan != nil || time.Since(time.UnixMilli(ms)).Abs() > time.Minute {
		t.Errorf("entry %s, %v: want the time of now", id, err)
	}
	if err := c.Set(t.Context(), "lease", "x", 5*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); c.Exists(t.Context(), "lease").Val() == 1; {
		if time.Now().After(deadline) {
			t.Fatal("a lease of 5 ms does not expire")
		}
	}
}

func TestInstalled(t *testing.T) {
	path, version := Installed()
	if path == "" || version < "7" {
		t.Errorf("Installed() = %q, %q; tests need redis-server 7.0 or later", path, version)
	}
	t.Setenv("PATH", t.TempDir())
	if path, _ := Installed(); path != "" {
		t.Errorf("Installed() = %q on an empty PATH", path)
	}
	if !reflect.DeepEqual(Args("/x")[:4], []string{"--port", "0", "--unixsocket", "/x/redis.sock"}) {
		t.Errorf("Args = %q", Args("/x"))
	}
}
