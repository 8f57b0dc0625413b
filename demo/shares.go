package main

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sharer posts shares to sharehook, as browsers behind a proxy would.
type sharer struct {
	url     string
	say     func(format string, a ...any)
	queue   chan shared
	done    sync.WaitGroup
	client  http.Client
	closed  sync.Once
	taken   atomic.Int64 // answered 204: each must be counted
	unknown atomic.Int64 // no answer: each may be counted
}

type shared struct {
	from    netip.Addr
	network string
}

// newSharer begins to post to url.
func newSharer(url string, say func(string, ...any)) *sharer {
	s := &sharer{url: url, say: say, queue: make(chan shared, 4096), client: http.Client{Timeout: 5 * time.Second}}
	for range 4 {
		s.done.Go(func() {
			for one := range s.queue {
				s.send(one)
			}
		})
	}
	return s
}

// post hands over one share; it never waits: when too many wait, it is as if
// that person had not shared.
func (s *sharer) post(from netip.Addr, network string) {
	select {
	case s.queue <- shared{from, network}:
	default:
	}
}

// close posts what is queued and stops. Nothing may be posted afterwards.
func (s *sharer) close() {
	s.closed.Do(func() { close(s.queue) })
	s.done.Wait()
}

// send posts one share. While sharehook is not there it tries again, unless it
// cannot be known whether the share was taken.
func (s *sharer) send(one shared) {
	for range 100 {
		form := url.Values{"type": {one.network}}.Encode()
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url, strings.NewReader(form))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-For", one.from.String())
		answer, err := s.client.Do(req)
		switch {
		case err != nil && strings.Contains(err.Error(), "connection refused"):
			time.Sleep(50 * time.Millisecond)
			continue
		case err != nil:
			s.unknown.Add(1)
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusNoContent {
			s.taken.Add(1)
		} else {
			s.say("sharehook answers a share with %s", answer.Status)
		}
		return
	}
}

// counts is how many shares must be counted; 0 for nil.
func (s *sharer) counts() int64 {
	if s == nil {
		return 0
	}
	return s.taken.Load()
}

// mayCount is how many more shares may be counted; 0 for nil.
func (s *sharer) mayCount() int64 {
	if s == nil {
		return 0
	}
	return s.unknown.Load()
}
