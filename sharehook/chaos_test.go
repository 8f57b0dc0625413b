package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/internal/redistest"
)

// addressPlaces puts each of the first n test clients in a map cell of its
// own, so that the buckets tell what was counted of each.
func addressPlaces(t *testing.T, n int) (geoip string, cells map[uint32]string) {
	t.Helper()
	g, err := grid.New(0.5)
	if err != nil || n >= g.Cells() {
		t.Fatalf("%d clients do not fit: %v", n, err)
	}
	cells = map[uint32]string{}
	var places []geotest.Place
	for i := range n {
		lat, lon := g.Corner(uint32(i))
		places = append(places, geotest.Place{
			Net:    address(int64(i)) + "/32",
			LatLon: geotest.At(float64(lat)/10000+0.25, float64(lon)/10000+0.25),
		})
		cells[uint32(i)] = address(int64(i))
	}
	geoip = filepath.Join(t.TempDir(), "clients.mmdb")
	if err := geotest.Write(geoip, 28, places...); err != nil {
		t.Fatal(err)
	}
	return geoip, cells
}

// buildGeoworker builds the real geoworker.
func buildGeoworker(t *testing.T) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(binary), "geoworker")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = "../geoworker"
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build geoworker: %v\n%s", err, out)
	}
	return path
}

// geoworker counts what is in the queue until the test ends.
func geoworker(t *testing.T, redisURL, geoip string) {
	t.Helper()
	var log logtest.Buffer
	cmd := exec.Command(buildGeoworker(t), "--redis-url", redisURL, "--geoip", geoip, "--admin-addr", "off")
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("geoworker said:\n%s", log.String())
		}
	})
}

// total is what was counted of shares on twitter, for all time.
func total(ctx context.Context, c *redis.Client) (n int64, cells map[uint32]uint64, err error) {
	k, err := keys.New(keys.DefaultNamespace)
	if err != nil {
		return 0, nil, err
	}
	all := bucket.ID{Period: bucket.All}
	n, err = c.HGet(ctx, k.Bucket(all), "share:twitter|n").Int64()
	if err != nil {
		return 0, nil, err
	}
	parts, err := c.LRange(ctx, k.Parts(all), 0, -1).Result()
	if err != nil {
		return 0, nil, err
	}
	sum := bucket.Sum{}
	for _, p := range parts {
		if err := sum.Add([]byte(p)); err != nil {
			return 0, nil, err
		}
	}
	return n, sum.Dims("share:twitter").Cells, nil
}

// Sharehook is killed and stopped, its disk takes no more, and Redis is killed,
// again and again under load: every 204 is counted exactly once, what got no
// answer at most once, and nothing else.
//
// GLOW_SHAREHOOK_FAULTS=100 GLOW_SHAREHOOK_RATE=2000 is the long run.
func TestFaultsUnderLoad(t *testing.T) {
	faults, perSecond := many(t, "GLOW_SHAREHOOK_FAULTS", 12), many(t, "GLOW_SHAREHOOK_RATE", 1000)
	clients := 20_000 + faults*2_000 // more than are ever needed, so that each posts once
	geoip, cells := addressPlaces(t, clients)
	r := redistest.Start(t)
	r.Fix = true
	c := r.Client()
	defer c.Close()
	geoworker(t, r.URL(), geoip)
	spool := t.TempDir()

	var now atomic.Pointer[hook]
	begin := func() { now.Store(start(t, spool, r.URL())) }
	begin()
	ctx, cancel := context.WithCancel(t.Context())
	var l load
	l.run(ctx, func() string {
		if l.next.Load() >= int64(clients-100) {
			cancel()
		}
		return now.Load().url
	}, 64, perSecond)
	for len(l.answered(204)) == 0 {
		_ = daemon.Sleep(ctx, 10*time.Millisecond)
	}
	kinds := []struct {
		name string
		do   func()
	}{
		{"kill", func() { now.Load().kill(); begin() }},
		{"stop", func() { now.Load().stop(); begin() }},
		{"disk full", func() {
			now.Load().largestFile(t, uint64(1+rand.N(2000)))
			_ = daemon.Sleep(ctx, time.Duration(rand.N(1500))*time.Millisecond)
			now.Load().largestFile(t, unix.RLIM_INFINITY)
		}},
		{"redis killed", func() {
			r.Kill()
			_ = daemon.Sleep(ctx, time.Duration(rand.N(800))*time.Millisecond)
			r.Start()
		}},
	}
	done := map[string]int{}
	for i := range faults {
		_ = daemon.Sleep(ctx, time.Duration(100+rand.N(600))*time.Millisecond)
		kind := kinds[i%len(kinds)]
		kind.do()
		done[kind.name]++
	}
	_ = daemon.Sleep(ctx, time.Second)
	cancel()
	l.wg.Wait()
	now.Load().stop()
	// What the last one left, another one queues.
	begin()
	want := int64(len(spooled(t, spool)))
	var n int64
	var counted map[uint32]uint64
	until(t, "all is counted", func() bool {
		var err error
		n, counted, err = total(t.Context(), c)
		return err == nil && n >= want
	})
	now.Load().stop()
	byAddress := map[string]int{}
	for cell, n := range counted {
		byAddress[cells[cell]] = int(n)
	}
	l.check(t, byAddress)
	if drops := c.HGetAll(t.Context(), "{glow}:drops").Val(); len(drops) > 0 {
		t.Errorf("dropped: %v", drops)
	}
	yes, open, no := len(l.answered(204)), len(l.answered(0)), len(l.answered(503))
	if n < int64(yes) || n > int64(yes+open) || n != want {
		t.Errorf("%d counted, %d in the spool, %d answered 204, %d unanswered", n, want, yes, open)
	}
	t.Logf("%v: %d answered 204, %d unanswered, %d answered 503; %d counted", done, yes, open, no, n)
}
