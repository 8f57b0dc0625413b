package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/sharehook/spool"
)

// old fills a spool with segments of one share each, so old in hours.
func old(t *testing.T, dir string, hours ...int) {
	t.Helper()
	for i, h := range hours {
		path := filepath.Join(dir, fmt.Sprintf("shares-%015d.log", i+1))
		line := fmt.Sprintf("203.0.113.%d 1395100800 share:twitter\n", i+1)
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-time.Duration(h) * time.Hour)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
}

// What is queued and old enough goes; what is not queued stays at any age.
func TestOldSegmentsGo(t *testing.T) {
	for name, args := range map[string][]string{"append-only file": nil, "always synced": {"--appendfsync", "always"}, "no append-only file": {"--appendonly", "no"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			old(t, dir, 50, 30, 25, 20, 1)
			h := start(t, dir, nowhere)
			if code := post(t.Context(), http.DefaultClient, h.url, "203.0.113.9", "facebook"); code != 204 {
				t.Fatal(code)
			}
			h.stop()
			if n := len(spooled(t, dir)); n != 6 {
				t.Fatalf("%d shares left without Redis", n)
			}
			r := redistest.Start(t, args...)
			h = start(t, dir, r.URL())
			until(t, "old segments go", func() bool { return len(spooled(t, dir)) == 3 })
			c := r.Client()
			defer c.Close()
			if n := c.XLen(t.Context(), "{glow}:queue").Val(); n == 0 {
				t.Error("nothing was queued")
			}
			h.stop()
			if warned := strings.Contains(h.log.String(), "no append-only file: segments") || strings.Contains(h.log.String(), "keeps no append-only file"); warned != (name == "no append-only file") {
				t.Errorf("logged:\n%s", h.log.String())
			}
		})
	}
}

// A segment goes only if all of it is queued, whatever its age.
func TestMay(t *testing.T) {
	s, err := spool.Open(t.TempDir(), spool.Options{Max: 64 << 20, SegmentBytes: 1 << 20, SegmentAge: time.Hour, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := sweeper{spool: s, keep: 24 * time.Hour}
	for _, c := range []struct {
		age    time.Duration
		queued map[string]int64
		want   bool
	}{
		{25 * time.Hour, map[string]int64{"a": 100}, true},
		{25 * time.Hour, map[string]int64{"a": 99}, false},
		{25 * time.Hour, map[string]int64{"b": 100}, false},
		{23 * time.Hour, map[string]int64{"a": 100}, false},
	} {
		seg := spool.Segment{Path: "a", Size: 100, Changed: time.Now().Add(-c.age)}
		if got := w.may(seg, c.queued); got != c.want {
			t.Errorf("%v old, queued %v: may go: %v", c.age, c.queued, got)
		}
	}
}

// A spool that is nearly full gives up what is queued early, oldest first and
// no more than it must, with a warning; without Redis it refuses shares.
func TestCrowdedSpool(t *testing.T) {
	dir := t.TempDir()
	old(t, dir, 3, 2, 1)
	big := strings.Repeat("203.0.113.7 1395100800 share:twitter\n", 40<<20/37)
	if err := os.WriteFile(filepath.Join(dir, "shares-000000000000004.log"), []byte(big), 0o600); err != nil {
		t.Fatal(err)
	}
	away := start(t, dir, nowhere, "--spool-max", "64M")
	if code := post(t.Context(), http.DefaultClient, away.url, "203.0.113.9", "facebook"); code != 204 {
		t.Fatalf("answered %d with room for a segment", code)
	}
	away.stop()
	if err := os.WriteFile(filepath.Join(dir, "shares-000000000000005.log"), []byte(big[:12<<20/37*37]), 0o600); err != nil {
		t.Fatal(err)
	}
	h := start(t, dir, nowhere, "--spool-max", "64M")
	if code := post(t.Context(), http.DefaultClient, h.url, "203.0.113.9", "facebook"); code != 503 {
		t.Fatalf("answered %d, full", code)
	}
	h.logged(regexp.MustCompile(`(the spool is full)`))
	until(t, "not ready", func() bool {
		code, text := get(t, h.admin+"/readyz")
		return code == 503 && strings.Contains(text, "full")
	})
	h.stop()
	h = start(t, dir, redistest.Start(t).URL(), "--spool-max", "64M")
	until(t, "room", func() bool {
		return post(t.Context(), http.DefaultClient, h.url, "203.0.113.9", "facebook") == 204
	})
	h.stop()
	if n := strings.Count(h.log.String(), "goes early"); n != 4 {
		t.Errorf("%d segments went early:\n%s", n, h.log.String())
	}
}

// What is in the spool when sharehook stops is queued first.
func TestStopQueuesTheRest(t *testing.T) {
	r := redistest.Start(t)
	h := start(t, t.TempDir(), r.URL())
	for i := range 50 {
		if code := post(t.Context(), http.DefaultClient, h.url, address(int64(i)), "twitter"); code != 204 {
			t.Fatal(code)
		}
	}
	h.stop()
	c := r.Client()
	defer c.Close()
	if n := len(queued(t, c)); n != 50 {
		t.Errorf("%d of 50 queued", n)
	}
}

// queued is how often each address occurs in the queue.
func queued(t *testing.T, c *redis.Client) map[string]int {
	t.Helper()
	entries, err := c.XRange(t.Context(), "{glow}:queue", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range entries {
		lines = append(lines, strings.Split(m.Values["events"].(string), "\n")...)
	}
	return counts(lines)
}

// A Redis that would forget counts is not used; shares are taken all the same,
// and queued once it is set right.
func TestUnusableRedis(t *testing.T) {
	r := redistest.Start(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	h := start(t, t.TempDir(), r.URL())
	h.logged(regexp.MustCompile(`redis cannot be used.*(noeviction)`))
	if code := post(t.Context(), http.DefaultClient, h.url, "203.0.113.7", "twitter"); code != 204 {
		t.Fatal(code)
	}
	c := r.Client()
	defer c.Close()
	if err := c.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "the share is queued", func() bool { return queued(t, c)["203.0.113.7"] == 1 })
	h.stop()
}
