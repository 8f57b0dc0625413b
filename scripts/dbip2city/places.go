package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/glowmap/glow/scripts/dbip2city/region"
)

// Reduction to the demo's places: one place per quarter degree and region,
// named after the city with the most addresses there.
const (
	quarter    = 4    // places per degree
	coverage   = 0.99 // of a country's addresses, by its largest places
	leastOf    = 12   // places of every country that has as many
	networks4  = 3    // IPv4 networks kept of each place, the largest
	networks6  = 1    // IPv6 networks
	longestIP4 = 24
	longestIP6 = 48
)

type spot struct {
	country, code string
	row, col      int
}

type place struct {
	spot
	city     string
	lat, lon float64
	most     uint64 // addresses of the largest city so far
	weight   uint64 // IPv4 addresses
	nets     []netip.Prefix
	perCity  map[string]uint64
}

// reducer gathers places.
type reducer struct{ places map[spot]*place }

func (r *reducer) add(p netip.Prefix, e entry) {
	if !e.located || e.country == "" || e.city == "" || odd(p) {
		return
	}
	s := spot{e.country, e.code, int(math.Floor(e.lat * quarter)), int(math.Floor(e.lon * quarter))}
	pl := r.places[s]
	if pl == nil {
		pl = &place{spot: s, perCity: map[string]uint64{}}
		r.places[s] = pl
	}
	if p.Addr().Is4() {
		size := uint64(1) << (32 - p.Bits())
		pl.weight += size
		pl.perCity[e.city] += size
		if n := pl.perCity[e.city]; n > pl.most {
			pl.most, pl.city, pl.lat, pl.lon = n, plainCity(e.city), e.lat, e.lon
		}
	}
	longest := longestIP6
	if p.Addr().Is4() {
		longest = longestIP4
	}
	if p.Bits() <= longest {
		pl.nets = append(pl.nets, p)
	}
}

var tunnels = []netip.Prefix{
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// odd are networks that City databases refuse: tunnels and what is reserved.
func odd(p netip.Prefix) bool {
	for _, o := range tunnels {
		if o.Overlaps(p) {
			return true
		}
	}
	return !p.Addr().IsGlobalUnicast() || p.Addr().IsPrivate()
}

// plainCity leaves out the quarter: "Darmstadt (Darmstadt-West)".
func plainCity(name string) string {
	name, _, _ = strings.Cut(name, " (")
	return name
}

// chosen are the places worth shipping, in a fixed order, with few networks each.
func (r *reducer) chosen() []*place {
	byCountry := map[string][]*place{}
	for _, pl := range r.places {
		if pl.keepLargest(); pl.city != "" && len(pl.nets) > 0 && pl.nets[0].Addr().Is4() {
			byCountry[pl.country] = append(byCountry[pl.country], pl)
		}
	}
	var all []*place
	for _, country := range slices.Sorted(maps.Keys(byCountry)) {
		all = append(all, largest(byCountry[country])...)
	}
	return all
}

func (pl *place) keepLargest() {
	slices.SortFunc(pl.nets, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().BitLen()-b.Addr().BitLen(), a.Bits()-b.Bits(), a.Addr().Compare(b.Addr()))
	})
	var keep []netip.Prefix
	n := map[bool]int{}
	for _, p := range pl.nets {
		is4 := p.Addr().Is4()
		if n[is4]++; is4 && n[is4] <= networks4 || !is4 && n[is4] <= networks6 {
			keep = append(keep, p)
		}
	}
	pl.nets = keep
}

func largest(places []*place) []*place {
	slices.SortFunc(places, func(a, b *place) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.code, b.code), a.row-b.row, a.col-b.col)
	})
	total, sum := uint64(0), uint64(0)
	for _, pl := range places {
		total += pl.weight
	}
	for i, pl := range places {
		if i >= leastOf && float64(sum) > coverage*float64(total) {
			return places[:i]
		}
		sum += pl.weight
	}
	return places
}

// write writes what package places of the demo reads: gzipped lines of
//
//	=<country>                                            the lines below are in it
//	+<region code>TAB<English name>                       a region met below
//	<region code>TAB<lat>TAB<lon>TAB<IPv4 addresses>TAB<city>TAB<network>,<network>…
//
// with coordinates in hundredths of a degree.
func (r *reducer) write(w io.Writer, regions *region.Table) (places int, err error) {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriter(z)
	country := ""
	named := map[string]bool{}
	chosen := r.chosen()
	for _, pl := range chosen {
		if pl.country != country {
			country = pl.country
			fmt.Fprintln(out, "="+country)
			clear(named)
		}
		if name := regions.Name(country, pl.code); name != "" && !named[pl.code] {
			named[pl.code] = true
			fmt.Fprintln(out, "+"+pl.code+"\t"+name)
		}
		fmt.Fprintln(out, strings.Join([]string{
			pl.code, hundredths(pl.lat), hundredths(pl.lon),
			strconv.FormatUint(pl.weight, 10), pl.city, list(pl.nets),
		}, "\t"))
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	return len(chosen), z.Close()
}

func hundredths(deg float64) string { return strconv.Itoa(int(math.Round(deg * 100))) }

func list(nets []netip.Prefix) string {
	text := make([]string, len(nets))
	for i, p := range nets {
		text[i] = p.String()
	}
	return strings.Join(text, ",")
}
