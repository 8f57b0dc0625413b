package measure

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/geotest"
)

// small is a benchmark of a small log.
func small(t *testing.T) *Bench {
	t.Helper()
	dir, err := os.MkdirTemp("", "gb") // short: a socket's path must fit in 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, name := range []string{"tailer", "geoworker"} {
		if out, err := exec.Command("go", "build", "-C", filepath.Join("..", "..", name), "-o", filepath.Join(dir, name), ".").CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	settings, err := filepath.Abs("../../scripts/redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Bin: dir, Redis: settings, GeoIP: filepath.Join(dir, "city.mmdb"), Dir: dir, Lines: 5000, Sample: 100, Log: os.Stderr}
	if err := geotest.Write(o.GeoIP, 28); err != nil {
		t.Fatal(err)
	}
	b, err := New(o, &report.Report{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A count that is off by one fails the run, as does a bucket too many.
func TestWrongCounts(t *testing.T) {
	b, ctx := small(t), context.Background()
	minute := bucket.ID{Period: bucket.Minute, Start: 1213722000}
	for name, spoil := range map[string]func(*proc.Redis) error{
		"n":    func(r *proc.Redis) error { return r.HIncrBy(ctx, keySpace.Bucket(minute), "download|n", 1).Err() },
		"part": func(r *proc.Redis) error { return r.LPop(ctx, keySpace.Parts(minute)).Err() },
		"bucket": func(r *proc.Redis) error {
			return r.HSet(ctx, keySpace.Bucket(bucket.ID{Period: bucket.Hour}), "download|n", 1).Err()
		},
	} {
		_, err := b.pipeline(ctx, pipeline{logs: []string{b.log}, workers: 1, tally: b.tally, look: spoil})
		if err == nil || !strings.Contains(err.Error(), "wrong counts: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Latencies are those of the first version of a snapshot that holds the line.
func TestLatencies(t *testing.T) {
	at := func(ms int64) time.Time { return time.UnixMilli(1213722000000 + ms) }
	written := []burst{{1213722001, 1, at(1000)}, {1213722009, 2, at(9000)}, {1213722010, 1, at(10000)}}
	seen := map[int64][]sight{1213722000: {{1, at(11000)}, {3, at(12000)}}}
	all, beyond, missing := latencies(written, seen)
	if len(all) != 3 || all[0] != 3 || all[2] != 10 || beyond[0] != 1 || beyond[2] != 2 || missing != 1 {
		t.Errorf("%v, %v, %d missing", all, beyond, missing)
	}
}
