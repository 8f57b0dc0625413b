package harness

import (
	"bytes"
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Weather is what a [Proxy] does to requests, each with its probability.
type Weather struct {
	Delay  time.Duration // longest, of every request
	Refuse float64       // answered 503, and never passed on
	Fail   float64       // answered 500, and never passed on
	Lose   float64       // passed on, and the answer lost with the connection
	Late   float64       // the connection lost, and the request passed on only after Hold
	Hold   time.Duration // longest
}

// Proxy stands before an HTTP server and makes it slow and unreliable.
type Proxy struct {
	mu      sync.Mutex
	rand    *rand.Rand
	weather Weather
	behind  *httputil.ReverseProxy
	server  *httptest.Server
	faults  map[string]int
}

// NewProxy starts a proxy before the server at target. Its seed comes from r.
func NewProxy(t testing.TB, r *rand.Rand, target string, w Weather) *Proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{rand: rand.New(rand.NewPCG(r.Uint64(), 0)), weather: w, faults: map[string]int{}}
	// The Host stays as it came: it is signed.
	p.behind = &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(q *httputil.ProxyRequest) {
		q.Out.URL.Scheme, q.Out.URL.Host = u.Scheme, u.Host
	}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

// URL is where the proxy listens.
func (p *Proxy) URL() string { return p.server.URL }

// Set changes the weather.
func (p *Proxy) Set(w Weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
}

// Faults is how often which fault was made so far.
func (p *Proxy) Faults() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]int{
		"passed": p.faults[""], "refused": p.faults["refuse"], "failed": p.faults["fail"],
		"answers lost": p.faults["lose"], "late": p.faults["late"],
	}
}

func (p *Proxy) draw() (fault string, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.weather
	if w.Delay > 0 {
		delay = time.Duration(p.rand.Int64N(int64(w.Delay)))
	}
	x := p.rand.Float64()
	for _, f := range []struct {
		name  string
		share float64
	}{{"refuse", w.Refuse}, {"fail", w.Fail}, {"lose", w.Lose}, {"late", w.Late}} {
		if x -= f.share; x < 0 {
			fault = f.name
			break
		}
	}
	if fault == "late" && w.Hold > 0 {
		delay = time.Duration(p.rand.Int64N(int64(w.Hold)))
	}
	p.faults[fault]++
	return fault, delay
}

// ServeHTTP passes a request on, or not.
func (p *Proxy) ServeHTTP(rw http.ResponseWriter, q *http.Request) {
	fault, delay := p.draw()
	if fault == "late" {
		p.late(q, delay)
		panic(http.ErrAbortHandler)
	}
	select {
	case <-time.After(delay / 2):
	case <-q.Context().Done():
		return
	}
	switch fault {
	case "refuse":
		http.Error(rw, "slow down", http.StatusServiceUnavailable)
		return
	case "fail":
		http.Error(rw, "internal error", http.StatusInternalServerError)
		return
	case "lose":
		p.behind.ServeHTTP(httptest.NewRecorder(), q)
		panic(http.ErrAbortHandler) // cuts the connection
	}
	answer := httptest.NewRecorder()
	p.behind.ServeHTTP(answer, q)
	time.Sleep(delay / 2) // the answer is on its way
	for k, v := range answer.Header() {
		rw.Header()[k] = v
	}
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes())
}

// late keeps a whole request and passes it on later, as a network does in which
// it went astray. Who sent it has long given up.
func (p *Proxy) late(q *http.Request, delay time.Duration) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	again := q.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	time.AfterFunc(delay, func() { p.behind.ServeHTTP(httptest.NewRecorder(), again) })
}
