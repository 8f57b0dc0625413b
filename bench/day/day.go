// Package day writes the log of Firefox 3's Download Day as it may have been:
// 8,002,530 downloads in the 24 hours from 2008-06-17 17:00 UTC, at most
// 17,000 in a minute, by people all over the world as they wake and sleep. The
// same options give the same bytes.
package day

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"github.com/glowmap/glow/demo/places"
)

// The day as it was.
const (
	Lines     = 8002530
	Peak      = 17000
	Minutes   = 24 * 60
	Addresses = 299993
)

// Start is when the day begins; it ends 24 hours later.
var Start = time.Date(2008, 6, 17, 17, 0, 0, 0, time.UTC)

// Options say how large a log is. Zero fields are as on the day.
type Options struct {
	Lines     int
	Addresses int // different ones
	Days      int // the day repeats; 0: once
	Seed      uint64
}

// Day writes a log line by line.
type Day struct {
	o        Options
	r        *rand.Rand
	visitors []visitor
	minutes  [Minutes]int // lines in each

	day, minute, line int
}

// visitor is an address and where it is.
type visitor struct {
	text []byte
	lon  float64
}

// New prepares a log.
func New(o Options) (*Day, error) {
	if o.Lines == 0 {
		o.Lines = Lines
	}
	if o.Addresses == 0 {
		o.Addresses = Addresses
	}
	o.Days = max(o.Days, 1)
	world, err := places.Load()
	if err != nil {
		return nil, err
	}
	d := &Day{o: o, r: rand.New(rand.NewPCG(8, 2008+o.Seed)), minutes: shape(o.Lines)}
	d.settle(world)
	return d, nil
}

// settle draws the visitors: one in ten by IPv6, the others by IPv4.
func (d *Day) settle(world *places.World) {
	crowd := places.NewCrowd(world)
	seen := make(map[netip.Addr]bool, d.o.Addresses)
	for len(d.visitors) < d.o.Addresses {
		p := crowd.Draw(d.r, 24*d.r.Float64())
		a := address(d.r, p, len(d.visitors)%10 == 9)
		if !a.IsValid() || seen[a] {
			continue
		}
		seen[a] = true
		d.visitors = append(d.visitors, visitor{a.AppendTo(nil), p.Lon})
	}
}

// address draws an address of a place in one of its networks of a version; the
// zero address if it has none.
func address(r *rand.Rand, p *places.Place, v6 bool) netip.Addr {
	of := make([]netip.Prefix, 0, 8)
	for _, n := range p.Networks {
		if n.Addr().Is6() == v6 {
			of = append(of, n)
		}
	}
	if len(of) == 0 {
		return netip.Addr{}
	}
	n := of[r.IntN(len(of))]
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < 8*len(b); i++ {
		if r.Uint64()&1 == 1 {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// The shape of the day: a rush once the servers stand the load, 76 minutes
// after the start, that halves every hour, on top of waves of waking and
// sleeping users.
const (
	// Launch is when the rush begins, after Start.
	Launch = launch * time.Minute

	launch   = 76
	halves   = 60.0
	evenings = 0.25
)

// shape spreads lines over the minutes in such a way that the fullest holds
// Peak / Lines of them.
func shape(lines int) (n [Minutes]int) {
	var base, rush [Minutes]float64
	var sumBase, sumRush float64
	for m := range Minutes {
		base[m] = 1 + evenings*math.Sin(2*math.Pi*(float64(m)/Minutes+0.05))
		if m >= launch {
			rush[m] = math.Exp2(-float64(m-launch) / halves)
		}
		sumBase += base[m]
		sumRush += rush[m]
	}
	// a·base + b·rush is 1 in sum and Peak/Lines at its peak.
	peak := float64(Peak) / Lines
	a := (sumRush*peak - 1) / (sumRush*base[launch] - sumBase)
	b := (1 - a*sumBase) / sumRush
	total, made := 0.0, 0
	for m := range n {
		total += (a*base[m] + b*rush[m]) * float64(lines)
		n[m] = int(total+0.5) - made
		made += n[m]
	}
	return n
}

// Append appends the next line, with its newline, to dst. It returns false
// after the last.
func (d *Day) Append(dst []byte) ([]byte, bool) {
	for d.line >= d.minutes[d.minute] {
		d.line = 0
		if d.minute++; d.minute == Minutes {
			d.minute = 0
			if d.day++; d.day == d.o.Days {
				d.minute, d.line = Minutes-1, d.minutes[Minutes-1]
				return dst, false
			}
		}
	}
	second := int64(d.minute)*60 + int64(d.line)*60/int64(d.minutes[d.minute])
	d.line++
	// Web servers write a line when its request ends, and so a little out of order.
	second = max(0, second-d.r.Int64N(3))
	dst = append(dst, d.visitor(second).text...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, Start.Unix()+int64(d.day)*86400+second, 10)
	return append(dst, '\n'), true
}

// visitor draws who downloads: some much more often than others (a proxy of a
// whole company), and those who are awake.
func (d *Day) visitor(second int64) *visitor {
	hour := float64(Start.Hour()) + float64(second)/3600
	for {
		u := d.r.Float64()
		v := &d.visitors[int(u*u*float64(len(d.visitors)))]
		if d.r.Float64() < places.Awake(math.Mod(hour+v.lon/15, 24)) {
			return v
		}
	}
}

// Visits are the addresses of n visits at the hour of the launch.
func (d *Day) Visits(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = d.visitor(launch * 60).text
	}
	return list
}
