package main

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/redistest"
)

// soon makes a publisher's passes short.
var soon = []string{"--every", "100ms"}

// caughtUp waits until all minutes are published. The hour, the day and all
// time rest after each PUT.
func caughtUp(t testing.TB, w *worker) {
	t.Helper()
	eventually(t, "the minutes are published", func() bool {
		dirty, err := w.redis.ZRange(t.Context(), ns.Dirty(), 0, -1).Result()
		return err == nil && !slices.ContainsFunc(dirty, func(id string) bool {
			return strings.HasPrefix(id, "1m:") || strings.HasPrefix(id, "10s:")
		})
	})
}

func TestFollowsWhatIsCounted(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	w.tens = true
	p := start(t, command(s, append(soon, "--target", "file://"+dir)...))
	now := time.Now().Unix()
	r := rand.New(rand.NewPCG(3, 3))
	// Hours and longer rest after each PUT: the first one is at once.
	events := randomEvents(r, 500, now-100, now-20)
	w.count(events, 500)
	late := bucket.ID{Period: bucket.TenSeconds, Start: bucket.TenSeconds.Start(now - 30)}
	eventually(t, "latest.json names the newest 10s", func() bool {
		f := files(t, dir)
		if f["v1/latest.json"] == "" {
			return false
		}
		l := latest(t, f["v1/latest.json"])
		recent, _ := l["recent"].([]any)
		return slices.Contains(recent, any(stamp(late.Start))) && f["v1/"+late.Object()] != ""
	})
	before := seqIn(t, dir)
	eventually(t, "the heart beats", func() bool { return seqIn(t, dir) > before+3 })
	want := naive(events, true)
	got := files(t, dir)
	for name := range want {
		if strings.HasPrefix(name, "v1/10s/") && got[name] != want[name] {
			t.Errorf("%s: %.200s", name, got[name])
		}
	}
	l := latest(t, got["v1/latest.json"])
	for _, period := range []string{"10s", "1m", "1h", "1d"} {
		if l["newest"].(map[string]any)[period] == nil {
			t.Errorf("newest %s is missing: %v", period, l["newest"])
		}
	}
	p.stop()
	publish(t, s, "--once", "--target", "file://"+dir)
	compare(t, files(t, dir), want)
}

// A minute that is not over is not published, not even in part.
func TestWaitsForThePeriodsEnd(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	later := time.Now().Unix() + 120
	w.count([]event{{at: later, typ: "download", cell: 1}}, 1)
	p := start(t, command(s, append(soon, "--target", "file://"+dir)...))
	eventually(t, "all.json is there", func() bool { return files(t, dir)["v1/all.json"] != "" })
	seen := seqIn(t, dir)
	eventually(t, "some passes went by", func() bool { return seqIn(t, dir) > seen+3 })
	minute := bucket.ID{Period: bucket.Minute, Start: bucket.Minute.Start(later)}
	if f := files(t, dir)["v1/"+minute.Object()]; f != "" {
		t.Errorf("published before its end: %s", f)
	}
	p.stop()
}

func TestStoreFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(f *faulty){
		"a third of the requests fail": func(f *faulty) {
			r := rand.New(rand.NewPCG(8, 8))
			f.before = func(*http.Request) int {
				f.mu.Lock()
				defer f.mu.Unlock()
				if r.IntN(3) == 0 {
					return http.StatusServiceUnavailable
				}
				return 0
			}
		},
		"every third answer to a PUT is lost": func(f *faulty) {
			f.after = func(string) bool { return f.puts%3 == 0 }
		},
		"conditions are ignored": func(f *faulty) { f.ignores = true },
		"answers 409 now and then": func(f *faulty) {
			n := 0
			f.before = func(r *http.Request) int {
				f.mu.Lock()
				defer f.mu.Unlock()
				if n++; r.Method == http.MethodPut && n%4 == 0 {
					return http.StatusConflict
				}
				return 0
			}
		},
		"knows no conditions": func(f *faulty) {
			f.before = func(r *http.Request) int {
				if r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
					return http.StatusNotImplemented
				}
				return 0
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := redistest.Start(t), newFaulty(t)
			w := newWorker(t, s)
			f.set(func() { fault(f) })
			events := randomEvents(rand.New(rand.NewPCG(4, 4)), 400, dayStart, dayStart+3600)
			p := start(t, command(s, append(soon, "--target", "s3://launch", "--s3-endpoint", f.URL)...))
			w.count(events[:200], 20)
			caughtUp(t, w)
			w.count(events[200:], 20)
			caughtUp(t, w)
			p.stop()
			f.set(func() { f.before, f.after = nil, nil })
			publish(t, s, "--once", "--target", "s3://launch", "--s3-endpoint", f.URL)
			compare(t, f.files(t), naive(events, false))
		})
	}
}

// While the store is away nothing is lost, Redis stays small, and stopping works.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	s, f := redistest.Start(t), newFaulty(t)
	w := newWorker(t, s)
	target := []string{"--target", "s3://launch", "--s3-endpoint", f.URL}
	publish(t, s, append(target, "--once")...)
	down := func(*http.Request) int { return http.StatusInternalServerError }
	p := start(t, command(s, append(soon, target...)...))
	eventually(t, "the publisher works", func() bool { return strings.Contains(f.files(t)["v1/latest.json"], `"seq":3`) })
	f.set(func() { f.before = down })
	events := randomEvents(rand.New(rand.NewPCG(5, 5)), 1500, dayStart, dayStart+60)
	w.count(events, 3)
	hour := bucket.ID{Period: bucket.Hour, Start: dayStart}
	// 500 parts have come; a look leaves 200, to which publishing itself sees, and
	// so does one in the middle of their coming.
	eventually(t, "parts are summed up", func() bool { return w.redis.LLen(t.Context(), ns.Parts(hour)).Val() <= 200 })
	p.stop()
	if !p.says("store is away") {
		t.Errorf("not a word of the store:\n%s", p.log)
	}
	f.set(func() { f.before = nil })
	publish(t, s, append(target, "--once")...)
	compare(t, f.files(t), naive(events, false))
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t, "--appendfsync", "always"), t.TempDir()
	w := newWorker(t, s)
	events := randomEvents(rand.New(rand.NewPCG(6, 6)), 300, dayStart, dayStart+3600)
	p := start(t, command(s, append(soon, "--target", "file://"+dir)...))
	w.count(events[:100], 10)
	for i := 100; i < 300; i += 50 {
		s.Kill()
		s.Start()
		w.must(w.redis.Ping(t.Context()).Err())
		w.count(events[i:i+50], 10)
	}
	caughtUp(t, w)
	p.stop()
	publish(t, s, "--once", "--target", "file://"+dir)
	compare(t, files(t, dir), naive(events, false))
}

// A stop finishes the PUTs in flight: what was put is marked clean.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	s, f := redistest.Start(t), newFaulty(t)
	w := newWorker(t, s)
	w.count([]event{{at: dayStart, typ: "download", cell: 7}}, 1)
	arrived, goOn := make(chan string, 100), make(chan struct{})
	f.set(func() {
		f.before = func(r *http.Request) int {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/1m/") {
				arrived <- r.URL.Path
				<-goOn
			}
			return 0
		}
	})
	p := start(t, command(s, append(soon, "--target", "s3://launch", "--s3-endpoint", f.URL)...))
	<-arrived
	_ = p.Process.Signal(syscall.SIGTERM)
	eventually(t, "the stop is noticed", func() bool { return p.says("stopping") })
	close(goOn)
	if err := p.Wait(); err != nil {
		t.Fatalf("after SIGTERM: %v\n%s", err, p.log)
	}
	if n := w.redis.ZScore(t.Context(), ns.Dirty(), "1m:1395100800").Val(); n != 0 {
		t.Error("the minute was put but is still dirty")
	}
}
