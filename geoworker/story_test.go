package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
)

// Random events, and lines and entries that are none, are counted as the naive
// count does; a second run changes nothing.
func TestOnce(t *testing.T) {
	s := newStage(t)
	for range 40 {
		s.pushRandom(1 + s.r.IntN(1000))
	}
	// What is no event, among events.
	at := time.Unix(s.id/1000-7, 0)
	now := s.push(fmt.Sprintf("8.8.8.8 %d download", at.Unix()), "", "8.8.8.8", "8.8.8 1 download", "fe80::1%eth0 1 download",
		"8.8.8.8 1 DOWNLOAD", "8.8.8.8 -1 download", strings.Repeat("x", 70000), "\xff\x00")
	s.naive.event(now, netip.MustParseAddr("8.8.8.8"), at, "download")
	s.naive.drops["geoworker:poison"] += 8
	ctx := context.Background()
	for _, values := range [][]string{{"evens", "x"}, {"events", ""}} {
		if err := s.c.XAdd(ctx, &redis.XAddArgs{Stream: s.k.Queue(), Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
		s.naive.drops["geoworker:poison"]++
	}
	want := s.naive.want()
	n, unlocated := 0, 0
	for _, d := range want.Buckets[bucket.ID{Period: bucket.All}] {
		n, unlocated = n+d.N, unlocated+d.Unlocated
	}
	future := s.naive.drops["geoworker:future"]
	line := fmt.Sprintf("geoworker: %d events, %d drops (future %d, poison 10), %d unlocated, 1 commits", n, future+10, future, unlocated)
	if got := s.once(); got != line {
		t.Errorf("summary %q, want %q", got, line)
	}
	s.check()
	if n := s.c.XLen(ctx, s.k.Rejects()).Val(); n == 0 || n > 10 {
		t.Errorf("%d samples of dropped lines", n)
	}
	for _, x := range s.c.XRange(ctx, s.k.Rejects(), "-", "+").Val() {
		if strings.Contains(x.Values["sample"].(string), "8.8.8.8") {
			t.Errorf("a sample shows an address: %v", x.Values)
		}
	}
	before := read(t, s.c, s.k)
	if got := s.once(); got != "geoworker: 0 events, 0 drops, 0 unlocated, 0 commits" {
		t.Errorf("second run: %q", got)
	}
	same(t, read(t, s.c, s.k), before)
	if left := s.c.XInfoConsumers(ctx, s.k.Queue(), keys.Group).Val(); len(left) != 0 {
		t.Errorf("consumers after clean stops: %v", left)
	}
}

// Events of evicted buckets count as late there and in the longer periods.
func TestLate(t *testing.T) {
	s := newStage(t)
	at := time.Date(2026, 3, 20, 7, 8, 9, 0, time.UTC)
	for _, p := range []bucket.Period{bucket.Minute, bucket.Hour} {
		id := bucket.ID{Period: p, Start: p.Start(at.Unix())}
		s.naive.evicted[id] = true
		s.c.SetBit(context.Background(), s.k.Evicted(p), id.Start/p.Seconds(), 1)
	}
	for _, d := range []time.Duration{0, time.Minute, time.Hour} {
		for _, typ := range []string{"download", "share:twitter"} {
			now := s.push(fmt.Sprintf("8.8.8.8 %d %s", at.Add(d).Unix(), typ))
			s.naive.event(now, netip.MustParseAddr("8.8.8.8"), at.Add(d), typ)
		}
	}
	if got := s.once(); !strings.Contains(got, "6 late (1h 4, 1m 2)") {
		t.Errorf("summary %q", got)
	}
	s.check()
}
