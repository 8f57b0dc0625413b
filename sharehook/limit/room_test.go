package limit

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func newRoom(t *testing.T, wait time.Duration) *Room {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := NewRoom(l, NewConns(100, 100, prometheus.NewGauge(prometheus.GaugeOpts{}), prometheus.NewCounter(prometheus.CounterOpts{})), wait)
	t.Cleanup(func() { r.Close() })
	return r
}

func say(t *testing.T, r *Room, pieces ...string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, p := range pieces {
		if _, err := io.WriteString(c, p); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Who has said a whole head comes in, however it was cut to pieces, and
// nothing of it is lost; who has not stays outside.
func TestRoom(t *testing.T) {
	r := newRoom(t, time.Hour)
	for _, silent := range []string{"", "G", "GET / HTTP/1.1\r\nHost: x\r\n", "\x16\x03\x01"} {
		say(t, r, silent)
	}
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.0\n\n",
		"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", headMost),
	} {
		half := len(head) / 2
		say(t, r, head[:half], head[half:len(head)-1], head[len(head)-1:])
		c, err := r.Accept()
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(head))
		if _, err := io.ReadFull(c, got); err != nil || string(got) != head {
			t.Errorf("%q, %v; want %q", got, err, head)
		}
	}
}

func TestRoomTurnsOutTheSlowAndTheGone(t *testing.T) {
	r := newRoom(t, 20*time.Millisecond)
	slow := say(t, r, "POST /sha")
	gone := say(t, r)
	gone.Close()
	if n, err := slow.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("%d, %v", n, err)
	}
}

func TestRoomIsClosed(t *testing.T) {
	r := newRoom(t, time.Hour)
	waiting := say(t, r, "POST /sha")
	say(t, r, "GET / HTTP/1.0\n\n")
	if _, err := r.Accept(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := waiting.Read(make([]byte, 1)); err == nil {
		t.Error("who waited is still there")
	}
}

type talker struct {
	net.Conn
	r io.Reader
}

func (t talker) Read(b []byte) (int, error) { return t.r.Read(b) }

// A head has its lines counted to its end, however it is cut to pieces.
func TestHeadLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		fine       bool
	}{
		{"usual", "POST /share HTTP/1.1\r\nHost: x\r\n\r\n" + strings.Repeat("\n", 4000), true},
		{"most", strings.Repeat("x\r\n", mostLines-1) + "\r\n" + strings.Repeat("x\n", mostLines+1), true},
		{"too many", strings.Repeat("x\r\n", mostLines+1) + "\r\n", false},
		{"too many without CR", strings.Repeat("x\n", mostLines+1), false},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
			g := &guest{Conn: talker{r: r}, lines: mostLines}
			got, err := io.ReadAll(g)
			if (err == nil) != c.fine || c.fine && string(got) != c.text {
				t.Errorf("%s: %d of %d bytes, %v", c.name, len(got), len(c.text), err)
			}
		}
	}
}

// The end of a head is seen in whatever pieces it comes: a whole look sees it
// exactly if the count of its lines does.
func FuzzHead(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody"), 3)
	f.Add([]byte("\r\r\n\n\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		at = max(0, min(at, len(b)))
		g := &guest{Conn: talker{r: io.MultiReader(bytes.NewReader(b[:at]), bytes.NewReader(b[at:]))}, lines: mostLines}
		got, err := io.ReadAll(g)
		if err != nil {
			if n := bytes.Count(b, []byte("\n")); n <= mostLines {
				t.Fatalf("%q: %v after %d lines", b, err, n)
			}
			return
		}
		if !bytes.Equal(got, b) {
			t.Fatalf("%q became %q", b, got)
		}
		if ended := g.lines < 0; headEnds(b) && !ended {
			t.Fatalf("%q ends, and is not seen to", b)
		}
	})
}

// The server says that it is done before it closes, so that a refusal is not
// lost with what the client was still sending.
func TestGuestIsDone(t *testing.T) {
	r := newRoom(t, time.Hour)
	client := say(t, r, "GET / HTTP/1.0\n\n")
	c, err := r.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	half, ok := c.(interface{ CloseWrite() error })
	if !ok {
		t.Fatal("net/http cannot say that it is done")
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(client); err != nil || len(b) > 0 {
		t.Errorf("the client reads %q, %v", b, err)
	}
}
