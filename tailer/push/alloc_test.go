package push

import (
	"bytes"
	"testing"

	"github.com/glowmap/glow/tailer/follow"
)

// allocsMost is how many allocations a push may cost, go-redis's included.
const allocsMost = 19

// What pushing costs in allocations depends on pushes, not on the events in them.
func TestSendAllocations(t *testing.T) {
	p, _ := pusher(t)
	p.MaxQueue = 1 << 30
	const pushes = 32
	for _, events := range []int{1, 1000} {
		list, done := same(t, p, pushes, events), 0
		send := func() {
			if err := p.Send(t.Context(), list, func(*Push) { done++ }); err != nil {
				t.Fatal(err)
			}
		}
		send() // connects
		n := testing.AllocsPerRun(20, send)
		if n > allocsMost*pushes {
			t.Errorf("%d events a push: %.1f allocations a push", events, n/pushes)
		}
		if done != 22*pushes {
			t.Errorf("%d pushes done", done)
		}
	}
}

// same is pushes of so many events each that may be sent again and again.
func same(t testing.TB, p *Pusher, pushes, events int) []Push {
	t.Helper()
	if err := p.Redis.HSet(t.Context(), p.Keys.Positions(), "f", "at").Err(); err != nil {
		t.Fatal(err)
	}
	batch := bytes.Repeat([]byte("203.0.113.7 1395100800 download\n"), events)
	list := make([]Push, pushes)
	for i := range list {
		list[i] = Push{Step: follow.Step{Source: "s", Changes: []follow.Change{{Field: "f", Old: "at", New: "at"}}}, Batch: batch[:len(batch)-1]}
	}
	return list
}

func BenchmarkSend(b *testing.B) {
	p, _ := pusher(b)
	p.MaxQueue = 1 << 30
	list := same(b, p, 32, 1000)
	b.ReportAllocs()
	b.SetBytes(int64(len(list) * len(list[0].Batch)))
	for b.Loop() {
		if err := p.Send(b.Context(), list, func(*Push) {}); err != nil {
			b.Fatal(err)
		}
		p.Redis.Del(b.Context(), p.Keys.Queue())
	}
}
