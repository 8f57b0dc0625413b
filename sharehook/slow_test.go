package main

import (
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whoever takes too long is turned out, in each phase of a request, and told
// so where that makes sense; a good request goes through all the same.
func TestSlowPhases(t *testing.T) {
	t.Parallel()
	h := start(t, t.TempDir(), nowhere)
	const head = "POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for _, c := range []struct{ name, first, then, answer string }{
		{"silent", "", "", ""},
		{"head", "POST /share HTTP/1.1\r\nX: ", "x", ""},
		{"head after a request", "GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST /sh", "x", "404"},
		{"body", head + "Content-Length: 4000\r\n\r\n{", " ", "408"},
		{"chunks", head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", "408"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := dribble(t, h, c.first, c.then)
			if told, ok := strings.CutPrefix(got, "HTTP/1.1 "); ok != (c.answer != "") || !strings.HasPrefix(told, c.answer) {
				t.Errorf("answered %.20q, want %s", got, c.answer)
			}
			if got := good(t, h, 1, 1); len(got) != 1 {
				t.Error("a good request suffers")
			}
		})
	}
}

// dribble says first, and then the rest over and over until it is turned out.
// It returns what it was told.
func dribble(t testing.TB, h *hook, first, rest string) string {
	u, _ := url.Parse(h.url)
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := make(chan string)
	go func() {
		b, _ := io.ReadAll(c)
		answer <- string(b)
	}()
	_, _ = io.WriteString(c, first)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case a := <-answer:
			return a
		case <-tick.C:
			_, _ = io.WriteString(c, rest)
		}
	}
}

// A stop waits for nobody who has not said what he wants: of that nothing was taken.
func TestStopWithCrowd(t *testing.T) {
	t.Parallel()
	h := start(t, t.TempDir(), nowhere)
	m := gather(t, h, mobOrder{Members: 300, Says: beginnings})
	until(t, "the crowd is there", func() bool { return m.state.Load().Open == 300 })
	good(t, h, 10, 1000)
	h.stop()
	if n := len(spooled(t, h.spool)); n != 10 {
		t.Errorf("%d shares, want 10", n)
	}
}
