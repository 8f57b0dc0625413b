package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/redistest"
)

// state is all of Redis, to be put back later: a rollback as an older
// append-only file, or a replica that lagged behind, would bring it.
type state map[string]string

func (w *worker) save() state {
	w.t.Helper()
	st := state{}
	for _, key := range w.redis.Keys(w.t.Context(), "*").Val() {
		st[key] = w.redis.Dump(w.t.Context(), key).Val()
	}
	return st
}

func (w *worker) rollBack(st state) {
	w.t.Helper()
	_, err := w.redis.TxPipelined(w.t.Context(), func(p redis.Pipeliner) error {
		p.FlushAll(w.t.Context())
		for key, dump := range st {
			p.RestoreReplace(w.t.Context(), key, 0, dump)
		}
		return nil
	})
	w.must(err)
}

func TestRecoversAfterARollback(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	target := []string{"--target", "file://" + dir}
	events := someEvents(3, 300)
	w.count(events[:100], 10)
	publish(t, s, append(target, "--once")...)
	old := w.save()
	w.count(events[100:], 10)
	p := start(t, command(s, append(soon, target...)...))
	eventually(t, "all is published", func() bool { // days and hours too, as it is their first time
		n, err := w.redis.ZCard(t.Context(), ns.Dirty()).Result()
		return err == nil && n == 0
	})
	full := latest(t, files(t, dir)["v1/latest.json"])["totals"]
	before := files(t, dir)

	w.rollBack(old)
	w.count(events[100:150], 10) // the logs are being read again
	now := func() map[string]any { return latest(t, files(t, dir)["v1/latest.json"]) }
	eventually(t, "it says so", func() bool { return now()["status"] == "recovering" })
	seq := now()["seq"].(float64)
	eventually(t, "the heart beats on", func() bool { return now()["seq"].(float64) > seq+3 })
	if l := now(); l["totals"].(map[string]any)["download"] != full.(map[string]any)["download"] {
		t.Errorf("totals %v, want the old ones, %v", l["totals"], full)
	}
	for name, b := range files(t, dir) {
		if name != "v1/latest.json" && b != before[name] {
			t.Errorf("%s was taken back", name)
		}
	}
	w.count(events[150:], 10)
	eventually(t, "it goes on", func() bool { return now()["status"] == "live" })
	p.stop()
	publish(t, s, append(target, "--once")...)
	compare(t, files(t, dir), naive(events, false))
}

// Redis goes back in time, or begins another feed, in the middle of a pass:
// nothing that is read after that is put.
func TestRedisChangesDuringAPass(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *worker, old state){
		"a rollback": func(w *worker, old state) { w.rollBack(old) },
		"a reset":    func(w *worker, _ state) { w.must(w.redis.HSet(w.t.Context(), ns.Meta(), "feed", "another").Err()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := redistest.Start(t), newFaulty(t)
			w := newWorker(t, s)
			target := []string{"--target", "s3://launch", "--s3-endpoint", f.URL}
			events := someEvents(12, 300)
			w.count(events[:100], 10)
			publish(t, s, append(target, "--once")...)
			old := w.save()
			w.count(events[100:], 10)
			changed := false
			var since []string // objects put afterwards
			f.set(func() {
				f.before = func(r *http.Request) int {
					f.mu.Lock()
					defer f.mu.Unlock()
					switch {
					case r.Method != http.MethodPut:
					case changed:
						since = append(since, r.URL.Path)
					case strings.Contains(r.URL.Path, "/1m/"):
						change(w, old)
						changed = true
					}
					return 0
				}
			})
			p := start(t, command(s, append([]string{"--every", "100ms", "--in-flight", "1"}, target...)...))
			eventually(t, "it is noticed", func() bool { return p.says("buckets wait") || p.says("starting over") })
			f.set(func() {
				for _, name := range since {
					if !strings.HasSuffix(name, "/latest.json") {
						t.Errorf("%s was put afterwards", name)
					}
				}
			})
		})
	}
}

func TestGivesUpRecovering(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	target := []string{"--target", "file://" + dir}
	events := someEvents(4, 300)
	w.count(events[:100], 10)
	publish(t, s, append(target, "--once")...)
	old := w.save()
	w.count(events[100:], 10)
	publish(t, s, append(target, "--once")...)
	w.rollBack(old)
	w.count(events[200:], 10) // 100 to 200 are gone for ever
	out := publish(t, s, append(target, "--once", "--recover-timeout", "300ms", "--every", "100ms")...)
	if !strings.Contains(out, "giving up") || !strings.Contains(out, "download ") {
		t.Errorf("it does not say what fell short:\n%s", out)
	}
	got, want := files(t, dir), naive(append(events[:100:100], events[200:]...), false)
	if got["v1/all.json"] != want["v1/all.json"] {
		t.Errorf("all.json: %.300s", got["v1/all.json"])
	}
}
