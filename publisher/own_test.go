package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/redistest"
)

func someEvents(seed uint64, n int) []event {
	return randomEvents(rand.New(rand.NewPCG(seed, seed)), n, dayStart, dayStart+2*3600)
}

// flush empties Redis but for what a fresh geoworker would write at once.
func (w *worker) flush() {
	w.t.Helper()
	w.must(w.redis.FlushAll(w.t.Context()).Err())
	w.must(w.redis.HSet(w.t.Context(), ns.Meta(), "schema", "1", "grid", "0.5").Err())
}

func TestRefusesToOverwriteHistory(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	w.count(someEvents(1, 100), 10)
	target := []string{"--target", "file://" + dir}
	publish(t, s, append(target, "--once")...)
	before := tree(t, dir)

	p := start(t, command(s, append(soon, target...)...))
	eventually(t, "it runs", func() bool { return seqIn(t, dir) > 1 })
	w.flush()
	w.count(someEvents(2, 100), 10)
	if err := p.Wait(); err == nil || !p.says("publisher reset") || p.ProcessState.ExitCode() != 1 {
		t.Errorf("redis was emptied while it ran: %v\n%s", err, p.log)
	}
	refuse(t, 1, command(s, append(target, "--once")...), "emptied", "publisher reset")
	other := redistest.Start(t)
	newWorker(t, other)
	publish(t, other, "--once", "--target", "file://"+t.TempDir())
	refuse(t, 1, command(other, append(target, "--once")...), "a --target of its own", "publisher reset")
	after := tree(t, dir)
	for name := range before {
		if filepath.Base(name) == "latest.json" || filepath.Base(name) == "latest.json.gz" {
			continue
		}
		if after[name] != before[name] {
			t.Errorf("%s was overwritten", name)
		}
	}
}

func TestRefusesWhatIsNoFeed(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	newWorker(t, s)
	if err := os.MkdirAll(filepath.Join(dir, "v1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "v1", "latest.json"), []byte(`{"version":"3.1"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	refuse(t, 1, command(s, "--once", "--target", "file://"+dir), "latest.json", "--target")
}

func TestReset(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	target := []string{"--target", "file://" + dir}
	w.count(someEvents(1, 200), 10)
	w.must(w.redis.HSet(t.Context(), ns.Positions(), "a", "1").Err())
	w.must(w.redis.Set(t.Context(), "{other}:positions", "mine", 0).Err())
	publish(t, s, append(target, "--once")...)
	old := files(t, dir)

	said := publish(t, s, append([]string{"reset"}, target...)...)
	for _, want := range []string{"--yes", "1 positions", "tailer --once"} {
		if !strings.Contains(said, want) {
			t.Errorf("the dry run lacks %q:\n%s", want, said)
		}
	}
	if w.redis.Exists(t.Context(), ns.Positions()).Val() != 1 {
		t.Error("the dry run deleted something")
	}

	// A publisher that runs goes on under the new feed.
	p := start(t, command(s, append(soon, target...)...))
	eventually(t, "it runs", func() bool { return seqIn(t, dir) > 1 })
	publish(t, s, append([]string{"reset", "--yes", "--prune"}, target...)...)
	if n := w.redis.Exists(t.Context(), ns.Positions(), ns.Bucket(allTime), ns.Parts(allTime)).Val(); n != 0 {
		t.Errorf("%d keys are still there", n)
	}
	if w.redis.Get(t.Context(), "{other}:positions").Val() != "mine" || w.redis.HGet(t.Context(), ns.Meta(), "grid").Val() != "0.5" {
		t.Error("another namespace, or a setting, is gone")
	}
	events := someEvents(2, 100)
	w.count(events, 10)
	caughtUp(t, w)
	p.stop()
	publish(t, s, append(target, "--once")...)
	got := files(t, dir)
	compare(t, got, naive(events, false))
	was, is := latest(t, old["v1/latest.json"]), latest(t, got["v1/latest.json"])
	if was["feed"] == is["feed"] || is["seq"].(float64) <= was["seq"].(float64) {
		t.Errorf("feed and seq were %v, %v and are %v, %v", was["feed"], was["seq"], is["feed"], is["seq"])
	}
}

// After Redis was emptied the target alone knows the feed to be replaced.
func TestResetAfterRedisWasEmptied(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	target := []string{"--target", "file://" + dir}
	w.count(someEvents(1, 50), 10)
	publish(t, s, append(target, "--once")...)
	w.flush()
	refuse(t, 1, command(s, "reset", "--yes"), "--target")
	publish(t, s, append([]string{"reset", "--yes"}, target...)...)
	w.count(someEvents(1, 50), 10)
	publish(t, s, append(target, "--once")...)
	compare(t, files(t, dir), naive(someEvents(1, 50), false))
}

func TestAnnounce(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	newWorker(t, s)
	publish(t, s, "announce", "--status", "paused", "--message", "Back at noon <3")
	publish(t, s, "--once", "--target", "file://"+dir)
	if l := latest(t, files(t, dir)["v1/latest.json"]); l["status"] != "paused" || l["message"] != "Back at noon <3" {
		t.Errorf("%v", l)
	}
	publish(t, s, "announce", "--status", "live")
	publish(t, s, "--once", "--target", "file://"+dir)
	if l := latest(t, files(t, dir)["v1/latest.json"]); l["status"] != "live" || l["message"] != nil || l["seq"] != 2.0 {
		t.Errorf("%v", l)
	}
	refuse(t, 2, command(s, "announce", "--status", "dead"), "--status (or GLOW_STATUS)", "live, paused, ended")
	refuse(t, 2, command(s, "announce", "--status", "live", "--message", "two\nlines"), "--message")
}

var allTime = bucket.ID{Period: bucket.All}

// What is old leaves Redis, marked; its file stays.
func TestEvicts(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	w.tens = true
	w.counts = time.Now().Add(-8 * 24 * time.Hour).Unix()
	from := yesterday()
	old := randomEvents(rand.New(rand.NewPCG(5, 5)), 200, from, from+2*3600)
	w.count(old, 10)
	w.counts = time.Now().Add(-30 * time.Minute).Unix()
	young := randomEvents(rand.New(rand.NewPCG(6, 6)), 50, from+3*3600, from+4*3600)
	w.count(young, 10)
	target := "file://" + dir
	publish(t, s, "--once", "--target", target)
	events := append(old, young...)
	for name := range naive(events, true) {
		id := idOf(t, name)
		isYoung := false
		for _, e := range young {
			isYoung = isYoung || id.Period.Start(e.at) == id.Start
		}
		gone := !isYoung && (id.Period == bucket.TenSeconds || id.Period == bucket.Minute)
		if n := w.redis.Exists(t.Context(), ns.Bucket(id), ns.Parts(id)).Val(); (n == 0) != gone {
			t.Errorf("%s: %d of its keys are in redis, gone should be %v", id, n, gone)
		}
		marked := id.Period != bucket.All && w.redis.GetBit(t.Context(), ns.Evicted(id.Period), id.Start/id.Period.Seconds()).Val() == 1
		if marked != (gone && id.Period == bucket.Minute) {
			t.Errorf("%s: marked as evicted: %v", id, marked)
		}
	}
	compare(t, files(t, dir), naive(events, true))
	before := tree(t, dir)
	publish(t, s, "--once", "--target", target)
	sameTree(t, before, tree(t, dir))
	if w.redis.Exists(t.Context(), ns.Evicted(bucket.TenSeconds)).Val() != 0 {
		t.Error("10s evictions are marked")
	}
}

// idOf is the bucket of an object, "v1/1m/2014/03/18/00/01.json".
func idOf(t testing.TB, name string) bucket.ID {
	t.Helper()
	rest := strings.TrimSuffix(strings.TrimPrefix(name, "v1/"), ".json")
	if rest == "all" {
		return allTime
	}
	p, at, _ := strings.Cut(rest, "/")
	for _, layout := range []string{"2006/01/02", "2006/01/02/15", "2006/01/02/15/04", "2006/01/02/15/04/05"} {
		if d, err := time.Parse(layout, at); err == nil {
			return bucket.ID{Period: bucket.Period(p), Start: d.Unix()}
		}
	}
	t.Fatalf("no object: %s", name)
	return bucket.ID{}
}
