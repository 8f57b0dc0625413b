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
		{"redis+sentinel://a:,::1,[::1]:/main", "redis://a:26379/?", "a:26379 [::1]:26379 [::1]:26379", "main"},
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
	for _, url := range []string{
		"redis+sentinel://a:1", "redis+sentinel://a:1/", "redis+sentinel://a:1/main/x", "redis+sentinel://a:1/main?%zz", "http+sentinel://a/b",
		"redis+sentinel:///main", "redis+sentinel://a,/main", "redis+sentinel://a,,b/main", "redis+sentinel://:26379/main", "redis+sentinel://u:p@/main",
		"redis+sentinel://a:x/main", "redis+sentinel://a:0/main", "redis+sentinel://a:70000/main", "redis+sentinel://a b/main",
		"redis+sentinel://u:1/2@a:1", "redis+sentinel://a:1/ma in", "redis+sentinel://a:1/main/0/1", "redis+sentinel://a:1/main#x",
	} {
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

// Sentinels that know nothing of the primary, as after a loss of their files,
// are no answer of Redis that there is nothing: a worker would take the queue
// for empty.
func TestSentinelKnowsNoPrimary(t *testing.T) {
	port := redistest.Port(t)
	redistest.Start(t, "--port", port)
	c := open(t, "redis+sentinel://"+redistest.Sentinel(t, "other", port)+"/glow")
	err := c.Get(t.Context(), "n").Err()
	if err == nil || Nil(err) || !strings.Contains(err.Error(), "knows no primary of that name") {
		t.Errorf("it says %v", err)
	}
}

// Each Sentinel must prove its own name, not that of the first one.
func TestSentinelNames(t *testing.T) {
	o, err := options("rediss+sentinel://a,b:1,[::1]:2/glow")
	if err != nil {
		t.Fatal(err)
	}
	s := &sentinels{tls: o.TLSConfig}
	for addr, want := range map[string]string{"a:26379": "a", "b:1": "b", "[::1]:2": "::1"} {
		if got := s.tlsFor(addr).ServerName; got != want {
			t.Errorf("%s is to be %q, want %q", addr, got, want)
		}
	}
	if (&sentinels{}).tlsFor("a:1") != nil {
		t.Error("TLS where none is wanted")
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
