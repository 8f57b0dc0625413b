package limit

import (
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(2, 3)
		client := netip.MustParseAddr("203.0.113.7")
		pass := func(a netip.Addr, want int) {
			t.Helper()
			n := 0
			for range 10 {
				if r.Wait(a) == 0 {
					n++
				}
			}
			if n != want {
				t.Errorf("%d of 10 passed, want %d", n, want)
			}
		}
		pass(client, 3)
		if w := r.Wait(client); w <= 0 || w > 500*time.Millisecond {
			t.Errorf("told to wait %v for the next half second", w)
		}
		pass(netip.MustParseAddr("203.0.113.8"), 3)
		pass(netip.MustParseAddr("2001:db8::1"), 3)
		pass(netip.MustParseAddr("2001:db8::2"), 0) // the same /64
		pass(netip.MustParseAddr("2001:db8:0:1::1"), 3)
		time.Sleep(time.Second)
		pass(client, 2)
	})
}

func TestRateOff(t *testing.T) {
	r := NewRate(0, 0)
	for range 100 {
		if r.Wait(netip.MustParseAddr("203.0.113.7")) != 0 {
			t.Fatal("limited without a limit")
		}
	}
}

// A flood of addresses neither takes memory without end nor makes a client
// that keeps coming be forgotten.
func TestRateIsBounded(t *testing.T) {
	r := NewRate(0.001, 1)
	busy := netip.MustParseAddr("203.0.113.7")
	r.Wait(busy)
	for i := range uint32(5 * maxClients) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], i)
		r.Wait(netip.AddrFrom4(b))
		if i%1000 == 0 && r.Wait(busy) == 0 {
			t.Fatal("a busy client was forgotten")
		}
	}
	if n := len(r.now) + len(r.old); n > 2*maxClients {
		t.Errorf("%d clients remembered", n)
	}
}

type pipe struct {
	net.Conn
	closed bool
}

func (p *pipe) Close() error { p.closed = true; return nil }

// table is connections by number, some of which have been closed.
type table struct {
	t     *testing.T
	pipes [9]*pipe
	conns [9]*guest
	c     *Conns
}

func (b *table) enter(i int) {
	b.pipes[i] = &pipe{}
	b.conns[i] = b.c.enter(b.pipes[i])
}

func (b *table) state(i int, s http.ConnState) { b.c.State(b.conns[i], s) }

func (b *table) closed(when string, want ...int) {
	b.t.Helper()
	for i, p := range b.pipes {
		if p != nil && p.closed != slices.Contains(want, i) {
			b.t.Errorf("%s: connection %d closed: %v", when, i, p.closed)
		}
	}
}

func newTable(t *testing.T, most, inside int) (b *table, open prometheus.Gauge, shed prometheus.Counter) {
	open = prometheus.NewGauge(prometheus.GaugeOpts{Name: "open"})
	shed = prometheus.NewCounter(prometheus.CounterOpts{Name: "shed"})
	return &table{t: t, c: NewConns(most, inside, open, shed)}, open, shed
}

func TestConnsCloseTheLongestWaiting(t *testing.T) {
	b, open, shed := newTable(t, 3, 3)
	come := func(i int) {
		b.enter(i)
		b.state(i, http.StateNew)
	}
	come(0)
	come(1)
	come(2)
	release := b.c.Hold(b.c.Context(t.Context(), b.conns[0]))
	b.state(1, http.StateIdle) // finished a request: 2 now waits longest
	b.closed("full")
	come(3)
	b.closed("one too many", 2)
	come(4)
	b.closed("two too many", 2, 1)
	release()
	come(5)
	b.closed("after the request on 0", 2, 1, 3)
	b.state(4, http.StateClosed)
	b.state(3, http.StateClosed) // already forgotten
	come(6)
	b.closed("room was left", 2, 1, 3)
	if n := testutil.ToFloat64(open); n != 3 {
		t.Errorf("%v open", n)
	}
	if n := testutil.ToFloat64(shed); n != 3 {
		t.Errorf("%v shed", n)
	}
}

// Who waits outside goes first, and there is a bound on those inside.
func TestConnsInsideAndOutside(t *testing.T) {
	b, _, _ := newTable(t, 5, 2)
	for i := range 5 {
		b.enter(i)
	}
	b.state(1, http.StateNew)
	b.state(2, http.StateNew)
	b.closed("two inside")
	b.state(3, http.StateNew)
	b.closed("three inside", 1)
	b.enter(5)
	b.enter(6)
	b.closed("six in all", 1, 0)
	b.state(0, http.StateNew) // on its way in when it was closed
	b.c.closeOutside()
	b.closed("the door is shut", 1, 0, 4, 5, 6)
	if b.c.enter(&pipe{}) != nil {
		t.Error("somebody came in")
	}
}
