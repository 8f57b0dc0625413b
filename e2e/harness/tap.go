package harness

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Fate is what becomes of a piece that a client sends through a [Tap].
type Fate struct {
	Hold time.Duration // it arrives so much later, whether or not its sender still lives
	Lose bool          // it arrives, but the connection breaks before its answer does
}

// Tap is a piece of network, a TCP port of 127.0.0.1, where somebody looks at
// all that clients send and decides what becomes of it.
type Tap struct {
	listener net.Listener
	see      func(piece []byte) Fate

	mu              sync.Mutex
	network, target string
	conns           map[net.Conn]bool
}

// NewTap starts a tap before the server at target. see is called for each
// piece that a client sends, by several goroutines.
func NewTap(t testing.TB, network, target string, see func(piece []byte) Fate) *Tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &Tap{listener: l, see: see, network: network, target: target, conns: map[net.Conn]bool{}}
	go p.serve()
	return p
}

// Tap starts a tap before the system's Redis.
func (g *Glow) Tap(see func(piece []byte) Fate) *Tap {
	g.T.Helper()
	o := g.Client.Options()
	return NewTap(g.T, o.Network, o.Addr, see)
}

// Turn makes the tap lead to another server, and cuts all connections; "" is no
// server at all.
func (p *Tap) Turn(network, target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.network, p.target = network, target
	for c := range p.conns {
		c.Close()
	}
}

// dial connects a client's connection to the server.
func (p *Tap) dial(client net.Conn) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	server, err := net.Dial(p.network, p.target)
	if err == nil {
		p.conns[client] = true
	}
	return server, err
}

func (p *Tap) end(client net.Conn) {
	client.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
}

// Addr is where the tap listens.
func (p *Tap) Addr() string { return p.listener.Addr().String() }

// Args are what makes a daemon go through the tap to Redis.
func (p *Tap) Args() []string {
	return []string{"--redis-url", "redis://" + p.Addr()}
}

func (p *Tap) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.carry(client)
	}
}

// carry ends the server's side only when all that the client sent has arrived.
func (p *Tap) carry(client net.Conn) {
	defer p.end(client)
	server, err := p.dial(client)
	if err != nil {
		return
	}
	defer server.Close()
	lose := make(chan struct{}, 1)
	go answers(client, server, lose)
	b := make([]byte, 1<<20)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		fate := p.see(b[:n])
		time.Sleep(fate.Hold)
		if fate.Lose {
			lose <- struct{}{}
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
	}
}

// answers carries what the server says, until it is to be lost.
func answers(client, server net.Conn, lose chan struct{}) {
	defer client.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := server.Read(b)
		if err != nil {
			return
		}
		select {
		case <-lose:
			return
		default:
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}
