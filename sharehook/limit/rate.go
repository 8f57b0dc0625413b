// Package limit keeps single clients from taking more than their share: of
// requests ([Rate]) and of connections ([Conns]). Both need a bounded amount
// of memory, whatever comes in.
package limit

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxClients is how many clients a generation of [Rate] remembers. Two
// generations take about 13 MB.
const maxClients = 1 << 15

// Rate limits requests per client: an IPv4 address or an IPv6 /64, which is
// what one household gets.
//
// Clients live in two generations. A client seen again moves to the new one;
// when that is full it becomes the old one and the old one is forgotten. So
// only clients that have been quiet while maxClients others came are forgotten.
type Rate struct {
	each  rate.Limit
	burst int

	mu       sync.Mutex
	now, old map[netip.Prefix]*rate.Limiter
}

// NewRate allows each client burst requests at once and perSecond in the long
// run; 0 means no limit.
func NewRate(perSecond float64, burst int) *Rate {
	return &Rate{each: rate.Limit(perSecond), burst: burst, now: map[netip.Prefix]*rate.Limiter{}}
}

// Wait takes a request of the client into account. It returns 0 if the request
// may pass, else how long the client should wait.
func (r *Rate) Wait(client netip.Addr) time.Duration {
	if r.each == 0 {
		return 0
	}
	l := r.of(network(client))
	if l.Allow() {
		return 0
	}
	return time.Duration(float64(time.Second) * max(1-l.Tokens(), 0) / float64(r.each))
}

func (r *Rate) of(client netip.Prefix) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l, ok := r.now[client]; ok {
		return l
	}
	l, ok := r.old[client]
	if !ok {
		l = rate.NewLimiter(r.each, r.burst)
	}
	if len(r.now) >= maxClients {
		r.old, r.now = r.now, make(map[netip.Prefix]*rate.Limiter, maxClients/8)
	}
	r.now[client] = l
	return l
}

// network is what counts as one client.
func network(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // an invalid address gives an invalid prefix, which is a key like any other
	return p
}
