package recount

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/glowmap/glow/internal/bucket"
)

// Difference is one count of a bucket that is not what the archive says.
type Difference struct {
	Bucket    string `json:"bucket"` // its path in the feed
	Type      string `json:"type"`
	Dimension string `json:"dimension"` // n, unlocated, days, beat, continents, countries, regions or cells
	Key       string `json:"key"`       // "" of n and unlocated
	Live      uint64 `json:"live"`
	Archive   uint64 `json:"archive"`
}

type field struct{ typ, dimension, key string }

// flat lists all counts but zeros.
func (c *counts) flat() map[field]uint64 {
	all := map[field]uint64{}
	for typ, n := range c.n {
		all[field{typ, "n", ""}] = n
	}
	for typ, n := range c.unlocated {
		all[field{typ, "unlocated", ""}] = n
	}
	for typ, days := range c.days {
		for date, n := range days {
			all[field{typ, "days", date}] = n
		}
	}
	for typ, d := range c.Sum {
		for dimension, m := range map[string]map[string]uint64{"continents": d.Continents, "countries": d.Countries, "regions": d.Regions} {
			for code, n := range m {
				all[field{typ, dimension, code}] = n
			}
		}
		for dimension, m := range map[string]map[uint32]uint64{"beat": d.Beat, "cells": d.Cells} {
			for i, n := range m {
				all[field{typ, dimension, strconv.Itoa(int(i))}] = n
			}
		}
	}
	maps.DeleteFunc(all, func(_ field, n uint64) bool { return n == 0 })
	return all
}

// differ lists where a bucket is not as the archive has it.
func differ(id bucket.ID, live, archived *counts) (list []Difference) {
	if live.same(archived) {
		return nil
	}
	a, b := live.flat(), archived.flat()
	fields := maps.Clone(a)
	maps.Copy(fields, b)
	for f := range fields {
		if a[f] != b[f] {
			list = append(list, Difference{id.Object(), f.typ, f.dimension, f.key, a[f], b[f]})
		}
	}
	slices.SortFunc(list, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Dimension, y.Dimension), cmp.Compare(len(x.Key), len(y.Key)), cmp.Compare(x.Key, y.Key))
	})
	return list
}
