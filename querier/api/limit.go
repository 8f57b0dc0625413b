package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
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
			v.fail(seen, r, &problem{Status: http.StatusMethodNotAllowed, Message: fmt.Sprintf("%.20s is not for this: want %s", r.Method, allow), See: "/"})
			return
		}
		if err := v.admit(r); err != nil {
			v.fail(seen, r, err)
			return
		}
		if v.Conns != nil {
			seen.begun = v.Conns.Hold(r.Context()) // whoever reads slowly no longer waits for us
			defer seen.begun()
		}
		d, err := v.door(r)
		if err == nil {
			err = h(seen, r, d)
		}
		if err != nil {
			v.fail(seen, r, v.full(d, err))
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
	code  int
	begun func() // called when the answer begins
}

// WriteHeader notes the status, for metrics.
func (s *status) WriteHeader(code int) {
	s.code = code
	if s.begun != nil {
		s.begun()
	}
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// admit holds a client to its rate.
func (v *server) admit(r *http.Request) error {
	if wait := v.Rate.Wait(v.Client.Addr(r)); wait > 0 {
		v.metrics.refused.WithLabelValues("rate").Inc()
		return &problem{Status: http.StatusTooManyRequests, Message: "too many requests: wait a little, and keep answers for as long as Cache-Control says", See: "/#limits", Retry: int(math.Ceil(wait.Seconds()))}
	}
	return nil
}

// line is where questions wait for their turn.
type line struct {
	turn    chan struct{}
	most    int64
	waiting atomic.Int64
	coming  atomic.Int64 // questions whose files are on their way
}

func newLine(atOnce int) *line {
	return &line{turn: make(chan struct{}, atOnce), most: int64(atOnce) * mostWaiting}
}

// enterReady waits until what a question needs is ready, and then for a turn: so
// files on their way keep nobody from asking about what is there. Where too many
// wait for files, the next ones wait in their turn.
func (l *line) enterReady(ctx context.Context, ready func(context.Context) error) (done func(), err error) {
	if l.coming.Add(1) <= l.most {
		err = ready(ctx)
	}
	l.coming.Add(-1)
	if err != nil {
		return nil, err
	}
	return l.enter(ctx)
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
