package harness

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Addresses draws n different addresses: most of them in the networks of a
// database, at their edges too, the others private, reserved or anywhere.
func Addresses(t testing.TB, r *rand.Rand, database string, n int) []netip.Addr {
	t.Helper()
	networks := networks(t, database, 20000)
	seen := map[netip.Addr]bool{}
	var list []netip.Addr
	for len(list) < n {
		var a netip.Addr
		switch r.IntN(10) {
		case 0:
			a = elsewhere[r.IntN(len(elsewhere))]
		case 1:
			a = within(r, netip.MustParsePrefix("0.0.0.0/0"))
		case 2:
			a = within(r, netip.MustParsePrefix("2000::/3"))
		default:
			a = within(r, networks[r.IntN(len(networks))])
		}
		if !seen[a] {
			seen[a] = true
			list = append(list, a)
		} else if r.IntN(8) == 0 {
			list = append(list, a) // so that a small world ends too
		}
	}
	return list
}

// networks lists at most a number of a database's networks.
func networks(t testing.TB, database string, most int) (list []netip.Prefix) {
	t.Helper()
	db, err := maxminddb.Open(database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for found := range db.Networks() {
		if found.Err() != nil {
			t.Fatal(found.Err())
		}
		if list = append(list, found.Prefix()); len(list) == most {
			break
		}
	}
	return list
}

// within draws an address of a network; one in four is its first or last.
func within(r *rand.Rand, p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	kind := r.IntN(8)
	for bit := p.Bits(); bit < 8*len(b); bit++ {
		if kind == 1 || kind > 1 && r.IntN(2) == 1 {
			b[bit/8] |= 0x80 >> (bit % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

var elsewhere = func() (list []netip.Addr) {
	for _, s := range []string{
		"0.0.0.0", "10.1.2.3", "127.0.0.1", "169.254.1.1", "172.16.0.9", "192.168.1.1", "100.64.0.1",
		"192.0.2.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fc00::1", "2001:db8::1", "ff02::1", "64:ff9b::102:304", "2002:102:304::1",
		"2001:0:102:304::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	} {
		list = append(list, netip.MustParseAddr(s))
	}
	return list
}()
