package chaos

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// fault is one kind of fault.
type fault struct {
	component string
	name      string
	weight    int // how many times in a deck
	least     time.Duration
	do        func(w *world, r *rand.Rand)
}

// lane is faults that are made one after the other. They are drawn from a deck
// that holds each kind as often as it weighs, shuffled anew when it is empty:
// so that every kind comes soon and none is forgotten.
type lane struct {
	kinds []fault
	rand  *rand.Rand
	gap   time.Duration // mean, between the end of one fault and the next
	deck  []fault
}

// lanes are the run's: Redis and the network to it; machines, files and
// databases; the store, the network to it, and shares. No two of them touch
// the same thing.
func (w *world) lanes(r *rand.Rand) (list []*lane) {
	for _, kinds := range [][]fault{
		slices.Concat(redisFaults(), networkFaults(), w.clocks.redisFaults()),
		slices.Concat(daemonFaults("tailer", "geoworker", "publisher"), fileFaults(), geoFaults(), w.clocks.daemonFaults()),
		slices.Concat(storeFaults(), daemonFaults("sharehook"), spoolFaults(w)),
	} {
		list = append(list, newLane(w.c, r.Uint64(), kinds))
	}
	return list
}

func newLane(c Config, seed uint64, kinds []fault) *lane {
	l := &lane{rand: rand.New(rand.NewPCG(seed, 0)), gap: 700 * time.Millisecond}
	for _, f := range kinds {
		if c.wants(f) {
			l.kinds = append(l.kinds, f)
		}
	}
	return l
}

// wants says whether a run draws this fault: some take longer than a short run.
func (c Config) wants(f fault) bool {
	if len(c.Only) == 0 {
		return c.For >= f.least
	}
	for _, name := range c.Only {
		if strings.HasPrefix(f.name, name) {
			return true
		}
	}
	return false
}

// draw takes the next fault and a source of chance of its own, so that what one
// fault draws does not change the next.
func (l *lane) draw() (f fault, r *rand.Rand, gap time.Duration) {
	if len(l.deck) == 0 {
		for _, f := range l.kinds {
			for range f.weight {
				l.deck = append(l.deck, f)
			}
		}
		l.rand.Shuffle(len(l.deck), func(i, j int) { l.deck[i], l.deck[j] = l.deck[j], l.deck[i] })
	}
	f, l.deck = l.deck[0], l.deck[1:]
	gap = l.gap/2 + time.Duration(l.rand.Int64N(int64(l.gap)))
	return f, rand.New(rand.NewPCG(l.rand.Uint64(), 1)), gap
}

// run makes faults until it is time, or until the test has failed.
func (l *lane) run(w *world, end time.Time) {
	if len(l.kinds) == 0 {
		return
	}
	for {
		f, r, gap := l.draw()
		time.Sleep(gap)
		if time.Now().After(end) || w.t.Failed() {
			return
		}
		began := time.Now()
		f.do(w, r)
		w.table.add(f, began)
	}
}

// within draws a duration.
func within(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}
