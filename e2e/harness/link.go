package harness

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Wire is how a [Link] carries bytes.
type Wire struct {
	Refuse bool          // cut: open connections are reset, new ones too
	Delay  time.Duration // before each piece that is passed on, either way
	Piece  int           // most bytes of a piece; 0: as they come
	Up     bool          // half-open: what the client sends vanishes, and nobody hears of it
	Down   bool          // half-open: what the server sends vanishes
}

// Link is a piece of network: a TCP port of 127.0.0.1 that carries connections
// to a server, well or badly.
type Link struct {
	network, target string
	listener        net.Listener

	mu    sync.Mutex
	wire  Wire
	cuts  int // a byte more closes the connection, if above 0: see Break
	conns map[*net.TCPConn]bool
}

// NewLink starts a link to the server at target.
func NewLink(t testing.TB, network, target string) *Link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &Link{network: network, target: target, listener: l, conns: map[*net.TCPConn]bool{}}
	t.Cleanup(func() {
		l.Close()
		k.Reset()
	})
	go k.serve()
	return k
}

// Addr is where the link listens.
func (k *Link) Addr() string { return k.listener.Addr().String() }

// Set changes how bytes are carried from now on.
func (k *Link) Set(w Wire) {
	k.mu.Lock()
	k.wire = w
	k.mu.Unlock()
	if w.Refuse {
		k.Reset()
	}
}

// Break lets so many bytes more reach the server and then resets the
// connection that they came by.
func (k *Link) Break(after int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cuts = after
}

// Reset resets all open connections.
func (k *Link) Reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range k.conns {
		_ = c.SetLinger(0)
		c.Close()
	}
}

func (k *Link) serve() {
	for {
		c, err := k.listener.Accept()
		if err != nil {
			return
		}
		go k.carry(c.(*net.TCPConn))
	}
}

func (k *Link) carry(client *net.TCPConn) {
	defer k.close(client)
	if !k.open(client) {
		return
	}
	server, err := net.Dial(k.network, k.target)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	go func() {
		k.pass(server, client, true)
		done <- struct{}{}
	}()
	go func() {
		k.pass(client, server, false)
		done <- struct{}{}
	}()
	<-done
}

func (k *Link) open(c *net.TCPConn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conns[c] = true
	return !k.wire.Refuse
}

func (k *Link) close(c *net.TCPConn) {
	_ = c.SetLinger(0)
	c.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.conns, c)
}

// pass carries one direction until it ends or breaks.
func (k *Link) pass(to, from net.Conn, up bool) {
	b := make([]byte, 64<<10)
	dead := false // once something vanished nothing comes through any more: this is TCP
	for {
		w, _ := k.now(0, false)
		piece := len(b)
		if w.Piece > 0 {
			piece = w.Piece
		}
		n, err := from.Read(b[:piece])
		if err != nil {
			return
		}
		w, n = k.now(n, up)
		if w.Delay > 0 {
			time.Sleep(w.Delay)
		}
		if dead = dead || up && w.Up || !up && w.Down; dead {
			continue
		}
		if n < 0 {
			_, _ = to.Write(b[:-n-1])
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// now is how n bytes are to be carried; -m-1 means: m of them, then no more.
func (k *Link) now(n int, up bool) (Wire, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if up && n > 0 && k.cuts > 0 {
		if k.cuts -= n; k.cuts <= 0 {
			n = -(n + k.cuts) - 1
			k.cuts = 0
		}
	}
	return k.wire, n
}
