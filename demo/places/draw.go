package places

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// hub flattens differences between the places of a country: their numbers of
// addresses make too much of data centres.
const hub = 0.75

// Crowd draws places by how many people are online there.
type Crowd struct {
	places []Place
	sums   []float64 // running sum of the weights
}

// NewCrowd weighs the places: people of the country, shared out among its
// places by their addresses.
func NewCrowd(w *World) *Crowd {
	shares := map[string]float64{}
	for _, p := range w.Places {
		shares[p.Country] += share(p)
	}
	c := &Crowd{places: w.Places, sums: make([]float64, len(w.Places))}
	sum := 0.0
	for i, p := range w.Places {
		sum += people[p.Country] * share(p) / shares[p.Country]
		c.sums[i] = sum
	}
	return c
}

func share(p Place) float64 { return math.Pow(p.Addresses, hub) }

// Draw draws a place at an hour of the day in UTC, where it is day with more
// likelihood than where it is night.
func (c *Crowd) Draw(r *rand.Rand, hour float64) *Place {
	for {
		i, _ := slices.BinarySearch(c.sums, r.Float64()*c.sums[len(c.sums)-1])
		p := &c.places[min(i, len(c.places)-1)]
		if r.Float64() < Awake(hour+p.Lon/15) {
			return p
		}
	}
}

// awake is how active people are in each hour of their own day.
var awake = [24]float64{
	.25, .18, .12, .10, .10, .14, .25, .42, .60, .72, .80, .84,
	.86, .85, .84, .84, .86, .90, .94, .98, 1, .95, .75, .45,
}

// Awake is how active people are at an hour of their own day, which may lie
// before or after it: from a tenth in the dead of night to one in the evening.
func Awake(hour float64) float64 {
	h := math.Floor(hour)
	this, next := int(h)%24, int(h+1)%24
	return awake[(this+24)%24]*(1-hour+h) + awake[(next+24)%24]*(hour-h)
}

// Address draws an address of the place, mostly IPv4.
func (p *Place) Address(r *rand.Rand) netip.Addr {
	n := p.Networks[r.IntN(len(p.Networks))]
	if n.Addr().Is6() && r.IntN(3) > 0 { // one of at most four networks: too many otherwise
		n = p.Networks[0]
	}
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < 8*len(b); i++ {
		if r.Uint64()&1 == 1 {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
