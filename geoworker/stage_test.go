package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/internal/redistest"
)

// asGeoworker makes the test binary a geoworker, as the tests are built.
const asGeoworker = "TEST_AS_GEOWORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asGeoworker) != "" {
		main()
	}
	os.Exit(m.Run())
}

// stage is a Redis, a database and a naive count of what was queued.
type stage struct {
	*testing.T
	redis *redistest.Server
	c     *redis.Client
	k     keys.Keys
	geoip string
	naive *naive
	r     *rand.Rand
	id    int64 // ms of the last entry
}

func newStage(t *testing.T, args ...string) *stage {
	t.Helper()
	s := &stage{T: t, redis: redistest.Start(t, args...), geoip: filepath.Join(t.TempDir(), "city.mmdb"), naive: newNaive(t), r: rand.New(rand.NewPCG(1, 2))}
	s.c = s.redis.Client()
	t.Cleanup(func() { s.c.Close() })
	var err error
	if s.k, err = keys.New(keys.DefaultNamespace); err == nil {
		err = geotest.Write(s.geoip, 28)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.id = time.Date(2026, 3, 24, 14, 0, 50, 0, time.UTC).UnixMilli()
	return s
}

// push queues an entry of lines and returns the time in its id.
func (s *stage) push(lines ...string) time.Time {
	s.Helper()
	s.id += s.r.Int64N(2000)
	err := s.c.XAdd(context.Background(), &redis.XAddArgs{
		Stream: s.k.Queue(), ID: strconv.FormatInt(s.id, 10) + "-*", Values: []string{"events", strings.Join(lines, "\n"), "source", "test"},
	}).Err()
	if err != nil {
		s.Fatal(err)
	}
	return time.UnixMilli(s.id)
}

// pushRandom queues an entry of random events and counts them.
func (s *stage) pushRandom(events int) {
	s.Helper()
	type event struct {
		addr  netip.Addr
		at    time.Time
		typ   string
		attrs string
	}
	var all []event
	var lines []string
	for range events {
		p := netip.MustParsePrefix(geotest.Places[s.r.IntN(len(geotest.Places))].Net).Addr()
		if s.r.IntN(20) == 0 {
			p = netip.MustParseAddr("192.168.0.1")
		}
		ago := s.r.Int64N(90)
		switch s.r.IntN(50) {
		case 0:
			ago = s.r.Int64N(400 * 86400)
		case 1:
			ago = 3600 + s.r.Int64N(4) - 2
		case 2:
			ago = -300 + s.r.Int64N(4) - 2
		}
		e := event{p, time.Unix(s.id/1000-ago, 0), []string{"download", "download", "share:twitter"}[s.r.IntN(3)], ""}
		line := fmt.Sprintf("%s %d %s", e.addr, e.at.Unix(), e.typ)
		if s.r.IntN(3) == 0 {
			e.attrs = fmt.Sprintf("lang=fr&os=%d", s.r.IntN(5))
			line += " " + e.attrs
		}
		all = append(all, e)
		lines = append(lines, line)
	}
	now := s.push(lines...)
	for _, e := range all {
		s.naive.event(now, e.addr, e.at, e.typ, e.attrs)
	}
}

// worker is a running geoworker.
type worker struct {
	*exec.Cmd
	stderr logtest.Buffer
	admin  string
	done   chan struct{} // closed when it has exited
}

// start starts a geoworker.
func (s *stage) start(args ...string) *worker {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	w := &worker{admin: l.Addr().String(), done: make(chan struct{})}
	l.Close()
	args = append([]string{"--redis-url", s.redis.URL(), "--geoip", s.geoip, "--admin-addr", w.admin}, args...)
	w.Cmd = exec.Command(os.Args[0], args...)
	w.Env = append(os.Environ(), asGeoworker+"=1")
	w.Stderr = &w.stderr
	w.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.Start(); err != nil {
		s.Fatal(err)
	}
	go func() {
		_ = w.Wait()
		close(w.done)
	}()
	s.Cleanup(func() {
		_ = w.Process.Kill()
		<-w.done
		if s.Failed() {
			s.Logf("a worker said:\n%s", &w.stderr)
		}
	})
	return w
}

// once runs geoworker --once and returns its last line.
func (s *stage) once(args ...string) string {
	s.Helper()
	w := s.start(append(args, "--once")...)
	s.until("geoworker --once ends", w.exited)
	if code := w.ProcessState.ExitCode(); code != 0 {
		s.Fatalf("exit %d", code)
	}
	all := strings.Split(strings.TrimSpace(w.stderr.String()), "\n")
	return all[len(all)-1]
}

func (w *worker) exited() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// stop stops a worker gently, and it must end well.
func (s *stage) stop(w *worker) {
	s.Helper()
	_ = w.Process.Signal(syscall.SIGTERM)
	s.until("the worker stops", w.exited)
	if code := w.ProcessState.ExitCode(); code != 0 {
		s.Errorf("exit %d after SIGTERM", code)
	}
}

// scrape reads all metrics, "" if nothing answers (yet).
func (w *worker) scrape() string {
	r, err := http.Get("http://" + w.admin + "/metrics")
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	all, _ := io.ReadAll(r.Body)
	return string(all)
}

// metrics lists our metrics with their types.
func (w *worker) metrics() (list []string) {
	for line := range strings.Lines(w.scrape()) {
		if t, ok := strings.CutPrefix(line, "# TYPE glow_"); ok {
			list = append(list, "glow_"+strings.TrimSpace(t))
		}
	}
	return list
}

// metric reads a metric, -1 if it is not there (yet).
func (w *worker) metric(name string) float64 {
	for line := range strings.Lines(w.scrape()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			f, _ := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return f
		}
	}
	return -1
}

// until waits for a condition.
func (s *stage) until(what string, ok func() bool) {
	s.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.Fatalf("in vain: %s", what)
		}
		wait()
	}
}

func wait() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

func (s *stage) queueEmpty() bool {
	n, err := s.c.XLen(context.Background(), s.k.Queue()).Result()
	return err == nil && n == 0
}

func (s *stage) check() {
	s.Helper()
	same(s, read(s, s.c, s.k), s.naive.want())
}
