package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/store"
)

// firstMinute remembers the first minute with an event, by the day it is in.
type firstMinute struct {
	day   int64
	start int64
	known bool
}

// findFirst returns the start of the earliest minute with an event, from the
// beat of the earliest day; nil if there is no event.
func (p *Publisher) findFirst(ctx context.Context, all *counts.AllTime) (*time.Time, error) {
	if len(all.Days) == 0 {
		return nil, nil
	}
	earliest := slices.Min(slices.Collect(maps.Keys(all.Days)))
	day, err := time.Parse(time.DateOnly, earliest)
	if err != nil {
		return nil, fmt.Errorf("%w: all time has a day %.20q", counts.ErrCorrupt, earliest)
	}
	if !p.first.known || p.first.day != day.Unix() {
		b, err := p.counts.Read(ctx, bucket.ID{Period: bucket.Day, Start: day.Unix()}, nil)
		if errors.Is(err, counts.ErrCorrupt) && p.latest != nil {
			return p.latest.First, nil // the heart must beat on
		}
		if err != nil {
			return nil, err
		}
		p.first = firstMinute{day.Unix(), firstOf(b), true}
	}
	if p.first.start < 0 {
		return nil, nil
	}
	start := time.Unix(p.first.start, 0).UTC()
	return &start, nil
}

// sawDay takes the first minute from a day that was just published.
func (p *Publisher) sawDay(o outcome) {
	if o.id.Period == bucket.Day && o.put && p.first.known && p.first.day == o.id.Start {
		p.first.start = o.first
	}
}

// latestNow is latest.json as it should be now, but for seq and published.
func (p *Publisher) latestNow(ctx context.Context, v *counts.View) (*snapshot.Latest, error) {
	if p.slack.on {
		return hold(p.latest), nil
	}
	first, err := p.findFirst(ctx, v.All)
	if err != nil {
		return nil, err
	}
	l := &snapshot.Latest{
		Delay: p.Delay, Feed: p.feed, First: first, GeoIP: geoip(v.Meta),
		Message: text(v.Meta[keys.MetaMessage]), Newest: p.have.newestTimes(p.clock.now()), Recent: p.have.recent(p.clock.now()),
		Status: snapshot.Live, Totals: v.All.Totals, Version: snapshot.Version,
	}
	if p.grid != 0 {
		l.Grid = &p.grid
	}
	if s := v.Meta[keys.MetaStatus]; s != "" {
		l.Status = s
	}
	l.Attribution = text(p.Attribution)
	if p.Attribution == "" && l.GeoIP != nil {
		l.Attribution = text(attribution(l.GeoIP.Type))
	}
	return l, nil
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func geoip(meta map[string]string) *snapshot.GeoIP {
	if meta[keys.MetaGeoIPType] == "" {
		return nil
	}
	return &snapshot.GeoIP{Type: meta[keys.MetaGeoIPType], Built: meta[keys.MetaGeoIPBuilt]}
}

// attribution is what the licence of a GeoIP database asks to be shown.
func attribution(typ string) string {
	switch {
	case strings.HasPrefix(typ, "GeoLite2"):
		return "This product includes GeoLite2 data created by MaxMind, available from https://www.maxmind.com"
	case strings.HasPrefix(strings.ToUpper(typ), "DBIP"), strings.HasPrefix(strings.ToUpper(typ), "DB-IP"):
		return "IP Geolocation by DB-IP (https://db-ip.com)"
	}
	return ""
}

// same says whether a heartbeat says nothing new: besides seq and published it
// is the old one, but for recent snapshots that are not recent any more.
func same(now, old *snapshot.Latest) bool {
	if old == nil || slices.ContainsFunc(now.Recent, func(t time.Time) bool { return !slices.Contains(old.Recent, t) }) {
		return false
	}
	x, y := *now, *old
	x.Seq, x.Published, x.Recent = y.Seq, y.Published, y.Recent
	one, err1 := snapshot.Encode(&x)
	two, err2 := snapshot.Encode(&y)
	return err1 == nil && err2 == nil && reflect.DeepEqual(one, two)
}

// heartbeat puts latest.json; with --once only if it says something new. The
// floor is raised first: should the answer be lost, viewers may have seen it.
func (p *Publisher) heartbeat(ctx context.Context, v *counts.View) error {
	l, err := p.latestNow(ctx, v)
	if err != nil {
		return err
	}
	if p.d.Once && same(l, p.latest) {
		return nil
	}
	if !p.slack.on {
		p.floor = maps.Clone(l.Totals)
	}
	l.Seq, l.Published = 1, p.clock.now().Truncate(time.Second)
	if p.latest != nil {
		l.Seq = p.latest.Seq + 1
	}
	json, err := snapshot.Encode(l)
	if err != nil {
		return err
	}
	etag, err := p.put(ctx, snapshot.LatestObject, json, cacheLatest, p.etag)
	if errors.Is(err, store.ErrConflict) {
		p.m.conflicts.Inc()
		p.done.conflicts++
		return fmt.Errorf("%w at the target: somebody else has written latest.json", errAgain)
	}
	if err != nil {
		return err
	}
	p.latest, p.etag = l, etag
	p.landed++
	p.m.heartbeat.Set(float64(time.Now().Unix()))
	return p.probe(ctx, json)
}

// probe finds out once whether the store keeps to conditional PUTs.
func (p *Publisher) probe(ctx context.Context, json []byte) error {
	if p.probed {
		return nil
	}
	ok, err := p.store.Honours(ctx, store.Object{Name: snapshot.Root + snapshot.LatestObject, JSON: json, CacheControl: cacheLatest})
	if err != nil {
		return p.away("try a conditional PUT", err)
	}
	p.probed = true
	if !ok {
		p.d.Log.Warn("this store ignores conditions on PUTs: a PUT of a publisher that was killed may land late and, until the next change, put back an older state; run one publisher only")
	}
	return nil
}

// nameState is what was published of the names.
type nameState struct {
	etag  string
	known bool // etag is the object's
}

// putNames puts names.json if there are new names, or none was put yet.
func (p *Publisher) putNames(ctx context.Context, v *counts.View) error {
	token := v.Names
	if token == "" {
		token = "none"
	}
	if v.Meta[keys.MetaNamed] == token {
		return nil
	}
	names, err := p.counts.Names(ctx)
	if err != nil {
		return err
	}
	json, err := snapshot.Encode(&snapshot.Names{Regions: names, Version: snapshot.Version})
	if err != nil {
		return err
	}
	if !p.names.known {
		if p.names.etag, err = p.lookUp(ctx, snapshot.Root+snapshot.NamesObject); err != nil {
			return err
		}
		p.names.known = true
	}
	etag, err := p.put(ctx, snapshot.NamesObject, json, cacheNames, p.names.etag)
	p.names = nameState{etag, err == nil}
	if errors.Is(err, store.ErrConflict) {
		return nil // the next pass looks it up again
	}
	if err != nil {
		return err
	}
	return p.counts.Set(ctx, keys.MetaNamed, token)
}
