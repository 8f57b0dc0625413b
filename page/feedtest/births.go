package feedtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/bucket"
)

// Births says which sparks of a snapshot are born where and when, if at most
// that many are drawn of a type: a line for each type, with how many there are
// and a hash over all of them. It is written from the comment in births.ts
// alone; unit.birthHashes says the same in the browser.
func Births(id bucket.ID, snapshot []byte, most uint64) (string, error) {
	var s struct {
		Types map[string]columns
	}
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return "", fmt.Errorf("decode snapshot %s: %w", id, err)
	}
	var b strings.Builder
	for _, typ := range slices.Sorted(maps.Keys(s.Types)) {
		list, weight := s.Types[typ].births(id, typ, most)
		fmt.Fprintf(&b, "%s %d %d\n", typ, len(list), hashBirths(list, weight))
	}
	return b.String(), nil
}

// columns are what a snapshot says of a type, as far as births need it.
type columns struct {
	N, Unlocated uint64
	Beat, Counts []uint64
	Cells        []uint32 // as differences
}

type birth struct {
	cell, ms uint32
	dx, dy   int32
}

func mix(x uint32) uint32 {
	x = (x ^ x>>16) * 0x85ebca6b
	x = (x ^ x>>13) * 0xc2b2ae35
	return x ^ x>>16
}

func fnv1a(s string) uint32 {
	h := uint32(0x811c9dc5)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 0x01000193
	}
	return h
}

func (c columns) births(id bucket.ID, typ string, most uint64) (out []birth, weight uint64) {
	weight = max(1, (c.N-c.Unlocated+most-1)/most)
	sums := []uint64{0}
	for _, b := range c.Beat {
		sums = append(sums, sums[len(sums)-1]+b)
	}
	stepMs := uint32(id.Period.BeatSeconds() * 1000)
	cell := uint32(0)
	for i, difference := range c.Cells {
		cell += difference
		seed := mix(mix(uint32(id.Start)^fnv1a(typ)) + cell*0x9e3779b1)
		sparks := c.Counts[i] / weight
		if uint64(seed)%weight < c.Counts[i]%weight {
			sparks++
		}
		for k := range uint32(sparks) {
			out = append(out, spark(seed, k, cell, c.N, sums, stepMs))
		}
	}
	return out, weight
}

// spark is spark k of a cell.
func spark(seed, k, cell uint32, n uint64, sums []uint64, stepMs uint32) birth {
	h := func(j uint32) uint32 { return mix(seed + (3*k+j)*0x9e3779b9) }
	event := uint64(h(1)) * n >> 32
	step := uint32(0)
	for sums[step+1] <= event {
		step++
	}
	h3 := h(3)
	return birth{
		cell, step*stepMs + uint32(uint64(h(2)>>16)*uint64(stepMs)>>16),
		int32(h3&255) + int32(h3>>8&255) - 255, int32(h3>>16&255) + int32(h3>>24) - 255,
	}
}

func hashBirths(list []birth, weight uint64) uint32 {
	h := uint32(0x811c9dc5)
	add := func(v uint32) {
		h = (h ^ v) * 0x01000193
		h ^= h >> 15
	}
	for _, b := range list {
		add(b.cell)
		add(b.ms)
		add(uint32(b.dx))
		add(uint32(b.dy))
	}
	add(uint32(weight))
	return h
}
