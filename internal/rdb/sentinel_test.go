package rdb

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/redistest"
)

func TestCutSentinels(t *testing.T) {
	for _, c := range []struct{ url, plain, addrs, primary string }{
		{"redis://a:1/2", "redis://a:1/2", "", ""},
		{"redis+sentinel://a:1,b:2/main", "redis://a:1/?", "a:1 b:2", "main"},
		{"redis+sentinel://a,[::1]:5,[::2]/main/3", "redis://a:26379/3?", "a:26379 [::1]:5 [::2]:26379", "main"},
		{"rediss+sentinel://u:p%40@a:1/main/0?sentinel_password=x&read_timeout=1s", "rediss://u:p%40@a:1/0?read_timeout=1s", "a:1", "main"},
	} {
		plain, s, err := cutSentinels(c.url)
		if err != nil || plain != c.plain {
			t.Errorf("%s: left %q, %v; want %q", c.url, plain, err, c.plain)
		}
		if s == nil {
			s = &sentinels{}
		}
		if got := strings.Join(s.addrs, " "); got != c.addrs || s.primary != c.primary {
			t.Errorf("%s: sentinels %q for %q", c.url, got, s.primary)
		}
	}
	for _, url := range []string{"redis+sentinel://a:1", "redis+sentinel://a:1/", "redis+sentinel://a:1/main/x", "redis+sentinel://a:1/main?%zz", "http+sentinel://a/b"} {
		if _, err := options(url); err == nil {
			t.Errorf("%s was accepted", url)
		}
	}
}

// A client that asks Sentinels goes to the primary, and after a failover to
// the new one; it never writes to a replica.
func TestSentinelFailover(t *testing.T) {
	first, second := redistest.Port(t), redistest.Port(t)
	primary := redistest.Start(t, "--port", first)
	replica := redistest.Start(t, "--port", second, "--replicaof", "127.0.0.1 "+first)
	c := open(t, "redis+sentinel://127.0.0.1:1,"+redistest.Sentinel(t, "glow", first)+"/glow")
	ctx := t.Context()
	if n, err := c.Run(ctx, bump, []string{"n"}).Int(); n != 1 || err != nil {
		t.Fatalf("first step: %d, %v", n, err)
	}
	look := replica.Client()
	defer look.Close()
	until(t, "the replica has the first step", func() bool { return look.Get(ctx, "n").Val() == "1" })
	dials := c.Dials()
	primary.Kill()
	until(t, "a step is done on the replica", func() bool {
		return c.Run(ctx, bump, []string{"n"}).Err() == nil
	})
	if n := look.Get(ctx, "n").Val(); n != "2" || c.Dials() == dials {
		t.Errorf("n is %s there, want 2; %d connections were new", n, c.Dials()-dials)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain until " + what)
		}
		if err := sleep(context.Background(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}
