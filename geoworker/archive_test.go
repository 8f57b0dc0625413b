package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/located"
)

// archive switches the archive on or off.
func (s *stage) archive(on bool) {
	s.Helper()
	s.naive.archive = on
	ctx := context.Background()
	err := s.c.HSet(ctx, s.k.Meta(), keys.MetaArchive, keys.On).Err()
	if !on {
		err = s.c.HDel(ctx, s.k.Meta(), keys.MetaArchive).Err()
	}
	if err != nil {
		s.Fatal(err)
	}
}

// located reads the located stream, and checks that its entries say how many
// lines they hold and the hash how many were ever appended.
func (s *stage) located() (rows []string) {
	s.Helper()
	ctx := context.Background()
	sums := map[string]int{}
	var entries *redis.XMessageSliceCmd
	var hash *redis.MapStringStringCmd
	_, err := s.c.TxPipelined(ctx, func(p redis.Pipeliner) error { // as they are at one moment
		entries, hash = p.XRange(ctx, s.k.Located(), "-", "+"), p.HGetAll(ctx, s.k.Archive())
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range entries.Val() {
		text, _ := e.Values[located.FieldEvents].(string)
		lines := strings.Split(text, "\n")
		if n := e.Values[located.FieldN]; n != strconv.Itoa(len(lines)) || len(text) > located.MaxEntry {
			s.Errorf("an entry of %d lines and %d bytes says %s", len(lines), len(text), n)
		}
		for _, line := range lines {
			e, err := located.Parse(line)
			if err != nil {
				s.Fatalf("%q: %v", line, err)
			}
			sums["n|"+e.Type]++
		}
		rows = append(rows, lines...)
	}
	for field, n := range hash.Val() {
		if n != strconv.Itoa(sums[field]) {
			s.Errorf("%s is %s, %d are in the stream", field, n, sums[field])
		}
	}
	return rows
}

// checkRows checks that the stream holds each row once, in whatever order.
func (s *stage) checkRows() {
	s.Helper()
	got, want := s.located(), slices.Clone(s.naive.rows)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		s.Errorf("%d rows, want %d; from the first difference on\n got  %q\n want %q", len(got), len(want), got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
	}
}

// While the archive is on, and only then, all that is counted is in the
// located stream, once, whoever is killed or frozen.
func TestLocatedStream(t *testing.T) {
	s := newStage(t)
	r := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	workers := []*worker{s.start("--claim-after", "300ms"), s.start("--claim-after", "300ms")}
	counted := func() {
		t.Helper()
		s.until("the queue is empty", s.queueEmpty)
		s.check()
		s.checkRows()
	}
	for range 10 {
		s.pushRandom(100)
	}
	counted()
	if n := s.c.Exists(context.Background(), s.k.Located(), s.k.Archive()).Val(); n != 0 {
		t.Error("there is a stream while the archive is off")
	}
	s.archive(true) // under running workers
	for range 10 {
		s.pushRandom(100)
	}
	counted()
	for i := range 200 {
		s.pushRandom(1 + s.r.IntN(300))
		if i%10 != 0 {
			continue
		}
		w := &workers[r.IntN(len(workers))]
		if i%20 == 0 {
			_ = (*w).Process.Signal(syscall.SIGSTOP)
			s.pushRandom(50)
			defer func(w *worker) { _ = w.Process.Signal(syscall.SIGCONT) }(*w)
		}
		_ = (*w).Process.Kill()
		<-(*w).done
		*w = s.start("--claim-after", "300ms")
	}
	counted()
	s.archive(false)
	for range 10 {
		s.pushRandom(100)
	}
	counted()
	for _, w := range workers {
		s.stop(w)
	}
}

// A switch at any moment: what is in the stream was counted, once.
func TestArchiveSwitched(t *testing.T) {
	s := newStage(t)
	s.archive(true)
	w := s.start()
	for i := range 60 {
		s.pushRandom(1000)
		s.archive(i%2 == 0)
		s.naive.archive = true
	}
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	want := map[string]int{}
	for _, row := range s.naive.rows {
		want[row]++
	}
	got := s.located()
	for _, row := range got {
		if want[row]--; want[row] < 0 {
			t.Fatalf("%q is in the stream, but was not counted so often", row)
		}
	}
	t.Logf("%d of %d events are in the stream", len(got), len(s.naive.rows))
	s.stop(w)
}

// While counting is paused nothing is counted, also by a worker that comes in
// between; a pause ends by itself.
func TestPaused(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.start("--claim-after", "300ms")
	s.until("the worker is ready", w.ready)
	now := s.c.Time(ctx).Val()
	s.c.HSet(ctx, s.k.Meta(), keys.MetaPaused, now.Add(time.Hour).UnixMilli())
	for range 5 {
		s.pushRandom(500)
	}
	s.until("the worker waits", func() bool { return w.metric("glow_geoworker_paused_waits_total") > 2 })
	_ = w.Process.Kill()
	w = s.start("--claim-after", "300ms")
	s.until("the next worker waits", func() bool { return w.metric("glow_geoworker_paused_waits_total") > 2 })
	if n := s.c.Exists(ctx, s.k.Drops(), s.k.Dirty()).Val(); n != 0 {
		t.Error("something was counted")
	}
	s.c.HSet(ctx, s.k.Meta(), keys.MetaPaused, s.c.Time(ctx).Val().Add(300*time.Millisecond).UnixMilli())
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	s.until("the worker says so", func() bool { return strings.Contains(w.stderr.String(), "counting goes on") })
	s.stop(w)
	if n := strings.Count(w.stderr.String(), "counting is paused"); n != 1 {
		t.Errorf("%d reports of one pause", n)
	}
}

// A worker takes nothing while the archiver is too far behind, and says so.
func TestLocatedFull(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.archive(true)
	w := s.start("--max-located", "1M")
	waits := func() bool { return w.metric("glow_geoworker_located_full_waits_total") > 0 && !w.ready() }
	for range 40 {
		s.pushRandom(1000)
	}
	s.until("the worker waits, or is done", func() bool { return waits() || s.queueEmpty() })
	for range 40 {
		s.pushRandom(1000)
	}
	s.until("the worker waits", waits)
	if s.queueEmpty() {
		t.Error("nothing waits in the queue")
	}
	s.stop(w) // what it holds is nothing
	w = s.start("--max-located", "1M")
	s.until("the next worker waits", waits)
	rows := s.located()
	_, err := s.c.TxPipelined(ctx, func(p redis.Pipeliner) error { // or the worker goes on in between
		p.XTrimMaxLen(ctx, s.k.Located(), 0)
		p.Del(ctx, s.k.Archive())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.until("the worker waits again, or is done", func() bool {
		return strings.Count(w.stderr.String(), "the located stream is full") > 1 || s.queueEmpty()
	})
	rows = append(rows, s.located()...)
	for range 20 {
		s.pushRandom(1000)
	}
	s.archive(false) // which it must notice while it waits
	s.until("the queue is empty", s.queueEmpty)
	s.check()
	if len(rows) < 20000 || len(rows) > len(s.naive.rows) {
		t.Errorf("%d of %d events were in the stream", len(rows), len(s.naive.rows))
	}
	s.until("the worker is ready", w.ready)
	s.stop(w)
}
