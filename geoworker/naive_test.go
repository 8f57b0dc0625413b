package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
)

// tally is all that is counted of one type in one bucket.
type tally struct {
	N, Unlocated int
	Days         map[string]int
	bucket.Dims
}

func newTally() *tally {
	return &tally{Days: map[string]int{}, Dims: *bucket.Sum{}.Dims("")}
}

// state is what counting leaves in Redis.
type state struct {
	Buckets map[bucket.ID]map[string]*tally
	Drops   map[string]string
	Late    map[string]string
	Names   map[string]string
	Dirty   map[string]bool
}

// naive counts one event at a time, in the words of the design.
type naive struct {
	state
	grid    grid.Grid
	places  []geotest.Place
	found   map[netip.Addr]*geotest.Place
	evicted map[bucket.ID]bool
	drops   map[string]int
	late    map[string]int
	archive bool     // whether it is on
	rows    []string // as the archive must get them
}

func newNaive(t testing.TB, places ...geotest.Place) *naive {
	g, err := grid.New(0.5)
	if err != nil {
		t.Fatal(err)
	}
	return &naive{
		state: state{Buckets: map[bucket.ID]map[string]*tally{}, Names: map[string]string{}, Dirty: map[string]bool{}},
		grid:  g, places: places, found: map[netip.Addr]*geotest.Place{}, evicted: map[bucket.ID]bool{}, drops: map[string]int{}, late: map[string]int{},
	}
}

func (n *naive) event(now time.Time, addr netip.Addr, at time.Time, typ string, attrs ...string) {
	if at.Sub(now) > 5*time.Minute {
		n.drops["geoworker:future"]++
		return
	}
	if n.archive {
		n.rows = append(n.rows, fmt.Sprintf("%d %s %s %s", at.Unix(), typ, n.place(addr), cmp.Or(strings.Join(attrs, ""), "-")))
	}
	for _, p := range bucket.Periods {
		if p == bucket.TenSeconds && now.Sub(at) >= time.Hour {
			continue
		}
		id := bucket.ID{Period: p, Start: p.Start(at.Unix())}
		if n.evicted[id] {
			n.late[string(p)]++
			continue
		}
		n.Dirty[id.String()] = true
		if n.Buckets[id] == nil {
			n.Buckets[id] = map[string]*tally{}
		}
		if n.Buckets[id][typ] == nil {
			n.Buckets[id][typ] = newTally()
		}
		n.count(n.Buckets[id][typ], id, addr, at)
	}
}

func (n *naive) count(t *tally, id bucket.ID, addr netip.Addr, at time.Time) {
	t.N++
	if id.Period == bucket.All {
		t.Days[at.UTC().Format(time.DateOnly)]++
	} else {
		t.Beat[uint32((at.Unix()-id.Start)/id.Period.BeatSeconds())]++
	}
	p := n.find(addr)
	if is(p.Continent, 2, 2, false) {
		t.Continents[p.Continent]++
	}
	if is(p.Country, 2, 2, false) {
		t.Countries[p.Country]++
		if is(p.Region, 1, 3, true) && id.Period.HasRegions() {
			t.Regions[p.Country+"-"+p.Region]++
			n.Names[p.Country+"-"+p.Region] = p.RegionName
		}
	}
	if p.LatLon != nil {
		if cell, ok := n.grid.Cell(p.LatLon[0], p.LatLon[1]); ok {
			t.Cells[cell]++
			return
		}
	}
	t.Unlocated++
}

// place is what a row says of where an address is.
func (n *naive) place(addr netip.Addr) string {
	p, f := n.find(addr), []string{"-", "-", "-", "- - -"}
	if is(p.Continent, 2, 2, false) {
		f[0] = p.Continent
	}
	if is(p.Country, 2, 2, false) {
		f[1] = p.Country
		if is(p.Region, 1, 3, true) {
			f[2] = p.Country + "-" + p.Region
		}
	}
	if p.LatLon != nil {
		if cell, ok := n.grid.Cell(p.LatLon[0], p.LatLon[1]); ok {
			f[3] = fmt.Sprintf("%d %.0f %.0f", cell, p.LatLon[0]*1e4, p.LatLon[1]*1e4)
		}
	}
	return strings.ReplaceAll(strings.Join(f, " "), "-0", "0")
}

func (n *naive) find(addr netip.Addr) *geotest.Place {
	p, ok := n.found[addr]
	if !ok {
		if p = geotest.Find(addr, n.places...); p == nil {
			p = &geotest.Place{}
		}
		n.found[addr] = p
	}
	return p
}

// is says whether s has from least to most capital letters, or digits where
// those may be.
func is(s string, least, most int, digits bool) bool {
	for _, c := range s {
		if !(c >= 'A' && c <= 'Z' || digits && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(s) >= least && len(s) <= most
}

// want is the state that counting should leave.
func (n *naive) want() state {
	s := n.state
	s.Drops, s.Late = text(n.drops), text(n.late)
	return s
}

func text(m map[string]int) map[string]string {
	t := map[string]string{}
	for k, v := range m {
		t[k] = strconv.Itoa(v)
	}
	return t
}

// read reads the state from Redis.
func read(t testing.TB, c *redis.Client, k keys.Keys) state {
	t.Helper()
	ctx := context.Background()
	s := state{Buckets: map[bucket.ID]map[string]*tally{}, Dirty: map[string]bool{}}
	s.Drops, s.Late, s.Names = c.HGetAll(ctx, k.Drops()).Val(), c.HGetAll(ctx, k.Late()).Val(), c.HGetAll(ctx, k.Names()).Val()
	for _, m := range c.ZRange(ctx, k.Dirty(), 0, -1).Val() {
		s.Dirty[m] = true
	}
	for _, key := range c.Keys(ctx, k.All()).Val() {
		if name, ok := strings.CutPrefix(key, strings.TrimSuffix(k.All(), "*")+"bucket:"); ok {
			id, err := bucket.ParseID(name)
			if err != nil {
				t.Fatal(err)
			}
			s.Buckets[id] = readBucket(t, c, k, id)
		}
	}
	return s
}

func readBucket(t testing.TB, c *redis.Client, k keys.Keys, id bucket.ID) map[string]*tally {
	t.Helper()
	ctx := context.Background()
	types, sum := map[string]*tally{}, bucket.Sum{}
	for _, part := range c.LRange(ctx, k.Parts(id), 0, -1).Val() {
		if err := sum.Add([]byte(part)); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	for typ, d := range sum {
		types[typ] = newTally()
		types[typ].Dims = *d
	}
	hash := c.HGetAll(ctx, k.Bucket(id)).Val()
	last := c.LIndex(ctx, k.Parts(id), -1).Val()
	if token := hash["token"]; hex.EncodeToString([]byte(last)[1:9]) != token || hash["changed"] == "" {
		t.Errorf("%s: token %q, changed %q, but its last part begins with %x", id, token, hash["changed"], last[:9])
	}
	delete(hash, "token")
	delete(hash, "changed")
	for field, value := range hash {
		typ, what, _ := strings.Cut(field, "|")
		n, err := strconv.Atoi(value)
		if err != nil || types[typ] == nil {
			t.Fatalf("%s: %s = %s", id, field, value)
		}
		day, isDay := strings.CutPrefix(what, "day|")
		switch {
		case what == "n":
			types[typ].N = n
		case what == "unlocated":
			types[typ].Unlocated = n
		case isDay:
			types[typ].Days[day] = n
		default:
			t.Fatalf("%s: unknown field %s", id, field)
		}
	}
	return types
}

// same compares two states and says where they differ.
func same(t testing.TB, got, want state) {
	t.Helper()
	for _, m := range []struct {
		name      string
		got, want any
	}{{"drops", got.Drops, want.Drops}, {"late", got.Late, want.Late}, {"names", got.Names, want.Names}, {"dirty", got.Dirty, want.Dirty}} {
		if !reflect.DeepEqual(m.got, m.want) {
			t.Errorf("%s: %v, want %v", m.name, m.got, m.want)
		}
	}
	all := maps.Clone(got.Buckets)
	maps.Copy(all, want.Buckets)
	wrong := 0
	for id := range all {
		if !reflect.DeepEqual(got.Buckets[id], want.Buckets[id]) {
			if wrong++; wrong <= 5 {
				t.Errorf("%s differs:\n got  %s\n want %s", id, show(got.Buckets[id]), show(want.Buckets[id]))
			}
		}
	}
	if wrong > 5 {
		t.Errorf("and %d more buckets differ", wrong-5)
	}
}

func show(types map[string]*tally) string {
	var b strings.Builder
	for typ, d := range types {
		b.WriteString(typ + ": " + strconv.Itoa(d.N) + " events, " + strconv.Itoa(d.Unlocated) + " unlocated, ")
		for code, n := range d.Countries {
			b.WriteString(code + " " + strconv.FormatUint(n, 10) + " ")
		}
	}
	return b.String()
}
