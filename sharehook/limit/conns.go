package limit

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Conns bounds the number of open connections without ever turning a new one
// away for the sake of an idle one: when there are too many, the connection
// that has gone longest without a finished request is closed. Slow clients can
// fill the table, but each good request needs its place for milliseconds only.
//
// Connections are of two kinds. Those that are still to send the head of their
// first request wait in a [Room], where one costs a few KB; they go first.
// Those inside have a server's goroutine and buffers, some 30 KB: there may be
// insideMost of them.
//
// The methods State and Context are the server's ConnState and ConnContext.
type Conns struct {
	most, insideMost int
	open             prometheus.Gauge
	shed             prometheus.Counter

	mu              sync.Mutex
	all, allInside  int
	outside, inside list.List // of *guest that may be closed, longest waiting first
	closed          bool      // nobody is let in any more
}

// NewConns allows so many connections, and so many of them inside, and shows
// how many are open and how many were closed to make room.
func NewConns(most, insideMost int, open prometheus.Gauge, shed prometheus.Counter) *Conns {
	return &Conns{most: most, insideMost: insideMost, open: open, shed: shed}
}

// enter takes a new connection in, outside at first. The server must be given
// what it returns; nil if there is no entry any more.
func (c *Conns) enter(nc net.Conn) *guest {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	g := &guest{Conn: nc, lines: mostLines}
	c.all++
	g.in, g.place = &c.outside, c.outside.PushBack(g)
	c.makeRoom()
	return g
}

// State follows the life of a connection inside.
func (c *Conns) State(nc net.Conn, s http.ConnState) {
	g := nc.(*guest)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		c.comeIn(g)
	case http.StateIdle:
		g.lines, g.blank = mostLines, false
		if g.place != nil {
			c.inside.MoveToBack(g.place)
		}
	case http.StateClosed, http.StateHijacked:
		c.forget(g)
	}
}

func (c *Conns) comeIn(g *guest) {
	if g.place == nil {
		return // closed on its way
	}
	c.outside.Remove(g.place)
	c.allInside++
	g.in, g.place = &c.inside, c.inside.PushBack(g)
	c.makeRoom()
}

// makeRoom closes who has waited longest, where there are too many.
func (c *Conns) makeRoom() {
	for c.allInside > c.insideMost && c.inside.Len() > 0 {
		c.close(&c.inside)
	}
	for c.all > c.most && c.outside.Len()+c.inside.Len() > 0 {
		if c.outside.Len() > 1 || c.inside.Len() == 0 { // the last one outside has just come
			c.close(&c.outside)
		} else {
			c.close(&c.inside)
		}
	}
	c.open.Set(float64(c.all))
}

func (c *Conns) close(from *list.List) {
	g := from.Front().Value.(*guest)
	c.forget(g)
	_ = g.Conn.Close()
	c.shed.Inc()
}

// forget takes a connection out of all accounts.
func (c *Conns) forget(g *guest) {
	if g.in == nil {
		return
	}
	c.all--
	if g.in == &c.inside {
		c.allInside--
	}
	if g.place != nil {
		g.in.Remove(g.place)
	}
	g.in, g.place = nil, nil
	c.open.Set(float64(c.all))
}

// leave closes a connection that does not come in.
func (c *Conns) leave(g *guest) {
	c.mu.Lock()
	c.forget(g)
	c.mu.Unlock()
	_ = g.Conn.Close()
}

// closeOutside closes all that wait outside, and the door: of their requests
// nothing was taken.
func (c *Conns) closeOutside() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for c.outside.Len() > 0 {
		g := c.outside.Front().Value.(*guest)
		c.forget(g)
		_ = g.Conn.Close()
	}
}

// Hurry gives those inside who have not sent all of a request so long to do it.
func (c *Conns) Hurry(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := time.Now().Add(d)
	for at := c.inside.Front(); at != nil; at = at.Next() {
		_ = at.Value.(*guest).SetReadDeadline(by) // who is gone needs no deadline
	}
}

type connKey struct{}

// Context makes the connection known to [Conns.Hold].
func (c *Conns) Context(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}

// Hold keeps the connection of a request open until the returned function is
// called: its request is complete and waits for us, not we for it.
func (c *Conns) Hold(ctx context.Context) (release func()) {
	g, _ := ctx.Value(connKey{}).(*guest)
	c.mu.Lock()
	defer c.mu.Unlock()
	if g == nil || g.place == nil {
		return func() {}
	}
	c.inside.Remove(g.place)
	g.place = nil
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if g.in != nil && g.place == nil {
			g.place = c.inside.PushBack(g)
		}
	}
}
