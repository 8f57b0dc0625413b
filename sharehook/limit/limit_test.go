package limit

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
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

func TestConnsCloseTheLongestWaiting(t *testing.T) {
	open := prometheus.NewGauge(prometheus.GaugeOpts{Name: "open"})
	shed := prometheus.NewCounter(prometheus.CounterOpts{Name: "shed"})
	c := NewConns(3, open, shed)
	conn := make([]*pipe, 7)
	for i := range conn {
		conn[i] = &pipe{}
	}
	add := func(i int) { c.State(conn[i], http.StateNew) }
	check := func(when string, closed ...int) {
		t.Helper()
		for i, p := range conn {
			want := false
			for _, j := range closed {
				want = want || i == j
			}
			if p.closed != want {
				t.Errorf("%s: connection %d closed: %v", when, i, p.closed)
			}
		}
	}
	add(0)
	add(1)
	add(2)
	release := c.Hold(c.Context(context.Background(), conn[0]))
	c.State(conn[1], http.StateIdle) // finished a request: 2 now waits longest
	check("full")
	add(3)
	check("one too many", 2)
	add(4)
	check("two too many", 2, 1)
	release()
	add(5)
	check("after the request on 0", 2, 1, 3)
	c.State(conn[4], http.StateClosed)
	c.State(conn[3], http.StateClosed) // already forgotten
	add(6)
	check("room was left", 2, 1, 3)
	if n := testutil.ToFloat64(open); n != 3 {
		t.Errorf("%v open", n)
	}
	if n := testutil.ToFloat64(shed); n != 3 {
		t.Errorf("%v shed", n)
	}
}
