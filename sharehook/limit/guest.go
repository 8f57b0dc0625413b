package limit

import (
	"container/list"
	"errors"
	"net"
)

// mostLines is how many lines the head of a request may have. Go keeps some
// 100 bytes for each, however short it is, while it waits for the next.
const mostLines = 100

var errLines = errors.New("the head of the request has too many lines")

// guest is a connection in the accounts of [Conns].
type guest struct {
	net.Conn
	in    *list.List    // of those outside or inside; nil once it is forgotten
	place *list.Element // there; nil while it must not be closed

	lines int  // that the head may still have; negative after its end
	blank bool // nothing of the next line has come yet
}

// CloseWrite lets the server say that it is done: net/http does so before it
// closes, or a refusal could be lost with what the client was still sending.
func (g *guest) CloseWrite() error {
	if half, ok := g.Conn.(*net.TCPConn); ok {
		return half.CloseWrite()
	}
	return nil
}

// Read reads, and fails once a head has too many lines. The server answers 400
// to that.
func (g *guest) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	for _, c := range b[:n] {
		if g.lines < 0 {
			break
		}
		switch {
		case c == '\n' && g.blank:
			g.lines = -1
		case c == '\n':
			g.blank = true
			if g.lines--; g.lines < 0 {
				return 0, errLines
			}
		case c != '\r':
			g.blank = false
		}
	}
	return n, err
}
