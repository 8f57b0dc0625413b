package geotest

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Every network's first and last address resolve, read by MaxMind's format's
// own reader, to what Find says, in all shapes of the file; and the same
// arguments write the same bytes.
func TestWrite(t *testing.T) {
	for _, db := range []DB{{RecordSize: 24}, {}, {RecordSize: 32}, {IPVersion: 4}} {
		path := filepath.Join(t.TempDir(), "city.mmdb")
		file := write(t, db, path)
		if !bytes.Equal(file, write(t, db, path)) {
			t.Errorf("%+v: written twice, it differs", db)
		}
		r, err := maxminddb.OpenBytes(file)
		if err == nil {
			err = r.Verify()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range Places {
			network := netip.MustParsePrefix(p.Net)
			if db.IPVersion == 4 && network.Addr().Is6() {
				continue
			}
			check(t, r, network.Addr())
			check(t, r, last(network))
			check(t, r, last(network).Next())
		}
		check(t, r, netip.MustParseAddr("192.168.1.1"))
	}
}

func write(t *testing.T, db DB, path string) []byte {
	t.Helper()
	if err := db.Write(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func check(t *testing.T, r *maxminddb.Reader, a netip.Addr) {
	t.Helper()
	var lat *float64
	res := r.Lookup(a)
	if err := res.DecodePath(&lat, "location", "latitude"); err != nil {
		t.Fatal(err)
	}
	switch want := Find(a); {
	case res.Found() != (want != nil):
		t.Errorf("%s: found %v, want %v", a, res.Found(), want)
	case want == nil:
	case (lat != nil) != (want.LatLon != nil), lat != nil && *lat != want.LatLon[0]:
		t.Errorf("%s: latitude %v, want %+v", a, lat, want)
	}
}
