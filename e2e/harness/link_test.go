package harness

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// echo is a server that answers each line with itself.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// ask sends a line and waits a moment for the answer.
func ask(t *testing.T, c net.Conn, line string) (string, error) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(answer), err
}

func dial(t *testing.T, k *Link) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", k.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestLink(t *testing.T) {
	k := NewLink(t, "tcp", echo(t))
	c := dial(t, k)
	for _, w := range []Wire{{}, {Delay: 10 * time.Millisecond, Piece: 3}} {
		k.Set(w)
		if got, err := ask(t, c, "hello there"); got != "hello there" {
			t.Errorf("%+v: %q, %v", w, got, err)
		}
	}
	k.Set(Wire{Refuse: true})
	if got, err := ask(t, c, "cut"); err == nil {
		t.Errorf("a cut link answered %q", got)
	}
	if again, err := net.Dial("tcp", k.Addr()); err == nil { // it may be reset as early as here
		defer again.Close()
		if got, err := ask(t, again, "cut"); err == nil {
			t.Errorf("a cut link took a new connection and answered %q", got)
		}
	}
	k.Set(Wire{})
	if got, err := ask(t, dial(t, k), "again"); got != "again" {
		t.Errorf("after the cut: %q, %v", got, err)
	}
}

// On a half-open connection nothing comes any more, not even later.
func TestHalfOpenLink(t *testing.T) {
	for _, w := range []Wire{{Up: true}, {Down: true}} {
		k := NewLink(t, "tcp", echo(t))
		c := dial(t, k)
		k.Set(w)
		if _, err := ask(t, c, "lost"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%+v: %v", w, err)
		}
		k.Set(Wire{})
		if got, err := ask(t, c, "still lost"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%+v, healed: %q, %v", w, got, err)
		}
		if got, err := ask(t, dial(t, k), "new"); got != "new" {
			t.Errorf("%+v, a new connection: %q, %v", w, got, err)
		}
	}
}

// Break lets through what it says and then resets.
func TestBrokenLink(t *testing.T) {
	k := NewLink(t, "tcp", echo(t))
	c := dial(t, k)
	k.Break(7)
	if got, err := ask(t, c, "four"); got != "four" {
		t.Errorf("before the break: %q, %v", got, err)
	}
	if got, err := ask(t, c, "fourteen"); err == nil {
		t.Errorf("after the break: %q", got)
	}
}

// A request that goes astray arrives after its connection has broken.
func TestLateRequest(t *testing.T) {
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		if b, _ := io.ReadAll(q.Body); string(b) == "body" {
			arrived.Add(1)
		}
	}))
	defer server.Close()
	p := NewProxy(t, Rand(t), server.URL, Weather{Late: 1, Hold: time.Millisecond})
	if r, err := http.Post(p.URL(), "text/plain", strings.NewReader("body")); err == nil {
		t.Errorf("who sent it was answered %s", r.Status)
	}
	Until(t, "it arrives", 10*time.Second, func() (bool, string) { return arrived.Load() == 1, "" })
}
