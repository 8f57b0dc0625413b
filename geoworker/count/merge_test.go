package count

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
)

func places(t testing.TB) *locate.Map {
	t.Helper()
	g, err := grid.New(0.5)
	if err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("GLOW_GEOIP") // a real database, by hand
	if path == "" {
		path = filepath.Join(t.TempDir(), "city.mmdb")
		if err := geotest.Write(path, 28); err != nil {
			t.Fatal(err)
		}
	}
	m, err := locate.Open(path, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// sums reads the parts of a step back, by bucket.
func sums(t testing.TB, s *Step) map[string]bucket.Sum {
	t.Helper()
	all := map[string]bucket.Sum{}
	for i, arg := range s.args {
		packed, ok := arg.([]byte)
		if !ok {
			continue
		}
		// A bucket's arguments end with its part and begin with its name.
		for j := i; j >= 0; j-- {
			if name, ok := s.args[j].(string); ok {
				if id, err := bucket.ParseID(name); err == nil {
					all[id.String()] = bucket.Sum{}
					if err := all[id.String()].Add(packed); err != nil {
						t.Fatalf("%s: %v", id, err)
					}
					break
				}
			}
		}
	}
	return all
}

// Whatever an entry holds: nobody dies, each line is an event or a drop, and
// all periods agree on the number of events.
func FuzzAdd(f *testing.F) {
	f.Add("8.8.8.8 1774360850 download\n1.2.3.4 1774360850 share:twitter os=win", "1774360850000-0")
	f.Add("\n", "0-0")
	f.Add("::1 253402300799 a\n::1 0 a\n", "253402300799000-1")
	f.Add("", "x")
	m := places(f)
	f.Fuzz(func(t *testing.T, text, id string) {
		g := New()
		g.Use(m)
		g.Add(id, map[string]any{"events": text})
		lines := 1 + strings.Count(strings.TrimSuffix(text, "\n"), "\n")
		if _, ok := millis(id); !ok {
			lines = 1
		}
		s := g.Step(keys.Keys{}, "me")
		if s.Events+s.Drops[Poison]+s.Drops[Future] != lines {
			t.Fatalf("%d lines: %d events, %v", lines, s.Events, s.Drops)
		}
		n := map[bucket.Period]int{}
		for name, sum := range sums(t, s) {
			id, _ := bucket.ParseID(name)
			for _, d := range sum {
				for _, k := range d.Beat {
					n[id.Period] += int(k)
				}
			}
		}
		if n[bucket.Minute] != s.Events || n[bucket.Hour] != s.Events || n[bucket.Day] != s.Events {
			t.Fatalf("%d events, %v by period", s.Events, n)
		}
	})
}

// What is far more than a batch is given up as a whole, and takes no memory.
func TestTooLargeIsNoBatch(t *testing.T) {
	g := New()
	g.Use(places(t))
	var minutes strings.Builder
	for i := range maxLines + 2 {
		fmt.Fprintf(&minutes, "8.8.8.8 %d t%d\n", 60*i, i)
	}
	for id, text := range map[string]string{"1-0": minutes.String(), "2-0": strings.Repeat("x", maxEntry+1), "3-0": "8.8.8.8 1 ok"} {
		g.Add(id, map[string]any{"events": text})
	}
	if n := len(g.slots); n > 2 { // a minute and ten seconds
		t.Errorf("%d slots", n)
	}
	if s := g.Step(keys.Keys{}, "me"); s.Events != 1 || s.Drops[Poison] != 2 || len(s.IDs) != 3 {
		t.Errorf("%d events, drops %v, entries %v", s.Events, s.Drops, s.IDs)
	}
}

// Types that are made up without end are forgotten.
func TestForgetsTypes(t *testing.T) {
	g := New()
	g.Use(places(t))
	for i := range 3 {
		for j := range 1000 {
			g.Add("1774360850000-0", map[string]any{"events": fmt.Sprintf("8.8.8.8 1774360850 t%d-%d", i, j)})
		}
		g.Step(keys.Keys{}, "me")
		if len(g.types)+len(g.typeOf)+len(g.slots) != 0 || len(g.spare) > maxSpare {
			t.Fatalf("kept %d types, %d slots, %d spare", len(g.typeOf), len(g.slots), len(g.spare))
		}
	}
}

// Gathering an event allocates nothing: what an entry costs does not depend on
// how many events it holds.
func TestAllocations(t *testing.T) {
	for name, id := range map[string]string{"live": "1774360850000-0", "import": "1774390850000-0"} {
		g := New()
		g.Use(places(t))
		all := load(16, 120)
		gather := func() {
			for _, e := range all {
				g.Add(id, e)
			}
		}
		gather() // makes the slots
		if n := testing.AllocsPerRun(5, gather) / float64(len(all)); n > 3 {
			t.Errorf("%s: %.1f allocations for an entry of a thousand events", name, n)
		}
	}
}

// load is entries of 1,000 events: 300,000 addresses, some more than others,
// 10 % IPv6, over two minutes.
func load(entries int, spread int64) []map[string]any {
	r := rand.New(rand.NewPCG(1, 2))
	addrs := make([]netip.Addr, 300000)
	for i := range addrs {
		p := netip.MustParsePrefix(geotest.Places[r.IntN(len(geotest.Places))].Net)
		b := p.Addr().AsSlice()
		if i%10 == 0 && p.Addr().Is4() {
			b = []byte{0x2a, 0, 0, 1, 0, byte(i), byte(i >> 8), byte(i >> 16), 0, 0, 0, 0, 0, 0, 0, 1}
		}
		for j := (p.Bits() + 7) / 8; j < len(b); j++ {
			b[j] = byte(r.Uint32())
		}
		addrs[i], _ = netip.AddrFromSlice(b)
	}
	all := make([]map[string]any, entries)
	for i := range all {
		var b bytes.Buffer
		for range event.MaxBatch {
			at := 1774360850 - r.Int64N(spread)
			fmt.Fprintf(&b, "%s %d download\n", addrs[int(float64(len(addrs))*r.Float64()*r.Float64())], at)
		}
		all[i] = map[string]any{"events": b.String()}
	}
	return all
}

// cpu is the processor time of this process so far, in ns: what a busy machine
// cannot spoil.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkStep(b *testing.B) {
	m := places(b)
	for name, c := range map[string]struct {
		spread int64
		id     string
	}{"live": {120, "1774360850000-0"}, "import": {120, "1774390850000-0"}, "shuffled day": {86400, "1774490850000-0"}} {
		b.Run(name, func(b *testing.B) {
			const entries = 256
			all := load(entries, c.spread)
			g := New()
			g.Use(m)
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu(b)
			for range b.N {
				for _, e := range all {
					g.Add(c.id, e)
					if g.Buckets() >= 2048 {
						g.Step(keys.Keys{}, "me")
					}
				}
				g.Step(keys.Keys{}, "me")
			}
			events := float64(b.N * entries * event.MaxBatch)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
			b.ReportMetric(float64(cpu(b)-before)/events, "cpu-ns/event")
		})
	}
}
