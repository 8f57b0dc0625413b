package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mob is clients that mean no good, in a process of its own and with the
// lowest priority: on the machine of a sharehook there are none of them.
type mob struct {
	cmd   *exec.Cmd
	state atomic.Pointer[mobState]
	done  chan struct{}
}

// mobOrder says what a mob is to do.
type mobOrder struct {
	Addr    string
	Members int      // connections held open, each opened again when it is closed
	Says    []string // what they say before they fall silent, in turn
	Flood   int      // clients that send bad requests as fast as they can
}

// mobState is what a mob has come to.
type mobState struct {
	Open, Begun int64 // connections
	Floods      int64 // bad requests answered
}

const mobVariable = "GLOW_SHAREHOOK_MOB"

// gather starts a mob at sharehook's door.
func gather(t testing.TB, h *hook, o mobOrder) *mob {
	t.Helper()
	u, _ := url.Parse(h.url)
	o.Addr = u.Host
	order, _ := json.Marshal(o)
	m := &mob{cmd: exec.Command(os.Args[0]), done: make(chan struct{})}
	m.state.Store(&mobState{})
	m.cmd.Env = append(os.Environ(), mobVariable+"="+string(order))
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := m.cmd.StdoutPipe()
	if err == nil {
		err = m.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(m.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s := new(mobState)
			if json.Unmarshal(lines.Bytes(), s) == nil {
				m.state.Store(s)
			}
		}
		_ = m.cmd.Wait()
	}()
	t.Cleanup(m.disperse)
	return m
}

func (m *mob) disperse() {
	_ = m.cmd.Process.Kill()
	<-m.done
}

// runMob is the mob's process.
func runMob(order string) {
	var o mobOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		panic(err)
	}
	yield()
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		files.Cur = files.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &files)
	}
	var open, begun, floods atomic.Int64
	for i := range o.Members {
		go func() {
			time.Sleep(rand.N(3 * time.Second)) // no crowd comes in step
			for {
				member(o.Addr, o.Says[i%len(o.Says)], &open, &begun)
			}
		}()
	}
	for range o.Flood {
		go flood("http://"+o.Addr, &floods)
	}
	for {
		_ = json.NewEncoder(os.Stdout).Encode(mobState{open.Load(), begun.Load(), floods.Load()})
		time.Sleep(50 * time.Millisecond) // how often it tells, until it is killed
	}
}

// yield gives this process the lowest priority, which is a thread's and is
// passed on to those that it makes: so it begins anew with that thread.
func yield() {
	const done = "GLOW_SHAREHOOK_YIELDED=yes"
	if slices.Contains(os.Environ(), done) {
		return
	}
	runtime.LockOSThread()
	if unix.Setpriority(unix.PRIO_PROCESS, 0, 19) == nil {
		panic(syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), done)))
	}
}

// member holds a connection until it is turned out.
func member(addr, says string, open, begun *atomic.Int64) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		time.Sleep(100 * time.Millisecond) // who is turned away comes again later, as people do
		return
	}
	defer c.Close()
	open.Add(1)
	defer open.Add(-1)
	begun.Add(1)
	_, _ = io.WriteString(c, says)
	_, _ = io.Copy(io.Discard, c)
}

// flood posts what is answered 400, 404, 405, 413 and 415, over and over.
func flood(base string, n *atomic.Int64) {
	c := browser()
	for k := 0; ; k++ {
		var r *http.Request
		switch k % 4 {
		case 0:
			r, _ = http.NewRequest("GET", base+"/share", nil)
		case 1:
			r, _ = http.NewRequest("POST", base+"/else", strings.NewReader("x"))
		case 2:
			r, _ = http.NewRequest("POST", base+"/share", strings.NewReader(strings.Repeat("x", 5000)))
		case 3:
			r, _ = http.NewRequest("POST", base+"/share", strings.NewReader(strings.Repeat("[", 4000)))
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

func (s *mobState) String() string {
	return fmt.Sprintf("%d connections held open, %d in all, %d bad requests answered", s.Open, s.Begun, s.Floods)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
