package feedtest

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server serves a feed as S3 does: gzipped, with CORS headers and a Date.
type Server struct {
	Feed *Feed

	mu       sync.Mutex
	clock    func() time.Time
	change   func(latest map[string]any)
	answer   func(w http.ResponseWriter, name string) bool
	requests []string
	bytes    int
}

// NewServer serves the feed by the machine's clock.
func NewServer(f *Feed) *Server { return &Server{Feed: f, clock: time.Now} }

// Clock sets what the time is; its Date header too.
func (s *Server) Clock(clock func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = clock
}

// Change lets latest.json be changed before it is sent; nil to stop that.
func (s *Server) Change(change func(latest map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = change
}

// Answer lets objects be answered otherwise: by errors, rubbish or silence. It
// says whether it did; nil to stop that.
func (s *Server) Answer(answer func(w http.ResponseWriter, name string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// Requests lists the objects asked for so far.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// Bytes is how much has been sent in bodies.
func (s *Server) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// ServeHTTP answers with a file of the feed, or as the test wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.URL.Path, "v1/")
	s.mu.Lock()
	s.requests = append(s.requests, name)
	now, change, answer := s.clock(), s.change, s.answer
	s.mu.Unlock()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Date, ETag")
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	if answer != nil && answer(w, name) {
		return
	}
	data := s.Feed.Object(name, now)
	if name == "latest.json" && change != nil {
		latest := s.Feed.Latest(now)
		change(latest)
		data = encode(latest)
	}
	if data == nil {
		http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=2")
	h.Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(&counter{w, s})
	_, _ = z.Write(data) // the client may have gone
	_ = z.Close()
}

// counter counts what goes out.
type counter struct {
	w http.ResponseWriter
	s *Server
}

// Write counts before it writes: a client may be gone by then.
func (c *counter) Write(p []byte) (int, error) {
	c.s.mu.Lock()
	c.s.bytes += len(p)
	c.s.mu.Unlock()
	return c.w.Write(p)
}
