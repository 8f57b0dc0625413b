package e2e

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/keys"
)

// The database is replaced under load, in every way that goes well and in the
// ways that do not. Nobody dies, no event is lost, and as all good databases
// here know the same places, the feed is the oracle's.
func TestDatabaseSwap(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	good, err := os.ReadFile(g.GeoIP)
	if err != nil {
		t.Fatal(err)
	}
	f := startFlow(t, r, g, harness.Size(t, "GLOW_E2E_LINES", 40000), 10*time.Second)
	built := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for i, bad := range []func(t *testing.T, g *harness.Glow, r *rand.Rand, good []byte){
		nil, garbled, nil, truncated, cutInPlace, nil, empty, gone, nil,
	} {
		if bad != nil {
			bad(t, g, r, good)
			pass(f, 300*time.Millisecond)
			continue
		}
		built = built.AddDate(0, 0, 1)
		replaceDatabase(t, g, geotest.DB{RecordSize: []int{24, 28, 32}[i%3], Built: built.Unix()})
		want := built.Format(time.DateOnly)
		harness.Until(t, "the database of "+want+" is in use", 90*time.Second, func() (bool, string) {
			for _, u := range f.units {
				u.Check()
			}
			is, err := g.Client.HGet(context.Background(), g.Keys.Meta(), keys.MetaGeoIPBuilt).Result()
			return is == want, is + " " + errText(err)
		})
	}
	f.finish(t)
}

func errText(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

// pass lets the log flow for a while.
func pass(f *flow, d time.Duration) {
	<-time.After(d)
	for _, u := range f.units {
		u.Check()
	}
}

// replaceDatabase does it as geoip-update does: complete beside the old one,
// then renamed over it.
func replaceDatabase(t *testing.T, g *harness.Glow, db geotest.DB) {
	t.Helper()
	if err := db.Write(g.GeoIP + ".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(g.GeoIP+".new", g.GeoIP); err != nil {
		t.Fatal(err)
	}
}

func garbled(t *testing.T, g *harness.Glow, r *rand.Rand, good []byte) {
	b := bytes.Clone(good)
	for range len(b) / 10 {
		b[r.IntN(len(b))] = byte(r.IntN(256))
	}
	write(t, g.GeoIP+".new", b)
	if err := os.Rename(g.GeoIP+".new", g.GeoIP); err != nil {
		t.Fatal(err)
	}
}

func truncated(t *testing.T, g *harness.Glow, r *rand.Rand, good []byte) {
	write(t, g.GeoIP+".new", good[:r.IntN(len(good))])
	if err := os.Rename(g.GeoIP+".new", g.GeoIP); err != nil {
		t.Fatal(err)
	}
}

// cutInPlace shortens the file that is in use: a mapped one would end in SIGBUS.
func cutInPlace(t *testing.T, g *harness.Glow, _ *rand.Rand, good []byte) {
	write(t, g.GeoIP, good)
	if err := os.Truncate(g.GeoIP, 100); err != nil {
		t.Fatal(err)
	}
}

func empty(t *testing.T, g *harness.Glow, _ *rand.Rand, _ []byte) { write(t, g.GeoIP, nil) }

func gone(t *testing.T, g *harness.Glow, _ *rand.Rand, _ []byte) {
	if err := os.Remove(g.GeoIP); err != nil {
		t.Fatal(err)
	}
}
