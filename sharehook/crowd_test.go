package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

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
		pause(t.Context(), time.Second/time.Duration(perSecond)-time.Since(begin))
	}
	return took
}

// Ten thousand connections that say nothing or next to nothing are held open
// all the time, and bad requests come as fast as they can be answered: good
// ones are answered all the same, and memory stays within bounds.
//
// GLOW_SHAREHOOK_CROWD=10000 GLOW_SHAREHOOK_GOOD=5000 is the whole crowd.
func TestCrowd(t *testing.T) {
	n, goods := many(t, "GLOW_SHAREHOOK_CROWD", 1000), many(t, "GLOW_SHAREHOOK_GOOD", 300)
	h := start(t, t.TempDir(), nowhere)
	m := gather(t, h, mobOrder{Members: n, Says: beginnings})
	until(t, "the crowd is there", func() bool { return m.state.Load().Open > int64(n)*95/100 })
	took := good(t, h, goods, 200)
	t.Logf("%s; %s", m.state.Load(), took)
	f := gather(t, h, mobOrder{Flood: 8})
	until(t, "the flood is there", func() bool { return f.state.Load().Floods > 100 })
	took = good(t, h, goods, 200)
	now, most := h.resident()
	t.Logf("%s; %s; %s", m.state.Load(), f.state.Load(), took)
	t.Logf("sharehook has %d MB, had at most %d MB and %d files", now, most, h.files())
	if most > 512 {
		t.Errorf("%d MB is more than its unit allows", most)
	}
	m.disperse()
	f.disperse()
	h.stop()
}

// Crowds that make each connection as dear as they can: memory stays below
// what the unit allows.
//
// GLOW_SHAREHOOK_CROWD=17000 is more than the largest that comes in.
func TestCrowdMemory(t *testing.T) {
	t.Parallel()
	n := many(t, "GLOW_SHAREHOOK_CROWD", 1000)
	h := start(t, t.TempDir(), nowhere)
	const ended, head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	var lines strings.Builder
	for i := range 96 { // with the rest of the head just allowed
		fmt.Fprintf(&lines, "X%d: %s\r\n", i, strings.Repeat("y", 70))
	}
	for _, kind := range []struct{ name, says string }{
		{"long heads", head + lines.String()},
		{"long heads after a request", ended + head + lines.String()},
		{"short lines after a request", ended + head + strings.Repeat("a:\n", 1300)},
		{"long bodies", head + "Content-Length: 4096\r\n\r\n" + strings.Repeat("x", 4095)},
		{"many requests at once", strings.Repeat(ended, 300)},
	} {
		m := gather(t, h, mobOrder{Members: n, Says: []string{kind.says}})
		until(t, "the crowd is there", func() bool { return m.state.Load().Begun >= int64(n) })
		took := good(t, h, 50, 100)
		now, most := h.resident()
		t.Logf("%s: %s; %s; sharehook has %d MB, had at most %d MB", kind.name, m.state.Load(), took, now, most)
		if most > 512 {
			t.Errorf("%s: %d MB", kind.name, most)
		}
		m.disperse()
	}
	h.stop()
}
