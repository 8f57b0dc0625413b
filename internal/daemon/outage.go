package daemon

import (
	"context"
	"math/rand/v2"
	"time"
)

// Waits between attempts while a neighbour is away: doubled each time from the
// first to the last, each cut to between half and all of itself at random, so
// that a fleet does not come back in step.
const (
	firstWait = 50 * time.Millisecond
	lastWait  = 5 * time.Second
)

// Outage waits while a neighbour (Redis, the store) is away, and logs its
// beginning and its end once each. One goroutine uses it.
type Outage struct {
	d     *Daemon
	what  string
	since time.Time
	wait  time.Duration
	aside bool
}

// Outage makes an Outage of what, as in "redis", for the work loop.
func (d *Daemon) Outage(what string) *Outage { return &Outage{d: d, what: what} }

// Aside makes an Outage for what waits beside the work loop: /readyz names it,
// and it never speaks for that loop.
func (d *Daemon) Aside(what string) *Outage { return &Outage{d: d, what: what, aside: true} }

// Wait is called after an error: it waits longer each time. It returns an
// error only if ctx is done.
func (o *Outage) Wait(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.since.IsZero() {
		o.since, o.wait = time.Now(), firstWait
		o.d.Log.Warn(o.what+" is away, waiting", "err", err)
	}
	if o.aside {
		o.d.health.note(o.what, err)
	} else {
		o.d.Trouble(err)
	}
	wait := o.wait/2 + rand.N(o.wait/2)
	o.wait = min(2*o.wait, lastWait)
	return Sleep(ctx, wait)
}

// Sleep waits; it returns an error if ctx is done first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Over is called after each success.
func (o *Outage) Over() {
	if !o.since.IsZero() {
		o.d.Log.Info(o.what+" is back", "away", time.Since(o.since).Round(time.Millisecond).String())
		o.since = time.Time{}
	}
	if o.aside {
		o.d.health.note(o.what, nil)
		return
	}
	o.d.Ready()
}
