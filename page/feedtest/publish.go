package feedtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// Snapshot is the published JSON of a period as it is known at a moment, nil if
// it does not exist.
func (f *Feed) Snapshot(id bucket.ID, until time.Time) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	types := map[string]any{}
	for typ, c := range f.sum(id, until.Unix()) {
		if c.n > 0 {
			types[typ] = c.json(id.Period)
		}
	}
	if len(types) == 0 {
		return nil
	}
	var start any
	if id.Period != bucket.All {
		start = stamp(id.Start)
	}
	return encode(map[string]any{"v": 1, "period": id.Period, "start": start, "grid": f.Degrees, "types": types})
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func stamp(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

func (c *counts) json(p bucket.Period) map[string]any {
	ids := make([]uint32, 0, len(c.cells))
	for id := range c.cells {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	steps, ns := make([]uint32, len(ids)), make([]uint64, len(ids))
	last := uint32(0)
	for i, id := range ids {
		steps[i], ns[i], last = id-last, c.cells[id], id
	}
	out := map[string]any{
		"n": c.n, "unlocated": c.unlocated, "cells": steps, "counts": ns,
		"continents": c.continents, "countries": c.countries,
	}
	if p != bucket.All {
		out["beat"] = c.beat
	} else {
		out["days"] = c.days
	}
	if p != bucket.TenSeconds && p != bucket.Minute {
		out["regions"] = c.regions
	}
	return out
}

// Latest is latest.json as published at a moment, Delay and all.
func (f *Feed) Latest(now time.Time) map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := now.Unix()
	totals := map[string]uint64{}
	for typ, c := range f.sum(bucket.ID{Period: bucket.All}, at/10*10) {
		if c.n > 0 {
			totals[typ] = c.n
		}
	}
	newest, recent := map[string]string{}, []string{}
	for _, p := range bucket.Periods[:4] {
		start := p.Start(at)
		if p == bucket.TenSeconds || p == bucket.Minute {
			start -= p.Seconds()
		}
		for ; start > f.First.Unix()-p.Seconds(); start -= p.Seconds() {
			if f.any(bucket.ID{Period: p, Start: start}, at/10*10) {
				newest[string(p)] = stamp(start)
				break
			}
		}
	}
	for t := at/10*10 - 120; t+10 <= at; t += 10 {
		if f.any(bucket.ID{Period: bucket.TenSeconds, Start: t}, at/10*10) {
			recent = append(recent, stamp(t))
		}
	}
	return map[string]any{
		"v": 1, "feed": "f00d", "seq": at, "published": stamp(at), "status": "live", "first": stamp(f.First.Unix()),
		"grid": f.Degrees, "delay": 20, "newest": newest, "recent": recent, "totals": totals,
		"geoip": map[string]any{"type": "Made-up-City", "built": "2026-03-20"}, "attribution": nil, "message": nil,
	}
}

// any says whether anything happened in a period.
func (f *Feed) any(id bucket.ID, until int64) bool {
	for _, c := range f.sum(id, until) {
		if c.n > 0 {
			return true
		}
	}
	return false
}

// Names is names.json.
func (f *Feed) Names() []byte {
	names := map[string]string{}
	for _, p := range places {
		if p.region != "" {
			names[p.region] = "Region " + strings.TrimPrefix(p.region, p.country+"-")
		}
	}
	return encode(map[string]any{"v": 1, "regions": names})
}

// Object is any object of the feed under v1/ as published at a moment; nil if it
// does not exist then.
func (f *Feed) Object(name string, now time.Time) []byte {
	switch name {
	case "latest.json":
		return encode(f.Latest(now))
	case "names.json":
		return f.Names()
	}
	id, err := parse(name)
	if err != nil {
		return nil
	}
	until := now.Truncate(10 * time.Second)
	if id.Period == bucket.TenSeconds || id.Period == bucket.Minute {
		if id.Start+id.Period.Seconds() > until.Unix() {
			return nil
		}
	}
	return f.Snapshot(id, until)
}

// parse reads an object's name back.
func parse(name string) (bucket.ID, error) {
	for layout, p := range map[string]bucket.Period{
		"10s/2006/01/02/15/04/05.json": bucket.TenSeconds, "1m/2006/01/02/15/04.json": bucket.Minute,
		"1h/2006/01/02/15.json": bucket.Hour, "1d/2006/01/02.json": bucket.Day,
	} {
		prefix, rest, _ := strings.Cut(layout, "/")
		own, found := strings.CutPrefix(name, prefix+"/")
		if !found {
			continue
		}
		t, err := time.Parse(rest, own)
		if err == nil {
			return bucket.ID{Period: p, Start: t.Unix()}, nil
		}
	}
	if name == "all.json" {
		return bucket.ID{Period: bucket.All}, nil
	}
	return bucket.ID{}, fmt.Errorf("no object of the feed: %q", name)
}
