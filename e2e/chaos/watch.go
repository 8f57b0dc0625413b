package chaos

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// watch looks at a run from outside, every second: how far it is, and how much
// memory everything takes.
type watch struct {
	w     *world
	stop  chan struct{}
	done  chan struct{}
	began time.Time

	mu      sync.Mutex
	counted []sample
	memory  []map[string]int64 // MiB by name, every ten seconds
}

type sample struct {
	at    time.Time
	lines int
}

func newWatch(w *world) *watch {
	return &watch{w: w, stop: make(chan struct{}), done: make(chan struct{})}
}

func (h *watch) run() {
	defer close(h.done)
	h.began = time.Now()
	h.remember()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := 1; ; i++ {
		select {
		case <-h.stop:
			return
		case <-tick.C:
		}
		h.look(i%10 == 0)
	}
}

func (h *watch) end() {
	close(h.stop)
	<-h.done
}

// look takes a sample. More counted than written is wrong at any moment.
func (h *watch) look(tell bool) {
	s, err := h.w.g.State()
	if err == nil {
		n := s.Counted + s.Dropped()
		if written := int(h.w.load.written.Load() + h.w.shares.sent.Load()); n > written {
			h.w.t.Errorf("%d lines and shares are counted of %d", n, written)
		}
		h.note(sample{time.Now(), n})
	}
	if !tell {
		return
	}
	h.remember()
	faults, kinds := h.w.table.count()
	h.w.t.Logf("%v: %d lines and %d shares, %d counted; %d faults of %d kinds",
		time.Since(h.began).Round(time.Second), h.w.load.written.Load(), h.w.shares.sent.Load(), h.last(), faults, kinds)
}

// keepFor is how long lines stay in a log after they are counted: Redis may go
// back, but not so far.
func (h *watch) keepFor() time.Duration {
	return min(max(h.w.c.For/4, 10*time.Second), 3*time.Minute)
}

func (h *watch) note(s sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counted = append(h.counted, s)
	for len(h.counted) > 1 && time.Since(h.counted[1].at) > h.keepFor() {
		h.counted = h.counted[1:]
	}
}

func (h *watch) last() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.counted) == 0 {
		return 0
	}
	return h.counted[len(h.counted)-1].lines
}

// spent says whether the first so many lines have long been counted.
func (h *watch) spent(lines int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.counted) == 0 || time.Since(h.counted[0].at) < h.keepFor() {
		return false
	}
	for _, s := range h.counted {
		if s.lines < lines+2*h.w.c.Rate {
			return false
		}
	}
	return true
}

// remember notes how much memory everything takes.
func (h *watch) remember() {
	m := map[string]int64{}
	for name, units := range h.w.units {
		for _, u := range units {
			m[name] = max(m[name], u.Process().Memory()>>20)
		}
	}
	m["redis"] = h.w.g.UsedMemory() >> 20
	h.mu.Lock()
	defer h.mu.Unlock()
	h.memory = append(h.memory, m)
}

// print shows the most memory of each in each quarter of the run.
func (h *watch) print(t testing.TB) {
	t.Helper()
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "most MiB in\t1st quarter\t2nd\t3rd\t4th\t")
	for _, name := range append(daemons, "redis") {
		fmt.Fprintf(out, "%s\t", name)
		for q := range 4 {
			most := int64(0)
			for _, m := range h.memory[len(h.memory)*q/4 : (len(h.memory)*(q+1)+3)/4] {
				most = max(most, m[name])
			}
			fmt.Fprintf(out, "%d\t", most)
		}
		fmt.Fprintln(out)
	}
	out.Flush()
	t.Logf("memory:\n%s", b.String())
}
