package chaos

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/geotest"
)

// database is the GeoIP file, which good and bad ones replace. All good ones
// know the same places, so that the oracle holds.
type database struct {
	t     testing.TB
	path  string
	good  []byte
	built time.Time
}

func newDatabase(t testing.TB, path string) *database {
	t.Helper()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".oracle", good, 0o644); err != nil { // which maps it into memory
		t.Fatal(err)
	}
	return &database{t: t, path: path, good: good, built: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)}
}

// geoFaults happen to the database.
func geoFaults() []fault {
	const c = "geoip"
	bad := func(name string, spoil func(d *database, r *rand.Rand)) fault {
		return fault{c, "database " + name, 1, 0, func(w *world, r *rand.Rand) {
			spoil(w.geo, r)
			time.Sleep(within(r, 100*time.Millisecond, 2*time.Second))
			w.geo.replace(w.geo.good) // no worker starts without one
		}}
	}
	return []fault{
		{c, "database replaced by a newer one", 2, 0, func(w *world, r *rand.Rand) { w.geo.renew(r) }},
		bad("garbled", func(d *database, r *rand.Rand) {
			b := bytes.Clone(d.good)
			for range len(b) / 10 {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
			d.replace(b)
		}),
		bad("truncated", func(d *database, r *rand.Rand) { d.replace(d.good[:r.IntN(len(d.good))]) }),
		bad("cut in place", func(d *database, _ *rand.Rand) { d.must(os.Truncate(d.path, 100)) }),
		bad("empty", func(d *database, _ *rand.Rand) { d.replace(nil) }),
		bad("missing", func(d *database, _ *rand.Rand) { d.must(os.Remove(d.path)) }),
	}
}

// replace does it as geoip-update does: complete beside the old one, then
// renamed over it.
func (d *database) replace(b []byte) {
	d.must(os.WriteFile(d.path+".new", b, 0o644))
	d.must(os.Rename(d.path+".new", d.path))
}

// renew makes a database of another day and another record size.
func (d *database) renew(r *rand.Rand) {
	d.built = d.built.AddDate(0, 0, 1)
	db := geotest.DB{RecordSize: []int{24, 28, 32}[r.IntN(3)], Built: d.built.Unix()}
	d.must(db.Write(d.path + ".new"))
	d.must(os.Rename(d.path+".new", d.path))
	var err error
	d.good, err = os.ReadFile(d.path)
	d.must(err)
}

func (d *database) must(err error) {
	if err != nil {
		d.t.Error(err)
	}
}
