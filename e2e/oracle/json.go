package oracle

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Objects are all snapshots of the lines so far: path below "v1/" → contents.
func (c *Counter) Objects() map[string][]byte {
	m := make(map[string][]byte, len(c.buckets))
	for path, b := range c.buckets {
		m[path] = canonical(c.snapshot(b))
	}
	return m
}

// Latest is what latest.json must say of these lines: its members first, grid
// and totals.
func (c *Counter) Latest() []byte {
	var first any
	if c.first >= 0 {
		first = stamp(c.first)
	}
	return canonical(map[string]any{"first": first, "grid": c.settings.Degrees, "totals": c.totals})
}

func (c *Counter) snapshot(b *bucket) map[string]any {
	var start any
	if b.period.seconds > 0 {
		start = stamp(b.start)
	}
	types := map[string]any{}
	for typ, n := range b.types {
		types[typ] = n.members(b.period)
	}
	return map[string]any{"v": 1, "period": b.period.name, "start": start, "grid": c.settings.Degrees, "types": types}
}

func (c *counts) members(p period) map[string]any {
	cells, amounts := c.columns()
	m := map[string]any{
		"n": c.n, "unlocated": c.unlocated, "cells": cells, "counts": amounts,
		"continents": c.continents, "countries": c.countries,
	}
	if p.regions {
		m["regions"] = c.regions
	}
	if p.step > 0 {
		beat := make([]int, p.seconds/p.step)
		for i, n := range c.beat {
			beat[i] = n
		}
		m["beat"] = beat
	} else {
		m["days"] = c.days
	}
	return m
}

// columns are the cells in ascending order as first differences, and beside
// them their counts.
func (c *counts) columns() (differences, amounts []int) {
	differences, amounts = []int{}, []int{} // an empty list, never null
	previous := 0
	for _, id := range slices.Sorted(maps.Keys(c.cells)) {
		differences = append(differences, id-previous)
		amounts = append(amounts, c.cells[id])
		previous = id
	}
	return differences, amounts
}

func stamp(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// canonical writes JSON without spaces, keys in the order of their bytes, no
// character escaped for HTML's sake, no newline at the end.
func canonical(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only numbers, strings, lists and maps go in
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
