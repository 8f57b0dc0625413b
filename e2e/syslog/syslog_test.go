// Package syslog tests the shipped syslog-ng and logrotate configurations with
// the real programs and the real pipeline behind them.
package syslog

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/bucket"
)

func TestMain(m *testing.M) { harness.Main(m) }

var lines = flag.Int("lines", 20_000, "lines to send, half of them over UDP")

// The day of an event tells how its line came.
const (
	tcpDay = "2026-03-24"
	udpDay = "2026-03-25"
)

// What is sent over TCP is counted, every line of it, while logrotate rotates
// and syslog-ng reopens late. Of UDP, the kernel's losses are seen in its
// count, syslog-ng's in its statistics, and all that syslog-ng wrote is counted.
func TestEveryLineOfTCPIsCounted(t *testing.T) {
	g := harness.New(t)
	s := receive(t, g.Log)
	g.Start("tailer")
	g.Start("geoworker")
	// A tailer begins with the file that it finds: it must have found the first
	// one before that is rotated away.
	sendTCP(t, s.addr(), "23/Mar/2026", 1)
	harness.Until(t, "the first line is counted", 30*time.Second, func() (bool, string) {
		got := days(t, g)
		return got["2026-03-23"] == 1, fmt.Sprint(got)
	})

	half := *lines / 2
	var senders sync.WaitGroup
	senders.Go(func() { sendTCP(t, s.addr(), "24/Mar/2026", half) })
	senders.Go(func() { sendUDP(t, s, half) })
	rotations := rotateUntil(s.rotator(), wait(&senders))

	harness.Until(t, "syslog-ng has read all that reached it", time.Minute, func() (bool, string) {
		waiting, dropped := s.kernel()
		tcp, udp := s.received("tcp")-1, s.received("udp")
		state := fmt.Sprintf("tcp %d of %d, udp %d and %d dropped of %d, %d bytes wait", tcp, half, udp, dropped, half, waiting)
		return waiting == 0 && tcp == half && udp+dropped == half, state
	})
	_, lostByKernel := s.kernel()
	lostBySyslog := s.stat(`dst\.file;d_glow#0;[^;]*;a;dropped`)
	want := map[string]int{
		tcpDay: half - half/other,
		udpDay: s.received("udp") - lostBySyslog,
	}
	harness.Until(t, fmt.Sprintf("counted: %v", want), 2*time.Minute, func() (bool, string) {
		got := days(t, g)
		return got[tcpDay] >= want[tcpDay] && got[udpDay] >= want[udpDay], fmt.Sprint(got)
	})
	if got := days(t, g); got[tcpDay] != want[tcpDay] || got[udpDay] != want[udpDay] {
		t.Errorf("counted %v, want %v", got, want)
	}
	if state, err := g.State(); err != nil || state.Dropped() != 0 {
		t.Errorf("%v, %v; want no drops", state, err)
	}
	if rotations < 4 {
		t.Errorf("%d rotations, want some while lines flow", rotations)
	}
	if lostByKernel == 0 {
		t.Error("no datagram was lost: this run did not tell UDP's losses from ours")
	}
	t.Logf("%d lines over TCP, %d over UDP (%d lost by the kernel, %d by syslog-ng), %d rotations: all others counted",
		half, half, lostByKernel, lostBySyslog, rotations)
}

// days is what is counted, by day.
func days(t *testing.T, g *harness.Glow) map[string]int {
	t.Helper()
	all, err := g.Client.HGetAll(context.Background(), g.Keys.Bucket(bucket.ID{Period: bucket.All})).Result()
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for field, v := range all {
		if day, ok := strings.CutPrefix(field, "download|day|"); ok {
			if n[day], err = strconv.Atoi(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

// other is how often a line over TCP is no download.
const other = 10

// shapes are the lines that load balancers send: with and without a syslog
// header, combined and Zeus's.
var shapes = []string{
	`%s - - [%s] "GET /get/setup.exe HTTP/1.1" 200 31415 "https://example.org/" "Mozilla/5.0"`,
	`download.example.org %s - - [%s] "GET /?product=glow-1.0&os=win&lang=fr HTTP/1.1" 302 - "-" "Mozilla/5.0 (\"x\")"`,
	`<134>Mar 24 14:00:00 lb1 zeus[77]: download.example.org %s - frank [%s] "GET /glow-1.0.tar.gz?m=1 HTTP/1.0" 200 27 "-" "-"`,
	`<134>1 2026-03-24T14:00:00Z lb2 zxtm 77 - [x@1 a="b"] %s - - [%s] "GET /glow.dmg HTTP/2" 200 27 "-" "curl"`,
}

// others are lines that must not count, whatever a visitor writes into them.
var others = []string{
	`%s - - [%s] "GET / HTTP/1.1" 200 5 "-" "-"`,
	`%s - - [%s] "GET /setup.exe HTTP/1.1" 404 5 "-" "-"`,
	`%s - - [%s] "GET /setup.exe HTTP/1.1" 206 5 "-" "-"`,
	`download.example.org %s - - [%s] "POST /setup.exe HTTP/1.1" 200 5 "-" "-"`,
	`%s - - [%s] "GET /a HTTP/1.1" 200 5 "-" "x 192.0.2.1 - - [24/Mar/2026:10:00:00 +0000] \"GET /setup.exe HTTP/1.1\" 200 "`,
}

func line(shape string, i int, date string) string {
	addr := fmt.Sprintf("81.2.%d.%d", i/256%256, i%256)
	if i%7 == 0 {
		addr = fmt.Sprintf("2001:db8::%x", i%65536)
	}
	at := fmt.Sprintf("%s:%02d:%02d:%02d +0000", date, 10+i/3600%10, i/60%60, i%60)
	return fmt.Sprintf(shape, addr, at)
}

// sendTCP sends n lines of a date, every tenth of which is no download, over
// two connections, the second one begun when the first one is done.
func sendTCP(t *testing.T, addr, date string, n int) {
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for part := range 2 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		w := bufio.NewWriter(conn)
		for i := n / 2 * part; i < n/2+(n-n/2)*part; i++ {
			shape := shapes[i%len(shapes)]
			if i%other == other-1 {
				shape = others[i/other%len(others)]
			}
			fmt.Fprintln(w, line(shape, i, date))
			if i%20 == 0 {
				_ = w.Flush() // an error shows in the last one
				<-pace.C
			}
		}
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
}

// sendUDP sends n downloads, paced, but for one burst in the middle that finds
// syslog-ng frozen: more than its receive buffer holds.
func sendUDP(t *testing.T, s *server, n int) {
	conn, err := net.Dial("udp", s.addr())
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	burst := min(n/4, 5000)
	for i := range n {
		switch i {
		case n / 2:
			s.freeze()
		case n/2 + burst:
			s.thaw()
		}
		if frozen := i >= n/2 && i < n/2+burst; !frozen && i%20 == 0 {
			<-pace.C
		}
		if _, err := fmt.Fprint(conn, line(shapes[i%len(shapes)], i, "25/Mar/2026")); err != nil {
			t.Error(err)
			return
		}
	}
}

func wait(wg *sync.WaitGroup) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	return done
}

// rotateUntil rotates again and again until done.
func rotateUntil(rotate func(), done <-chan struct{}) (rotations int) {
	every := time.NewTicker(500 * time.Millisecond)
	defer every.Stop()
	for {
		rotate()
		rotations++
		select {
		case <-done:
			return rotations
		case <-every.C:
		}
	}
}
