package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/keys"
)

// The database is replaced by good and bad files under load: no event is lost,
// each is located by a database that was good, and bad ones are reported once.
func TestSwapUnderLoad(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	world := func(country string) []geotest.Place {
		return []geotest.Place{{Net: "0.0.0.0/1", Country: country, Continent: "EU", LatLon: geotest.At(50, 10)}}
	}
	write := func(path, country string, built int64) {
		if err := (geotest.DB{Built: built, Places: world(country)}).Write(path); err != nil {
			t.Fatal(err)
		}
	}
	write(s.geoip, "DE", 1774000000)
	w := s.start()
	pushed := 0
	load := func(ok func() bool) func() bool {
		return func() bool {
			s.push(fmt.Sprintf("8.8.8.8 %d download", s.id/1000))
			pushed++
			return ok()
		}
	}
	built := func(date string) func() bool {
		return load(func() bool { return s.c.HGet(ctx, s.k.Meta(), keys.MetaGeoIPBuilt).Val() == date })
	}
	refused := func(n float64) func() bool {
		return load(func() bool { return w.metric(`glow_geoworker_geoip_reloads_total{result="error"}`) == n })
	}
	s.until("the first database", built("2026-03-20"))
	write(s.geoip+".new", "FR", 1775000000)
	if err := os.Rename(s.geoip+".new", s.geoip); err != nil {
		t.Fatal(err)
	}
	s.until("the second, by rename", built("2026-03-31"))
	good, err := os.ReadFile(s.geoip)
	if err != nil {
		t.Fatal(err)
	}
	for i, broken := range [][]byte{good[:len(good)/2], []byte("<html>"), {}} {
		if err := os.WriteFile(s.geoip, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		s.until("a bad one is refused", refused(float64(i+1)))
	}
	if err := os.Remove(s.geoip); err != nil {
		t.Fatal(err)
	}
	s.until("a missing one is reported", refused(4))
	write(s.geoip, "IT", 1776000000)
	s.until("the third, written in place", built("2026-04-12"))
	write(s.geoip, "ES", 1777000000)
	s.until("the fourth, written over", built("2026-04-24"))
	s.until("the queue is empty", s.queueEmpty)
	s.stop(w)
	if n := strings.Count(w.stderr.String(), "level=WARN"); n != 4 {
		t.Errorf("%d warnings of 4 bad files", n)
	}
	all := readBucket(t, s.c, s.k, bucket.ID{Period: bucket.All})["download"]
	sum := 0
	for _, country := range []string{"DE", "FR", "IT", "ES"} {
		if all.Countries[country] == 0 {
			t.Errorf("nothing was located with the database that says %s", country)
		}
		sum += int(all.Countries[country])
	}
	if all.N != pushed || sum != pushed || all.Unlocated != 0 {
		t.Errorf("%d pushed, %d counted, %d by country, %d unlocated", pushed, all.N, sum, all.Unlocated)
	}
}
