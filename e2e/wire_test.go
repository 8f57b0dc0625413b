package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/s3test"
)

// eavesdropper loses the answer to one step, and listens whether its sender
// just sends it again.
type eavesdropper struct {
	key   string // the steps meant are those that change this
	mu    sync.Mutex
	armed bool
	lost  []byte // the step whose answer was lost, nil before
	again int    // how often it came once more
	asked bool   // something else was asked since
}

func (e *eavesdropper) see(piece []byte) (f harness.Fate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := max(bytes.Index(piece, []byte("evalsha")), bytes.Index(piece, []byte("multi")))
	switch {
	case at < 0:
		e.asked = e.asked || e.lost != nil && !bytes.Contains(piece, []byte("hello"))
	case e.lost != nil && bytes.Contains(piece, e.lost):
		e.again++
	case e.lost == nil && e.armed && bytes.Contains(piece, []byte(e.key)):
		e.lost, f.Lose = bytes.Clone(piece[at:]), true
	}
	return f
}

// The answer to a step is lost with the connection. Nobody knows then whether
// it was done: the daemon has to look at Redis again, and must not trust in
// the step being refused if it comes twice.
func TestNoBlindRetry(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	ears := map[string]*eavesdropper{"tailer": {key: g.Keys.Positions()}, "geoworker": {key: g.Keys.Dirty()}}
	for name, e := range ears {
		g.Args[name] = g.Tap(e.see).Args()
	}
	f := startFlow(t, r, g, harness.Size(t, "GLOW_E2E_LINES", 10000), 4*time.Second)
	for _, e := range ears {
		e.mu.Lock()
		e.armed = true
		e.mu.Unlock()
	}
	f.finish(t)
	for name, e := range ears {
		e.mu.Lock()
		if e.lost == nil || !e.asked {
			t.Errorf("%s: the answer to a step was lost: %v, something else was asked afterwards: %v", name, e.lost != nil, e.asked)
		}
		if e.again > 0 {
			t.Errorf("%s sent a step whose answer was lost once more, %d times", name, e.again)
		}
		e.mu.Unlock()
	}
}

// keeper stands before an S3 server and keeps the first PUT of an object to
// itself until it is told to let go.
type keeper struct {
	behind *httputil.ReverseProxy
	object string
	mu     sync.Mutex
	kept   *http.Request
	body   []byte
	held   chan struct{}
}

func (k *keeper) ServeHTTP(rw http.ResponseWriter, q *http.Request) {
	if q.Method != http.MethodPut || !strings.HasSuffix(q.URL.Path, k.object) || !k.keep(q) {
		k.behind.ServeHTTP(rw, q)
		return
	}
	<-q.Context().Done()
}

func (k *keeper) keep(q *http.Request) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept != nil {
		return false
	}
	k.body, _ = io.ReadAll(q.Body) // whatever is missing the server will refuse
	k.kept = q.Clone(context.Background())
	close(k.held)
	return true
}

// letGo passes the kept request on, and returns the status of the answer.
func (k *keeper) letGo() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept.Body = io.NopCloser(bytes.NewReader(k.body))
	answer := httptest.NewRecorder()
	k.behind.ServeHTTP(answer, k.kept)
	return answer.Code
}

// A PUT of a publisher that was killed reaches the store after its successor
// has published a newer state: the newer one stays.
func TestLatePut(t *testing.T) {
	t.Parallel()
	c := newContents(t)
	server := s3test.Start(t)
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{object: "/all.json", held: make(chan struct{}), behind: &httputil.ReverseProxy{Rewrite: func(q *httputil.ProxyRequest) {
		q.Out.URL.Scheme, q.Out.URL.Host = target.Scheme, target.Host // the Host stays: it is signed
	}}}
	proxy := httptest.NewServer(k)
	defer proxy.Close()
	read, _ := toS3Server(t, c.g, server, proxy.URL)
	first, second := c.lines(200), c.lines(300)
	write(t, c.g.Log, first)
	c.g.Once("tailer")
	c.g.Count(1)
	publisher := c.g.Start("publisher")
	select {
	case <-k.held:
	case <-time.After(30 * time.Second):
		t.Fatalf("nothing was put:\n%s", publisher.Log())
	}
	publisher.Kill()
	c.append(second)
	c.expect(first, second)
	c.g.All(1)
	t.Logf("the late PUT was answered %d", k.letGo())
	read().Compare(t, c.oracle)
}

// What a trace of sharehook is read for.
var (
	tracedWrite = regexp.MustCompile(`^\d+ +write\((\d+), "(.*)"`)
	tracedSync  = regexp.MustCompile(`^\d+ +(?:<\.\.\. )?fdatasync(?:\(| resumed).* = 0`)
)

// A share is answered only when it is on the disk: in the order of system
// calls the line is written, synced, and then the answer sent. Syncs are slow
// here, so that none comes in time by chance.
func TestAnswerAfterSync(t *testing.T) {
	t.Parallel()
	g := harness.New(t)
	if err := geotest.Write(g.GeoIP, 28, sharers(1)...); err != nil {
		t.Fatal(err)
	}
	addr, trace := freeAddr(t), filepath.Join(t.TempDir(), "trace")
	g.Args["sharehook"] = []string{"--listen", addr, "--types", "twitter", "--spool", t.TempDir()}
	p := g.Traced("sharehook", []string{"-o", trace, "-s", "64", "-e", "trace=write,fdatasync", "-e", "inject=fdatasync:delay_enter=100000"})
	listens(t, addr)
	const shares = 8
	for range shares {
		r, err := http.Post("http://"+addr+"/share", "application/x-www-form-urlencoded", strings.NewReader("type=twitter"))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusNoContent {
			t.Fatalf("share answered %s", r.Status)
		}
	}
	harness.Until(t, "the trace is complete", 10*time.Second, func() (bool, string) {
		b, err := os.ReadFile(trace)
		return bytes.Count(b, []byte(`"HTTP/1.1 204`)) >= shares, errText(err)
	})
	p.Kill()
	checkTrace(t, trace, shares)
}

// checkTrace reads the order of events out of a trace.
func checkTrace(t *testing.T, path string, shares int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written, answered := 0, 0 // shares that are in the spool and not synced; that were answered
	for line := range strings.Lines(string(b)) {
		m := tracedWrite.FindStringSubmatch(line)
		switch {
		case m != nil && strings.HasPrefix(m[2], "HTTP/1.1 204"):
			answered++
			if written > 0 {
				t.Errorf("share %d was answered before it was synced", answered)
				written = 0
			}
		case m != nil && strings.HasSuffix(m[2], ` share:twitter\n`):
			written++
		case tracedSync.MatchString(line):
			written = 0
		}
	}
	if answered != shares {
		t.Errorf("the trace shows %d answers, want %d", answered, shares)
	}
	t.Logf("%d answers in %d bytes of trace", answered, len(b))
}
