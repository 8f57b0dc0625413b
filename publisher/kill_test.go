package main

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

// killAgainAndAgain counts events while publishers are killed at random moments.
func killAgainAndAgain(t *testing.T, s *redistest.Server, w *worker, target []string, kills int) []event {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(kills)))
	events := someEvents(7, 25*kills)
	for i := range kills {
		p := start(t, command(s, append([]string{"--every", "100ms", "--log-level", "error"}, target...)...))
		timer := time.AfterFunc(time.Duration(r.Int64N(int64(300*time.Millisecond))), func() { _ = p.Process.Kill() })
		w.count(events[25*i:25*i+25], 5)
		_ = p.Wait()
		timer.Stop()
		if p.log.String() != "" {
			t.Logf("it said: %s", p.log)
		}
	}
	return events
}

func TestKilledOverAFolder(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	target := []string{"--target", "file://" + dir}
	events := killAgainAndAgain(t, s, w, target, 40)
	publish(t, s, append(target, "--once")...)
	compare(t, files(t, dir), naive(events, false))
	checkZipped(t, dir)
}

func TestKilledOverS3(t *testing.T) {
	t.Parallel()
	s, store := redistest.Start(t), s3test.Start(t)
	store.Bucket("launch")
	w := newWorker(t, s)
	target := []string{"--target", "s3://launch/glow", "--s3-endpoint", store.URL()}
	events := killAgainAndAgain(t, s, w, target, 40)
	publish(t, s, append(target, "--once")...)
	got := map[string]string{}
	for name, b := range files(t, store.Path("launch/glow")) {
		got[name] = unzipped(t, b)
	}
	compare(t, got, naive(events, false))
}

// One of several publishers is active. When it dies another on its machine
// takes over at once, without waiting for the lease to expire.
func TestOneIsActive(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	args := append(soon, "--target", "file://"+dir)
	a := start(t, command(s, args...))
	eventually(t, "the first is active", func() bool { return seqIn(t, dir) > 0 })
	b := start(t, command(s, args...))
	eventually(t, "the second waits", func() bool { return b.says("another instance is active") })
	a.kill()
	at, began := seqIn(t, dir), time.Now()
	eventually(t, "the second takes over", func() bool { return seqIn(t, dir) > at })
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
	events := someEvents(8, 50)
	w.count(events, 10)
	caughtUp(t, w)
	c := start(t, command(s, args...))
	eventually(t, "the third waits", func() bool { return c.says("another instance is active") })
	b.stop()
	c.stop()
	publish(t, s, "--once", "--target", "file://"+dir)
	compare(t, files(t, dir), naive(events, false))
}

// A frozen publisher's PUT that arrives after its successor's changes nothing.
func TestLatePutOfAFrozenPublisher(t *testing.T) {
	t.Parallel()
	s, f := redistest.Start(t), newFaulty(t)
	w := newWorker(t, s)
	target := []string{"--target", "s3://launch", "--s3-endpoint", f.URL}
	minute := bucket.ID{Period: bucket.Minute, Start: dayStart}
	events := []event{{at: dayStart, typ: "download", cell: 1}, {at: dayStart + 1, typ: "download", cell: 2}}
	arrived, goOn, landed := make(chan string, 1), make(chan bool), make(chan bool, 1)
	held := false
	f.set(func() {
		f.before = func(r *http.Request) int {
			f.mu.Lock()
			first := r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, minute.Object()) && !held
			held = held || first
			f.mu.Unlock()
			if first {
				arrived <- r.URL.Path
				<-goOn
				defer func() { landed <- true }()
			}
			return 0
		}
	})
	w.count(events[:1], 1)
	frozen := start(t, command(s, append(soon, target...)...))
	<-arrived
	_ = frozen.Process.Signal(syscall.SIGSTOP)
	w.count(events[1:], 1)
	successor := start(t, command(s, append(soon, target...)...))
	want := naive(events, false)
	eventually(t, "the successor has published", func() bool { return f.files(t)["v1/"+minute.Object()] == want["v1/"+minute.Object()] })
	goOn <- true
	<-landed
	_ = frozen.Process.Signal(syscall.SIGCONT)
	eventually(t, "the frozen one knows", func() bool { return frozen.says("the lease is lost") })
	caughtUp(t, w)
	frozen.stop()
	successor.stop()
	publish(t, s, append(target, "--once")...)
	compare(t, f.files(t), want)
}

// What is counted between the reading of a bucket and the answer to its PUT
// leaves the bucket dirty.
func TestCountedDuringAPut(t *testing.T) {
	t.Parallel()
	s, f := redistest.Start(t), newFaulty(t)
	w := newWorker(t, s)
	events := []event{{at: dayStart, typ: "download", cell: 1}}
	f.set(func() {
		f.before = func(r *http.Request) int {
			f.mu.Lock()
			defer f.mu.Unlock()
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/1m/") && len(events) < 5 {
				more := event{at: dayStart, typ: "download", cell: len(events)}
				events = append(events, more)
				w.must(w.commit([]event{more}))
			}
			return 0
		}
	})
	w.must(w.commit(events))
	publish(t, s, "--once", "--target", "s3://launch", "--s3-endpoint", f.URL)
	if len(events) != 5 {
		t.Fatalf("%d events", len(events))
	}
	compare(t, f.files(t), naive(events, false))
}

// Parts that come while their bucket is compacted and read are neither lost
// nor counted twice.
func TestCompactionWhileCounting(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	target := []string{"--target", "file://" + dir}
	p := start(t, command(s, append(soon, target...)...))
	events := randomEvents(rand.New(rand.NewPCG(9, 9)), 3000, dayStart, dayStart+120)
	w.count(events, 2)
	caughtUp(t, w)
	p.stop()
	publish(t, s, append(target, "--once")...)
	compare(t, files(t, dir), naive(events, false))
	if n := w.redis.LLen(t.Context(), ns.Parts(allTime)).Val(); n > 20 {
		t.Errorf("%d parts of 1500 are left", n)
	}
}
