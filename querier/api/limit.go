package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// endpoint is what each request goes through.
func (v *server) endpoint(name string, h handler, methods ...string) http.Handler {
	allow := strings.Join(append(slices.Clone(methods), http.MethodOptions), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &status{ResponseWriter: w, code: http.StatusOK}
		defer func() { v.metrics.answered(name, seen.code) }()
		open(seen.Header())
		if r.Method == http.MethodOptions {
			preflight(seen, allow)
			return
		}
		if !slices.Contains(methods, r.Method) {
			seen.Header().Set("Allow", allow)
			v.fail(seen, r, &problem{Status: http.StatusMethodNotAllowed, Message: r.Method + " is not for this: want " + allow, See: "/"})
			return
		}
		if err := v.admit(r); err != nil {
			v.fail(seen, r, err)
			return
		}
		d, err := v.door(r)
		if err == nil {
			err = h(seen, r, d)
		}
		if err != nil {
			v.fail(seen, r, err)
		}
	})
}

// open lets pages of any origin ask. There are no cookies: a page can only
// show what it was given a token for.
func open(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Link, Retry-After")
	h.Set("Vary", "Accept, Accept-Encoding, Authorization")
	h.Set("X-Content-Type-Options", "nosniff")
}

func preflight(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	w.Header().Set("Access-Control-Allow-Methods", allow)
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match")
	w.Header().Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// status remembers how a request was answered.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// admit holds a client to its rate.
func (v *server) admit(r *http.Request) error {
	if !v.clients.take(v.client(r), time.Now()) {
		v.metrics.refused.WithLabelValues("rate").Inc()
		return &problem{Status: http.StatusTooManyRequests, Message: "too many requests: wait a little, and keep answers for as long as Cache-Control says", See: "/#limits", Retry: 1}
	}
	return nil
}

// client is the address that a request comes from; behind trusted proxies the
// last one that they were asked by and that is none of them.
func (v *server) client(r *http.Request) netip.Prefix {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	addr, _ := netip.ParseAddr(host)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && v.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next
	}
	addr = addr.Unmap()
	bits := 32
	if addr.Is6() {
		bits = 64 // what one household has
	}
	p, _ := addr.Prefix(bits)
	return p
}

func (v *server) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(v.Proxies, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// clients are buckets of requests that each client may still make.
type clients struct {
	rate  float64
	burst float64

	mu  sync.Mutex
	all map[netip.Prefix]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// mostClients is how many are remembered; beyond it those who have asked
// nothing for long are forgotten, and then all.
const mostClients = 10_000

func newClients(rate float64, burst int) *clients {
	return &clients{rate: rate, burst: float64(burst), all: map[netip.Prefix]*bucket{}}
}

func (c *clients) take(who netip.Prefix, now time.Time) bool {
	if c.rate <= 0 {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.all[who]
	if b == nil {
		c.tidy(now)
		b = &bucket{left: c.burst, at: now}
		c.all[who] = b
	}
	b.left = min(c.burst, b.left+c.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

func (c *clients) tidy(now time.Time) {
	if len(c.all) < mostClients {
		return
	}
	for who, b := range c.all {
		if b.left+c.rate*now.Sub(b.at).Seconds() >= c.burst {
			delete(c.all, who)
		}
	}
	if len(c.all) >= mostClients {
		clear(c.all)
	}
}

// line is where questions wait for their turn.
type line struct {
	turn    chan struct{}
	most    int64
	waiting atomic.Int64
}

func newLine(atOnce int) *line {
	return &line{turn: make(chan struct{}, atOnce), most: int64(atOnce) * mostWaiting}
}

// enter waits for a turn; done gives it back.
func (l *line) enter(ctx context.Context) (done func(), err error) {
	if l.waiting.Add(1) > l.most {
		l.waiting.Add(-1)
		return nil, errBusy
	}
	defer l.waiting.Add(-1)
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errBusy = &problem{Status: http.StatusServiceUnavailable, Message: "too many questions at once: try again", See: "/#limits", Retry: 2}
