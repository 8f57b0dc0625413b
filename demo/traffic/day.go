// Package traffic writes the log of a launch day: events of people all over
// the world, as they wake and sleep, with bursts and shares, and rotates it as
// operations would.
package traffic

import (
	"math"
	"math/rand/v2"
	"time"
)

// Day is the shape of a launch day: how many events a second there are at each
// moment. A whole day passes in Length, so that an onlooker sees night come
// and go.
type Day struct {
	Rate   float64       // events a second, on average
	Length time.Duration // of a day
	Start  float64       // hour of the day (UTC) at which it begins

	burst struct {
		until  time.Duration
		height float64
	}
	next time.Duration
}

// Bursts come as when somebody with many followers posts the link.
const (
	burstEvery = 25 * time.Second // on average
	burstMost  = 2.0              // times the rate, on top of it
)

// Hour is the hour of the day after a time since the start.
func (d *Day) Hour(at time.Duration) float64 {
	return math.Mod(d.Start+24*at.Seconds()/d.Length.Seconds(), 24)
}

// At is the rate at a time since the start. It is asked in ascending order.
func (d *Day) At(at time.Duration, r *rand.Rand) float64 {
	if at >= d.next {
		if d.next > 0 {
			d.burst.until = at + time.Duration((2+6*r.Float64())*float64(time.Second))
			d.burst.height = burstMost * r.Float64() * r.Float64()
		}
		d.next = at + time.Duration(r.ExpFloat64()*float64(burstEvery)) + 5*time.Second
	}
	rate := d.Rate * (1 + 0.35*math.Sin((d.Hour(at)-9)/24*2*math.Pi))
	if left := d.burst.until - at; left > 0 {
		rate += d.Rate * d.burst.height * min(1, left.Seconds())
	}
	return rate
}

// events draws how many events fall into a step with the given mean.
func events(mean float64, r *rand.Rand) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	n, p, limit := 0, r.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= r.Float64()
	}
	return n
}
