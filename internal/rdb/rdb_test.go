package rdb

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/redistest"
)

var bump = NewScript("#!lua\nreturn redis.call('INCR', KEYS[1])")

func open(t *testing.T, url string) *Client {
	t.Helper()
	c, err := Open(url, bump)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestRunAfterRestart(t *testing.T) {
	s := redistest.Start(t, "--appendfsync", "always")
	c := open(t, s.URL())
	ctx := t.Context()
	if n, err := c.Run(ctx, bump, []string{"n"}).Int(); n != 1 || err != nil {
		t.Fatalf("first step: %d, %v", n, err)
	}
	before := c.Dials()
	s.Kill()
	if err := c.Run(ctx, bump, []string{"n"}).Err(); err == nil {
		t.Fatal("a step on a dead server succeeded")
	}
	s.Start()
	if n, err := c.Run(ctx, bump, []string{"n"}).Int(); n != 2 || err != nil {
		t.Fatalf("after the restart: %d, %v", n, err)
	}
	if c.Dials() == before {
		t.Error("the new connection was not counted")
	}
}

// A Redis that forgot the scripts while the connection stayed passes the gate again.
func TestRunAfterScriptFlush(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, s.URL())
	ctx := t.Context()
	if err := c.Run(ctx, bump, []string{"n"}).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.ScriptFlush(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(ctx, bump, []string{"n"}).Err(); err == nil {
		t.Fatal("the script was still there: it must never be sent again with the call")
	}
	if n, err := c.Run(ctx, bump, []string{"n"}).Int(); n != 2 || err != nil {
		t.Fatalf("after the gate: %d, %v", n, err)
	}
}

// The bug that the gate is for: an AOF torn inside MULTI keeps a dangling
// MULTI, which the restart after next would apply besides our repetition.
func TestGateDropsDanglingMulti(t *testing.T) {
	s := redistest.Start(t, "--appendfsync", "always")
	plain := s.Client()
	defer plain.Close()
	ctx := t.Context()
	_, err := plain.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Incr(ctx, "n")
		p.Incr(ctx, "other")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Kill()
	tear(t, s.Dir(), len("*1\r\n$4\r\nEXEC\r\n")+8)
	s.Start()
	c := open(t, s.URL())
	if n, err := c.Run(ctx, bump, []string{"n"}).Int(); n != 1 || err != nil {
		t.Fatalf("the torn step must be undone and repeated once: n = %d, %v", n, err)
	}
	s.Kill()
	s.Start()
	if n, err := plain.Get(ctx, "n").Int(); n != 1 || err != nil {
		t.Fatalf("after one more restart: n = %d, %v; want 1", n, err)
	}
}

func tear(t *testing.T, dir string, bytes int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatalf("append-only files: %v, %v", files, err)
	}
	st, err := os.Stat(files[0])
	if err == nil {
		err = os.Truncate(files[0], st.Size()-int64(bytes))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDurable(t *testing.T) {
	s := redistest.Start(t)
	c := open(t, s.URL())
	ctx := t.Context()
	if err := c.Run(ctx, bump, []string{"n"}).Err(); err != nil {
		t.Fatal(err)
	}
	if ok, err := c.Durable(ctx); !ok || err != nil {
		t.Fatalf("durable: %v, %v", ok, err)
	}
	off := open(t, redistest.Start(t, "--appendonly", "no").URL())
	if ok, err := off.Durable(ctx); ok || err != nil {
		t.Fatalf("without an append-only file: durable %v, %v", ok, err)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		args          []string
		warning, fail string
	}{
		{nil, "", ""},
		{[]string{"--appendonly", "no"}, "appendonly yes", ""},
		{[]string{"--maxmemory-policy", "allkeys-lru"}, "noeviction", ""},
		{[]string{"--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"}, "", "noeviction"},
	} {
		warnings, err := open(t, redistest.Start(t, c.args...).URL()).Check(context.Background())
		if c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) || c.fail == "" && err != nil {
			t.Errorf("%v: error %v, want %q", c.args, err, c.fail)
		}
		if got := strings.Join(warnings, "\n"); c.warning == "" && got != "" || !strings.Contains(got, c.warning) {
			t.Errorf("%v: warnings %q, want %q", c.args, got, c.warning)
		}
	}
}

func TestOpenHidesPassword(t *testing.T) {
	_, err := Open("redis://user:secret@host:notaport")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("error %v", err)
	}
}

// Whoever only looks leaves no trace.
func TestReader(t *testing.T) {
	s := redistest.Start(t)
	c, err := OpenReader(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := t.Context()
	if in, err := Info(ctx, c, "persistence", "memory"); err != nil || in["aof_enabled"] != "1" || in["maxmemory_policy"] == "" {
		t.Fatalf("info: %v, %v", in, err)
	}
	if known, err := c.ScriptExists(ctx, gate.sha).Result(); err != nil || known[0] {
		t.Errorf("the gate is passed: %v, %v", known, err)
	}
	if _, err := OpenReader("redis://user:secret@host:notaport"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}
