package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// event is what geoworker has made of a line when it counts it.
type event struct {
	at                         int64
	typ                        string
	cell                       int // -1: unlocated
	continent, country, region string
}

func randomEvents(r *rand.Rand, n int, from, to int64) []event {
	countries := []struct{ continent, country, region string }{
		{"EU", "DE", "DE-BY"}, {"EU", "GB", "GB-ENG"}, {"NA", "US", "US-CA"}, {"NA", "US", ""}, {"EU", "", ""}, {"", "", ""},
	}
	types := []string{"download", "download", "download", "share:twitter", "share:privacy"}
	events := make([]event, n)
	for i := range events {
		c := countries[r.IntN(len(countries))]
		cell := -1
		if r.IntN(10) > 0 {
			cell = 180000 + r.IntN(300)
		}
		events[i] = event{from + r.Int64N(to-from), types[r.IntN(len(types))], cell, c.continent, c.country, c.region}
	}
	return events
}

type object = map[string]any

// naive counts events in the plainest way into the files that must come of
// them, sharing nothing with the publisher: object name → JSON.
func naive(events []event, tens bool) map[string]string {
	files := map[string]object{}
	for _, e := range events {
		for _, p := range bucket.Periods {
			if p != bucket.TenSeconds || tens {
				naiveCount(files, p, e)
			}
		}
	}
	out := map[string]string{}
	for name, f := range files {
		for _, t := range f["types"].(object) {
			naiveColumns(t.(object))
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(f); err != nil {
			panic(err)
		}
		out[name] = string(bytes.TrimSpace(b.Bytes()))
	}
	return out
}

func naiveCount(files map[string]object, p bucket.Period, e event) {
	at := time.Unix(e.at, 0).UTC()
	f := map[bucket.Period]struct {
		name  string
		start time.Time
		step  int
	}{
		"10s": {"v1/10s/" + at.Format("2006/01/02/15/04/") + fmt.Sprintf("%02d.json", at.Second()/10*10), at.Truncate(10 * time.Second), at.Second() % 10},
		"1m":  {"v1/1m/" + at.Format("2006/01/02/15/04") + ".json", at.Truncate(time.Minute), at.Second()},
		"1h":  {"v1/1h/" + at.Format("2006/01/02/15") + ".json", at.Truncate(time.Hour), at.Minute()},
		"1d":  {"v1/1d/" + at.Format("2006/01/02") + ".json", at.Truncate(24 * time.Hour), at.Hour()*60 + at.Minute()},
		"all": {"v1/all.json", time.Time{}, 0},
	}[p]
	file := files[f.name]
	if file == nil {
		file = object{"v": 1, "grid": 0.5, "period": string(p), "start": f.start.Format("2006-01-02T15:04:05Z"), "types": object{}}
		if p == bucket.All {
			file["start"] = nil
		}
		files[f.name] = file
	}
	types := file["types"].(object)
	if types[e.typ] == nil {
		types[e.typ] = naiveType(p)
	}
	t := types[e.typ].(object)
	t["n"] = t["n"].(int) + 1
	if p == bucket.All {
		bump(t["days"], at.Format("2006-01-02"))
	} else {
		t["beat"].([]int)[f.step]++
	}
	bump(t["continents"], e.continent)
	bump(t["countries"], e.country)
	if t["regions"] != nil {
		bump(t["regions"], e.region)
	}
	if e.cell < 0 {
		t["unlocated"] = t["unlocated"].(int) + 1
	} else {
		t["cells"].(map[int]int)[e.cell]++
	}
}

func naiveType(p bucket.Period) object {
	t := object{"n": 0, "unlocated": 0, "continents": object{}, "countries": object{}, "cells": map[int]int{}}
	if p == bucket.All {
		t["days"] = object{}
	} else {
		t["beat"] = make([]int, map[bucket.Period]int{"10s": 10, "1m": 60, "1h": 60, "1d": 1440}[p])
	}
	if p != "10s" && p != "1m" {
		t["regions"] = object{}
	}
	return t
}

func bump(m any, key string) {
	if n, _ := m.(object)[key].(int); key != "" {
		m.(object)[key] = n + 1
	}
}

func naiveColumns(t object) {
	ids := []int{}
	for id := range t["cells"].(map[int]int) {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	steps, counts, last := []int{}, []int{}, 0
	for _, id := range ids {
		steps, counts = append(steps, id-last), append(counts, t["cells"].(map[int]int)[id])
		last = id
	}
	t["cells"], t["counts"] = steps, counts
}
