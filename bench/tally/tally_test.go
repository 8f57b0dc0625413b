package tally

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/e2e/oracle"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/geotest"
)

// snapshot is what a snapshot says of one type.
type snapshot struct {
	N, Unlocated                         uint64
	Beat, Counts                         []uint64
	Cells                                []uint32
	Continents, Countries, Regions, Days map[string]uint64
}

// The quick way of counting agrees with the naive one, bucket by bucket.
func TestOracle(t *testing.T) {
	dir := t.TempDir()
	log, city := filepath.Join(dir, "log"), filepath.Join(dir, "city.mmdb")
	if err := geotest.Write(city, 28); err != nil {
		t.Fatal(err)
	}
	if err := day.Write(log, day.Options{Lines: 20000, Addresses: 5000}); err != nil {
		t.Fatal(err)
	}
	got, err := Read(log, city)
	if err != nil {
		t.Fatal(err)
	}
	want, err := oracle.New(oracle.Settings{Format: oracle.Format{Name: "glow"}, GeoIP: city})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := want.Read(f); err != nil {
		t.Fatal(err)
	}
	objects, members := want.Objects(), got.members()
	if len(objects) != len(members) {
		t.Errorf("%d buckets, the oracle has %d", len(members), len(objects))
	}
	for id, minutes := range members {
		var o struct{ Types map[string]snapshot }
		if err := json.Unmarshal(objects[id.Object()], &o); err != nil {
			t.Fatalf("%s: %v", id.Object(), err)
		}
		agree(t, id, got.expect(id, minutes), o.Types[kind])
	}
}

func agree(t *testing.T, id bucket.ID, got expected, want snapshot) {
	t.Helper()
	cells, at := map[uint32]uint64{}, uint32(0)
	for i, step := range want.Cells {
		at += step
		cells[at] = want.Counts[i]
	}
	beat := map[uint32]uint64{}
	for i, n := range want.Beat {
		if n > 0 {
			beat[uint32(i)] = n
		}
	}
	if got.n != want.N || got.unlocated != want.Unlocated || !maps.Equal(got.Cells, cells) || !maps.Equal(got.Beat, beat) ||
		!maps.Equal(got.Continents, want.Continents) || !maps.Equal(got.Countries, want.Countries) ||
		!maps.Equal(got.Regions, want.Regions) || !maps.Equal(got.days, want.Days) {
		t.Errorf("%s: %+v, the oracle says %+v", id, got, want)
	}
}
