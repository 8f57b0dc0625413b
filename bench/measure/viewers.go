package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/snapshot"
)

// Viewers measures what viewers of a live feed at the launch's peak cost a
// web server, from what it really answers.
func (b *Bench) Viewers(ctx context.Context) error {
	feed, err := b.fresh("feed")
	if err != nil {
		return err
	}
	l, err := b.live(ctx, "--target", "file://"+feed)
	if err != nil {
		return err
	}
	s, err := serveFeed(feed)
	if err != nil {
		return errors.Join(err, l.close())
	}
	const warm, each = 30 * time.Second, 30 * time.Second
	crowds := []crowd{{1, pollEvery, false}, {10, pollEvery, false}, {100, pollEvery, false}, {100, pollEvery / 2, true}}
	written := make(chan error, 1)
	go func() {
		_, err := l.write(day.Peak/60, warm+time.Duration(len(crowds))*(each+time.Second))
		written <- err
	}()
	time.Sleep(warm)
	for _, c := range crowds {
		cpu := used(l.daemons...)
		errs := s.watched(c, each)
		own := (used(l.daemons...) - cpu).Seconds() / each.Seconds()
		if errs != nil {
			err = errors.Join(err, errs)
			break
		}
		b.viewers(c, &s.answers, each, own)
	}
	return errors.Join(err, <-written, s.server.Close(), l.close())
}

// crowd is some viewers.
type crowd struct {
	n           int
	every       time.Duration // between two looks at latest.json
	conditional bool          // they ask whether what they have is still so, as caches do
}

// viewers reports what a crowd cost.
func (b *Bench) viewers(c crowd, a *answers, length time.Duration, daemons float64) {
	name := report.Thousands(c.n) + " watching"
	if c.conditional {
		name = fmt.Sprintf("%d caches, which ask every %s with If-None-Match", c.n, c.every)
	}
	hourly := func(n *atomic.Int64) float64 { return float64(n.Load()) / length.Hours() / float64(c.n) }
	b.Report.Fact("more viewers, at 17,000 downloads a minute", name,
		"each %.0f requests an hour (%.0f latest.json, %.0f of 10s), %.0f of them answered 304; %.1f MB an hour; Glow's daemons meanwhile %.1f %% of a core",
		hourly(&a.latest)+hourly(&a.others), hourly(&a.latest), hourly(&a.others), hourly(&a.unchanged), hourly(&a.bytes)/1e6, 100*daemons)
	b.say("%s: %d requests", name, a.latest.Load()+a.others.Load())
}

// answers are counts of what a server has answered.
type answers struct{ latest, others, unchanged, bytes atomic.Int64 }

// feedServer serves a feed as nginx does: the gzipped twins, with an ETag.
type feedServer struct {
	server  http.Server
	url     string
	dir     string
	answers answers
}

func serveFeed(dir string) (*feedServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &feedServer{dir: dir, url: "http://" + l.Addr().String() + "/"}
	s.server.Handler = s
	go func() { _ = s.server.Serve(metered{l, &s.answers.bytes}) }()
	return s, nil
}

// ServeHTTP answers with a file and counts it.
func (s *feedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, err := os.Open(filepath.Join(s.dir, filepath.Clean(r.URL.Path)+".gz"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		http.NotFound(w, r)
		return
	}
	tag := fmt.Sprintf(`"%x-%x"`, st.ModTime().UnixNano(), st.Size())
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Encoding", "gzip")
	h.Set("ETag", tag)
	kind := &s.answers.others
	if r.URL.Path == "/"+snapshot.Root+snapshot.LatestObject {
		kind = &s.answers.latest
	}
	kind.Add(1)
	if r.Header.Get("If-None-Match") == tag {
		s.answers.unchanged.Add(1)
	}
	http.ServeContent(w, r, "", st.ModTime(), f)
}

// metered counts the bytes that go out.
type metered struct {
	net.Listener
	n *atomic.Int64
}

// Accept takes a connection whose bytes are counted.
func (m metered) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	return meteredConn{c, m.n}, err
}

type meteredConn struct {
	net.Conn
	n *atomic.Int64
}

// Write counts what it writes.
func (c meteredConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.n.Add(int64(n))
	return n, err
}

// watched lets a crowd watch for a while, having begun just before.
func (s *feedServer) watched(c crowd, length time.Duration) error {
	var all sync.WaitGroup
	errs := make([]error, c.n)
	begin := time.Now()
	s.answers = answers{}
	for i := range c.n {
		all.Go(func() {
			v := &viewer{server: s, conditional: c.conditional, have: map[string]string{}}
			defer v.client.CloseIdleConnections()
			v.client.Transport = &http.Transport{DisableCompression: false}
			time.Sleep(c.every * time.Duration(i) / time.Duration(c.n)) // they did not come at once
			for at := time.Now(); at.Sub(begin) < length && errs[i] == nil; at = at.Add(c.every) {
				time.Sleep(time.Until(at))
				errs[i] = v.poll()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// pollEvery is how often a page asks for latest.json.
const pollEvery = 2 * time.Second

// viewer asks for what a page that is watched live asks for: latest.json, and
// each snapshot of ten seconds once it is there.
type viewer struct {
	server      *feedServer
	client      http.Client
	conditional bool
	have        map[string]string // ETags by object
	began       time.Time         // of the first heartbeat that it had
}

func (v *viewer) poll() error {
	text, err := v.get(snapshot.LatestObject)
	if err != nil || text == nil {
		return err
	}
	var l snapshot.Latest
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	if v.began.IsZero() {
		v.began = l.Published
	}
	for _, start := range l.Recent {
		object := bucket.ID{Period: bucket.TenSeconds, Start: start.Unix()}.Object()
		due := start.Add(time.Duration(l.Delay) * time.Second)
		if v.have[object] != "" || due.Before(v.began) || due.After(l.Published) {
			continue
		}
		if _, err := v.get(object); err != nil {
			return err
		}
	}
	return nil
}

// get gets an object, nil if it is as before.
func (v *viewer) get(object string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, v.server.url+snapshot.Root+object, nil)
	if err != nil {
		return nil, err
	}
	if v.conditional && v.have[object] != "" {
		r.Header.Set("If-None-Match", v.have[object])
	}
	a, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	switch {
	case a.StatusCode == http.StatusNotModified:
		return nil, err
	case a.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s", object, a.Status)
	}
	v.have[object] = a.Header.Get("ETag")
	return text, err
}
