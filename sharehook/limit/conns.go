package limit

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Conns bounds the number of open connections without ever turning a new one
// away for the sake of an idle one: when there are too many, the connection
// that has gone longest without a finished request is closed. Slow clients can
// fill the table, but each good request needs its place for milliseconds only.
//
// Its methods State and Context are the server's ConnState and ConnContext.
type Conns struct {
	max  int
	open prometheus.Gauge
	shed prometheus.Counter

	mu      sync.Mutex
	all     map[net.Conn]*conn
	waiting list.List // of *conn, longest waiting first
}

// conn is a connection; place is nil while it must not be closed.
type conn struct {
	net.Conn
	place *list.Element
}

// NewConns allows max connections and shows how many are open and how many
// were closed to make room.
func NewConns(max int, open prometheus.Gauge, shed prometheus.Counter) *Conns {
	return &Conns{max: max, open: open, shed: shed, all: map[net.Conn]*conn{}}
}

// State follows the life of a connection.
func (c *Conns) State(nc net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		cn := &conn{Conn: nc}
		c.all[nc] = cn
		cn.place = c.waiting.PushBack(cn)
		c.makeRoom()
	case http.StateIdle:
		if cn := c.all[nc]; cn != nil && cn.place != nil {
			c.waiting.MoveToBack(cn.place)
		}
	case http.StateClosed, http.StateHijacked:
		c.forget(nc)
	}
	c.open.Set(float64(len(c.all)))
}

func (c *Conns) makeRoom() {
	for len(c.all) > c.max && c.waiting.Len() > 0 {
		longest := c.waiting.Front().Value.(*conn)
		c.forget(longest.Conn)
		_ = longest.Close()
		c.shed.Inc()
	}
}

func (c *Conns) forget(nc net.Conn) {
	if cn := c.all[nc]; cn != nil {
		delete(c.all, nc)
		c.release(cn)
	}
}

func (c *Conns) release(cn *conn) {
	if cn.place != nil {
		c.waiting.Remove(cn.place)
		cn.place = nil
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
	nc, _ := ctx.Value(connKey{}).(net.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	cn := c.all[nc]
	if cn == nil {
		return func() {}
	}
	c.release(cn)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.all[nc] == cn && cn.place == nil {
			cn.place = c.waiting.PushBack(cn)
		}
	}
}
