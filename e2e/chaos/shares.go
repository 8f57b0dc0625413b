package chaos

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// shares are browsers that share, each from an address of its own.
type shares struct {
	w     *world
	addr  string // of sharehook
	spool string
	small bool // the spool is a file system of its own
	over  atomic.Bool
	done  chan struct{}
	sent  atomic.Int64

	mu      sync.Mutex
	answers []int // by share: a status, 0 where nobody knows
}

func newShares(w *world) *shares {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	s := &shares{w: w, addr: l.Addr().String(), spool: filepath.Join(w.g.Dir, "spool"), done: make(chan struct{})}
	if err := os.Mkdir(s.spool, 0o700); err != nil {
		w.t.Fatal(err)
	}
	s.mount()
	return s
}

// mount gives the spool a small disk of its own, where we may: else no disk is
// ever full in this run. The disk is taken out of the tree at once and lives in
// an open file of ours, so that nothing stays mounted however we end.
func (s *shares) mount() {
	if exec.Command("mount", "-t", "tmpfs", "-o", "size=256m", "glow-chaos", s.spool).Run() != nil {
		return
	}
	root, err := os.Open(s.spool)
	if out, errUnmount := exec.Command("umount", "-l", s.spool).CombinedOutput(); err != nil || errUnmount != nil {
		s.w.t.Fatalf("mount a disk for the spool: %v, %v\n%s", err, errUnmount, out)
	}
	s.w.t.Cleanup(func() { root.Close() })
	s.spool, s.small = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), root.Fd()), true
}

func (s *shares) args() []string {
	return []string{"--listen", s.addr, "--types", "chaos", "--trusted-proxies", "127.0.0.1/32", "--spool", s.spool}
}

// address is where share i comes from.
func address(i int) string { return fmt.Sprintf("20.%d.%d.%d", i>>16, i>>8&255, i&255) }

// run posts until it is to end. Nothing is ever posted twice.
func (s *shares) run() {
	defer close(s.done)
	client := &http.Client{Timeout: 5 * time.Second}
	tick := time.NewTicker(time.Second / time.Duration(max(s.w.c.Shares, 1)))
	defer tick.Stop()
	var posts sync.WaitGroup
	for i := 0; !s.over.Load(); i++ {
		<-tick.C
		s.mu.Lock()
		s.answers = append(s.answers, 0)
		s.mu.Unlock()
		s.sent.Add(1)
		posts.Go(func() { s.post(client, i) })
	}
	posts.Wait()
}

func (s *shares) post(client *http.Client, i int) {
	q, _ := http.NewRequest("POST", "http://"+s.addr+"/share", strings.NewReader("type=chaos"))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Forwarded-For", address(i))
	r, err := client.Do(q)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	r.Body.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[i] = r.StatusCode
}

func (s *shares) end() {
	s.over.Store(true)
	<-s.done
}

// spoolFaults happen to the disk of the spool.
func spoolFaults(w *world) []fault {
	if !w.shares.small {
		return nil
	}
	return []fault{{"spool", "disk of the spool full", 2, 0, func(w *world, r *rand.Rand) {
		filler := filepath.Join(w.shares.spool, "filler")
		fill(filler)
		if r.IntN(2) == 0 {
			w.units["sharehook"][0].Kill()
		}
		time.Sleep(within(r, 200*time.Millisecond, 2*time.Second))
		if err := os.Remove(filler); err != nil {
			w.t.Error(err)
		}
	}}}
}

// fill writes a file until there is no room for more.
func fill(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	for b := make([]byte, 1<<20); err == nil; {
		_, err = f.Write(b)
	}
}

// verdict says of each share whether the spool holds it as often as its answer
// promised. What the spool holds is then counted with the log.
func (s *shares) verdict() {
	found := map[string]int{}
	paths, _ := filepath.Glob(filepath.Join(s.spool, "shares-*.log"))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			s.w.t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			addr, _, _ := bytes.Cut(line, []byte(" "))
			found[string(addr)]++
		}
	}
	wrong, answers := map[string]int{}, map[int]int{}
	for i, status := range s.answers {
		n := found[address(i)]
		delete(found, address(i))
		answers[status]++
		if n > 1 || status == 204 && n != 1 || status != 204 && status != 0 && n != 0 {
			wrong[fmt.Sprintf("answered %d, %d times in the spool", status, n)]++
		}
	}
	s.w.t.Logf("shares by answer (0 is none): %v", answers)
	if len(wrong)+len(found) > 0 {
		s.w.t.Errorf("shares: wrong are %v; in the spool, of nobody: %d", wrong, len(found))
	}
}
