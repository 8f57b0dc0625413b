package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// crowd is clients that hold connections and never finish a request.
type crowd struct {
	addr  string
	open  atomic.Int64
	begun atomic.Int64
	wg    sync.WaitGroup
}

// What the members of a crowd say before they fall silent.
var beginnings = []string{
	"",
	"POST /sha",
	"POST /share HTTP/1.1\r\nHost: x\r\nX-A: b\r\n",
	"POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
	"POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n", // answered, and then kept open
}

// hold keeps n connections open until ctx is done: whenever one is closed,
// another takes its place.
func (c *crowd) hold(ctx context.Context, n int, says func(i int) string) {
	for i := range n {
		c.wg.Go(func() {
			for ctx.Err() == nil {
				c.one(ctx, says(i))
			}
		})
	}
}

func (c *crowd) one(ctx context.Context, says string) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		_ = sleep(ctx, 100*time.Millisecond)
		return
	}
	c.open.Add(1)
	defer c.open.Add(-1)
	c.begun.Add(1)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	_, _ = io.WriteString(conn, says)
	var b [512]byte
	for err == nil {
		_, err = conn.Read(b[:])
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// resident is how much memory a process has, and had at most, in MB.
func (h *hook) resident() (now, most int) {
	h.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, to := range map[string]*int{"VmRSS": &now, "VmHWM": &most} {
		m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(b)
		*to, _ = strconv.Atoi(string(m[1]))
		*to >>= 10
	}
	return now, most
}

// files is how many files a process has open.
func (h *hook) files() int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", h.cmd.Process.Pid))
	return len(list)
}

// latencies are those of requests that were answered 204.
type latencies []time.Duration

func (l latencies) String() string {
	slices.Sort(l)
	return fmt.Sprintf("%d good ones: median %v, p99 %v, longest %v", len(l), l[len(l)/2], l[len(l)*99/100], l[len(l)-1])
}

// good posts n shares one after the other, so many a second.
func good(t testing.TB, h *hook, n, perSecond int) (took latencies) {
	c := browser()
	for range n {
		begin := time.Now()
		if code := post(t.Context(), c, h.url, "203.0.113.7", "twitter"); code != 204 {
			t.Errorf("answered %d", code)
		}
		took = append(took, time.Since(begin))
		_ = sleep(t.Context(), time.Second/time.Duration(perSecond)-time.Since(begin))
	}
	return took
}

// bad posts what is answered 400, 404, 405, 413 and 415, over and over.
func bad(ctx context.Context, h *hook, clients int) (n *atomic.Int64, wait func()) {
	n = new(atomic.Int64)
	var wg sync.WaitGroup
	c := browser()
	base := strings.TrimSuffix(h.url, "/share")
	requests := []func() (*http.Request, error){
		func() (*http.Request, error) { return http.NewRequest("GET", base+"/share", nil) },
		func() (*http.Request, error) { return http.NewRequest("POST", base+"/else", strings.NewReader("x")) },
		func() (*http.Request, error) {
			return http.NewRequest("POST", h.url, strings.NewReader(strings.Repeat("x", 5000)))
		},
		func() (*http.Request, error) {
			return http.NewRequest("POST", h.url, strings.NewReader(strings.Repeat("[", 4000)))
		},
	}
	for i := range clients {
		wg.Go(func() {
			for k := i; ctx.Err() == nil; k++ {
				r, err := requests[k%len(requests)]()
				if err != nil {
					panic(err)
				}
				r.Header.Set("Content-Type", []string{"application/json", "application/x-www-form-urlencoded", "text/plain"}[k/4%3])
				w, err := c.Do(r)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, w.Body)
				w.Body.Close()
				n.Add(1)
			}
		})
	}
	return n, wg.Wait
}

// allowFiles lets this process open as many files as it may.
func allowFiles(t testing.TB) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	l.Cur = l.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
}

// Ten thousand connections that say nothing or next to nothing are held open
// all the time, and bad requests come as fast as they can be answered: good
// ones are answered all the same, and memory stays within bounds.
//
// GLOW_SHAREHOOK_CROWD=10000 GLOW_SHAREHOOK_GOOD=5000 is the whole crowd.
func TestCrowd(t *testing.T) {
	n, goods := many(t, "GLOW_SHAREHOOK_CROWD", 1000), many(t, "GLOW_SHAREHOOK_GOOD", 300)
	allowFiles(t)
	h := start(t, t.TempDir(), nowhere)
	u, _ := url.Parse(h.url)
	ctx, cancel := context.WithCancel(t.Context())
	c := crowd{addr: u.Host}
	c.hold(ctx, n, func(i int) string { return beginnings[i%len(beginnings)] })
	until(t, "the crowd is there", func() bool { return c.open.Load() > int64(n)*95/100 })
	quiet := good(t, h, goods, 200)
	t.Logf("%d connections held open; %v", c.open.Load(), quiet)
	floods, wait := bad(ctx, h, 8)
	took := good(t, h, goods, 200)
	now, most := h.resident()
	t.Logf("%d connections held open, %d in all, %d bad requests answered; %v", c.open.Load(), c.begun.Load(), floods.Load(), took)
	t.Logf("sharehook has %d MB, had at most %d MB and %d files", now, most, h.files())
	cancel()
	wait()
	c.wg.Wait()
	h.stop()
}

// Crowds that make each connection as dear as they can: memory stays below
// what the unit allows.
//
// GLOW_SHAREHOOK_CROWD=16000 is more than the largest that comes in.
func TestCrowdMemory(t *testing.T) {
	n := many(t, "GLOW_SHAREHOOK_CROWD", 1000)
	allowFiles(t)
	h := start(t, t.TempDir(), nowhere)
	u, _ := url.Parse(h.url)
	const ended, head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	var lines strings.Builder
	for i := range 98 {
		fmt.Fprintf(&lines, "X%d: %s\r\n", i, strings.Repeat("y", 70))
	}
	for _, kind := range []struct{ name, says string }{
		{"long heads", head + lines.String()},
		{"long heads after a request", ended + head + lines.String()},
		{"long bodies", head + "Content-Length: 4096\r\n\r\n" + strings.Repeat("x", 4095)},
		{"many requests, no answer read", strings.Repeat(ended, 300)},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		c := crowd{addr: u.Host}
		c.hold(ctx, n, func(int) string { return kind.says })
		until(t, "the crowd is there", func() bool { return c.begun.Load() >= int64(n) })
		took := good(t, h, 100, 100)
		now, most := h.resident()
		t.Logf("%s: %d connections, %d in all; %v; sharehook has %d MB, had at most %d MB", kind.name, c.open.Load(), c.begun.Load(), took, now, most)
		if most > 512 {
			t.Errorf("%s: %d MB", kind.name, most)
		}
		cancel()
		c.wg.Wait()
	}
	h.stop()
}
