package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/glowmap/glow/demo/places"
)

// step is how often lines are written.
const step = 100 * time.Millisecond

// Shares of the events, and of the lines that no log is free of.
const (
	shareRatio = 0.012 // shares per download
	badRatio   = 0.0004
)

// networks are where people share, by how many do.
var networks = []struct {
	name   string
	weight int
}{{"twitter", 5}, {"facebook", 4}, {"mastodon", 2}, {"whatsapp", 3}}

// SharedOn lists the networks that shares go to.
func SharedOn() []string {
	var names []string
	for _, n := range networks {
		names = append(names, n.name)
	}
	return names
}

// Share posts a share; nil where shares are lines of the log.
type Share func(from netip.Addr, network string)

// Traffic makes events and writes them as lines of a log.
type Traffic struct {
	Crowd  *places.Crowd
	Day    Day
	Rand   *rand.Rand
	Log    *Log
	Format string        // of the lines: "glow" or "combined"
	Rotate time.Duration // how often; 0: never
	Share  Share
	Say    func(format string, a ...any)

	lines atomic.Int64
	buf   []byte
}

// Lines is how many lines were written.
func (t *Traffic) Lines() int64 { return t.lines.Load() }

// History writes the past before now: events that grow to the rate of today.
func (t *Traffic) History(now time.Time, length time.Duration) error {
	for s := length / time.Second; s > 0; s-- {
		grown := 1 - float64(s)/float64(length/time.Second+1)
		t.add(now.Add(-s*time.Second), t.Day.Start, events(grown*grown*grown*t.Day.Rate, t.Rand))
		if len(t.buf) > 1<<20 {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	return t.flush()
}

// Run writes lines until ctx is done.
func (t *Traffic) Run(ctx context.Context) error {
	start := time.Now()
	last, rotated := time.Duration(0), time.Duration(0)
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		at := time.Since(start)
		t.add(time.Now(), t.Day.Hour(at), events(t.Day.At(at, t.Rand)*(at-last).Seconds(), t.Rand))
		last = at
		if err := t.flush(); err != nil {
			return fmt.Errorf("write the log: %w", err)
		}
		if t.Rotate > 0 && at-rotated >= t.Rotate {
			rotated = at
			how, err := t.Log.Rotate()
			if err != nil {
				return fmt.Errorf("rotate the log: %w", err)
			}
			t.Say("log rotated (%s)", how)
		}
	}
}

// add adds n events of one moment.
func (t *Traffic) add(when time.Time, hour float64, n int) {
	for range n {
		p := t.Crowd.Draw(t.Rand, hour)
		t.line(p.Address(t.Rand), when, "download")
		if t.Rand.Float64() < shareRatio {
			t.share(p.Address(t.Rand), when)
		}
		if t.Rand.Float64() < badRatio {
			t.bad()
		}
	}
}

func (t *Traffic) share(a netip.Addr, when time.Time) {
	sum := 0
	for _, n := range networks {
		sum += n.weight
	}
	pick := t.Rand.IntN(sum)
	for _, n := range networks {
		if pick -= n.weight; pick < 0 {
			if t.Share != nil {
				t.Share(a, n.name)
			} else if t.Format == "glow" {
				t.line(a, when, "share:"+n.name)
			}
			return
		}
	}
}

// line adds one good line.
func (t *Traffic) line(a netip.Addr, when time.Time, typ string) {
	t.buf = a.AppendTo(t.buf)
	if t.Format == "combined" {
		t.buf = append(t.buf, " - - ["...)
		t.buf = when.UTC().AppendFormat(t.buf, "02/Jan/2006:15:04:05 -0700")
		t.buf = append(t.buf, `] "GET /download/setup-1.0.exe HTTP/1.1" 200 45097156 "-" "Mozilla/5.0"`...)
	} else {
		t.buf = append(t.buf, ' ')
		t.buf = strconv.AppendInt(t.buf, when.Unix(), 10)
		t.buf = append(t.buf, ' ')
		t.buf = append(t.buf, typ...)
	}
	t.buf = append(t.buf, '\n')
	t.lines.Add(1)
}

// bad adds a line that no daemon can count: it must be dropped under a reason.
func (t *Traffic) bad() {
	lines := []string{
		"999.1.2.3 1395100800 download", "203.0.113.7 yesterday download", "half a li",
		"", "203.0.113.7 1395100800 DOWNLOAD!", "\x00\x01\xfe\xff binary",
	}
	t.buf = append(t.buf, lines[t.Rand.IntN(len(lines))]...)
	t.buf = append(t.buf, '\n')
	t.lines.Add(1)
}

func (t *Traffic) flush() error {
	_, err := t.Log.Write(t.buf)
	t.buf = t.buf[:0]
	return err
}
