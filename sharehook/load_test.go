package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/internal/redistest"
)

// many is a number that a test may be told to enlarge by its environment.
func many(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// address makes the n-th test client.
func address(n int64) string {
	return fmt.Sprintf("11.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// load is clients that each post from a new address all the time.
type load struct {
	next  atomic.Int64
	mu    sync.Mutex
	codes map[string]int // what each address was answered, 0 for nothing
	wg    sync.WaitGroup
}

// browser returns an HTTP client with connections of its own.
func browser() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
}

// run posts with so many clients until ctx is done, each of them at most
// perSecond/clients times a second (0: as fast as it can).
func (l *load) run(ctx context.Context, to func() string, clients, perSecond int) {
	l.codes = map[string]int{}
	c := browser()
	var pace <-chan time.Time
	if perSecond > 0 {
		pace = ticks(ctx, perSecond)
	}
	for range clients {
		l.wg.Go(func() {
			for {
				if pace != nil {
					<-pace
				}
				if ctx.Err() != nil {
					return
				}
				l.one(c, to())
			}
		})
	}
}

// ticks gives perSecond ticks a second, those that were late too, and is
// closed at the end of ctx.
func ticks(ctx context.Context, perSecond int) <-chan time.Time {
	ch := make(chan time.Time, perSecond)
	go func() {
		defer close(ch)
		t := time.NewTicker(5 * time.Millisecond)
		defer t.Stop()
		begin := time.Now()
		for sent := 0; ctx.Err() == nil; {
			now := <-t.C
			for due := int(now.Sub(begin).Seconds() * float64(perSecond)); sent < due; sent++ {
				select {
				case ch <- now:
				default:
				}
			}
		}
	}()
	return ch
}

func (l *load) one(c *http.Client, to string) {
	addr := address(l.next.Add(1))
	code := post(context.Background(), c, to, addr, "twitter")
	l.mu.Lock()
	l.codes[addr] = code
	l.mu.Unlock()
}

// answered is the addresses that were answered so.
func (l *load) answered(code int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for addr, c := range l.codes {
		if c == code {
			list = append(list, addr)
		}
	}
	return list
}

// counts is how often each address occurs in lines of the spool.
func counts(lines []string) map[string]int {
	n := map[string]int{}
	for _, line := range lines {
		addr, _, _ := strings.Cut(line, " ")
		n[addr]++
	}
	return n
}

// check compares what was counted, by address, with what was answered: each
// 204 once, an unanswered request at most once, and nothing else.
func (l *load) check(t testing.TB, counted map[string]int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for addr, code := range l.codes {
		n := counted[addr]
		if code == 204 && n != 1 || code == 0 && n > 1 || code != 204 && code != 0 && n != 0 {
			t.Errorf("%s was answered %d and counted %d times", addr, code, n)
		}
	}
	for addr := range counted {
		if _, ok := l.codes[addr]; !ok {
			t.Errorf("%q was counted but never posted", addr)
		}
	}
}

// A graceful stop answers every request that it took, and every 204 is on disk.
func TestGracefulStopUnderLoad(t *testing.T) {
	h := start(t, t.TempDir(), nowhere)
	ctx, cancel := context.WithCancel(t.Context())
	var l load
	l.run(ctx, func() string { return h.url }, 50, 0)
	until(t, "a thousand answers", func() bool { return len(l.answered(204)) > 1000 })
	h.stop()
	cancel()
	l.wg.Wait()
	lines := counts(spooled(t, h.spool))
	l.check(t, lines)
	for _, addr := range l.answered(0) {
		if lines[addr] > 0 {
			t.Errorf("%s is stored, but was not answered", addr)
		}
	}
	t.Logf("%d shares", len(l.answered(204)))
}

// Thousands of clients that say nothing, or next to nothing, and a flood of
// bad requests keep nobody else waiting, even when they fill the table.
func TestSlowClients(t *testing.T) {
	slow := many(t, "GLOW_SHAREHOOK_SLOW", 1500)
	h := start(t, t.TempDir(), nowhere, "--max-connections", strconv.Itoa(slow*2/3))
	u, _ := url.Parse(h.url)
	opened := make(chan net.Conn, slow)
	go func() {
		defer close(opened)
		for i := range slow {
			c, err := net.Dial("tcp", u.Host)
			if err != nil {
				continue // shed, or out of files: the assertion below counts
			}
			_, _ = io.WriteString(c, []string{"", "POST /sha", "POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"}[i%3])
			opened <- c
		}
	}()
	ctx, stopFlood := context.WithCancel(t.Context())
	var flood load
	flood.run(ctx, func() string { return strings.TrimSuffix(h.url, "e") }, 8, 0)
	c := browser()
	var took []time.Duration
	good := func() {
		begin := time.Now()
		if code := post(t.Context(), c, h.url, "203.0.113.7", "twitter"); code != 204 {
			t.Errorf("answered %d", code)
		}
		took = append(took, time.Since(begin))
	}
	var conns []net.Conn
	for conn := range opened {
		conns = append(conns, conn)
		if len(conns)%5 == 0 {
			good()
		}
	}
	for range 200 {
		good()
	}
	stopFlood()
	flood.wg.Wait()
	slices.Sort(took)
	_, metrics := get(t, h.admin+"/metrics")
	if len(conns) < slow*9/10 || !strings.Contains(metrics, "glow_sharehook_shed_connections_total ") || strings.Contains(metrics, "glow_sharehook_shed_connections_total 0\n") {
		t.Errorf("%d slow connections did not fill the table", len(conns))
	}
	for _, conn := range conns {
		conn.Close()
	}
	t.Logf("%d slow connections, %d bad requests; %d good ones: median %v, p99 %v, longest %v",
		len(conns), len(flood.answered(404)), len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	h.stop()
}

// largestFile sets how many bytes sharehook may write into one file, which is
// a disk that takes no more.
func (h *hook) largestFile(t testing.TB, n uint64) {
	t.Helper()
	if err := unix.Prlimit(h.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatal(err)
	}
}

// A disk that takes no more bytes means 503, never a 204 that is not there,
// and nothing of what was refused is ever queued; when it has room again, so
// have we.
func TestDiskRefuses(t *testing.T) {
	r := redistest.Start(t)
	h := start(t, t.TempDir(), r.URL())
	ctx, cancel := context.WithCancel(t.Context())
	var l load
	l.run(ctx, func() string { return h.url }, 20, 2000)
	for round := range 3 {
		n := len(l.answered(204))
		until(t, "shares are stored", func() bool { return len(l.answered(204)) > n+200 })
		refused := len(l.answered(503))
		h.largestFile(t, uint64(700*round+1)) // a byte, or some lines and a half
		until(t, "shares are refused", func() bool { return len(l.answered(503)) > refused+200 })
		until(t, "not ready", func() bool { code, _ := get(t, h.admin+"/readyz"); return code == 503 })
		h.largestFile(t, unix.RLIM_INFINITY)
		until(t, "ready again", func() bool { code, _ := get(t, h.admin+"/readyz"); return code == 200 })
	}
	cancel()
	l.wg.Wait()
	h.stop()
	l.check(t, counts(spooled(t, h.spool)))
	c := r.Client()
	defer c.Close()
	l.check(t, queued(t, c))
	t.Logf("%d answered 204, %d answered 503", len(l.answered(204)), len(l.answered(503)))
}

// BenchmarkShare is whole requests over HTTP, of 64 clients with connections
// that stay open.
func BenchmarkShare(b *testing.B) {
	h := start(b, b.TempDir(), nowhere)
	b.SetParallelism(32)
	var mu sync.Mutex
	var took []time.Duration
	b.RunParallel(func(pb *testing.PB) {
		c := browser()
		var mine []time.Duration
		for pb.Next() {
			begin := time.Now()
			if code := post(b.Context(), c, h.url, "203.0.113.7", "twitter"); code != 204 {
				b.Errorf("answered %d", code)
			}
			mine = append(mine, time.Since(begin))
		}
		mu.Lock()
		took = append(took, mine...)
		mu.Unlock()
	})
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "shares/s")
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "median-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	h.stop()
}
