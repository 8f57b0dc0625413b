package e2e

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// flow is a log that is written and rotated while things happen.
type flow struct {
	g      *harness.Glow
	r      *rand.Rand
	lines  int
	oracle *oracle.Counter
	units  []*harness.Unit
	done   chan error
	writer *harness.Writer
	age    time.Duration // of the first event
	span   time.Duration // of all events
	sorted bool          // by their times, all of them
}

// startFlow starts all daemons, and a log of so many lines that takes about so
// long and rotates in the given ways, or in all. The events are of the last two
// hours.
func startFlow(t *testing.T, r *rand.Rand, g *harness.Glow, lines int, takes time.Duration, rotations ...harness.Rotation) *flow {
	t.Helper()
	f := &flow{g: g, r: r, lines: lines, age: 2 * time.Hour, span: 2 * time.Hour}
	return f.start(t, takes, rotations...)
}

// start is startFlow where the events are of another time.
func (f *flow) start(t *testing.T, takes time.Duration, rotations ...harness.Rotation) *flow {
	t.Helper()
	if len(rotations) == 0 {
		rotations = harness.Rotations
	}
	g, r, lines, now := f.g, f.r, f.lines, time.Now()
	events := harness.Events(r, lines, harness.Addresses(t, r, g.GeoIP, 5000), now.Add(-f.age), f.span)
	if f.sorted {
		slices.SortStableFunc(events, func(a, b harness.Event) int { return a.Time.Compare(b.Time) })
	}
	log := make([][]byte, lines)
	for i, e := range events {
		if log[i] = e.Line(r, "glow"); r.IntN(1000) == 0 {
			log[i] = []byte("no event")
		}
	}
	f.done = make(chan error, 1)
	f.oracle = newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow"}, Now: now}, text(log))
	g.Args["geoworker"] = append(g.Args["geoworker"], "--claim-after", "1s")
	write(t, g.Log, nil)
	for _, name := range []string{"tailer", "geoworker", "geoworker", "publisher"} {
		f.units = append(f.units, g.Unit(name))
	}
	g.WaitFollowed()
	f.writer = &harness.Writer{
		Path: g.Log, Rand: rand.New(rand.NewPCG(r.Uint64(), 0)), Rate: int(float64(lines) / takes.Seconds()),
		Every: max(takes/40, 300*time.Millisecond), Rotations: rotations,
	}
	go func() { f.done <- f.writer.Write(log) }()
	return f
}

// wait waits until all is written and counted.
func (f *flow) wait(t *testing.T) {
	t.Helper()
	if err := <-f.done; err != nil {
		t.Fatalf("write the log: %v", err)
	}
	t.Logf("%d lines, rotations %v", f.lines, f.writer.Rotated)
	f.g.WaitCounted(f.lines, 3*time.Minute)
}

// finish waits until all is counted, stops everything and compares.
func (f *flow) finish(t *testing.T) {
	t.Helper()
	f.wait(t)
	for _, u := range f.units {
		u.Stop()
	}
	f.g.Once("publisher")
	f.g.Feed().Compare(t, f.oracle)
	compareDrops(t, f.g, f.oracle)
}

// every calls do about every so often, n times.
func every(r *rand.Rand, n int, mean time.Duration, do func(i int)) {
	for i := range n {
		<-time.After(mean/2 + time.Duration(r.Int64N(int64(mean))))
		do(i)
	}
}

// kill -9 of any daemon at any moment, while the log flows and rotates.
func TestKilledDaemons(t *testing.T) {
	t.Parallel()
	kills, lines := harness.Size(t, "GLOW_E2E_KILLS", 50), harness.Size(t, "GLOW_E2E_LINES", 100000)
	r := harness.Rand(t)
	mean := 300 * time.Millisecond
	f := startFlow(t, r, harness.New(t), lines, time.Duration(kills)*mean)
	every(r, kills, mean, func(int) { f.units[r.IntN(len(f.units))].Kill() })
	f.finish(t)
}

// kill -9 of Redis while the log flows and rotates, once with the file of its
// appends repaired before each start, as our drop-in does, and once with the
// gate alone.
func TestKilledRedis(t *testing.T) {
	for name, fix := range map[string]bool{"drop-in": true, "gate alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills, lines := harness.Size(t, "GLOW_E2E_REDIS_KILLS", 6), harness.Size(t, "GLOW_E2E_LINES", 50000)
			r := harness.Rand(t)
			g := harness.New(t)
			g.Redis.Fix = fix
			g.Once("publisher") // takes the feed's id, and waits until that is on the disk
			began := g.Began()
			mean := 1500 * time.Millisecond
			f := startFlow(t, r, g, lines, time.Duration(kills)*mean)
			torn := int64(0)
			every(r, kills, mean, func(i int) {
				g.Redis.Kill()
				if i%2 == 1 { // a power cut besides
					torn += g.TearSince(began, r, 100000)
				}
				g.Redis.Start()
				for _, u := range f.units {
					u.Check()
				}
			})
			t.Logf("%d bytes torn off", torn)
			f.finish(t)
		})
	}
}
