package limit

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// headMost is how much of a request's head is looked for outside: as much as
// the server takes.
const headMost = 8 << 10

// Room is a listener in front of a server. It hands on a connection once the
// head of its first request is there, so that those who say nothing, or speak
// very slowly, cost a few KB and not a server's goroutine with its buffers.
// What they said so far stays with the kernel.
type Room struct {
	net.Listener
	conns *Conns
	wait  time.Duration
	ready chan net.Conn

	stop sync.Once
	done chan struct{}
	err  error // why there are no more, once done is closed
}

// NewRoom accepts from a TCP listener. Connections have so long to send the
// head of a request.
func NewRoom(l net.Listener, c *Conns, wait time.Duration) *Room {
	r := &Room{Listener: l, conns: c, wait: wait, ready: make(chan net.Conn), done: make(chan struct{})}
	go r.run()
	return r
}

// Accept returns the next connection with a request.
func (r *Room) Accept() (net.Conn, error) {
	select {
	case c := <-r.ready:
		return c, nil
	case <-r.done:
		return nil, r.err
	}
}

// Close closes the listener and all who wait.
func (r *Room) Close() error {
	err := r.Listener.Close()
	r.end(net.ErrClosed)
	return err
}

func (r *Room) end(err error) {
	r.stop.Do(func() {
		r.err = err
		close(r.done)
		r.conns.closeOutside()
	})
}

// run accepts for as long as there is something to accept from.
func (r *Room) run() {
	pause := time.Duration(0)
	for {
		nc, err := r.Listener.Accept()
		switch {
		case err == nil:
			pause = 0
			if g := r.conns.enter(nc); g != nil {
				go r.host(g)
			} else {
				nc.Close()
			}
		case crowded(err): // others will leave
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-r.done:
			}
		default:
			r.end(err)
			return
		}
	}
}

// crowded says whether an attempt to accept may be repeated.
func crowded(err error) bool {
	for _, e := range []error{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// host waits for a guest's head and lets it in.
func (r *Room) host(g *guest) {
	if !r.head(g.Conn) {
		r.conns.leave(g)
		return
	}
	select {
	case r.ready <- g:
	case <-r.done:
		r.conns.leave(g)
	}
}

var buffers = sync.Pool{New: func() any { return new([headMost]byte) }}

// head waits until the head of a request can be read, or too much of it.
func (r *Room) head(nc net.Conn) (there bool) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return true
	}
	raw, err := tcp.SyscallConn()
	wait := r.wait + rand.N(r.wait/4) // those who came together need not go together
	if err != nil || tcp.SetReadDeadline(time.Now().Add(wait)) != nil {
		return false
	}
	err = raw.Read(func(fd uintptr) (done bool) {
		b := buffers.Get().(*[headMost]byte)
		defer buffers.Put(b)
		n, err := peek(int(fd), b[:])
		there = err == nil && n > 0 && (n == len(b) || headEnds(b[:n]))
		return there || n == 0 || err != unix.EAGAIN && err != nil
	})
	return there && err == nil && tcp.SetReadDeadline(time.Time{}) == nil
}

// peek reads what has come so far and leaves it there. At the end, n is 0.
func peek(fd int, b []byte) (n int, err error) {
	for {
		n, _, err = unix.Recvfrom(fd, b, unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// headEnds says whether b holds an empty line.
func headEnds(b []byte) bool {
	return bytes.Contains(b, []byte("\n\r\n")) || bytes.Contains(b, []byte("\n\n"))
}
