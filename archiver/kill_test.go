package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/s3test"
)

// soon makes an archiver do all that it does within a moment.
var soon = []string{"--segment-every", "100ms", "--max-rows", "200", "--compact-after", "0s"}

// Killed over and over, now and then before it has taken anything, or in the
// middle of it, or while days are compacted: each row once in the end.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	r := rand.New(rand.NewPCG(9, 9))
	lines := events(9, 12000, 2)
	for chunk := range slices.Chunk(lines, 500) {
		p := st.start(soon...)
		st.append(chunk, 50)
		left := r.Int64N(11) // entries of the stream, of which there are ten now
		eventually(t, "it is worth killing", func() bool {
			return st.redis.XLen(t.Context(), ns.Located()).Val() <= left || p.says("day compacted")
		})
		p.kill()
	}
	st.once()
	st.check()
	other := newStage(t)
	other.append(lines, 1000)
	other.once()
	for name, b := range other.days() {
		if st.days()[name] != b {
			t.Errorf("%s differs from that of an archiver that was never killed", name)
		}
	}
}

// passOn passes requests on to an S3 server.
func passOn(s *s3test.Server) http.Handler {
	to, _ := url.Parse(s.URL())
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
}

// gate stands before an S3 server and tells of each request: of those that
// write by their number, of others by 0.
type gate struct {
	*httptest.Server
	n atomic.Int64 // requests that write, so far
}

func newGate(t *testing.T, s *s3test.Server, before, after func(n int64)) *gate {
	proxy, g := passOn(s), &gate{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int64(0)
		if r.Method != http.MethodGet {
			n = g.n.Add(1)
		}
		before(n)
		proxy.ServeHTTP(w, r)
		after(n)
	}))
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

// Killed before and after requests that write, in an S3 bucket: every third of
// them, and each with GLOW_ARCHIVER_STEPS=all.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	s.Bucket("history")
	lines := events(10, 600, 1)
	stride := int64(3)
	if os.Getenv("GLOW_ARCHIVER_STEPS") == "all" {
		stride = 1
	}
	for at := int64(1); ; at += stride {
		before := killedAt(t, s, at, "before", lines)
		after := killedAt(t, s, at, "after", lines)
		if max(before, after) < at {
			if at < 8 {
				t.Errorf("there are only %d steps", at)
			}
			return
		}
	}
}

// killedAt kills an archiver before or after the request that writes with this
// number, has another one finish its work, and says how many there were.
func killedAt(t *testing.T, s *s3test.Server, at int64, when string, lines []string) (steps int64) {
	t.Helper()
	st := newStage(t)
	var p *process
	started := make(chan struct{})
	strike := func(n int64) {
		if n == at {
			<-started
			_ = p.Process.Kill()
		}
	}
	idle := func(int64) {}
	before, after := strike, idle
	if when == "after" {
		before, after = idle, strike
	}
	g := newGate(t, s, before, after)
	st.target = []string{"--archive", "s3://history/" + when + strconv.FormatInt(at, 10), "--s3-endpoint", g.URL}
	st.append(lines, 100)
	p = st.start("--once", "--max-rows", "300")
	close(started)
	_ = p.Wait()
	steps = g.n.Load()
	st.append(events(uint64(at), 50, 1), 10) // more to do after the fall
	st.once()
	st.check()
	return steps
}

// While the store is away nothing is lost, and all is there once it is back.
func TestStoreOutage(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	s.Bucket("history")
	st := newStage(t)
	st.target = []string{"--archive", "s3://history/a", "--s3-endpoint", s.URL()}
	p := st.start(soon...)
	lines := events(11, 3000, 2)
	st.append(lines[:1000], 100)
	eventually(t, "something is archived", func() bool { return st.redis.HGet(t.Context(), ns.Archive(), "cursor").Val() != "" })
	s.Kill()
	st.append(lines[1000:2000], 100)
	eventually(t, "it is noticed", func() bool { return p.says("store is away") })
	st.append(lines[2000:], 100)
	s.Start()
	eventually(t, "the stream is empty", func() bool { return st.redis.XLen(t.Context(), ns.Located()).Val() == 0 })
	p.stop()
	st.once()
	st.check()
}

// Two archivers are one at work and one that waits; if the first dies the
// second takes over.
func TestTwoArchivers(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	lines := events(16, 4000, 1)
	a, b := st.start(soon...), st.start(soon...)
	st.append(lines[:2000], 50)
	eventually(t, "all is archived", st.archived)
	eventually(t, "one of them waits", func() bool { return a.says("another instance") != b.says("another instance") })
	if a.says("another instance") {
		a, b = b, a
	}
	a.kill()
	st.append(lines[2000:], 50)
	eventually(t, "the other takes over", st.archived)
	b.stop()
	st.once()
	st.check()
}

// An archiver that was frozen until another took over commits nothing more.
func TestFrozenArchiver(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	lines := events(17, 600, 1)
	a := st.start("--segment-every", "5s", withMetrics)
	st.append(lines[:300], 50)
	eventually(t, "it has read them", func() bool { return a.gathered() == 300 })
	_ = a.Process.Signal(syscall.SIGSTOP)
	st.redis.Del(t.Context(), ns.Lease("archiver")) // as if ten seconds had gone by
	other := newStage(t)
	other.s, other.redis = st.s, st.redis
	other.target = st.target
	// The folder is locked by the frozen one, so the other has to wait for that.
	b := other.start(soon...)
	eventually(t, "the other waits for the folder", func() bool { return b.says("waiting for the archive's folder") })
	_ = a.Process.Signal(syscall.SIGCONT)
	eventually(t, "the first gives up", func() bool { return a.says("the lease is lost") })
	st.append(lines[300:], 50)
	eventually(t, "all is archived", st.archived)
	a.stop()
	b.stop()
	st.once()
	st.check()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.append(events(18, 100, 1), 10)
	st.once()
	refuse := func(want string) {
		t.Helper()
		out, err := st.command("--once").CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q:\n%s", err, want, out)
		}
	}
	before := st.read()
	here := st.target
	st.target = []string{"--archive", "file://" + t.TempDir()} // a typing mistake, or a disk that is not mounted
	refuse("is its disk mounted?")
	if names := st.files(); len(names) > 0 {
		t.Errorf("it has begun there all the same: %q", names)
	}
	st.target = here
	st.redis.HSet(t.Context(), ns.Meta(), "feed", "another")
	refuse("choose another --archive")
	feed := st.open().Feed
	st.redis.HSet(t.Context(), ns.Meta(), "feed", feed)
	st.redis.Del(t.Context(), ns.Archive())
	st.redis.HDel(t.Context(), ns.Meta(), keys.MetaArchive)
	refuse("before this archive began")
	st.redis.FlushAll(t.Context())
	refuse("it was emptied")
	if got := st.read(); !slices.Equal(got, before) {
		t.Error("the archive was touched")
	}
}

// What is counted while archiving is off is missing, and said to be.
func TestOffAndOn(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	count := func(n int64) {
		st.redis.HIncrBy(t.Context(), ns.Archive()[:len(ns.Archive())-len("archive")]+"bucket:all:0", "download|day|2026-03-24", n)
	}
	count(7) // before archiving began
	st.once()
	if got := st.open().Missing["download"]["2026-03-24"]; got != 7 {
		t.Errorf("missing %d, want 7", got)
	}
	count(10)
	st.append(events(19, 10, 1), 10)
	if out := st.run("off"); !strings.Contains(out, "archiving is off") {
		t.Errorf("off: %s", out)
	}
	count(5) // while it is off
	if out := st.once(); !strings.Contains(out, "switched off") {
		t.Errorf("it does not say so:\n%s", out)
	}
	st.check()
	st.run("on")
	count(3)
	st.once()
	if got := st.open().Missing["download"]["2026-03-24"]; got != 12 {
		t.Errorf("missing %d, want 12", got)
	}
	if on := st.redis.HGet(t.Context(), ns.Meta(), "archive").Val(); on != "on" {
		t.Errorf("archive is %q", on)
	}
}
