package chaos

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// load is the log: what is written to it goes to the oracle too. Most events
// are of now, as in a real log; some are late and fall into one of the minutes
// of the last two hours, another one every few seconds; a few are of the edges
// of time, and a few lines are no events.
type load struct {
	w       *world
	writer  *harness.Writer
	rand    *rand.Rand
	addrs   []netip.Addr
	late    time.Time // a minute that gets late events
	turn    time.Time // when another one does
	over    atomic.Bool
	done    chan error
	written atomic.Int64

	mu     sync.Mutex
	oracle *oracle.Counter
}

func newLoad(w *world, r *rand.Rand) *load {
	w.t.Helper()
	o, err := oracle.New(oracle.Settings{
		GeoIP: w.g.GeoIP + ".oracle", Format: oracle.Format{Name: "glow"}, Now: time.Now().Add(w.c.For + 24*time.Hour),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return &load{
		w: w, oracle: o, rand: rand.New(rand.NewPCG(r.Uint64(), 2)), done: make(chan error, 1),
		addrs: harness.Addresses(w.t, r, w.g.GeoIP, 5000),
		writer: &harness.Writer{
			Path: w.g.Log, Rand: rand.New(rand.NewPCG(r.Uint64(), 3)), Rate: w.c.Rate, Linger: 400 * time.Millisecond,
		},
	}
}

func (l *load) open() error {
	return l.writer.Open(harness.Stream{Next: l.next, Keep: 8, Spent: l.w.watch.spent})
}

func (l *load) run() { l.done <- l.writer.Run() }

// end stops the writer.
func (l *load) end() {
	l.over.Store(true)
	if err := <-l.done; err != nil {
		l.w.t.Errorf("write the log: %v", err)
	}
}

func (l *load) next(n int) (lines [][]byte) {
	if l.over.Load() {
		return nil
	}
	now := time.Now()
	if now.After(l.turn) {
		l.late = now.Add(-time.Duration(l.rand.IntN(120)) * time.Minute).Truncate(time.Minute)
		l.turn = now.Add(time.Duration(l.rand.Int64N(int64(5 * time.Second))))
	}
	for range n {
		lines = append(lines, l.line(now))
	}
	return l.count(lines)
}

func (l *load) count(lines [][]byte) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written.Add(int64(len(lines))) // before they can be counted by anybody
	for _, line := range lines {
		l.oracle.Line(line)
	}
	return lines
}

func (l *load) line(now time.Time) []byte {
	e := harness.Event{Addr: l.addrs[l.rand.IntN(len(l.addrs))], Type: harness.Types[l.rand.IntN(len(harness.Types))]}
	switch k := l.rand.IntN(2000); {
	case k == 0:
		return []byte("no event")
	case k == 1:
		e.Time = time.Date(2150+l.rand.IntN(7000), 1, 1, 0, 0, 0, 0, time.UTC)
	case k == 2:
		e.Time = time.Unix(int64(l.rand.IntN(90)), 0)
	case k < 300:
		e.Time = l.late.Add(time.Duration(l.rand.IntN(60)) * time.Second)
	default:
		e.Time = now.Add(-time.Duration(l.rand.ExpFloat64() * float64(2*time.Second)))
	}
	return e.Line(l.rand, "glow")
}

// expected is how many lines and shares there are to be counted or dropped.
func (l *load) expected() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oracle.Lines
}

// read counts a spool's file besides.
func (l *load) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oracle.Read(f)
}
