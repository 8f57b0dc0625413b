package snapshot

import (
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// Make is the snapshot of a bucket without any types yet.
func Make(id bucket.ID, cellDegrees float64) *Snapshot {
	s := &Snapshot{Grid: cellDegrees, Period: id.Period, Types: map[string]*Type{}, Version: Version}
	if id.Period != bucket.All {
		start := time.Unix(id.Start, 0).UTC()
		s.Start = &start
	}
	return s
}

// SetType adds a type's counts; d may be nil where nothing but n, unlocated
// and days (all time only) is known. A type with n = 0 is left out.
func (s *Snapshot) SetType(name string, n, unlocated uint64, days map[string]uint64, d *bucket.Dims) {
	if n == 0 {
		return
	}
	if d == nil {
		d = &bucket.Dims{}
	}
	t := &Type{N: n, Unlocated: unlocated, Continents: filled(d.Continents), Countries: filled(d.Countries)}
	t.Cells, t.Counts = columns(d.Cells)
	if s.Period == bucket.All {
		t.Days = days
	} else {
		t.Beat = beat(s.Period, d.Beat)
	}
	if s.Period.HasRegions() {
		t.Regions = filled(d.Regions)
	}
	s.Types[name] = t
}

// filled is m, or an empty map for nil: in JSON {} and not null.
func filled(m map[string]uint64) map[string]uint64 {
	if m == nil {
		return map[string]uint64{}
	}
	return m
}

func columns(cells map[uint32]uint64) (steps []uint32, counts []uint64) {
	steps, counts = make([]uint32, 0, len(cells)), make([]uint64, 0, len(cells))
	last := uint32(0)
	for _, id := range slices.Sorted(maps.Keys(cells)) {
		steps = append(steps, id-last)
		counts = append(counts, cells[id])
		last = id
	}
	return steps, counts
}

func beat(p bucket.Period, steps map[uint32]uint64) []uint64 {
	b := make([]uint64, p.Beats())
	for at, n := range steps {
		if int(at) < len(b) {
			b[at] = n
		}
	}
	return b
}
