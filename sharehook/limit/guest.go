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

	lines int    // that the head may still have; negative after its end
	blank bool   // nothing of the next line has come yet
	rest  []byte // of what came, handed on up to at
	at    int
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
//
// It hands on a head to its end, and then a line at a time until the server has
// answered. So of a request that came together with the one before, the server
// has no more than a line when the count for it begins.
func (g *guest) Read(b []byte) (int, error) {
	if rest := g.rest[g.at:]; len(rest) > 0 {
		n, err := g.pass(rest[:min(len(b), len(rest))])
		copy(b, rest[:n])
		g.at += n
		return n, err
	}
	came, err := g.Conn.Read(b)
	if err != nil {
		return came, err
	}
	n, err := g.pass(b[:came])
	g.rest, g.at = append(g.rest[:0], b[n:came]...), 0
	return n, err
}

// pass says how much of b the server may have now.
func (g *guest) pass(b []byte) (n int, err error) {
	for i, c := range b {
		switch {
		case c != '\n':
			g.blank = g.blank && c == '\r'
		case g.lines < 0: // behind a head
			return i + 1, nil
		case g.blank:
			g.lines = -1
			return i + 1, nil
		default:
			g.blank = true
			if g.lines--; g.lines < 0 {
				return 0, errLines
			}
		}
	}
	return len(b), nil
}
